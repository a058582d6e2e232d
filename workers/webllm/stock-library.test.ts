/** Stock libraries and model sizes, from a stand-in for GitHub and the hub. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { EngineError } from "../engine.ts";
import { cachedModels } from "../files/cached-models.ts";
import { fetchFiles } from "../files/fetch-files.ts";
import { gitBlob, tree } from "../files/hub-server.test-support.ts";
import type { Fetch } from "../files/listing.ts";
import { MemoryCaches } from "../files/memory-caches.test-support.ts";
import { Progress } from "../files/progress.ts";
import { modelSize } from "./model-size.ts";
import { stockLibrary } from "./stock-library.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";
const model = "SmolLM2-360M-Instruct-q4f32_1-MLC";
const library = "SmolLM2-360M-Instruct-q4f32_1_cs1k-webgpu.wasm";
const folder = "web-llm-models/v0_2_86/base";
const wasm = Uint8Array.from([0, 97, 115, 109, 1, 0, 0, 0, 7, 7]);
const repository = "mlc-ai/binary-mlc-llm-libs";
const reference = `https://api.github.com/repos/${repository}/git/ref/heads/main`;
const list = `https://api.github.com/repos/${repository}/contents/${folder}?ref=${commit}`;
const file = `https://raw.githubusercontent.com/${repository}/${commit}/${folder}/${library}`;
const listed = { name: library, path: `${folder}/${library}`, sha: gitBlob(wasm), size: wasm.length, type: "file" };

afterEach(() => vi.unstubAllGlobals());

function gitHub(instead: Record<string, () => Response> = {}): { fetch: Fetch; asked: string[] } {
  const asked: string[] = [];
  const answers: Record<string, () => Response> = {
    [reference]: () => Response.json({ ref: "refs/heads/main", object: { sha: commit, type: "commit" } }),
    [list]: () => Response.json([{ ...listed, name: "other", path: `${folder}/other`, sha: "f".repeat(40) }, listed]),
    [file]: () => new Response(wasm),
    ...instead,
  };
  const fetch: Fetch = async (url) => {
    asked.push(url);
    await Promise.resolve();
    return answers[url]?.() ?? new Response(null, { status: 404 });
  };
  return { fetch, asked };
}

const patience = { clock: { now: () => 0, sleep: () => Promise.resolve() } };
const find = (fetch: Fetch, name = model) => stockLibrary(name, fetch, new AbortController().signal, patience);
async function load(fetch: Fetch): Promise<Uint8Array> {
  const listing = await find(fetch);
  const files = await fetchFiles(listing, [...listing.files.values()], new Progress(() => undefined), new AbortController().signal, { patience, model: { id: model, kind: "library" } });
  return files.get(library);
}

describe("a stock library", () => {
  test("is listed at a commit, with its git blob, and verified", async () => {
    const { fetch, asked } = gitHub();
    const listing = await find(fetch);
    expect(listing).toMatchObject({ source: "library", commit, cacheable: true });
    expect([...listing.files.values()]).toMatchObject([{ path: library, bytes: wasm.length, digest: { algorithm: "git-blob", hex: gitBlob(wasm) }, url: file }]);
    // Nothing of the library itself until it is fetched.
    expect(asked).toEqual([reference, list]);
    expect(await load(fetch)).toEqual(wasm);
    expect(asked.at(-1)).toBe(file);
  });
  test("is found by its repository too", async () => {
    expect([...(await find(gitHub().fetch, `mlc-ai/${model}`)).files.keys()]).toEqual([library]);
  });
  test("is kept, listed, and verified again", async () => {
    const caches = new MemoryCaches();
    vi.stubGlobal("caches", caches);
    await load(gitHub().fetch);
    expect(await cachedModels()).toMatchObject([{ id: model, kind: "library", revision: commit, bytes: wasm.length, complete: true }]);
    const { fetch, asked } = gitHub();
    expect(await load(fetch)).toEqual(wasm);
    expect(asked).toEqual([reference, list]);
    (await caches.files()).get(file)![9]! ^= 1;
    expect(await load(fetch)).toEqual(wasm);
    expect(asked.at(-1)).toBe(file);
  });

  test.each<[string, Record<string, () => Response>, string]>([
    ["a commit that is none", { [reference]: () => Response.json({ object: { sha: "main" } }) }, "library: expected the commit of mlc-ai/binary-mlc-llm-libs at main, got none"],
    ["an answer that is not JSON", { [reference]: () => new Response("<html>") }, "library: expected JSON"],
    ["a folder that is gone", { [list]: () => new Response(null, { status: 404 }) }, "404, not found"],
    ["a folder without it", { [list]: () => Response.json([]) }, `library: expected ${folder}/${library} in mlc-ai/binary-mlc-llm-libs at 0123456, got no such file`],
    ["a folder that is a file", { [list]: () => Response.json(listed) }, "got no such file"],
    ["no hash", { [list]: () => Response.json([{ ...listed, sha: null }]) }, "library: expected hash and length of"],
    ["a length that is none", { [list]: () => Response.json([{ ...listed, size: -1 }]) }, "library: expected hash and length of"],
    ["a link", { [list]: () => Response.json([{ ...listed, type: "symlink" }]) }, "library: expected hash and length of"],
    ["too many questions", { [reference]: () => new Response(null, { status: 403 }) }, "got 403, most likely since it answers 60 times an hour"],
    ["a busy server", { [list]: () => new Response(null, { status: 429 }) }, "429, too many requests"],
    ["other bytes", { [file]: () => new Response(wasm.map((byte, i) => (i === 9 ? byte ^ 1 : byte))) }, `library: expected ${library} with hash ${gitBlob(wasm)}, got `],
    ["fewer bytes", { [file]: () => new Response(wasm.slice(1)) }, `library: expected 10 bytes of ${library}, got 9`],
    ["no network", { [reference]: () => { throw new TypeError("fetch failed"); } }, "library: expected an answer from api.github.com, got none"],
  ])("%s: says so", async (_, instead, message) => {
    const result = load(gitHub(instead).fetch);
    await expect(result).rejects.toThrow(message);
    await expect(result).rejects.toBeInstanceOf(EngineError);
  });
  test("of a model that is not in the list: nobody is asked", async () => {
    const { fetch, asked } = gitHub();
    await expect(find(fetch, "somebody/model")).rejects.toThrow("library: expected a model of WebLLM's list, got somebody/model");
    expect(asked).toEqual([]);
  });
});

describe("what a model costs", () => {
  const size = (paths: Record<string, number>) => {
    const files = new Map(Object.entries(paths).map(([path, bytes]) => [path, new Uint8Array(bytes)]));
    const fetch: Fetch = (url) => Promise.resolve(url.includes("/tree/") ? Response.json(tree(files)) : Response.json({ sha: commit, cardData: { license: "apache-2.0" } }));
    return modelSize("mlc-ai/x", fetch, new AbortController().signal);
  };
  const weights = { "mlc-chat-config.json": 1, "tokenizer.json": 20, "tokenizer_config.json": 300, "params_shard_0.bin": 4000, "params_shard_1.bin": 50_000 };

  test("the files that are loaded, and no others", async () => {
    const rest = { "README.md": 1e5, ".gitattributes": 1e5, "logs.txt": 1e5, "vocab.json": 1e5, "tokenizer.model": 1e5 };
    expect(await size({ ...weights, ...rest, "tensor-cache.json": 600_000 })).toEqual({ commit, licence: "apache-2.0", closed: false, files: 6, bytes: 654_321 });
  });
  test("one list of weights under either name, not both", async () => {
    expect((await size({ ...weights, "ndarray-cache.json": 600_000 })).bytes).toBe(654_321);
    expect((await size({ ...weights, "ndarray-cache.json": 600_000, "tensor-cache.json": 700_000 })).bytes).toBe(754_321);
  });
});
