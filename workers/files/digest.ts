import { EngineError } from "../engine.ts";
import type { Digest, ListedFile } from "./listing.ts";
import { ChangedError } from "./request.ts";

/** Hashes of files: what was promised against what came. */

/**
 * Hexadecimal hash of bytes, by WebCrypto.
 *
 * @throws EngineError where the page was opened in a way that gives it no WebCrypto
 */
export async function hash(algorithm: Digest["algorithm"], bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  if (typeof crypto === "undefined" || !(crypto as Partial<Crypto>).subtle) {
    throw new EngineError("hash: expected WebCrypto, got none; open the page over https or from localhost");
  }
  if (algorithm === "sha256") return hex(await crypto.subtle.digest("SHA-256", bytes));
  const header = new TextEncoder().encode(`blob ${bytes.length}\0`);
  const blob = new Uint8Array(header.length + bytes.length);
  blob.set(header);
  blob.set(bytes, header.length);
  return hex(await crypto.subtle.digest("SHA-1", blob));
}

function hex(buffer: ArrayBuffer): string {
  return Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @throws ChangedError where the bytes are not those that were promised */
export async function verify(source: string, file: ListedFile, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  if (!file.digest) return;
  const got = await hash(file.digest.algorithm, bytes);
  if (got !== file.digest.hex) {
    throw new ChangedError(`${source}: expected ${file.path} with hash ${file.digest.hex}, got ${got}; the file was changed or damaged on its way, load it again`);
  }
}
