/** Where files come from, with a stand-in for the network. */
import { createHash } from "node:crypto";
import { afterEach, describe, expect, test, vi } from "vitest";
import { AbortError, EngineError, type LoadProgress, type ModelRequest } from "../engine.ts";
import { chooseFiles } from "./choose.ts";
import type { Fetch, ListedFile, Listing } from "../files/listing.ts";
import { Progress } from "../files/progress.ts";
import { chooseModel, loadFiles } from "./files.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const hub = "https://huggingface.co";
const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);
const weights = Uint8Array.from({ length: 5000 }, (_, i) => i % 251);
const repository: Record<string, Uint8Array<ArrayBuffer>> = {
  "config.json": text("{}"),
  "tokenizer.json": text('{"model":{}}'),
  "onnx/model_q4.onnx": weights.slice(0, 100),
  "onnx/model_q4.onnx_data": weights,
  "onnx/model_q4.onnx_data_1": weights.slice(1),
};
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const gitBlob = (bytes: Uint8Array) => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
const tree = Object.entries(repository).map(([path, bytes]) =>
  path.startsWith("onnx/") ? { type: "file", path, size: bytes.length, oid: "0".repeat(40), lfs: { oid: sha256(bytes), size: bytes.length } } : { type: "file", path, size: bytes.length, oid: gitBlob(bytes) },
);

/** A hub that answers from memory; single answers can be replaced. */
function fakeHub(answers: Record<string, () => Response> = {}): { fetch: Fetch; asked: string[] } {
  const asked: string[] = [];
  const fetch: Fetch = (url, init) => {
    asked.push(url);
    if (init?.signal?.aborted) return Promise.reject(new DOMException("aborted", "AbortError"));
    const path = url.slice(hub.length);
    const own = Object.entries(answers).find(([end]) => path.endsWith(end))?.[1];
    if (own) {
      return new Promise((resolve) => {
        resolve(own());
      });
    }
    if (path === "/api/models/some/model/revision/main") return Promise.resolve(Response.json({ sha: commit }));
    if (path === `/api/models/some/model/tree/${commit}?recursive=true`) return Promise.resolve(Response.json(tree));
    const bytes = repository[path.replace(`/some/model/resolve/${commit}/`, "")];
    return Promise.resolve(bytes ? new Response(bytes) : new Response(null, { status: 404 }));
  };
  return { fetch, asked };
}

/** Tries again at once. */
const patience = { clock: { now: () => 0, sleep: () => Promise.resolve() } };

async function load(fetch: Fetch, request: Partial<ModelRequest> = {}, signal = new AbortController().signal, report: (p: LoadProgress) => void = () => {}) {
  const full: ModelRequest = { source: "hub", id: "some/model", device: "wasm", ...request };
  const { listing, chosen, bytes } = await chooseModel(full, { base: "http://localhost/app/", fetch, shaderF16: false, patience }, signal);
  const progress = new Progress(report);
  progress.expect(bytes);
  return loadFiles(listing, chosen, progress, signal, { patience });
}

describe("hub", () => {
  test("everything is asked for at the commit, and verified", async () => {
    const { fetch, asked } = fakeHub();
    const files = await load(fetch);
    expect(files.revision).toBe(commit);
    expect(files.dtype).toBe("q4");
    expect(files.data.map(({ path }) => path)).toEqual(["model_q4.onnx_data", "model_q4.onnx_data_1"]);
    expect(files.data[0]!.data).toEqual(weights);
    expect(files.texts.get("tokenizer.json")).toBe('{"model":{}}');
    expect(asked.slice(2).every((url) => url.includes(`/resolve/${commit}/`))).toBe(true);
  });

  test("a long list of files comes in pages", async () => {
    const [first, ...rest] = tree;
    const { fetch } = fakeHub({
      "?recursive=true": () => Response.json([first], { headers: { link: `<${hub}/api/next>; rel="next"` } }),
      "/api/next": () => Response.json(rest),
    });
    expect((await load(fetch)).dtype).toBe("q4");
  });

  const offline = () => {
    throw new TypeError("fetch failed");
  };
  test.each<[string, Record<string, () => Response>, string]>([
    ["no network", { "/main": offline }, "hub: expected an answer from huggingface.co, got none; check the connection or drop a local folder"],
    ["no such model", { "/main": () => new Response(null, { status: 404 }) }, "404, not found; check the name and the revision"],
    ["a gated model", { "/main": () => new Response(null, { status: 401 }) }, "401, access denied"],
    ["a gated file", { "tokenizer.json": () => new Response(null, { status: 403 }) }, "403, access denied"],
    ["a file that went missing", { "model_q4.onnx": () => new Response(null, { status: 404 }) }, "404, not found"],
    ["an answer without a commit", { "/main": () => Response.json({}) }, "hub: expected the commit of some/model"],
    ["an answer that is not JSON", { "/main": () => new Response("<html>") }, "hub: expected JSON"],
    ["weights that were altered", { "model_q4.onnx_data": () => new Response(weights.map((b, i) => (i === 4999 ? b ^ 1 : b))) }, "hub: expected onnx/model_q4.onnx_data with hash"],
    ["a small file that was altered", { "config.json": () => new Response("[]") }, "hub: expected config.json with hash"],
    ["a file cut short", { "model_q4.onnx_data": () => new Response(weights.slice(0, 4000)) }, "expected 5000 bytes of onnx/model_q4.onnx_data, got 4000"],
    ["a file that goes on", { "config.json": () => new Response("{}  ") }, "expected 2 bytes of config.json, got more"],
    ["a connection that breaks", { "model_q4.onnx_data": () => new Response(new ReadableStream({ pull: (c) => c.error(new Error("reset")) })) }, "before the connection broke"],
  ])("%s: says so", async (_, answers, message) => {
    const result = load(fakeHub(answers).fetch);
    await expect(result).rejects.toThrow(message);
    await expect(result).rejects.toBeInstanceOf(EngineError);
  });

  test("a name that is none", async () => {
    await expect(load(fakeHub().fetch, { id: "../secret" })).rejects.toThrow("expected a repository as owner/name");
  });

  test("stopping during the download", async () => {
    const controller = new AbortController();
    let cancelled = false;
    const endless = () =>
      new Response(
        new ReadableStream<Uint8Array>({
          async pull(stream) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            stream.enqueue(weights.slice(0, 10));
          },
          cancel: () => void (cancelled = true),
        }),
      );
    const result = load(fakeHub({ "model_q4.onnx_data": endless }).fetch, {}, controller.signal);
    setTimeout(() => controller.abort(), 40);
    await expect(result).rejects.toBeInstanceOf(AbortError);
    expect(cancelled).toBe(true);
  });
});

describe("cache", () => {
  afterEach(() => vi.unstubAllGlobals());
  const memory = () => {
    const kept = new Map<string, Uint8Array>();
    const cache = {
      match: (url: string) => Promise.resolve(kept.has(url) ? new Response(kept.get(url)!.slice()) : undefined),
      put: async (url: string, response: Response) => void kept.set(url, new Uint8Array(await response.arrayBuffer())),
      delete: (url: string) => Promise.resolve(kept.delete(url)),
    };
    vi.stubGlobal("caches", { open: () => Promise.resolve(cache) });
    return { kept, cache };
  };

  test("the second visit downloads nothing but the list", async () => {
    const { kept } = memory();
    await load(fakeHub().fetch);
    expect(kept.size).toBe(5);
    const { fetch, asked } = fakeHub();
    expect((await load(fetch)).data[0]!.data).toEqual(weights);
    expect(asked).toHaveLength(2);
  });

  test("a cached file that was altered is thrown away and downloaded again", async () => {
    const { kept } = memory();
    await load(fakeHub().fetch);
    const url = [...kept.keys()].find((key) => key.endsWith("_data"))!;
    kept.get(url)![7]! ^= 1;
    const { fetch, asked } = fakeHub();
    expect((await load(fetch)).data[0]!.data).toEqual(weights);
    expect(asked).toContain(url);
  });

  test("a full disk does not stop the model", async () => {
    const { cache } = memory();
    cache.put = () => Promise.reject(new DOMException("full", "QuotaExceededError"));
    const warned = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect((await load(fakeHub().fetch)).dtype).toBe("q4");
    expect(warned.mock.calls[0]![0]).toContain("got QuotaExceededError");
    warned.mockRestore();
  });
});

describe("embedded", () => {
  const served = (manifest: unknown): Fetch => (url) => {
    const path = url.replace("http://localhost/app/models/nano/", "");
    return Promise.resolve(path === "files.json" ? Response.json(manifest) : new Response(repository[path] ?? null));
  };
  const manifest = Object.entries(repository).map(([path, bytes]) => ({ path, bytes: bytes.length, sha256: sha256(bytes) }));
  const nano: Partial<ModelRequest> = { source: "embedded", id: "geodesic/nano" };

  test("files are found beside the page; the weights' hash is the revision", async () => {
    expect((await load(served(manifest), nano)).revision).toBe(sha256(repository["onnx/model_q4.onnx"]!));
  });
  test("a manifest that promises other bytes", async () => {
    const other = manifest.map((file) => ({ ...file, sha256: "0".repeat(64) }));
    await expect(load(served(other), nano)).rejects.toThrow(/embedded: expected config.json with hash/);
    await expect(load(served({}), nano)).rejects.toThrow("expected files.json of nano");
  });
  test("a manifest that the build did not know", async () => {
    vi.stubGlobal("__MODEL_MANIFESTS__", { nano: "0".repeat(64) });
    await expect(load(served(manifest), nano)).rejects.toThrow("expected the manifest of nano that this page was built with");
    vi.unstubAllGlobals();
  });
});

describe("folder", () => {
  const dropped = (paths: readonly string[]) => new Map(paths.map((path) => [path, new File([repository[path.replace("dropped/", "")] ?? text("x")], path)]));
  test("no manifest: the hash of the weights is recorded", async () => {
    const files = dropped(Object.keys(repository).map((path) => `dropped/${path}`));
    expect((await load(fakeHub().fetch, { source: "folder", files })).revision).toBe(sha256(repository["onnx/model_q4.onnx"]!));
  });
  test("what is missing is named", async () => {
    await expect(load(fakeHub().fetch, { source: "folder" })).rejects.toThrow("folder: expected the files of a model, got none");
    await expect(load(fakeHub().fetch, { source: "folder", files: dropped(["a.txt"]) })).rejects.toThrow("expected config.json among the files, got a.txt");
    await expect(load(fakeHub().fetch, { source: "folder", files: dropped(["config.json", "onnx/model_q4.onnx"]) })).rejects.toThrow("expected tokenizer.json");
  });
});

describe("which export", () => {
  const listing = (sizes: Record<string, number>): Listing => {
    const file = (path: string, bytes: number): [string, ListedFile] => [path, { path, bytes, digest: null, url: null, open: () => Promise.reject(new Error()) }];
    return { source: "hub", commit, cacheable: true, files: new Map([file("config.json", 1), file("tokenizer.json", 1), ...Object.entries(sizes).map(([path, bytes]) => file(path, bytes))]) };
  };
  const all = { "onnx/model.onnx": 10, "onnx/model_quantized.onnx": 5, "onnx/model_q4.onnx": 3, "onnx/model_q4f16.onnx": 2 };
  const choice = (sizes: Record<string, number>, device: "wasm" | "webgpu", f16 = false, dtype?: string) => chooseFiles(listing(sizes), { id: "m", device, ...(dtype ? { dtype } : {}) }, f16).model.path;

  test("wasm takes float32, WebGPU 4 bits, in float16 where it can", () => {
    expect(choice(all, "wasm")).toBe("onnx/model.onnx");
    expect(choice(all, "webgpu")).toBe("onnx/model_q4.onnx");
    expect(choice(all, "webgpu", true)).toBe("onnx/model_q4f16.onnx");
    expect(choice(all, "wasm", false, "q8")).toBe("onnx/model_quantized.onnx");
    expect(choice({ "onnx/model_int8.onnx": 5 }, "wasm")).toBe("onnx/model_int8.onnx");
    expect(choice({ "model.onnx": 5 }, "wasm")).toBe("model.onnx");
  });
  test("what does not fit is passed over", () => {
    expect(choice({ ...all, "onnx/model.onnx": 3e9 }, "wasm")).toBe("onnx/model_quantized.onnx");
    expect(() => choice({ "onnx/model.onnx": 3e9 }, "wasm")).toThrow("fits into a browser, got fp32 of 2861 MiB");
  });
  test("what is not there is named, with what is", () => {
    expect(() => choice({ "onnx/model_q4f16.onnx": 1 }, "webgpu")).toThrow("as q4 or fp32 for webgpu, got q4f16; choose one of those");
    expect(() => choice({}, "wasm")).toThrow("got no ONNX file");
  });
});

test("rate over the last two seconds, and seconds left", () => {
  let time = 0;
  const seen: LoadProgress[] = [];
  const progress = new Progress((p) => seen.push(p), () => time);
  progress.expect(10_000);
  progress.enter("download");
  for (let i = 0; i < 6; i++) {
    time += 500;
    progress.add(i < 2 ? 0 : 1000);
  }
  expect(seen.at(-1)).toEqual({ phase: "download", loaded: 4000, total: 10_000, rate: 2000, secondsLeft: 3 });
});
