import { expect, test } from "vitest";
import { tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import { fields, text } from "../workers/transformers/onnx/protobuf.ts";
import type { LlamaConfig, LlamaModel } from "../workers/llama.ts";
import { forwardLogits } from "./forward.test-support.ts";
import { attentionWeights, graphHeadDim, headPlace } from "./heads.ts";
import { encodeOnnx } from "./onnx.ts";
import type { OnnxOptions } from "./onnx.ts";
import { dequantize, quantize } from "./quantize.ts";
import { randomLlama } from "./random-llama.ts";
import { onnxLogits } from "./session.test-support.ts";

// A prefill, two decode steps, and a piece of three onto the cache.
const pieces = [[3, 1, 4, 1, 5, 9, 2, 6], [5], [3], [5, 8, 9]];

/** The largest difference between the logits of an ONNX file and of a float64 forward pass. */
async function difference(model: LlamaModel, options: OnnxOptions, truth = model): Promise<number> {
  const found = await onnxLogits(encodeOnnx(model, options), model.config, pieces);
  const expected = forwardLogits(truth, pieces.flat());
  expect(found.length).toBe(expected.length);
  return Math.max(...expected.flatMap((logits, t) => [...logits].map((value, i) => Math.abs(value - found[t]![i]!))));
}

/** O is quantized with its heads filled up, so its blocks of 32 lie elsewhere than in the model. */
function roundedOutput(model: LlamaModel, name: string): Tensor {
  const { heads, headDim } = model.config;
  const padded = dequantize(quantize(attentionWeights(model, Number(name.split(".")[2])).o));
  const out = tensor(model.weights.get(name)!.shape);
  const width = graphHeadDim(headDim);
  for (let i = 0; i < out.data.length; i++) {
    const [row, head, inHead] = [Math.floor(i / (heads * headDim)), Math.floor(i / headDim) % heads, i % headDim];
    out.data[i] = padded.data[(row * heads + head) * width + headPlace(inHead, headDim, width)]!;
  }
  return out;
}

/** The model that a 4-bit file computes with. */
function rounded(model: LlamaModel, embedding: boolean): LlamaModel {
  const weights = new Map(model.weights);
  for (const [name, weight] of model.weights) {
    if (name.endsWith("o_proj.weight")) weights.set(name, roundedOutput(model, name));
    else if (weight.shape.length === 2 && (embedding || name !== "model.embed_tokens.weight")) weights.set(name, dequantize(quantize(weight)));
  }
  // A tied head is quantized although the embedding is not.
  if (model.config.tied) weights.set("lm_head.weight", dequantize(quantize(model.weights.get("model.embed_tokens.weight")!)));
  return { config: { ...model.config, tied: false }, weights };
}

const configurations: [string, Partial<LlamaConfig>][] = [
  ["4 heads over 2", {}],
  ["4 heads over 1, tied", { kvHeads: 1, tied: true }],
  ["as many key-value heads as heads, tied", { kvHeads: 4, tied: true }],
  ["heads of 32", { headDim: 32 }],
  ["heads of 24", { headDim: 24, kvHeads: 4, hiddenSize: 96 }],
  ["heads of 40", { headDim: 40 }],
  ["heads of 6", { headDim: 6, kvHeads: 1 }],
  ["θ = 500000 and ε = 1e-3", { ropeTheta: 5e5, rmsNormEps: 1e-3 }],
  ["stretched as in Llama 3.1", { ropeTheta: 100, ropeScaling: { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 64 } }],
  ["one layer", { layers: 1 }],
  ["5 layers, 3 heads", { layers: 5, heads: 3, kvHeads: 3, hiddenSize: 48 }],
  ["Qwen2, with biases, tied", { architecture: "qwen2", tied: true }],
  ["Qwen2, heads of 24", { architecture: "qwen2", headDim: 24 }],
  ["Qwen3, with norms of heads", { architecture: "qwen3", headDim: 32 }],
  ["Qwen3, heads of 24, ε = 1e-2", { architecture: "qwen3", headDim: 24, rmsNormEps: 1e-2 }],
  ["sizes that are multiples of nothing", { hiddenSize: 37, intermediateSize: 51, vocabSize: 11, heads: 5, kvHeads: 1, headDim: 10 }],
];

for (const [what, sizes] of configurations) {
  test(`float32, ${what}`, async () => expect(await difference(randomLlama(sizes), {})).toBeLessThan(1e-4));
  test(`4-bit, ${what}`, async () => {
    const model = randomLlama(sizes);
    expect(await difference(model, { dtype: "q4" }, rounded(model, false))).toBeLessThan(1e-3);
  });
}

for (const norms of ["plain", "decomposed"] as const) {
  for (const tied of [false, true]) {
    test(`${norms} norms, ${tied ? "tied" : "untied"}`, async () => expect(await difference(randomLlama({ layers: 3, tied }), { norms })).toBeLessThan(1e-4));
  }
  test(`${norms} norms, 4-bit`, async () => {
    const model = randomLlama();
    expect(await difference(model, { norms, dtype: "q4" }, rounded(model, false))).toBeLessThan(1e-3);
  });
}

for (const tied of [false, true]) {
  test(`a 4-bit embedding, ${tied ? "tied" : "untied"}`, async () => {
    const model = randomLlama({ hiddenSize: 64, tied });
    expect(await difference(model, { dtype: "q4", embedding: "q4" }, rounded(model, true))).toBeLessThan(1e-3);
  });
}
test("a 4-bit embedding under float32 maps, tied", async () => {
  const model = randomLlama({ hiddenSize: 64, tied: true });
  const table = model.weights.get("model.embed_tokens.weight")!;
  const weights = new Map([...model.weights, ["lm_head.weight", table], ["model.embed_tokens.weight", dequantize(quantize(table))]] as const);
  expect(await difference(model, { embedding: "q4" }, { config: { ...model.config, tied: false }, weights })).toBeLessThan(1e-4);
});
test("a 4-bit embedding needs a hidden size of whole blocks", () =>
  expect(() => encodeOnnx(randomLlama({ hiddenSize: 48 }), { embedding: "q4" })).toThrow(/multiple of 32, got 48; leave/));

/** Names of nodes in a file. */
function nodeNames(bytes: Uint8Array): string[] {
  const inside = (start: number, end: number, number: number) => [...fields(bytes, start, end)].filter((field) => field.number === number);
  return inside(0, bytes.length, 7).flatMap((graph) => inside(graph.valueStart, graph.end, 1))
    .map((node) => inside(node.valueStart, node.end, 3).map((name) => text(bytes, name))[0] ?? "");
}

test("names are those of the exporters that are imitated", () => {
  const names = (norms: OnnxOptions["norms"] & string) => nodeNames(encodeOnnx(randomLlama(), { norms }));
  expect(names("fused")).toEqual(expect.arrayContaining([
    "/model/embed_tokens/Gather", "/model/layers.0/input_layernorm/LayerNorm", "/model/layers.1/input_layernorm/SkipLayerNorm",
    "/model/layers.1/attn/GroupQueryAttention", "/model/layers.2/final_norm_layernorm/SkipLayerNorm", "/lm_head/MatMul",
  ]));
  expect(names("plain")).toEqual(expect.arrayContaining(["/model/layers.2/final_norm_layernorm/Add", "/model/layers.2/final_norm_layernorm/LayerNorm"]));
  expect(names("decomposed")).toEqual(expect.arrayContaining(["/model/layers.0/Add", "/model/layers.1/Add_1", "/model/norm/Cast", "/model/norm/Mul_1"]));
  for (const norms of ["fused", "plain", "decomposed"] as const) expect(new Set(names(norms)).size).toBe(names(norms).length);
});

test("a tied float32 model holds its table once", () => {
  const bytes = (tied: boolean) => encodeOnnx(randomLlama({ vocabSize: 1000, tied })).length;
  expect(bytes(false) - bytes(true)).toBeGreaterThan(1000 * 32 * 4 - 1000);
});
