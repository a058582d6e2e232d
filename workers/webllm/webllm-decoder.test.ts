/** The adapter, the tap through TVM's instrument and the decoder, on kinds of libraries that no test machine can load. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { row } from "../../probes/tensor.ts";
import { decoderContract } from "../decoder-contract.test-support.ts";
import type { Tokenizer } from "../engine.ts";
import { selfCheck } from "../self-check.ts";
import { borrowPipeline, checkRelease, webllmVersion } from "./adapter.ts";
import { type FakeKind, type FakeWebllm, fakeWebllm, sizes } from "./fake-webllm.test-support.ts";
import { GpuHooks } from "./gpu-hooks.ts";
import { InstrumentTap } from "./instrument-tap.ts";
import type { Tap } from "./tap.ts";
import { WebgpuTap } from "./webgpu-tap.ts";
import { WebllmDecoder } from "./webllm-decoder.ts";

const plain: FakeKind = { dtype: "float32", fused: false, gemma: false, givesLogits: true, announces: true };
const kinds: Readonly<Record<string, FakeKind>> = {
  "a Llama of float32": plain,
  "one without get_logits": { ...plain, givesLogits: false },
  "one that adds and norms in one kernel": { ...plain, fused: true },
  "the same, without get_logits": { ...plain, fused: true, givesLogits: false },
  "a Gemma": { ...plain, gemma: true, givesLogits: false },
  "a Llama of float16": { ...plain, dtype: "float16", fused: true },
};

function make(kind: FakeKind, route: Tap["route"] = "instrument"): { decoder: WebllmDecoder; fake: FakeWebllm; tap: Tap } {
  const fake = fakeWebllm(kind);
  const hooks = new GpuHooks(fake.device);
  const pipeline = borrowPipeline(fake.engine, fake.modelId);
  const zeros = (bytes: number): number => pipeline.adopt(pipeline.device.createBuffer({ size: bytes, usage: 0 }));
  const tap = route === "instrument" ? new InstrumentTap(pipeline, zeros) : new WebgpuTap(pipeline, hooks);
  const { hiddenSize, vocabSize, contextLength } = sizes;
  const decoder = new WebllmDecoder(
    { id: "fake", engine: "webllm", architecture: "Fake", layers: tap.layers, hiddenSize, vocabSize, contextLength, quantization: kind.dtype === "float16" ? "f16" : "f32", source: "embedded", revision: "" },
    { name: "fake", runtime: "fake", device: "webgpu", adapter: null },
    {} as Tokenizer,
    pipeline,
    tap,
    () => fake.engine.unload(),
  );
  return { decoder, fake, tap };
}

const routes = ["instrument", "webgpu"] as const;
const cases = routes.flatMap((route) => Object.entries(kinds).map(([name, kind]) => ({ name: `${name}, through ${route}`, kind, route })));
/** From outside it cannot be told which of two buffers holds the sum. */
const readable = cases.filter(({ kind, route }) => route === "instrument" || !kind.fused);

for (const { name, kind, route } of readable) {
  decoderContract(
    name,
    async () => {
      const { decoder } = make(kind, route);
      await decoder.measure();
      return decoder;
    },
    { tolerance: kind.dtype === "float16" ? 2e-2 : 1e-5 },
  );
}

describe.each(readable)("$name", ({ kind, route }) => {
  test("checks itself", async () => {
    const { decoder } = make(kind, route);
    const { latent } = await selfCheck(decoder);
    expect(latent).toBe(0);
  });

  test("was recognized without a kernel being run", () => {
    const { fake, tap } = make(kind, route);
    expect(tap.layers).toBe(sizes.layers);
    expect(tap.weights.at(-1)).toBe("model.norm.weight");
    expect(fake.ran.filter((kernel) => !kernel.startsWith("vm.builtin.alloc"))).toEqual([]);
    expect(tap.scalesInput).toBe(kind.gemma);
  });

  test("reads the head with one kernel for states that are normed, and leaves the sequence alone", async () => {
    const { decoder, fake } = make(kind, route);
    const { finalNorm, logits } = await decoder.forward([1, 2, 3]);
    fake.ran.length = 0;
    const again = await decoder.unembed({ shape: [1, sizes.hiddenSize], data: row(finalNorm, 2).slice() });
    expect(fake.ran.filter((kernel) => !kernel.startsWith("vm.builtin.alloc"))).toHaveLength(1);
    expect(row(again, 0)).toEqual(row(logits, 2));
    expect(decoder.length).toBe(3);
  });

  test("reads states when its context is full", async () => {
    const { decoder } = make(kind, route);
    const tokens = Array.from({ length: sizes.contextLength }, (_, i) => i % sizes.vocabSize);
    const { logits, residPost } = await decoder.forward(tokens, { capture: true });
    const lens = await decoder.lens({ shape: [1, sizes.hiddenSize], data: row(residPost!, 15, sizes.layers).slice() });
    const apart = row(lens, 0).map((value, i) => Math.abs(value - row(logits, 15)[i]!));
    expect(Math.max(...apart)).toBeLessThan(kind.dtype === "float16" ? 2e-2 : 1e-5);
  });
});

test.each(Object.entries(kinds).filter(([, { fused }]) => !fused))("both ways give the same numbers: %s", async (_, kind) => {
  const [one, other] = await Promise.all(routes.map(async (route) => make(kind, route).decoder.forward([3, 1, 4, 5], { capture: true })));
  expect(one).toEqual(other);
});

test.each(Object.values(kinds).filter(({ fused }) => fused))("through webgpu, a library that adds and norms in one kernel is refused", (kind) => {
  expect(() => make(kind, "webgpu")).toThrow(expect.objectContaining({ name: "EngineError", message: expect.stringMatching(/^layers: expected layer 1 of 3 to begin with a norm/) as string }));
});

test("a library that announces nothing is read through webgpu", async () => {
  const { residPost } = await make({ ...plain, announces: false }, "webgpu").decoder.forward([3, 1, 4], { capture: true });
  expect(residPost).toEqual((await make(plain).decoder.forward([3, 1, 4], { capture: true })).residPost);
});

describe("WebLLM", () => {
  test("is the release that the adapter knows", () => {
    expect(checkRelease).not.toThrow();
    const installed: unknown = JSON.parse(readFileSync(new URL("../../node_modules/@mlc-ai/web-llm/package.json", import.meta.url), "utf8"));
    expect(installed).toMatchObject({ version: webllmVersion });
  });

  test("of another release is refused by the name that it lacks", () => {
    const { engine, modelId, pipeline } = fakeWebllm(plain);
    Reflect.deleteProperty(pipeline, "decoding");
    expect(() => borrowPipeline(engine, modelId)).toThrow("webllm: expected decoding, as in @mlc-ai/web-llm 0.2.86, got none");
  });

  test.each([
    ["recurrent states", { resolvedModelABI: { prefillABI: "single", decodeABI: "single", needsRNNState: true } }],
    ["batched decode", { resolvedModelABI: { prefillABI: "single", decodeABI: "batch", needsRNNState: false } }],
    ["a manifest", { artifact: {} }],
    ["a sliding window", { contextWindowSize: -1 }],
  ])("with %s is refused", (_, other) => {
    const { engine, modelId, pipeline } = fakeWebllm(plain);
    Object.assign(pipeline, other);
    expect(() => borrowPipeline(engine, modelId)).toThrow(expect.objectContaining({ name: "EngineError" }));
  });

  test("without announcements is refused", () => {
    expect(() => make({ ...plain, announces: false })).toThrow("tap: expected a library that announces its kernels, got one without set_instrument");
  });

  test("that passes over a layer gives no hidden states at all", async () => {
    const { decoder } = make({ ...plain, silentLayer: 1 });
    await decoder.forward([1, 2, 3, 4], { capture: true });
    await decoder.rewind(0);
    await expect(decoder.forward([1, 2, 3, 4, 5], { capture: true })).rejects.toMatchObject({ name: "EngineError", message: expect.stringContaining("model.layers.1.input_layernorm.weight to be read once in a pass, got 0 times") as string });
    expect(decoder.length).toBe(0);
    await expect(decoder.forward([1])).resolves.toBeDefined();
  });

  test.each(["before", "within"] as const)("that fails %s its layers leaves the sequence as it was", async (where) => {
    const { decoder, fake } = make(plain);
    const first = await decoder.forward([1, 2, 3]);
    const next = await decoder.forward([5]);
    await decoder.rewind(3);
    for (const input of [[4], [4, 6]]) {
      fake.break("no more", where);
      await expect(decoder.forward(input)).rejects.toMatchObject({ name: "EngineError", message: expect.stringContaining('"no more"') as string });
      expect(decoder.length).toBe(3);
    }
    // What comes next stands where it would have stood, and WebLLM knows so.
    expect((await decoder.forward([5])).logits).toEqual(next.logits);
    expect(fake.pipeline.filledKVCacheLength).toBe(4);
    await decoder.rewind(2);
    expect(row((await decoder.forward([3])).logits, 0)).toEqual(row(first.logits, 2));
  });

  test("is told what the GPU said of a pass", async () => {
    const { decoder, fake } = make(plain);
    fake.fail({ message: "Binding size is too small.\n - While validating" });
    await expect(decoder.forward([1])).rejects.toMatchObject({ name: "EngineError", message: 'model: expected WebLLM to run, got "GPU error: Binding size is too small."; load the model again or choose another' });
    fake.fail({ message: "out of memory" });
    await expect(decoder.forward([1])).rejects.toMatchObject({ message: expect.stringContaining("expected room for the model") as string });
    expect(decoder.length).toBe(0);
  });

  test("tells why its device is lost, to the call under way and to later ones", async () => {
    const { decoder } = make(plain);
    const pending = decoder.forward([1]);
    decoder.lose("driver was reset");
    const lost = { name: "EngineLostError", message: expect.stringContaining("the GPU was lost (driver was reset)") as string };
    await expect(pending).rejects.toMatchObject(lost);
    await expect(decoder.embed([1])).rejects.toMatchObject(lost);
    await expect(decoder.lens({ shape: [1, sizes.hiddenSize], data: new Float32Array(sizes.hiddenSize) })).rejects.toMatchObject(lost);
  });

  test("is gone after dispose", async () => {
    const { decoder } = make(plain);
    await decoder.dispose();
    await expect(decoder.forward([1])).rejects.toMatchObject({ message: expect.stringContaining("disposed of") as string });
    await decoder.dispose();
  });

  test("refuses states of another width", async () => {
    const { decoder } = make(plain);
    for (const call of [decoder.lens({ shape: [1, 3], data: new Float32Array(3) }), decoder.forward({ shape: [1, 3], data: new Float32Array(3) })]) {
      await expect(call).rejects.toMatchObject({ name: "EngineError" });
    }
  });

  test("keeps no state of a pass that failed for the next latent step", async () => {
    const { decoder, fake } = make(plain);
    const { finalNorm } = await decoder.forward([1, 2]);
    const fed = { shape: [1, sizes.hiddenSize], data: row(finalNorm, 1).slice() };
    const expected = await decoder.forward(fed);
    await decoder.rewind(2);
    await decoder.rewind(0);
    await decoder.forward([1, 2]);
    fake.fail({ message: "no" });
    await expect(decoder.forward([5])).rejects.toThrow();
    expect((await decoder.forward(fed)).logits).toEqual(expected.logits);
    // Calls that do not wait for each other.
    await decoder.rewind(0);
    const [, , , third] = await Promise.all([decoder.forward([1, 2]), decoder.forward([5]), decoder.rewind(2), decoder.forward(fed)] as const);
    expect(third.logits).toEqual(expected.logits);
  });

  test("goes on where we stop: its count of positions is right after latent steps and rewinds", async () => {
    const { decoder, fake } = make(plain);
    const { finalNorm } = await decoder.forward([1, 2]);
    await decoder.forward({ shape: [1, sizes.hiddenSize], data: row(finalNorm, 1).slice() });
    expect(fake.pipeline.filledKVCacheLength).toBe(3);
    await decoder.rewind(1);
    expect(fake.pipeline.filledKVCacheLength).toBe(1);
  });
});
