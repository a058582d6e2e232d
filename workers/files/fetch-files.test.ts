/** Downloads from a server on this machine that behaves like the hub, and that misbehaves. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AbortError, EngineError, type LoadProgress } from "../engine.ts";
import { cachedModels } from "./cached-models.ts";
import { download } from "./download.ts";
import { fetchFiles, type FetchOptions, type VerifiedFiles } from "./fetch-files.ts";
import { hubModel } from "./hub.ts";
import { breakAfter, commit, HubServer, type Instead, send, stallAfter, start, status } from "./hub-server.test-support.ts";
import type { ListedFile, Listing } from "./listing.ts";
import { MemoryCaches } from "./memory-caches.test-support.ts";
import { Progress } from "./progress.ts";

const part = 10_000;
const bytesOf = (length: number, seed: number): Uint8Array<ArrayBuffer> => Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 7 + (i >> 8)) & 255);
const big = bytesOf(45_678, 1);
const repository = new Map<string, Uint8Array>([
  ["config.json", new TextEncoder().encode('{"a":1}')],
  ["big.bin", big],
  ["exact.bin", bytesOf(2 * part, 2)],
  ["small.bin", bytesOf(500, 3)],
  ["empty.bin", new Uint8Array()],
  ["more/1.bin", bytesOf(12_000, 4)],
  ["more/2.bin", bytesOf(12_000, 5)],
]);
const total = [...repository.values()].reduce((sum, bytes) => sum + bytes.length, 0);
const key = (path: string): string => `https://huggingface.co/some/model/resolve/${commit}/${path}`;

let server: HubServer;
let caches: MemoryCaches;
let waits: number[];

beforeEach(async () => {
  server = await HubServer.start("some/model", repository);
  caches = new MemoryCaches();
  vi.stubGlobal("caches", caches);
  waits = [];
});
afterEach(async () => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  await server.close();
});

const clock = {
  now: () => Date.UTC(2026, 0, 2),
  sleep: (ms: number) => {
    waits.push(ms);
    return Promise.resolve();
  },
};

interface Loading {
  readonly paths?: readonly string[];
  readonly signal?: AbortSignal;
  readonly report?: (progress: LoadProgress) => void;
  readonly options?: FetchOptions;
}

async function load({ paths = [...repository.keys()], signal = new AbortController().signal, report = () => undefined, options = {} }: Loading = {}): Promise<VerifiedFiles> {
  const listing = await hubModel("some/model", undefined, server.fetch, new AbortController().signal);
  const files = paths.map((path) => listing.files.get(path)!);
  return fetchFiles(listing, files, new Progress(report), signal, { partBytes: part, ...options, patience: { clock, ...options.patience } });
}

async function expectWhole(verified: VerifiedFiles, paths: readonly string[] = [...repository.keys()]): Promise<void> {
  for (const path of paths) expect([path, Buffer.from(await verified.get(path)).equals(repository.get(path)!)]).toEqual([path, true]);
}

/** Loads all but the end of the last file, and stops then, as a pause or a closed page does. */
async function loadUntil(bytes: number, paths: readonly string[]): Promise<void> {
  const controller = new AbortController();
  server.once(`/cdn/${paths.at(-1)}`, stallAfter(bytes));
  const enough = paths.slice(0, -1).reduce((sum, path) => sum + repository.get(path)!.length, bytes);
  const result = load({ paths, signal: controller.signal, report: ({ phase, loaded }) => void (phase === "download" && loaded >= enough && controller.abort()) });
  await expect(result).rejects.toBeInstanceOf(AbortError);
}

const ranges = (path: string): (string | null)[] => server.downloads.filter((asked) => asked.path.endsWith(path)).map(({ range }) => range);

describe("whole", () => {
  test("every file, to the byte, through a redirect; a second load asks for the list alone", async () => {
    const verified = await load();
    expect(verified.bytes).toBe(total);
    await expectWhole(verified);
    expect(server.downloads.every(({ range }) => range === null)).toBe(true);
    const count = server.downloads.length;
    await expectWhole(await load());
    expect(server.downloads).toHaveLength(count);
  });

  test("files longer than a part lie in parts", async () => {
    await load();
    const kept = await caches.files();
    expect([...kept.keys()].filter((url) => url.includes("big.bin"))).toEqual([0, 1, 2, 3, 4].map((i) => `${key("big.bin")}?part=${i}`));
    expect([...kept.keys()].filter((url) => url.includes("exact.bin"))).toEqual([0, 1].map((i) => `${key("exact.bin")}?part=${i}`));
    expect(kept.has(key("small.bin"))).toBe(true);
  });

  test("without a cache everything is in memory", async () => {
    vi.stubGlobal("caches", undefined);
    await expectWhole(await load());
  });

  test("a cache that cannot be opened is none", async () => {
    vi.stubGlobal("caches", { open: () => Promise.reject(new DOMException("no", "SecurityError")) });
    await expectWhole(await load());
  });

  test("four files at a time", async () => {
    const many = new Map(Array.from({ length: 12 }, (_, i) => [`${i}.bin`, bytesOf(30_000, i)]));
    await server.close();
    server = await HubServer.start("some/model", many);
    await load({ paths: [...many.keys()] });
    expect(server.busiest).toBe(4);
  });

  test("download gives the files in the order asked for", async () => {
    const listing = await hubModel("some/model", undefined, server.fetch, new AbortController().signal);
    const files = ["small.bin", "config.json", "small.bin"].map((path) => listing.files.get(path)!);
    const got = await download(listing, files, new Progress(() => undefined), new AbortController().signal);
    expect(got.map((bytes) => bytes.length)).toEqual([500, 7, 500]);
  });

  test("a file that was not asked for", async () => {
    const verified = await load({ paths: ["small.bin"] });
    await expect(verified.get("big.bin")).rejects.toThrow("hub: expected big.bin among the files of this model, got none");
  });
});

describe("broken connections", () => {
  test("go on where they broke, as often as something comes", async () => {
    for (let i = 0; i < 8; i++) server.once("/cdn/big.bin", breakAfter(5000));
    const verified = await load({ paths: ["big.bin"] });
    await expectWhole(verified, ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null, ...Array.from({ length: 8 }, (_, i) => `bytes=${5000 * (i + 1)}-`)]);
    // Each try got on, so each wait is a first one.
    expect(waits.every((ms) => ms >= 250 && ms <= 500)).toBe(true);
  });

  test("without a cache too", async () => {
    vi.stubGlobal("caches", undefined);
    server.once("/cdn/big.bin", breakAfter(20_000));
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null, "bytes=20000-"]);
  });

  test("a server without ranges sends everything again", async () => {
    server.ranges = false;
    server.once("/cdn/big.bin", breakAfter(20_000));
    const seen: LoadProgress[] = [];
    await expectWhole(await load({ paths: ["big.bin"], report: (p) => seen.push(p) }), ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null, "bytes=20000-"]);
    expect(Math.max(...seen.map(({ loaded }) => loaded))).toBe(big.length);
  });

  test("a server that always breaks off at the same place is given up, and what came is kept", async () => {
    server.ranges = false;
    for (let i = 0; i < 9; i++) server.once("/cdn/big.bin", (request, response, bytes) => breakAfter(20_000)(Object.assign(request, { headers: {} }), response, bytes));
    await expect(load({ paths: ["big.bin"] })).rejects.toThrow(`hub: expected ${big.length} bytes of big.bin, got 20000 before the connection broke`);
    // The first, four that brought nothing new after it.
    expect(waits).toHaveLength(4);
    expect((await caches.files()).size).toBe(2);
  });

  test("waits double, with jitter, and are the same for the same seed", async () => {
    for (let i = 0; i < 5; i++) server.once("/cdn/big.bin", (_, response) => (response.destroy(), true));
    await expect(load({ paths: ["big.bin"] })).rejects.toThrow(EngineError);
    expect(waits).toHaveLength(4);
    waits.forEach((ms, i) => {
      expect(ms).toBeGreaterThanOrEqual(250 * 2 ** i);
      expect(ms).toBeLessThanOrEqual(500 * 2 ** i);
    });
    const first = [...waits];
    waits.length = 0;
    for (let i = 0; i < 5; i++) server.once("/cdn/big.bin", (_, response) => (response.destroy(), true));
    await expect(load({ paths: ["big.bin"] })).rejects.toThrow(EngineError);
    expect(waits).toEqual(first);
  });

  test("a server that breaks off whenever a range is asked for is asked for the whole file in the end", async () => {
    server.once("/cdn/big.bin", breakAfter(20_000));
    for (let i = 0; i < 4; i++) server.once("/cdn/big.bin", (_, response) => (response.destroy(), true));
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null, "bytes=20000-", "bytes=20000-", "bytes=20000-", "bytes=20000-", null]);
  });

  test("one that was away until the last try goes on where it broke", async () => {
    server.once("/cdn/big.bin", breakAfter(20_000));
    for (let i = 0; i < 3; i++) server.once("/cdn/big.bin", (_, response) => (response.destroy(), true));
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null, ...Array.from({ length: 4 }, () => "bytes=20000-")]);
  });

  test("a connection over which nothing comes any more is given up", async () => {
    server.once("/cdn/big.bin", stallAfter(15_000));
    await expectWhole(await load({ paths: ["big.bin"], options: { patience: { stall: 300 } } }), ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null, "bytes=15000-"]);
  });

  test("an answer that never comes is given up", async () => {
    for (let i = 0; i < 3; i++) server.once("/cdn/small.bin", () => true);
    await expect(load({ paths: ["small.bin"], options: { patience: { stall: 50, retries: 1 } } })).rejects.toThrow("before the connection broke");
    expect(waits).toHaveLength(1);
  });

  test("one file that fails stops the others; what came of them is kept", async () => {
    server.once("/cdn/big.bin", stallAfter(15_000));
    server.once("/cdn/small.bin", async (request, response, bytes) => {
      await vi.waitUntil(() => ranges("big.bin").length > 0);
      await new Promise((resolve) => setTimeout(resolve, 50));
      return status(404)(request, response, bytes);
    });
    await expect(load({ paths: ["big.bin", "small.bin"] })).rejects.toThrow("404, not found");
    await expectWhole(await load({ paths: ["big.bin", "small.bin"] }), ["big.bin", "small.bin"]);
    expect(ranges("big.bin")).toEqual([null, "bytes=15000-"]);
  });
});

describe("busy servers", () => {
  test.each([429, 503, 502, 500])("%d passes", async (code) => {
    server.once("/cdn/small.bin", status(code));
    await expectWhole(await load({ paths: ["small.bin"] }), ["small.bin"]);
    expect(waits).toHaveLength(1);
  });
  test("Retry-After is waited for: seconds, and a date", async () => {
    server.once("/cdn/small.bin", status(429, { "retry-after": "7" }));
    server.once("/cdn/small.bin", status(503, { "retry-after": new Date(Date.now() + 60_000).toUTCString() }));
    await load({ paths: ["small.bin"] });
    expect(waits[0]).toBe(7000);
    expect(waits[1]).toBeGreaterThan(50_000);
    expect(waits[1]).toBeLessThanOrEqual(60_000);
  });
  test("one that asks for too long a wait is not waited for", async () => {
    server.once("/cdn/small.bin", status(429, { "retry-after": "3600" }));
    await expect(load({ paths: ["small.bin"] })).rejects.toThrow("429, too many requests; wait a minute and try again (the server asks to wait 60 minutes)");
    expect(waits).toEqual([]);
  });
  test("one that stays busy is given up", async () => {
    for (let i = 0; i < 9; i++) server.once("/cdn/small.bin", status(503));
    await expect(load({ paths: ["small.bin"] })).rejects.toThrow("got status 503; try again later");
    expect(waits).toHaveLength(4);
  });
  test.each([401, 403, 404])("%d does not pass", async (code) => {
    server.once("/cdn/small.bin", status(code));
    await expect(load({ paths: ["small.bin"] })).rejects.toThrow(`got ${code}, `);
    expect(waits).toEqual([]);
  });
  test("lists are asked for again, also where they broke off", async () => {
    server.once("/revision/main", status(429));
    server.once(`/tree/${commit}`, status(503));
    server.once(`/tree/${commit}`, async (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      await new Promise((resolve) => response.write("[", resolve));
      response.destroy();
      return true;
    });
    const listing = await hubModel("some/model", undefined, server.fetch, new AbortController().signal, { clock });
    expect(listing.files.size).toBe(repository.size);
    expect(waits).toHaveLength(3);
  });
  test("a list that is no JSON stays none", async () => {
    server.once("/revision/main", send(new TextEncoder().encode("<html>")));
    await expect(hubModel("some/model", undefined, server.fetch, new AbortController().signal, { clock })).rejects.toThrow("hub: expected JSON");
    expect(waits).toEqual([]);
  });
});

describe("pausing", () => {
  test("a stopped download goes on where it was", async () => {
    await loadUntil(23_000, ["big.bin"]);
    expect([...(await caches.files()).values()].map((bytes) => bytes.length)).toEqual([part, part, 3000]);
    const seen: LoadProgress[] = [];
    await expectWhole(await load({ paths: ["big.bin"], report: (p) => seen.push(p) }), ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null, "bytes=23000-"]);
    expect(seen.find(({ phase }) => phase === "download")!.loaded).toBe(23_000);
  });

  test("what a closed page leaves is whole parts; the rest is asked for", async () => {
    await load({ paths: ["big.bin"] });
    const cache = await caches.open("geodesic-models");
    for (const i of [2, 4]) await cache.delete(`${key("big.bin")}?part=${i}`);
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null, "bytes=20000-"]);
  });

  test("files that are whole are not asked for again", async () => {
    await load({ paths: ["small.bin", "exact.bin"] });
    await loadUntil(12_000, ["small.bin", "exact.bin", "big.bin"]);
    await load();
    expect(ranges("small.bin")).toHaveLength(1);
    expect(ranges("exact.bin")).toHaveLength(1);
  });

  test("a server that has lost the range meanwhile sends everything again", async () => {
    await loadUntil(23_000, ["big.bin"]);
    server.ranges = false;
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
  });

  test.each<[string, Instead]>([
    ["a range that was not asked for", send(big.subarray(1000), 206, { "content-range": `bytes 1000-${big.length - 1}/${big.length}` })],
    ["416", status(416, { "content-range": `bytes */${big.length}` })],
    ["a range that makes no sense", send(big.subarray(0, 5), 206, { "content-range": "lines 1-2" })],
  ])("%s: begins again", async (_, instead) => {
    await loadUntil(23_000, ["big.bin"]);
    server.once("/cdn/big.bin", instead);
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
    expect(ranges("big.bin").at(-1)).toBeNull();
  });

  test("a hidden Content-Range is no obstacle", async () => {
    await loadUntil(23_000, ["big.bin"]);
    server.once("/cdn/big.bin", (request, response, bytes) => send(bytes.subarray(start(request)!), 206)(request, response, bytes));
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
  });

  test("another length behind the range: the file has changed", async () => {
    await loadUntil(23_000, ["big.bin"]);
    server.once("/cdn/big.bin", send(big.subarray(23_000), 206, { "content-range": `bytes 23000-45676/45677` }));
    await expect(load({ paths: ["big.bin"] })).rejects.toThrow(`hub: expected ${big.length} bytes of big.bin, got a file of 45677; it was changed on the server`);
    expect((await caches.files()).size).toBe(0);
  });

  test("stopped before it begins: nothing is asked for", async () => {
    await expect(load({ paths: ["big.bin"], signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortError);
    expect(server.downloads).toEqual([]);
  });

  test("stopped while it waits to try again", async () => {
    const controller = new AbortController();
    server.once("/cdn/small.bin", status(503, { "retry-after": "100" }));
    const result = load({ paths: ["small.bin"], signal: controller.signal, options: { patience: { clock: { now: () => 0, sleep: (_ms, signal) => new Promise<void>((resolve) => (signal.addEventListener("abort", () => resolve()), controller.abort())) } } } });
    await expect(result).rejects.toBeInstanceOf(AbortError);
  });
});

describe("wrong bytes", () => {
  const altered = big.slice();
  altered[40_000]! ^= 1;

  test("never get out, and are thrown away", async () => {
    server.once("/cdn/big.bin", send(altered));
    await expect(load({ paths: ["big.bin", "small.bin"] })).rejects.toThrow(/hub: expected big\.bin with hash [0-9a-f]{64}, got [0-9a-f]{64}; the file was changed or damaged/);
    expect([...(await caches.files()).keys()]).toEqual([key("small.bin")]);
    await expectWhole(await load({ paths: ["big.bin", "small.bin"] }), ["big.bin", "small.bin"]);
    expect(ranges("small.bin")).toHaveLength(1);
  });

  test("nor without a cache", async () => {
    vi.stubGlobal("caches", undefined);
    server.once("/cdn/big.bin", send(altered));
    await expect(load({ paths: ["big.bin"] })).rejects.toThrow("expected big.bin with hash");
  });

  test("the end of another file behind our beginning: once more from the beginning", async () => {
    await loadUntil(23_000, ["big.bin"]);
    server.once("/cdn/big.bin", (request, response) => {
      const from = start(request)!;
      return send(altered.subarray(from), 206, { "content-range": `bytes ${from}-${big.length - 1}/${big.length}` })(request, response, Buffer.alloc(0));
    });
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
    expect(ranges("big.bin").at(-1)).toBeNull();
  });

  test("a cached part that was altered is found, and the file is downloaded again", async () => {
    await load();
    (await caches.files()).get(`${key("big.bin")}?part=3`)![17]! ^= 1;
    const seen: LoadProgress[] = [];
    await expectWhole(await load({ report: (p) => seen.push(p) }));
    expect(ranges("big.bin")).toEqual([null, null]);
    expect(seen.at(-1)).toMatchObject({ phase: "verify", loaded: total, total });
    expect(Math.max(...seen.map(({ loaded }) => loaded))).toBe(total);
  });

  test("a cached part that was altered after it was verified is not given out", async () => {
    const verified = await load();
    // The first time they are at hand from the verification.
    await expectWhole(verified, ["big.bin", "exact.bin"]);
    (await caches.files()).get(`${key("big.bin")}?part=3`)![17]! ^= 1;
    await expect(verified.get("big.bin")).rejects.toThrow("expected big.bin with hash");
    await (await caches.open("geodesic-models")).delete(`${key("exact.bin")}?part=1`);
    await expect(verified.get("exact.bin")).rejects.toThrow("hub: expected exact.bin in the browser's cache, got nothing any more; load the model again");
  });

  test("right bytes that find no memory are not thrown away", async () => {
    await load({ paths: ["big.bin"] });
    const digest = vi.spyOn(crypto.subtle, "digest").mockRejectedValue(new DOMException("no memory", "OperationError"));
    await expect(load({ paths: ["big.bin"] })).rejects.toThrow("no memory");
    digest.mockRestore();
    expect((await caches.files()).size).toBe(5);
    await expectWhole(await load({ paths: ["big.bin"] }), ["big.bin"]);
    expect(ranges("big.bin")).toEqual([null]);
  });

  test("a cached part that is too long is downloaded again", async () => {
    await load({ paths: ["small.bin"] });
    await (await caches.open("geodesic-models")).put(key("small.bin"), new Response(new Uint8Array(501)));
    await expectWhole(await load({ paths: ["small.bin"] }), ["small.bin"]);
  });

  test.each([
    ["too long", bytesOf(501, 3), "expected 500 bytes of small.bin, got more"],
    ["too short", bytesOf(499, 3), "expected 500 bytes of small.bin, got 499"],
    ["empty", new Uint8Array(), "expected 500 bytes of small.bin, got 0"],
  ])("%s: says so at once, and keeps nothing", async (_, bytes, message) => {
    server.once("/cdn/small.bin", send(bytes));
    await expect(load({ paths: ["small.bin"] })).rejects.toThrow(message);
    expect(waits).toEqual([]);
    expect((await caches.files()).size).toBe(0);
  });
});

describe("room", () => {
  const quota = (estimate: { usage?: number; quota?: number }, persist = () => Promise.resolve(true)): { asked: number } => {
    const state = { asked: 0 };
    const storage = { estimate: () => Promise.resolve(estimate), persisted: () => Promise.resolve(false), persist: () => (state.asked++, persist()) };
    vi.stubGlobal("navigator", { storage });
    return state;
  };
  /** A file that is said to be large; it is refused before it is asked for. */
  const huge = (bytes: number): Listing => {
    const file: ListedFile = { path: "huge.bin", bytes, digest: { algorithm: "sha256", hex: "0" }, url: key("huge.bin"), open: () => Promise.reject(new EngineError("opened")) };
    return { source: "hub", commit, cacheable: true, files: new Map([["huge.bin", file]]) };
  };
  const fetchHuge = (listing: Listing): Promise<VerifiedFiles> => fetchFiles(listing, [...listing.files.values()], new Progress(() => undefined), new AbortController().signal);

  test("what does not fit is not begun, and the message says how much is missing", async () => {
    quota({ usage: 900e6, quota: 1500e6 });
    await expect(fetchHuge(huge(1234e6))).rejects.toThrow("storage: expected 1234 MB free for this model, got 600 MB; delete models that you no longer use");
    await expect(fetchHuge(huge(500e6))).rejects.toThrow("opened");
  });
  test("what is there already needs no room, and neither does what is not kept", async () => {
    quota({ usage: 0, quota: 100e6 });
    const cache = await caches.open("geodesic-models");
    const bytes = 8 * 2 ** 20;
    for (let i = 0; i < 12; i++) await cache.put(`${key("huge.bin")}?part=${i}`, new Response(null, { headers: { "content-length": String(bytes) } }));
    await expect(fetchHuge(huge(12 * bytes + 99e6))).rejects.toThrow("opened");
    await expect(fetchHuge(huge(12 * bytes + 101e6))).rejects.toThrow("expected 101 MB free for this model, got 100 MB");
    vi.stubGlobal("caches", undefined);
    await expect(fetchHuge(huge(12 * bytes + 101e6))).rejects.toThrow("opened");
  });
  test("small downloads are not asked about", async () => {
    quota({ usage: 1, quota: 1 });
    await expectWhole(await load());
  });
  test("a browser that does not say is not in the way", async () => {
    quota({});
    await expect(fetchHuge(huge(1e9))).rejects.toThrow("opened");
    vi.stubGlobal("navigator", {});
    await expect(fetchHuge(huge(1e9))).rejects.toThrow("opened");
  });
  test("the browser is asked once not to clear it, for large downloads only", async () => {
    vi.resetModules();
    const { keepStorage } = await import("./storage.ts");
    const state = quota({ usage: 0, quota: 1e10 }, () => Promise.reject(new Error("no")));
    await keepStorage(49e6);
    expect(state.asked).toBe(0);
    await keepStorage(51e6);
    await keepStorage(51e6);
    expect(state.asked).toBe(1);
  });

  test("a cache that is full in the midst of a file: the model works, from memory", async () => {
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    caches.room = 30_000;
    await expectWhole(await load());
    expect(warned).toHaveBeenCalledTimes(1);
    expect(warned.mock.calls[0]![0]).toContain("cache: expected room for this model, got QuotaExceededError");
    caches.room = Number.POSITIVE_INFINITY;
    await expectWhole(await load());
  });
});

describe("progress", () => {
  test("download, then verify; both from nothing to everything", async () => {
    const seen: LoadProgress[] = [];
    await load({ report: (p) => seen.push(p) });
    const phases = seen.map(({ phase }) => phase);
    expect([...new Set(phases)]).toEqual(["download", "verify"]);
    expect(phases.lastIndexOf("download")).toBeLessThan(phases.indexOf("verify"));
    expect(seen[0]).toMatchObject({ phase: "download", loaded: 0, total, rate: 0, secondsLeft: null });
    expect(seen.findLast(({ phase }) => phase === "download")!.loaded).toBe(total);
    expect(seen.find(({ phase }) => phase === "verify")!.loaded).toBe(0);
    expect(seen.at(-1)).toMatchObject({ phase: "verify", loaded: total, total });
  });
  test("from the cache there is no download", async () => {
    await load();
    const seen: LoadProgress[] = [];
    await load({ report: (p) => seen.push(p) });
    expect([...new Set(seen.map(({ phase }) => phase))]).toEqual(["verify"]);
  });
  test("what lay in the cache does not count as speed", () => {
    let time = 0;
    const seen: LoadProgress[] = [];
    const progress = new Progress((p) => seen.push(p), () => time);
    progress.begin(1_000_000);
    progress.have(900_000);
    progress.enter("download");
    time += 1000;
    progress.add(10_000);
    expect(seen.at(-1)).toEqual({ phase: "download", loaded: 910_000, total: 1_000_000, rate: 10_000, secondsLeft: 9 });
  });
});

describe("folders", () => {
  const dropped = (file: Partial<ListedFile>): Listing => {
    const whole: ListedFile = { path: "a", bytes: 3, digest: null, url: null, open: () => Promise.resolve(new Blob([Uint8Array.of(1, 2, 3)]).stream()), ...file };
    return { source: "folder", commit: null, cacheable: false, files: new Map([["a", whole]]) };
  };
  const get = async (listing: Listing): Promise<Uint8Array> => (await fetchFiles(listing, [...listing.files.values()], new Progress(() => undefined), new AbortController().signal)).get("a");

  test("are read when they are asked for", async () => {
    let opened = 0;
    const blob = new Blob([Uint8Array.of(1, 2, 3)]);
    const listing = dropped({ open: () => (opened++, Promise.resolve(blob.stream())) });
    const verified = await fetchFiles(listing, [...listing.files.values()], new Progress(() => undefined), new AbortController().signal);
    expect([opened, verified.bytes]).toEqual([0, 3]);
    expect(await verified.get("a")).toEqual(Uint8Array.of(1, 2, 3));
  });
  test("a file that is gone, or has changed", async () => {
    await expect(get(dropped({ open: () => Promise.reject(new DOMException("gone", "NotFoundError")) }))).rejects.toThrow("folder: expected 3 bytes of a, got 0; the file was moved or changed, drop the folder again");
    await expect(get(dropped({ bytes: 5 }))).rejects.toThrow("expected 5 bytes of a, got 3");
    await expect(get(dropped({ bytes: 2 }))).rejects.toThrow("folder: expected 2 bytes of a");
  });
});

test("what is loaded is listed", async () => {
  await load({ options: { model: { id: "some/model", kind: "webllm" } } });
  expect(await cachedModels()).toMatchObject([{ id: "some/model", kind: "webllm", revision: commit, bytes: total, total, complete: true, lastUsed: "2026-01-02T00:00:00.000Z" }]);
});
