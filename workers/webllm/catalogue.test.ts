/** The list of models: WebLLM's own, what is told from their names, and which run on which GPU. */
import { readFile } from "node:fs/promises";
import { beforeAll, describe, expect, test } from "vitest";
import { installed, write } from "../../tools/catalogue.ts";
import type { AdapterLimits } from "./adapter-limits.ts";
import { catalogue, type CatalogueEntry, type CatalogueFile, embeddingBytes, findEntry, runnable, usableBytes, webllmRelease } from "./catalogue.ts";

const entry = (id: string): CatalogueEntry => catalogue.find((one) => one.id === id)!;
const gibibyte = 2 ** 30;
const adapter: AdapterLimits = {
  name: "made up",
  vendor: "made",
  architecture: "up",
  software: false,
  shaderF16: true,
  maxBufferSize: 4 * gibibyte,
  maxStorageBufferBindingSize: 4 * gibibyte,
  maxComputeWorkgroupStorageSize: 32_768,
  maxStorageBuffersPerShaderStage: 10,
  memoryMB: null,
};
const reasons = (changes: Partial<AdapterLimits> | null): Map<string, string> => new Map(runnable(catalogue, changes && { ...adapter, ...changes }).leftOut.map(({ entry: { id }, reason }) => [id, reason]));

describe("the installed WebLLM", () => {
  let own: CatalogueFile;
  beforeAll(async () => void (own = await installed()));
  test("has the list that is kept here; if not, run `npx tsx tools/catalogue.ts`", async () => {
    expect(await readFile(new URL("catalogue.json", import.meta.url), "utf8")).toBe(write(own));
    expect(webllmRelease).toBe(own.webllm);
    expect(catalogue.map(({ id }) => id)).toEqual(own.models.map(({ id }) => id));
  });
  // WebLLM says shader-f16 of some; of none of those that we take for 32-bit.
  test("asks for 16-bit floats only where we do", async () => {
    const { prebuiltAppConfig } = await import("@mlc-ai/web-llm");
    const declared = prebuiltAppConfig.model_list.filter((model) => model.required_features?.includes("shader-f16")).map((model) => model.model_id);
    expect(declared.length).toBeGreaterThan(20);
    expect(declared.filter((id) => !entry(id).needsF16)).toEqual([]);
    expect(catalogue.filter(({ needsF16 }) => needsF16).length).toBeGreaterThan(declared.length);
  });
  test("gives every model a library of its release, at GitHub", () => {
    for (const { libraryUrl } of catalogue) expect(libraryUrl).toMatch(/^https:\/\/raw\.githubusercontent\.com\/mlc-ai\/binary-mlc-llm-libs\/main\/web-llm-models\/v0_2_86\/base\/[\w.-]+-webgpu\.wasm$/);
  });
});

describe("told from the name", () => {
  test.each<[string, Partial<CatalogueEntry>]>([
    ["SmolLM2-360M-Instruct-q4f32_1-MLC", { quantization: "q4f32_1", needsF16: false, family: "SmolLM2", architecture: "llama", licence: "Apache 2.0", ownLibrary: true, favourite: true, memoryMB: 579.61 }],
    ["Llama-3.2-1B-Instruct-q4f16_1-MLC", { quantization: "q4f16_1", needsF16: true, family: "Llama 3.2", architecture: "llama", licence: "Llama 3.2 Community", ownLibrary: true, favourite: true }],
    ["Llama-3.2-1B-Instruct-q0f32-MLC", { quantization: "q0f32", needsF16: false, ownLibrary: true, favourite: false }],
    ["Llama-3.1-8B-Instruct-q4f32_1-MLC-1k", { quantization: "q4f32_1", repository: "mlc-ai/Llama-3.1-8B-Instruct-q4f32_1-MLC", contextLength: 1024 }],
    ["Llama-3-70B-Instruct-q3f16_1-MLC", { quantization: "q3f16_1", needsF16: true, ownLibrary: false }],
    ["Qwen2.5-Coder-3B-Instruct-q4f16_1-MLC", { architecture: "qwen2", licence: "Qwen Research", ownLibrary: true }],
    ["Qwen3-0.6B-q4f32_1-MLC", { architecture: "qwen3", ownLibrary: true, favourite: true }],
    ["Qwen3.5-0.8B-q4f16_1-MLC", { architecture: "qwen3_5", ownLibrary: false }],
    ["DeepSeek-R1-Distill-Qwen-7B-q4f16_1-MLC", { architecture: "qwen2", ownLibrary: true }],
    ["Hermes-2-Pro-Mistral-7B-q4f16_1-MLC", { architecture: "mistral", ownLibrary: false }],
    ["gemma-2-2b-it-q4f32_1-MLC-1k", { architecture: "gemma2", licence: "Gemma Terms of Use", licenceChecked: true, ownLibrary: false }],
    ["snowflake-arctic-embed-s-q0f32-MLC-b4", { kind: "embedding", quantization: "q0f32", architecture: null, licence: null, ownLibrary: false }],
  ])("%s", (id, expected) => {
    expect(entry(id)).toMatchObject(expected);
  });
  test("every model has a quantization and, but for embeddings, a family", () => {
    for (const { id, quantization, architecture, kind } of catalogue) {
      expect([id, quantization]).toEqual([id, expect.stringMatching(/^q\df(16|32)(_1)?$/)]);
      if (kind !== "embedding") expect([id, architecture]).toEqual([id, expect.any(String)]);
    }
  });
  test("four favourites, each in 16 and 32 bits", () => {
    const ids = catalogue.filter(({ favourite }) => favourite).map(({ id }) => id.replace(/f(16|32)_1-MLC$/, ""));
    expect(ids.length).toBe(8);
    expect(new Set(ids)).toEqual(new Set(["SmolLM2-360M-Instruct-q4", "Qwen2.5-0.5B-Instruct-q4", "Llama-3.2-1B-Instruct-q4", "Qwen3-0.6B-q4"]));
  });
  // WebLLM declares the largest binding of six models. In all of them it is the embedding.
  test("the embedding's size is what WebLLM declares, where it does", () => {
    const declared = catalogue.filter(({ bufferBytes }) => bufferBytes !== null);
    expect(declared).toHaveLength(6);
    for (const { id, bufferBytes } of declared) expect([id, embeddingBytes(id)]).toEqual([id, bufferBytes]);
  });
  test("no model is smaller than its largest tensor", () => {
    for (const { id, largestBytes, memoryMB } of catalogue) if (largestBytes !== null) expect([id, largestBytes / 1e6 < memoryMB * 1.05]).toEqual([id, true]);
  });
});

describe("what runs", () => {
  test("on a large GPU everything that the probe can read, smallest first", () => {
    const { entries, leftOut } = runnable(catalogue, adapter);
    expect(entries.map(({ memoryMB }) => memoryMB)).toEqual(entries.map(({ memoryMB }) => memoryMB).sort((a, b) => a - b));
    expect(entries.length + leftOut.length).toBe(catalogue.length);
    expect(entries.every(({ kind }) => kind === "language")).toBe(true);
    const why = reasons({});
    expect(why.get("snowflake-arctic-embed-s-q0f32-MLC-b4")).toBe("gives embeddings, and generates no text");
    expect(why.get("Phi-3.5-vision-instruct-q4f16_1-MLC")).toContain("pictures");
    expect(why.get("Qwen3.5-0.8B-q4f32_1-MLC")).toContain("recurrent layers");
    expect(why.get("gemma-4-E2B-it-q4f32_1-MLC")).toContain("cannot read yet");
    // The layer finder refuses it, and would do so only after the download.
    expect(why.get("OLMo-2-0425-1B-Instruct-q4f16_1-MLC")).toContain("norms behind its blocks");
    expect(why.get("Llama-3.1-8B-Instruct-q4f32_1-MLC-1k")).toBe("is the same download as Llama-3.1-8B-Instruct-q4f32_1-MLC, with room for fewer tokens");
    // These kinds and nothing else; and every download once.
    expect([...why.keys()].every((id) => /^(snowflake|Phi-3\.5-vision|Qwen3\.5|OLMo-2|gemma-4)|-1k$/.test(id))).toBe(true);
    expect(new Set(entries.map(({ repository }) => repository)).size).toBe(entries.length);
  });
  test("without WebGPU nothing", () => {
    const { entries, leftOut } = runnable(catalogue, null);
    expect(entries).toEqual([]);
    expect(leftOut.find(({ entry: { favourite } }) => favourite)!.reason).toBe("needs WebGPU, which this browser does not offer");
  });
  test("without shader-f16 no model whose name says f16, and every favourite in 32 bits", () => {
    const { entries } = runnable(catalogue, { ...adapter, shaderF16: false });
    expect(entries.some(({ id }) => id.includes("f16"))).toBe(false);
    expect(entries.filter(({ favourite }) => favourite)).toHaveLength(4);
    expect(reasons({ shaderF16: false }).get("Qwen3-0.6B-q4f16_1-MLC")).toBe("needs 16-bit floats (shader-f16), which this GPU lacks");
  });
  test("tensors that cannot be bound", () => {
    const why = reasons({ maxStorageBufferBindingSize: gibibyte - 1 });
    expect(why.get("Qwen2.5-0.5B-Instruct-q0f32-MLC")).toBe("needs a tensor of 520 MiB, WebLLM can use 128 MiB on this GPU");
    expect(why.has("Qwen2.5-0.5B-Instruct-q4f32_1-MLC")).toBe(false);
    expect(why.get("gemma-2b-it-q4f32_1-MLC")).toBe("needs a tensor of 250 MiB, WebLLM can use 128 MiB on this GPU");
  });
  test("too little memory, where the browser tells", () => {
    const why = reasons({ memoryMB: 1024 });
    expect(why.get("Llama-3.2-1B-Instruct-q4f32_1-MLC")).toBe("needs 1129 MB of memory, this machine has 1024");
    expect(why.has("SmolLM2-360M-Instruct-q4f32_1-MLC")).toBe(false);
  });
  test("GPUs that WebLLM itself refuses", () => {
    expect(reasons({ maxComputeWorkgroupStorageSize: 16_384 }).get("SmolLM2-360M-Instruct-q4f32_1-MLC")).toContain("workgroup memory, this GPU offers 16384");
    expect(reasons({ maxStorageBuffersPerShaderStage: 8 }).get("SmolLM2-360M-Instruct-q4f32_1-MLC")).toContain("needs 10 buffers in a kernel, this GPU offers 8");
  });
  // tvmjs asks for 1 GiB each; where one is refused, for 128 MiB and 256 MiB.
  test.each([
    [4 * gibibyte, 4 * gibibyte, gibibyte],
    [gibibyte, gibibyte, gibibyte],
    [gibibyte, gibibyte / 2, 2 ** 27],
    [gibibyte / 2, gibibyte, 2 ** 28],
  ])("buffer %d, binding %d: %d", (maxBufferSize, maxStorageBufferBindingSize, usable) => {
    expect(usableBytes({ maxBufferSize, maxStorageBufferBindingSize })).toBe(usable);
  });
});

test("a model is found by its id, and by its repository with or without owner", () => {
  const id = "Llama-3.1-8B-Instruct-q4f32_1-MLC";
  for (const name of [id, `mlc-ai/${id}`]) expect(findEntry(name)?.library).toBe("Llama-3_1-8B-Instruct-q4f32_1_cs1k-webgpu.wasm");
  expect(findEntry(`${id}-1k`)?.contextLength).toBe(1024);
  for (const name of ["", "q4f32_1-MLC", "nobody/nothing"]) expect(findEntry(name)).toBeNull();
});
