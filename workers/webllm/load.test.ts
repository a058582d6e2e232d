/** What can be said without a GPU; loading itself is tested in a browser (e2e). */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ModelRequest } from "../engine.ts";
import "../transformers/node.test-support.ts";

const { loadWebllm } = await import("./load.ts");

describe("loading is refused", () => {
  afterEach(() => vi.unstubAllGlobals());
  const load = (request: Partial<ModelRequest>): Promise<unknown> => loadWebllm({ source: "embedded", id: "geodesic/nano", device: "webgpu", ...request }, () => undefined, new AbortController().signal);

  test("on wasm", async () => {
    await expect(load({ device: "wasm" })).rejects.toMatchObject({ name: "EngineError", message: "webllm: expected webgpu, got wasm; choose webgpu, or transformers.js for wasm" });
  });

  test("without WebGPU", async () => {
    vi.stubGlobal("navigator", {});
    await expect(load({})).rejects.toMatchObject({ name: "EngineError", message: "webgpu: expected a GPU, got a browser without WebGPU; choose transformers.js on wasm" });
  });

  test("without an adapter", async () => {
    vi.stubGlobal("navigator", { gpu: { requestAdapter: () => Promise.resolve(null) } });
    await expect(load({})).rejects.toMatchObject({ message: expect.stringContaining("got no adapter from the browser") as string });
  });
});
