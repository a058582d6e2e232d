/**
 * Files of models in the browser's Cache API, under their URL with the commit
 * in it. Without a cache (private windows, Node) every load downloads.
 *
 * A file longer than one part is kept in parts, `<url>?part=0` and so on: what
 * has come is on disk while the rest is still on its way, nothing is written
 * twice, and no more than a part is in memory.
 */

const name = "geodesic-models";
/** Bytes of one part, but the last. */
export const partBytes = 8 * 2 ** 20;

/** null where the browser has none, or refuses. */
export async function openCache(): Promise<Cache | null> {
  if (typeof caches === "undefined") return null;
  return caches.open(name).catch(() => null);
}

/** The keys of a file's parts, first to last. */
export function partKeys(url: string, bytes: number, size: number = partBytes): string[] {
  if (bytes <= size) return [url];
  return Array.from({ length: Math.ceil(bytes / size) }, (_, i) => `${url}?part=${i}`);
}

/** How many bytes lie under a key; null for none. */
export async function keptBytes(cache: Cache, key: string): Promise<number | null> {
  const response = await cache.match(key);
  if (!response) return null;
  const header = response.headers.get("content-length");
  if (header === null) return (await response.arrayBuffer()).byteLength;
  // An answer that is not read to its end keeps its bytes on the disk, deleted or not.
  await response.body?.cancel();
  return Number(header);
}

export async function readKey(cache: Cache, key: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const response = await cache.match(key);
  return response ? new Uint8Array(await response.arrayBuffer()) : null;
}

/** @throws QuotaExceededError, as a DOMException, where there is no room */
export async function writeKey(cache: Cache, key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await cache.put(key, new Response(bytes, { headers: { "content-length": String(bytes.length), "content-type": "application/octet-stream" } }));
}
