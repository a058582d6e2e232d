/** Room on the disk: how much there is, and asking the browser not to clear it. */
import { EngineError } from "../engine.ts";

/** Downloads of at least so many bytes are worth asking for room first. */
const large = 50e6;

export interface StorageEstimate {
  /** Bytes that this site takes. */
  readonly usage: number;
  /** Bytes that it may take. */
  readonly quota: number;
  /** The browser will not clear them by itself. */
  readonly persisted: boolean;
}

/** null where the browser does not say. */
export async function storageEstimate(): Promise<StorageEstimate | null> {
  const storage = manager();
  const { usage, quota } = (await storage?.estimate?.().catch(() => null)) ?? {};
  if (usage === undefined || quota === undefined) return null;
  return { usage, quota, persisted: (await storage?.persisted?.().catch(() => false)) ?? false };
}

/** @throws EngineError where a download of so many bytes does not fit */
export async function needRoom(bytes: number): Promise<void> {
  if (bytes < large) return;
  await keepStorage(bytes);
  const estimate = await storageEstimate();
  if (!estimate) return;
  const free = Math.max(0, estimate.quota - estimate.usage);
  if (bytes <= free) return;
  throw new EngineError(`storage: expected ${megabytes(bytes)} MB free for this model, got ${megabytes(free)} MB; delete models that you no longer use, make room on the disk or choose a smaller model`);
}

let asked = false;

/**
 * Asks the browser, once, not to clear what is kept; it may say no, and nothing depends on it.
 *
 * Only pages can ask, workers cannot (Storage standard): the page calls this where a download of `bytes` begins.
 */
export async function keepStorage(bytes: number): Promise<void> {
  const storage = manager();
  if (asked || bytes < large || typeof storage?.persist !== "function") return;
  asked = true;
  await storage.persist().catch(() => false);
}

function manager(): Partial<StorageManager> | undefined {
  return typeof navigator === "undefined" ? undefined : navigator.storage;
}

function megabytes(bytes: number): string {
  return String(Math.round(bytes / 1e6));
}
