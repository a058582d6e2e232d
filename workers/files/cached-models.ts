/**
 * The models that this browser keeps: what they are, how much room they take,
 * when they were last used; and how to be rid of them. Works on the page as
 * well as in workers.
 *
 * Beside the files, the cache holds one small record per model, which says what
 * files belong to it. Whether they are there is looked up, not believed.
 */
import { keptBytes, openCache, partKeys } from "./cache.ts";
import type { ListedFile, Listing } from "./listing.ts";
import { isRecord } from "./request.ts";

export { keepStorage, type StorageEstimate, storageEstimate } from "./storage.ts";

/** What a model is kept for: one of the engines, or a model library, which is code that many models share. */
export type ModelKind = "transformers" | "webllm" | "library";

export interface ModelName {
  /** As in `ModelRequest`; for a library its name in WebLLM's list. */
  readonly id: string;
  readonly kind: ModelKind;
}

export interface CachedModel {
  readonly id: string;
  /** null for files that no record mentions; they take room all the same. */
  readonly kind: ModelKind | null;
  /** Commit; null where not known. */
  readonly revision: string | null;
  /** Bytes that are there. */
  readonly bytes: number;
  /** Bytes of the whole. */
  readonly total: number;
  /** ISO 8601, UTC; null where not known. */
  readonly lastUsed: string | null;
  /** Everything is there and was verified; false where a download can be taken up again. */
  readonly complete: boolean;
  readonly files: readonly CachedFile[];
}

export interface CachedFile {
  readonly path: string;
  /** Bytes that are there. */
  readonly bytes: number;
  readonly total: number;
}

/** Not a host (RFC 2606): a key of the cache has to be a web address. */
const records = "https://cached-models.invalid/";

interface ModelRecord extends ModelName {
  readonly revision: string | null;
  readonly lastUsed: string;
  readonly files: readonly RecordedFile[];
}

interface RecordedFile {
  readonly path: string;
  readonly url: string;
  readonly total: number;
  /** Of its parts in the cache, first to last. */
  readonly keys: readonly string[];
  readonly verified: boolean;
}

/** What is being loaded, for its record. */
export interface Use {
  readonly cache: Cache;
  readonly model: ModelName;
  readonly listing: Listing;
  readonly files: readonly ListedFile[];
}

/** Notes that a model is used now; it may be on its way (`verified` false) or whole. Files that it had before stay noted. */
export async function recordUse({ cache, model, listing, files }: Use, verified: boolean, now: number, partSize?: number): Promise<void> {
  const key = recordKey(model, listing.commit);
  await alone(async () => {
    const before = (await readRecord(cache, key))?.files ?? [];
    const noted = new Map(before.map((file) => [file.url, file]));
    for (const { path, url, bytes } of files) {
      if (url === null) continue;
      noted.set(url, { path, url, total: bytes, keys: partKeys(url, bytes, partSize), verified: verified || (noted.get(url)?.verified ?? false) });
    }
    const record: ModelRecord = { ...model, revision: listing.commit, lastUsed: new Date(now).toISOString(), files: [...noted.values()] };
    // A list that cannot be kept must not stop a model.
    await cache.put(key, Response.json(record)).catch(() => undefined);
  });
}

/** All models in the cache, the last used first. */
export async function cachedModels(): Promise<CachedModel[]> {
  const cache = await openCache();
  if (!cache) return [];
  const { found, loose } = await survey(cache);
  const models: CachedModel[] = [];
  for (const record of found) {
    const files: CachedFile[] = [];
    let whole = true;
    for (const file of record.files) {
      const bytes = await present(cache, file.keys);
      whole &&= file.verified && bytes === file.total;
      files.push({ path: file.path, bytes, total: file.total });
    }
    const { id, kind, revision, lastUsed } = record;
    models.push({ id, kind, revision, lastUsed, bytes: sum(files, "bytes"), total: sum(files, "total"), complete: whole, files });
  }
  for (const [id, keys] of loose) {
    const files: CachedFile[] = [];
    for (const key of keys) {
      const bytes = (await keptBytes(cache, key)) ?? 0;
      files.push({ path: key, bytes, total: bytes });
    }
    models.push({ id, kind: null, revision: null, lastUsed: null, bytes: sum(files, "bytes"), total: sum(files, "total"), complete: false, files });
  }
  return models.sort((a, b) => (b.lastUsed ?? "").localeCompare(a.lastUsed ?? ""));
}

/** Deletes all files of a model, of all its revisions and for both engines, but for those that another model shares, as libraries are. A model that is loaded goes on working. */
export async function deleteCachedModel(id: string): Promise<void> {
  const cache = await openCache();
  if (!cache) return;
  await alone(async () => {
    const { found, loose } = await survey(cache);
    const own = found.filter((record) => record.id === id);
    const shared = new Set(keysOf(found.filter((record) => record.id !== id)));
    for (const key of keysOf(own)) if (!shared.has(key)) await cache.delete(key);
    for (const record of own) await cache.delete(recordKey(record, record.revision));
    for (const key of loose.get(id) ?? []) await cache.delete(key);
  });
}

/** Records, and the files that none of them mentions, by repository. */
async function survey(cache: Cache): Promise<{ found: ModelRecord[]; loose: Map<string, string[]> }> {
  const found: ModelRecord[] = [];
  const keys: string[] = [];
  for (const { url } of await cache.keys()) {
    if (!url.startsWith(records)) {
      keys.push(url);
      continue;
    }
    const record = await readRecord(cache, url);
    if (record) found.push(record);
    else await cache.delete(url);
  }
  const mentioned = new Set(keysOf(found));
  const loose = new Map<string, string[]>();
  for (const key of keys) {
    if (mentioned.has(key)) continue;
    const id = repositoryOf(key);
    loose.set(id, [...(loose.get(id) ?? []), key]);
  }
  return { found, loose };
}

/** The keys of all files that records mention. */
function keysOf(found: readonly ModelRecord[]): string[] {
  return found.flatMap(({ files }) => files.flatMap(({ keys }) => keys));
}

/** `https://huggingface.co/owner/name/resolve/…` → `owner/name`; any other address by its first two parts. */
function repositoryOf(url: string): string {
  const { pathname } = new URL(url);
  return /^\/(.+?)\/resolve\//.exec(pathname)?.[1] ?? pathname.split("/").slice(1, 3).join("/");
}

async function present(cache: Cache, keys: readonly string[]): Promise<number> {
  let bytes = 0;
  for (const key of keys) bytes += (await keptBytes(cache, key)) ?? 0;
  return bytes;
}

function recordKey({ id, kind }: ModelName, revision: string | null): string {
  return `${records}${kind}/${encodeURIComponent(id)}/${revision ?? ""}`;
}

/** null where there is none, or one that cannot be read. */
async function readRecord(cache: Cache, key: string): Promise<ModelRecord | null> {
  const response = await cache.match(key);
  const value: unknown = await response?.json().catch(() => null);
  if (!isRecord(value)) return null;
  const { id, kind, revision, lastUsed, files } = value;
  if (typeof id !== "string" || !isKind(kind) || !(typeof revision === "string" || revision === null) || typeof lastUsed !== "string" || !Array.isArray(files)) return null;
  return { id, kind, revision, lastUsed, files: (files as unknown[]).filter(isRecordedFile) };
}

function isKind(value: unknown): value is ModelKind {
  return value === "transformers" || value === "webllm" || value === "library";
}

function isRecordedFile(value: unknown): value is RecordedFile {
  if (!isRecord(value)) return false;
  const { path, url, total, keys, verified } = value;
  return typeof path === "string" && typeof url === "string" && typeof total === "number" && typeof verified === "boolean" && Array.isArray(keys) && keys.every((key) => typeof key === "string");
}

function sum(files: readonly CachedFile[], what: "bytes" | "total"): number {
  return files.reduce((all, file) => all + file[what], 0);
}

/** One at a time, over all tabs and workers of this site, where the browser can. */
async function alone(work: () => Promise<void>): Promise<void> {
  const locks = typeof navigator === "undefined" ? undefined : (navigator.locks as LockManager | undefined);
  if (locks) await locks.request("geodesic-models", work);
  else await work();
}
