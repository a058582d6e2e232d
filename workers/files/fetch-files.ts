/**
 * Downloads that are worthy of gigabytes.
 *
 * Four files at a time; what breaks is tried again from where it broke, with
 * growing pauses; what has come is kept in parts, so that a download that was
 * stopped, or whose page was closed, goes on where it was. Stopping is pausing:
 * abort the signal, and call again. Not a byte is given out before its hash is
 * right, and of large files one at a time is in memory.
 */
import { AbortError, EngineError } from "../engine.ts";
import { openCache, partBytes } from "./cache.ts";
import { type ModelName, recordUse } from "./cached-models.ts";
import { KeptFile } from "./kept-file.ts";
import type { ListedFile, Listing, Opened } from "./listing.ts";
import { type Patience, patience, persist } from "./patience.ts";
import type { Progress } from "./progress.ts";
import { ChangedError, PassingError } from "./request.ts";
import { needRoom } from "./storage.ts";

/** Verified bytes that are held until they are asked for, so that they need not be read and hashed again; bytes. */
const mostHeld = 256 * 2 ** 20;

/** Files at a time; browsers open six connections to a host, and the page may need one. */
const atOnce = 4;

export interface VerifiedFiles {
  /** Of all files together. */
  readonly bytes: number;
  /**
   * One file's bytes, verified. Not to be changed: files that are not cached are held once.
   * A cached file is read and verified anew where its bytes are not at hand from the verification.
   *
   * @throws EngineError where it was not among those asked for, or was changed in the cache since it was verified
   */
  get(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

export interface FetchOptions {
  /** Under what the files are listed among the cached models; left out, they are not. */
  readonly model?: ModelName;
  readonly patience?: Partial<Patience>;
  /** Bytes of a part; for tests. */
  readonly partBytes?: number;
}

/**
 * Downloads what is not in the cache, then verifies everything.
 *
 * @param progress  counts this call's files from 0; its total may be larger where more is to come
 * @throws EngineError where a file is missing, too long, too short or altered, or where there is no room; what is wrong is thrown away, what is right is kept
 * @throws AbortError where it was stopped
 */
export async function fetchFiles(listing: Listing, files: readonly ListedFile[], progress: Progress, signal: AbortSignal, options: FetchOptions = {}): Promise<VerifiedFiles> {
  const cache = listing.cacheable ? await openCache() : null;
  let warned = false;
  const full = (reason: string): void => {
    if (!warned) console.warn(`cache: expected room for this model, got ${reason}; it will be downloaded again next time, unless site data is cleared`);
    warned = true;
  };
  const kept = new Map<string, KeptFile>();
  const dropped = new Map<string, ListedFile>();
  for (const file of files) {
    // Dropped files lie on the disk; they are read when they are asked for.
    if (file.url === null && file.digest === null) dropped.set(file.path, file);
    else if (!kept.has(file.path)) kept.set(file.path, new KeptFile(listing.source, file, cache, options.partBytes ?? partBytes, full));
  }
  const bytes = [...kept.values(), ...[...dropped.values()].map((file) => ({ file }))].reduce((sum, { file }) => sum + file.bytes, 0);
  progress.begin(bytes);
  for (const file of dropped.values()) progress.have(file.bytes);
  for (const file of kept.values()) {
    stopped(signal);
    await file.find();
    progress.have(file.length);
  }
  const record = cache && options.model ? { cache, model: options.model, listing, files: [...kept.values()].map(({ file }) => file) } : null;
  const patient = patience(options.patience);
  if (record) await recordUse(record, false, patient.clock.now(), options.partBytes);

  const held = new Map<string, Uint8Array<ArrayBuffer>>();
  let room = mostHeld;
  const hold = ({ file }: KeptFile, content: Uint8Array<ArrayBuffer>): void => {
    if (content.length > room) return;
    room -= content.length;
    held.set(file.path, content);
  };
  let wrong = await downloadAndVerify([...kept.values()], hold, progress, patient, signal);
  // What an earlier visit left may have been damaged since: once more, from the beginning.
  if (wrong.length > 0) wrong = await downloadAndVerify(wrong, hold, progress, patient, signal);
  if (wrong.length > 0) throw new RangeError("files: expected a file that was downloaded anew to be verified or refused");
  if (record) await recordUse(record, true, patient.clock.now(), options.partBytes);

  return {
    bytes,
    get: async (path) => {
      const ready = held.get(path);
      held.delete(path);
      if (ready) return ready;
      const file = kept.get(path);
      if (file) return file.read();
      const own = dropped.get(path);
      if (own) return readDropped(listing.source, own, signal);
      throw new EngineError(`${listing.source}: expected ${path} among the files of this model, got none; choose a whole model`);
    },
  };
}

/** @returns files whose earlier bytes turned out wrong, thrown away */
async function downloadAndVerify(files: readonly KeptFile[], hold: (file: KeptFile, content: Uint8Array<ArrayBuffer>) => void, progress: Progress, patient: Patience, signal: AbortSignal): Promise<KeptFile[]> {
  const missing = files.filter((file) => !file.complete);
  if (missing.length > 0) {
    await needRoom(missing.reduce((sum, { file, length, cached }) => sum + (cached ? file.bytes - length : 0), 0));
    progress.enter("download");
    await together(missing, (file, during) => downloadFile(file, progress, patient, during), signal);
  }
  progress.enter("verify");
  const wrong: KeptFile[] = [];
  for (const file of files) {
    stopped(signal);
    try {
      hold(file, await file.read());
      progress.verified(file.file.bytes);
    } catch (error) {
      // What is right, and only finds no memory, stays.
      if (!(error instanceof ChangedError)) throw error;
      const { earlier, length } = file;
      await file.discard();
      if (!earlier) throw error;
      progress.have(-length);
      wrong.push(file);
    }
  }
  stopped(signal);
  return wrong;
}

/** Does the work a few at a time; where one fails, the others are stopped, and have ended when this throws. */
async function together<T>(items: readonly T[], work: (item: T, signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
  const all = new AbortController();
  const stop = (): void => all.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const errors: unknown[] = [];
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) {
      if (all.signal.aborted) return;
      try {
        await work(item, all.signal);
      } catch (error) {
        errors.push(error);
        stop();
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  signal.removeEventListener("abort", stop);
  stopped(signal);
  if (errors.length > 0) throw errors[0];
}

async function downloadFile(file: KeptFile, progress: Progress, patient: Patience, signal: AbortSignal): Promise<void> {
  // How far it ever came: a server that always breaks off at the same place is not getting on.
  let furthest = file.length;
  const advanced = (): boolean => {
    const on = file.length > furthest;
    furthest = Math.max(furthest, file.length);
    return on;
  };
  let ranges = false;
  const from = (position: number): Promise<void> => attempt(file, position, () => (ranges = true), progress, patient.stall, signal);
  const once = async (last: boolean): Promise<void> => {
    try {
      await from(file.length);
    } catch (error) {
      // Some servers and proxies break off where a range is asked for: where none was ever answered, the last try does without.
      // It comes after a range, since what merely was offline for a while must not begin again.
      if (!last || ranges || file.length === 0 || !(error instanceof PassingError)) throw error;
      await from(0);
    }
  };
  try {
    await persist(once, patient, signal, advanced);
  } catch (error) {
    if (error instanceof ChangedError) await file.discard();
    else await file.flush();
    throw error;
  }
}

/** One connection, from a position to the file's end. */
async function attempt(kept: KeptFile, from: number, answered: () => void, progress: Progress, stall: number, signal: AbortSignal): Promise<void> {
  const { file, source } = kept;
  const connection = new AbortController();
  const stop = (): void => connection.abort();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  let reader: ReadableStreamDefaultReader<Uint8Array> | null = null;
  try {
    const { start, stream } = await within(stall, connection, from > 0 && file.resume ? file.resume(connection.signal, from) : whole(file, connection.signal));
    if (from > 0) answered();
    if (start !== kept.length) {
      progress.have(-kept.length);
      kept.restart();
    }
    reader = stream.getReader();
    for (;;) {
      const { done, value } = await within(stall, connection, reader.read());
      stopped(signal);
      if (done) break;
      if (kept.length + value.length > file.bytes) throw new ChangedError(`${source}: expected ${file.bytes} bytes of ${file.path}, got more; load it again`);
      await kept.write(value);
      progress.add(value.length);
    }
    if (kept.complete) return;
    const short = `${source}: expected ${file.bytes} bytes of ${file.path}, got ${kept.length}; load it again`;
    // A whole answer that ended in good order is all that the server has.
    throw start === 0 ? new ChangedError(short) : new PassingError(short);
  } catch (error) {
    void reader?.cancel().catch(() => undefined);
    if (signal.aborted) throw new AbortError("load: stopped");
    if (error instanceof EngineError) throw error;
    throw new PassingError(`${source}: expected ${file.bytes} bytes of ${file.path}, got ${kept.length} before the connection broke; load it again`);
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

async function whole(file: ListedFile, signal: AbortSignal): Promise<Opened> {
  return { start: 0, stream: await file.open(signal) };
}

/** Gives up a connection over which nothing comes. */
async function within<T>(ms: number, connection: AbortController, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let aborted = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    aborted = (): void => reject(new Error("aborted"));
    timer = setTimeout(() => connection.abort(), ms);
    connection.signal.addEventListener("abort", aborted);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    // A race that is left standing would hold on to every chunk that came.
    clearTimeout(timer);
    connection.signal.removeEventListener("abort", aborted);
  }
}

async function readDropped(source: string, file: ListedFile, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const kept = new KeptFile(source, file, null, partBytes, () => undefined);
  const reader = await file.open(signal).then((stream) => stream.getReader()).catch(() => null);
  try {
    for (;;) {
      const next = await reader?.read();
      stopped(signal);
      if (!next || next.done) break;
      await kept.write(next.value);
    }
  } catch (error) {
    await reader?.cancel().catch(() => undefined);
    if (signal.aborted) throw new AbortError("load: stopped");
    if (error instanceof EngineError) throw error;
  }
  if (kept.complete) return kept.read();
  throw new EngineError(`${source}: expected ${file.bytes} bytes of ${file.path}, got ${kept.length}; the file was moved or changed, drop the folder again`);
}

function stopped(signal: AbortSignal): void {
  if (signal.aborted) throw new AbortError("load: stopped");
}
