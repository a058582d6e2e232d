/**
 * Where WebLLM finds a model's files: not on the network, but among bytes of
 * ours that were verified already.
 *
 * WebLLM reads everything through the Cache API (`caches.open`, `match`, `add`)
 * and would fetch what it does not find. While it loads, our worker has an
 * object of its own under that name. What it does not hold, it refuses.
 */
import { EngineError } from "../engine.ts";

/** URL of the model's folder, as WebLLM is told; a host that cannot be (RFC 2606). */
export const modelUrl = "https://model.invalid/resolve/main/";
export const libraryUrl = "https://model.invalid/library.wasm";

/** Reads a file by its URL. */
export type ReadFile = () => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Runs work while `caches` answers from these files only.
 *
 * @param files  by URL; each is read when it is asked for, and read anew each time
 */
export async function withVerifiedFiles<T>(files: ReadonlyMap<string, ReadFile>, work: () => Promise<T>): Promise<T> {
  const original = Object.getOwnPropertyDescriptor(globalThis, "caches");
  const cache = new VerifiedCache(files);
  const storage = { open: () => Promise.resolve(cache) };
  Object.defineProperty(globalThis, "caches", { value: storage, configurable: true });
  try {
    return await work();
  } finally {
    // In a browser the name is inherited, so that removing ours brings it back.
    if (original) Object.defineProperty(globalThis, "caches", original);
    else Reflect.deleteProperty(globalThis, "caches");
  }
}

/** The part of the Cache interface that WebLLM uses. */
class VerifiedCache {
  constructor(private readonly files: ReadonlyMap<string, ReadFile>) {}

  async match(request: RequestInfo | URL): Promise<Response> {
    const url = urlOf(request);
    const read = this.files.get(url);
    if (!read) throw missing(url);
    // WebLLM asks twice and reads once; nothing is copied before it reads.
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        async pull(controller) {
          controller.enqueue(await read());
          controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body);
  }

  /** WebLLM adds what it did not find; then it would go to the network. */
  add(request: RequestInfo | URL): Promise<void> {
    return Promise.reject(missing(urlOf(request)));
  }

  put(request: RequestInfo | URL): Promise<void> {
    return this.add(request);
  }

  keys(): Promise<{ readonly url: string }[]> {
    return Promise.resolve([...this.files.keys()].map((url) => ({ url })));
  }

  /** Nothing is deleted: these are not WebLLM's. */
  delete(): Promise<boolean> {
    return Promise.resolve(false);
  }
}

function urlOf(request: RequestInfo | URL): string {
  if (typeof request === "string") return request;
  return request instanceof URL ? request.href : request.url;
}

function missing(url: string): EngineError {
  return new EngineError(`webllm: expected a file that was verified, got a request for ${url}; this model's folder is not complete, load it again`);
}
