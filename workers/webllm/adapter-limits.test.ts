/** What a GPU offers, as browsers tell it. */
import { afterEach, expect, test, vi } from "vitest";
import { adapterLimits } from "./adapter-limits.ts";

afterEach(() => vi.unstubAllGlobals());

const limits = { maxBufferSize: 1, maxStorageBufferBindingSize: 2, maxComputeWorkgroupStorageSize: 3, maxStorageBuffersPerShaderStage: 4 };
function browser(adapter: object | null, more: object = {}): void {
  vi.stubGlobal("navigator", { gpu: { requestAdapter: () => Promise.resolve(adapter) }, ...more });
}

test("a GPU", async () => {
  browser({ info: { vendor: "acme", architecture: "three", description: "" }, limits, features: new Set(["shader-f16"]) }, { deviceMemory: 4 });
  expect(await adapterLimits()).toEqual({ name: "acme three", vendor: "acme", architecture: "three", software: false, shaderF16: true, ...limits, memoryMB: 4096 });
});
test("browsers tell of 8 GiB at most: that is no bound", async () => {
  browser({ info: {}, limits, features: new Set() }, { deviceMemory: 8 });
  expect(await adapterLimits()).toMatchObject({ name: "unknown", shaderF16: false, memoryMB: null });
});
test.each<[string, object]>([
  ["SwiftShader", { info: { vendor: "google", architecture: "swiftshader", description: "" } }],
  ["a fallback adapter", { info: { isFallbackAdapter: true } }],
  ["a fallback adapter, as older browsers tell it", { info: {}, isFallbackAdapter: true }],
])("%s is software", async (_, adapter) => {
  browser({ limits, features: new Set(), ...adapter });
  expect((await adapterLimits())?.software).toBe(true);
});
test("no adapter, no WebGPU, no browser", async () => {
  browser(null);
  expect(await adapterLimits()).toBeNull();
  vi.stubGlobal("navigator", { gpu: { requestAdapter: () => Promise.reject(new Error("lost")) } });
  expect(await adapterLimits()).toBeNull();
  vi.stubGlobal("navigator", {});
  expect(await adapterLimits()).toBeNull();
  vi.stubGlobal("navigator", undefined);
  expect(await adapterLimits()).toBeNull();
});
