/** Reads listed files into memory, from the cache or from their source. Not a byte is used before its hash is right. */
import { AbortError, EngineError } from "../engine.ts";
import { cached, forget, keep } from "./cache.ts";
import { verify } from "./digest.ts";
import type { ListedFile, Listing } from "./listing.ts";
import type { Progress } from "./progress.ts";

/**
 * @returns the bytes of each file, in the order asked for
 * @throws EngineError where a file is missing, too long, too short or altered
 */
export async function download(listing: Listing, files: readonly ListedFile[], progress: Progress, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>[]> {
  // Where one file fails, the others need not go on.
  const all = new AbortController();
  const stop = (): void => all.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.all(files.map((file) => one(listing, file, progress, all.signal)));
  } catch (error) {
    if (signal.aborted) throw new AbortError("load: stopped");
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

async function one(listing: Listing, file: ListedFile, progress: Progress, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  if (listing.cacheable && file.url) {
    const bytes = await cached(file.url);
    try {
      if (bytes) {
        await verify(listing.source, file, bytes);
        progress.add(bytes.length);
        return bytes;
      }
    } catch {
      await forget(file.url);
    }
  }
  const bytes = await read(listing.source, file, progress, signal);
  await verify(listing.source, file, bytes);
  if (listing.cacheable && file.url) await keep(file.url, bytes);
  return bytes;
}

/** Fills one buffer of the promised length, so that a large file is held once. */
async function read(source: string, file: ListedFile, progress: Progress, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = reserve(source, file);
  const reader = (await file.open(signal)).getReader();
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (signal.aborted) throw new AbortError("load: stopped");
      if (done) break;
      if (length + value.length > file.bytes) {
        throw new EngineError(`${source}: expected ${file.bytes} bytes of ${file.path}, got more; load it again`);
      }
      bytes.set(value, length);
      length += value.length;
      progress.add(value.length);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (signal.aborted) throw new AbortError("load: stopped");
    if (error instanceof EngineError) throw error;
    throw new EngineError(`${source}: expected ${file.bytes} bytes of ${file.path}, got ${length} before the connection broke; load it again`);
  }
  if (length !== file.bytes) {
    throw new EngineError(`${source}: expected ${file.bytes} bytes of ${file.path}, got ${length}; load it again`);
  }
  return bytes;
}

function reserve(source: string, file: ListedFile): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(file.bytes);
  } catch {
    throw new EngineError(`${source}: expected room for ${file.path} of ${Math.round(file.bytes / 2 ** 20)} MiB, got none from the browser; close other pages or choose a smaller model`);
  }
}
