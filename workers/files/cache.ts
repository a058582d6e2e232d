/**
 * Verified files of hub models, kept in the browser's Cache API under their URL
 * with the commit in it. They are verified again when they are read. Without a
 * cache (private windows, Node) every load downloads.
 */
const name = "geodesic-models";

async function open(): Promise<Cache | null> {
  if (typeof caches === "undefined") return null;
  return caches.open(name).catch(() => null);
}

/** The bytes under a URL, or null. */
export async function cached(url: string): Promise<Uint8Array<ArrayBuffer> | null> {
  const response = await (await open())?.match(url);
  return response ? new Uint8Array(await response.arrayBuffer()) : null;
}

/** Keeps a file. Where the browser has no room left, the model still works; it is downloaded again next time. */
export async function keep(url: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const cache = await open();
  try {
    await cache?.put(url, new Response(bytes, { headers: { "content-length": String(bytes.length) } }));
  } catch (error) {
    const why = error instanceof Error ? error.name : String(error);
    console.warn(`cache: expected room for ${Math.round(bytes.length / 2 ** 20)} MiB, got ${why}; this model will be downloaded again next time, unless site data is cleared`);
  }
}

export async function forget(url: string): Promise<void> {
  await (await open())?.delete(url);
}
