/**
 * Two engines, one truth: transformers.js and WebLLM in the browser against
 * each other and against float64 forward passes in TypeScript, on the embedded
 * model and on random ones of other architectures, in float32 and in 4 bits.
 * WebGPU is SwiftShader's here.
 */
import { readdir, readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { readFolder } from "../models/folder.ts";
import { readMlc } from "../models/mlc.test-support.ts";
import { pack } from "../models/pack.ts";
import { randomLlama, writeHuggingFaceFolder } from "../models/random-llama.ts";
import { Random } from "../probes/random.ts";
import { task as taskOf } from "../probes/tasks/index.ts";
import { row, tensor, type Tensor } from "../probes/tensor.ts";
import { decodingModes } from "../probes/trace.ts";
import { root } from "../tools/setup.mjs";
import { requestFor } from "../workers/decoding/request.ts";
import type { LlamaConfig, LlamaModel } from "../workers/llama.ts";
import { ReferenceDecoder } from "../workers/reference/llama-decoder.ts";
import { expect, test } from "./contract/fixtures.ts";
import type { EngineName } from "./contract/page/contract.worker.ts";
import type { AskedModel, PlainPasses, PlainTensor } from "./contract/page/main.ts";

/** Half of the positions in one pass, the other half one by one onto the cache. */
function pieces(vocabSize: number, positions = 40, seed = 11): number[][] {
  const random = new Random(seed);
  const tokens = Array.from({ length: positions }, () => random.integer(vocabSize));
  return [tokens.slice(0, positions / 2), ...tokens.slice(positions / 2).map((token) => [token])];
}

const nano = (device: AskedModel["device"], dtype: string): AskedModel => ({ source: "embedded", id: "geodesic/nano", device, dtype });

function open(page: Page, name: string, engine: EngineName, model: AskedModel) {
  return page.evaluate(([as, kind, asked]) => contract.open(as, kind, asked), [name, engine, model] as const);
}

async function forward(page: Page, name: string, input: readonly (readonly number[])[]): Promise<Record<keyof PlainPasses, Tensor>> {
  const { logits, residPost, finalNorm } = await page.evaluate(([of, asked]) => contract.forward(of, asked), [name, input] as const);
  const full = ({ shape, data }: PlainTensor): Tensor => tensor(shape, Float32Array.from(data));
  return { logits: full(logits), residPost: full(residPost), finalNorm: full(finalNorm) };
}

/** The float64 reference on the same pieces; it needs no tokenizer. */
async function truth(model: LlamaModel, input: readonly (readonly number[])[]) {
  const tokenizer = { encode: () => [], decode: () => "", text: () => "", endTokens: [], chat: () => null };
  const { logits, residPost, finalNorm } = await new ReferenceDecoder(model, tokenizer).forward(input.flat(), { capture: true });
  return { logits, residPost: residPost!, finalNorm };
}

/** max |a − b|; NaN where there is one. */
function difference(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  let most = 0;
  a.data.forEach((value, i) => (most = Math.max(most, Math.abs(value - b.data[i]!))));
  return most;
}

/** The largest share of its own largest number by which a layer is off, over all layers, final norm and logits. */
function relative(got: Record<keyof PlainPasses, Tensor>, want: Record<keyof PlainPasses, Tensor>): number {
  const size = ({ data }: Tensor): number => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const layer = ({ shape: [steps = 0, , width = 0], ...all }: Tensor, l: number): Tensor => {
    const data = new Float32Array(steps * width);
    for (let t = 0; t < steps; t++) data.set(row({ shape: [steps, all.data.length / steps / width, width], data: all.data }, t, l), t * width);
    return tensor([steps, width], data);
  };
  const layers = Array.from({ length: want.residPost.shape[1]! }, (_, l) => [layer(got.residPost, l), layer(want.residPost, l)] as const);
  return Math.max(...[...layers, [got.finalNorm, want.finalNorm] as const, [got.logits, want.logits] as const].map(([a, b]) => difference(a, b) / size(b)));
}

/** A figure, beside its bar in the report. */
function held(what: string, value: number, atMost: number): void {
  test.info().annotations.push({ type: what, description: `${value.toPrecision(3)}, at most ${atMost}` });
  expect(value, what).toBeLessThanOrEqual(atMost);
}

async function filesOf(folder: string): Promise<Map<string, Uint8Array>> {
  const names = await readdir(folder);
  return new Map(await Promise.all(names.map(async (name) => [name, new Uint8Array(await readFile(join(folder, name)))] as const)));
}

const nanoModel = async (): Promise<LlamaModel> => (await readFolder(join(root, "models", "nano"))).model;

test("nano, float32: hidden states of every layer and 40 positions, WebLLM, transformers.js and float64", async ({ contractPage: page }) => {
  const input = pieces(64);
  const want = await truth(await nanoModel(), input);
  await open(page, "webllm", "webllm", nano("webgpu", "q0f32"));
  const webllm = await forward(page, "webllm", input);
  await open(page, "transformers", "transformers", nano("wasm", "fp32"));
  const transformers = await forward(page, "transformers", input);
  expect(want.residPost.shape).toEqual([40, 4, 96]);
  for (const part of ["residPost", "finalNorm", "logits"] as const) {
    held(`${part}: WebLLM and float64`, difference(webllm[part], want[part]), 1e-3);
    held(`${part}: transformers.js and float64`, difference(transformers[part], want[part]), 1e-3);
    held(`${part}: WebLLM and transformers.js`, difference(webllm[part], transformers[part]), 1e-3);
  }
});

test("nano: TVM's instrument and the hooks on WebGPU's own objects read the same bits", async ({ contractPage: page }) => {
  const input = pieces(64, 24);
  const through = async (route: "instrument" | "webgpu") => {
    const { tap } = await open(page, "webllm", "webllm", { ...nano("webgpu", "q0f32"), route });
    expect(tap).toMatchObject({ route, residuals: true, logits: true, latent: true, reason: null });
    return forward(page, "webllm", input);
  };
  const [instrument, hooks] = [await through("instrument"), await through("webgpu")];
  for (const part of ["residPost", "finalNorm", "logits"] as const) expect(difference(instrument[part], hooks[part]), part).toBe(0);
});

test("nano, q4f32_1: hidden states against float64 over the dequantized weights", async ({ contractPage: page }) => {
  const input = pieces(64);
  const model = await nanoModel();
  const rounded = readMlc(await filesOf(join(root, "build", "public", "models", "nano", "mlc-q4f32_1")), model.config);
  const want = await truth(rounded, input);
  await open(page, "webllm", "webllm", nano("webgpu", "q4f32_1"));
  const got = await forward(page, "webllm", input);
  for (const part of ["residPost", "finalNorm", "logits"] as const) held(`${part}: WebLLM and float64`, difference(got[part], want[part]), 1e-3);
  // Four bits are not nothing: against the unrounded weights it is another model.
  expect(difference(got.residPost, (await truth(model, input)).residPost)).toBeGreaterThan(0.01);
});

test("nano: the same tokens over 200 greedy steps in all modes", async ({ contractPage: page }) => {
  await open(page, "webllm", "webllm", nano("webgpu", "q0f32"));
  await open(page, "transformers", "transformers", nano("wasm", "fp32"));
  const task = taskOf("pointer-chase");
  const steps = 200;
  for (const mode of decodingModes) {
    const shots = mode === "icl" ? 1 : 0;
    const request = requestFor(task, task.draw(1_000_003, { difficulty: 4, shots, variant: null }), mode, { shots, capture: false, kept: 1 });
    const free = await page.evaluate(([asked, n]) => contract.greedy("transformers", asked, n, null), [request, steps] as const);
    const forced = await page.evaluate(([asked, n, tokens]) => contract.greedy("webllm", asked, n, tokens), [request, steps, free.tokens] as const);
    expect(forced.run, `${mode}: thinking and answer`).toEqual(free.run);
    expect(free.tokens.length, `${mode}: steps in the context`).toBeGreaterThanOrEqual(steps);
    // Each step continues the same tokens; another choice is allowed only where the two best lie together.
    const apart = free.tokens.flatMap((token, i) => (forced.tokens[i] !== token && free.gaps[i]! > 1e-3 ? [`step ${i}: ${token} and ${forced.tokens[i]}, gap ${free.gaps[i]}`] : []));
    expect(apart, mode).toEqual([]);
    test.info().annotations.push({ type: mode, description: `${free.tokens.length} steps, ${new Set(free.tokens).size} different tokens, smallest gap ${Math.min(...free.gaps).toPrecision(3)}` });
  }
});

/** Models that no one has trained, for what nano does not have. */
const random: readonly (readonly [string, Partial<LlamaConfig>, readonly (readonly [EngineName, AskedModel["device"], string])[]])[] = [
  [
    "a Llama with heads of 64 over shared keys, θ = 5e5, untied",
    { hiddenSize: 256, layers: 4, heads: 4, kvHeads: 2, headDim: 64, intermediateSize: 512, vocabSize: 512, ropeTheta: 5e5, tied: false },
    [["webllm", "webgpu", "q0f32"], ["webllm", "webgpu", "q4f32_1"], ["transformers", "wasm", "fp32"]],
  ],
  [
    "a Llama stretched as in Llama 3.1, heads of 24, tied",
    { hiddenSize: 96, layers: 2, heads: 4, kvHeads: 1, headDim: 24, intermediateSize: 160, vocabSize: 100, tied: true, ropeTheta: 500, ropeScaling: { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 64 } },
    [["webllm", "webgpu", "q0f32"], ["transformers", "wasm", "fp32"]],
  ],
  [
    "a Qwen2, with biases, tied",
    { architecture: "qwen2", hiddenSize: 128, layers: 2, heads: 4, kvHeads: 2, headDim: 32, intermediateSize: 256, vocabSize: 160, ropeTheta: 1e6, tied: true },
    [["webllm", "webgpu", "q0f32"], ["webllm", "webgpu", "q4f32_1"], ["transformers", "wasm", "fp32"]],
  ],
  [
    "a Qwen3, with head norms, heads of 128 wider than the stream",
    { architecture: "qwen3", hiddenSize: 128, layers: 3, heads: 2, kvHeads: 1, headDim: 128, intermediateSize: 256, vocabSize: 160, ropeTheta: 1e6, rmsNormEps: 1e-6, tied: false },
    [["webllm", "webgpu", "q0f32"], ["webllm", "webgpu", "q4f32_1"], ["transformers", "wasm", "fp32"]],
  ],
];

for (const [what, sizes, engines] of random) {
  test(`${what}: within a share of 2e-3 of float64`, async ({ contractPage: page }) => {
    const place = await mkdtemp(join(tmpdir(), "geodesic-engines-"));
    try {
      const model = randomLlama(sizes, 21);
      await writeHuggingFaceFolder(model, join(place, "source"));
      await pack(join(place, "source"), join(place, "packed"));
      const input = pieces(model.config.vocabSize, 30);
      for (const [engine, device, dtype] of engines) {
        const folder = join(place, "packed", engine === "webllm" ? `mlc-${dtype}` : "");
        const weights = engine === "webllm" ? readMlc(await filesOf(folder), model.config) : model;
        await page.setInputFiles("#folder", folder);
        const report = await open(page, "random", engine, { source: "folder", id: "random", device, dtype });
        expect(report.spec).toMatchObject({ layers: model.config.layers, hiddenSize: model.config.hiddenSize, vocabSize: model.config.vocabSize });
        held(`${engine} ${dtype}`, relative(await forward(page, "random", input), await truth(weights, input)), 2e-3);
      }
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  });
}
