/** The list of what the browser keeps, and being rid of it. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AbortError, EngineError } from "../engine.ts";
import { cachedModels, deleteCachedModel, type ModelKind, storageEstimate } from "./cached-models.ts";
import { fetchFiles } from "./fetch-files.ts";
import { hubModel } from "./hub.ts";
import { commit, HubServer, stallAfter } from "./hub-server.test-support.ts";
import { MemoryCaches } from "./memory-caches.test-support.ts";
import { Progress } from "./progress.ts";

const files = new Map<string, Uint8Array>([
  ["config.json", new Uint8Array(10).fill(32)],
  ["a.bin", new Uint8Array(2500).fill(1)],
  ["b.bin", new Uint8Array(300).fill(2)],
]);
const ids = ["some/model", "other/model"] as const;
let servers: readonly HubServer[];
let caches: MemoryCaches;

beforeEach(async () => {
  servers = await Promise.all(ids.map((id) => HubServer.start(id, files)));
  caches = new MemoryCaches();
  vi.stubGlobal("caches", caches);
});
afterEach(async () => {
  vi.unstubAllGlobals();
  await Promise.all(servers.map((server) => server.close()));
});

async function load(model: number, kind: ModelKind | null, paths: readonly string[], time = 0, stopAt?: number): Promise<void> {
  const server = servers[model]!;
  const controller = new AbortController();
  const listing = await hubModel(ids[model]!, undefined, server.fetch, controller.signal);
  const progress = new Progress(({ phase, loaded }) => void (phase === "download" && stopAt !== undefined && loaded >= stopAt && controller.abort()));
  const clock = { now: () => time, sleep: () => Promise.resolve() };
  await fetchFiles(
    listing,
    paths.map((path) => listing.files.get(path)!),
    progress,
    controller.signal,
    { partBytes: 1000, patience: { clock }, ...(kind ? { model: { id: ids[model]!, kind } } : {}) },
  );
}

describe("the list", () => {
  test("is empty at first, and without a cache", async () => {
    expect(await cachedModels()).toEqual([]);
    vi.stubGlobal("caches", undefined);
    expect(await cachedModels()).toEqual([]);
    await deleteCachedModel("some/model");
  });

  test("the last used first, with size and files", async () => {
    await load(0, "webllm", ["config.json", "a.bin"], 1e12);
    await load(1, "transformers", ["b.bin"], 2e12);
    expect(await cachedModels()).toEqual([
      { id: "other/model", kind: "transformers", revision: commit, bytes: 300, total: 300, lastUsed: new Date(2e12).toISOString(), complete: true, files: [{ path: "b.bin", bytes: 300, total: 300 }] },
      {
        id: "some/model",
        kind: "webllm",
        revision: commit,
        bytes: 2510,
        total: 2510,
        lastUsed: new Date(1e12).toISOString(),
        complete: true,
        files: [
          { path: "config.json", bytes: 10, total: 10 },
          { path: "a.bin", bytes: 2500, total: 2500 },
        ],
      },
    ]);
    await load(0, "webllm", ["config.json", "a.bin"], 3e12);
    expect((await cachedModels()).map(({ id }) => id)).toEqual(["some/model", "other/model"]);
  });

  test("a paused download is not complete, and becomes so", async () => {
    servers[0]!.once("/cdn/a.bin", stallAfter(1700));
    await expect(load(0, "webllm", ["config.json", "a.bin"], 0, 1710)).rejects.toBeInstanceOf(AbortError);
    expect(await cachedModels()).toMatchObject([{ bytes: 1710, total: 2510, complete: false, files: [{ bytes: 10 }, { bytes: 1700 }] }]);
    await load(0, "webllm", ["config.json", "a.bin"]);
    expect(await cachedModels()).toMatchObject([{ bytes: 2510, complete: true }]);
  });

  test("a download that was stopped before it was verified is not complete", async () => {
    const controller = new AbortController();
    const listing = await hubModel(ids[0], undefined, servers[0]!.fetch, controller.signal);
    const progress = new Progress(({ phase }) => void (phase === "verify" && controller.abort()));
    await expect(fetchFiles(listing, [listing.files.get("b.bin")!], progress, controller.signal, { model: { id: ids[0], kind: "webllm" } })).rejects.toBeInstanceOf(AbortError);
    expect(await cachedModels()).toMatchObject([{ bytes: 300, total: 300, complete: false }]);
  });

  test("a part that the browser has cleared", async () => {
    await load(0, "webllm", ["a.bin"]);
    await (await caches.open("geodesic-models")).delete(`https://huggingface.co/some/model/resolve/${commit}/a.bin?part=1`);
    expect(await cachedModels()).toMatchObject([{ bytes: 1500, complete: false }]);
  });

  test("another export of the same model is added to it", async () => {
    await load(0, "transformers", ["config.json", "a.bin"]);
    await load(0, "transformers", ["config.json", "b.bin"]);
    expect(await cachedModels()).toMatchObject([{ total: 2810, complete: true }]);
  });

  test("files that no record mentions are listed too", async () => {
    await load(0, null, ["a.bin", "b.bin"]);
    expect(await cachedModels()).toMatchObject([{ id: "some/model", kind: null, revision: null, lastUsed: null, bytes: 2800, complete: false }]);
  });

  test("a record that makes no sense is dropped", async () => {
    await load(0, "webllm", ["b.bin"]);
    const cache = await caches.open("geodesic-models");
    const [key] = [...cache.kept.keys()].filter((url) => url.startsWith("https://cached-models.invalid/"));
    for (const wrong of ["{", "[]", '{"id":1}', '{"id":"a","kind":"other","revision":null,"lastUsed":"","files":[]}']) {
      await cache.put(key!, new Response(wrong));
      expect(await cachedModels()).toMatchObject([{ id: "some/model", kind: null, bytes: 300 }]);
    }
  });

  test("a list that cannot be written does not stop a model", async () => {
    caches.room = 320;
    await load(0, "webllm", ["b.bin"]);
    expect(await cachedModels()).toMatchObject([{ kind: null, bytes: 300 }]);
  });
});

describe("deleting", () => {
  test("takes the model's files, of both engines, and nothing else", async () => {
    await load(0, "webllm", ["config.json", "a.bin"]);
    await load(0, "transformers", ["config.json", "b.bin"]);
    await load(1, "webllm", ["b.bin"]);
    await deleteCachedModel("some/model");
    expect(await cachedModels()).toMatchObject([{ id: "other/model", complete: true }]);
    expect([...(await caches.files()).keys()]).toEqual([`https://huggingface.co/other/model/resolve/${commit}/b.bin`]);
    await deleteCachedModel("other/model");
    expect((await caches.open("geodesic-models")).kept.size).toBe(0);
  });
  test("leaves what another model shares, as libraries are", async () => {
    const listing = await hubModel(ids[0], undefined, servers[0]!.fetch, new AbortController().signal);
    const library = [listing.files.get("b.bin")!];
    for (const id of ["a model", "its sister"]) await fetchFiles(listing, library, new Progress(() => undefined), new AbortController().signal, { model: { id, kind: "library" } });
    await deleteCachedModel("a model");
    expect(await cachedModels()).toMatchObject([{ id: "its sister", bytes: 300, complete: true }]);
    await deleteCachedModel("its sister");
    expect((await caches.open("geodesic-models")).kept.size).toBe(0);
  });
  test("takes files without a record", async () => {
    await load(0, null, ["a.bin", "b.bin"]);
    await deleteCachedModel("some/model");
    expect((await caches.files()).size).toBe(0);
  });
  // Measured in Chromium: 300 MB that were deleted stayed on the disk, and counted against the quota, while an unread answer was held.
  test("gives the room back at once: no answer of the cache is left unread", async () => {
    await load(0, "webllm", ["config.json", "a.bin"]);
    await load(0, "webllm", ["config.json", "a.bin"]);
    await cachedModels();
    await deleteCachedModel("some/model");
    const { given } = await caches.open("geodesic-models");
    expect(given.length).toBeGreaterThan(10);
    expect(given.filter(({ bodyUsed }) => !bodyUsed)).toEqual([]);
  });
  test("what is not there is no error", async () => {
    await load(0, "webllm", ["b.bin"]);
    await deleteCachedModel("nobody/nothing");
    expect(await cachedModels()).toHaveLength(1);
  });
  test("records wait for each other where the browser can", async () => {
    const names: string[] = [];
    vi.stubGlobal("navigator", { locks: { request: (name: string, work: () => Promise<void>) => (names.push(name), work()) } });
    await load(0, "webllm", ["b.bin"]);
    await deleteCachedModel("some/model");
    expect(names).toEqual(["geodesic-models", "geodesic-models", "geodesic-models"]);
  });
});

test("room, as the browser tells it", async () => {
  vi.stubGlobal("navigator", { storage: { estimate: () => Promise.resolve({ usage: 5, quota: 9 }), persisted: () => Promise.resolve(true) } });
  expect(await storageEstimate()).toEqual({ usage: 5, quota: 9, persisted: true });
  vi.stubGlobal("navigator", { storage: { estimate: () => Promise.reject(new EngineError("no")) } });
  expect(await storageEstimate()).toBeNull();
  vi.stubGlobal("navigator", undefined);
  expect(await storageEstimate()).toBeNull();
});
