/**
 * The last run of each claim, kept in this browser: evidence, seeds and date, never
 * the verdict, which is judged anew. Where a browser keeps nothing (a private window), nothing is kept.
 */
import type { ClaimRun } from "../../workers/claims/evidence.ts";

const database = "geodesic-claims";
const store = "runs";

export async function keptRuns(): Promise<ClaimRun[]> {
  return (await using<ClaimRun[]>("readonly", (runs) => runs.getAll())) ?? [];
}

export async function keepRun(run: ClaimRun): Promise<void> {
  await using("readwrite", (runs) => runs.put(run));
}

export async function forgetRun(id: string): Promise<void> {
  await using("readwrite", (runs) => runs.delete(id));
}

/** Null where the browser refuses. */
async function using<T>(mode: IDBTransactionMode, ask: (runs: IDBObjectStore) => IDBRequest): Promise<T | null> {
  try {
    const opened = await open();
    try {
      return (await settled(ask(opened.transaction(store, mode).objectStore(store)))) as T;
    } finally {
      opened.close();
    }
  } catch {
    return null;
  }
}

async function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(database, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(store, { keyPath: "id" }));
  return (await settled(request)) as IDBDatabase;
}

function settled(request: IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("indexedDB: expected an answer, got none")));
    request.addEventListener("blocked", () => reject(new Error("indexedDB: expected to open, got blocked by another tab")), { once: true });
  });
}
