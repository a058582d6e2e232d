/**
 * One file on its way: written from its beginning to its end, in parts in the
 * browser's cache, or in memory where there is none or it is full.
 */
import { EngineError } from "../engine.ts";
import { keptBytes, partKeys, readKey, writeKey } from "./cache.ts";
import { verify } from "./digest.ts";
import type { ListedFile } from "./listing.ts";
import { ChangedError } from "./request.ts";

export class KeptFile {
  /** Bytes that have come so far. */
  length = 0;
  /** Some of them came in an earlier visit; they may have been damaged since. */
  earlier = false;
  /** What is in memory of a file that is not cached, or not any more. */
  private whole: Uint8Array<ArrayBuffer> | null = null;
  private checked = false;
  /** The part that is being filled. */
  private part: Uint8Array<ArrayBuffer> | null = null;
  private partLength = 0;
  /** What of it lies in the cache already. */
  private flushed = 0;
  private readonly keys: readonly string[];
  /** Where new parts go; null once the cache is full. */
  private cache: Cache | null;

  /**
   * @param source   for messages, as in `Listing`
   * @param kept     the browser's cache; null keeps the file in memory
   * @param size     bytes of a part
   * @param full     called with the reason where the cache takes no more
   */
  constructor(
    readonly source: string,
    readonly file: ListedFile,
    private readonly kept: Cache | null,
    private readonly size: number,
    private readonly full: (reason: string) => void,
  ) {
    this.keys = file.url === null ? [] : partKeys(file.url, file.bytes, size);
    this.cache = file.url === null ? null : kept;
  }

  /** What comes goes into the browser's cache. */
  get cached(): boolean {
    return this.cache !== null;
  }

  get complete(): boolean {
    return this.length === this.file.bytes;
  }

  /** Looks for what earlier visits left: whole parts, and one that was begun. */
  async find(): Promise<void> {
    if (!this.cache) return;
    let length = 0;
    for (const [i, key] of this.keys.entries()) {
      const there = await keptBytes(this.cache, key);
      const wanted = this.partBytes(i);
      if (there === null || there > wanted) break;
      if (there < wanted) {
        this.part = new Uint8Array(wanted);
        const begun = await readKey(this.cache, key);
        if (begun && begun.length <= wanted) {
          this.part.set(begun);
          this.partLength = this.flushed = begun.length;
          length += begun.length;
        }
        break;
      }
      length += wanted;
    }
    this.length = length;
    this.earlier = length > 0;
  }

  /** Begins again at 0; parts that lie in the cache are overwritten as new ones come. */
  restart(): void {
    this.length = this.partLength = this.flushed = 0;
    this.earlier = false;
  }

  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      if (!this.cache) {
        this.whole ??= this.reserve();
        this.whole.set(bytes.subarray(at), this.length);
        this.length += bytes.length - at;
        return;
      }
      const wanted = this.partBytes(Math.floor(this.length / this.size));
      if (this.part?.length !== wanted) this.part = new Uint8Array(wanted);
      const some = bytes.subarray(at, at + wanted - this.partLength);
      this.part.set(some, this.partLength);
      this.partLength += some.length;
      this.length += some.length;
      at += some.length;
      if (this.partLength === wanted) {
        await this.flush();
        this.partLength = this.flushed = 0;
        if (this.complete) this.part = null;
      }
    }
  }

  /** Puts what has come of the present part into the cache, so that nothing is lost when the page is closed. */
  async flush(): Promise<void> {
    if (!this.cache || !this.part || this.partLength === this.flushed) return;
    const key = this.keys[Math.floor((this.length - 1) / this.size)];
    if (key === undefined) return;
    try {
      await writeKey(this.cache, key, this.part.slice(0, this.partLength));
      this.flushed = this.partLength;
    } catch (error) {
      this.full(error instanceof Error ? error.name : String(error));
      await this.moveToMemory();
    }
  }

  /**
   * The file's bytes, verified, and not to be changed. A cached file is read and verified anew each time.
   *
   * @throws ChangedError where they are not those of the listed file, or not there any more; EngineError where there is no memory for them
   */
  async read(): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = this.whole ?? (await this.gather(this.length));
    if (!this.checked || !this.whole) await verify(this.source, this.file, bytes);
    this.checked = true;
    return bytes;
  }

  /** Throws away what has come. */
  async discard(): Promise<void> {
    this.restart();
    this.part = this.whole = null;
    for (const key of this.keys) await this.kept?.delete(key);
  }

  private partBytes(i: number): number {
    return Math.min(this.size, this.file.bytes - i * this.size);
  }

  /** The first `length` bytes, out of the cache and the present part. */
  private async gather(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = this.reserve();
    const unwritten = this.part ? this.partLength : 0;
    const written = length - unwritten;
    for (let at = 0, i = 0; at < written; i++) {
      const key = this.keys[i];
      const part = this.cache && key !== undefined ? await readKey(this.cache, key) : null;
      if (part?.length !== this.partBytes(i)) {
        throw new ChangedError(`${this.source}: expected ${this.file.path} in the browser's cache, got ${part ? "another length" : "nothing any more"}; load the model again`);
      }
      bytes.set(part, at);
      at += part.length;
    }
    if (this.part && unwritten > 0) bytes.set(this.part.subarray(0, unwritten), written);
    return bytes;
  }

  private async moveToMemory(): Promise<void> {
    const bytes = await this.gather(this.length);
    this.whole = bytes;
    this.part = null;
    this.partLength = this.flushed = 0;
    this.cache = null;
  }

  private reserve(): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(this.file.bytes);
    } catch {
      throw new EngineError(`${this.source}: expected room for ${this.file.path} of ${Math.round(this.file.bytes / 2 ** 20)} MiB, got none from the browser; close other pages or choose a smaller model`);
    }
  }
}
