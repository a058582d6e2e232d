/** The Cache API as Node lacks it: in memory, with as much room as a test gives it. */

export class MemoryCaches {
  private readonly all = new Map<string, MemoryCache>();

  /** @param room  bytes that all caches together may hold */
  constructor(public room: number = Number.POSITIVE_INFINITY) {}

  open(name: string): Promise<MemoryCache> {
    const cache = this.all.get(name) ?? new MemoryCache(this);
    this.all.set(name, cache);
    return Promise.resolve(cache);
  }

  get used(): number {
    return [...this.all.values()].reduce((sum, cache) => sum + cache.used, 0);
  }

  /** What lies in Geodesic's cache, records of models left out. */
  async files(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
    const { kept } = await this.open("geodesic-models");
    return new Map([...kept].filter(([url]) => !url.startsWith("https://cached-models.invalid/")).map(([url, { bytes }]) => [url, bytes]));
  }
}

interface Kept {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly headers: readonly (readonly [string, string])[];
}

class MemoryCache {
  readonly kept = new Map<string, Kept>();
  /** Answers that were given out: those that are not read to their end hold on to what was deleted, in browsers. */
  readonly given: Response[] = [];

  constructor(private readonly caches: MemoryCaches) {}

  get used(): number {
    return [...this.kept.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  match(url: string): Promise<Response | undefined> {
    const kept = this.kept.get(url);
    if (!kept) return Promise.resolve(undefined);
    const response = new Response(kept.bytes.slice(), { headers: kept.headers.map(([name, value]) => [name, value]) });
    this.given.push(response);
    return Promise.resolve(response);
  }

  async put(url: string, response: Response): Promise<void> {
    const bytes = new Uint8Array(await response.arrayBuffer());
    const before = this.kept.get(url)?.bytes.length ?? 0;
    if (this.caches.used - before + bytes.length > this.caches.room) throw new DOMException("full", "QuotaExceededError");
    this.kept.set(url, { bytes, headers: [...response.headers] });
  }

  delete(url: string): Promise<boolean> {
    return Promise.resolve(this.kept.delete(url));
  }

  keys(): Promise<{ url: string }[]> {
    return Promise.resolve([...this.kept.keys()].map((url) => ({ url })));
  }
}
