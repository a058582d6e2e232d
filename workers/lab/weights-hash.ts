import type { Weights } from "../toys/weights.ts";

/** SHA-256 over the names, shapes and numbers of all weights, in the order of their names. */
export async function weightsHash(weights: Weights): Promise<string> {
  const parts = Object.keys(weights).sort().flatMap((name) => {
    const { shape, data } = weights[name]!;
    return [new TextEncoder().encode(`${name} [${shape.join(", ")}]\n`), new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
  });
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const hash = await crypto.subtle.digest("SHA-256", bytes);
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
