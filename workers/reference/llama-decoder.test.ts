import { expect, test } from "vitest";
import { forwardLogits } from "../../models/forward.test-support.ts";
import { randomLlama } from "../../models/random-llama.ts";
import { Random } from "../../probes/random.ts";
import { tensor } from "../../probes/tensor.ts";
import { decoderContract } from "../decoder-contract.test-support.ts";
import { llamaShapes } from "../llama.ts";
import type { LlamaConfig, LlamaModel } from "../llama.ts";
import { ReferenceDecoder } from "./llama-decoder.ts";
import { nanoDecoder, nanoFile } from "./nano.test-support.ts";
import { wordTokenizer } from "./word-tokenizer.ts";

decoderContract("the reference on nano", async () => nanoDecoder(), { tolerance: 1e-5 });

const tiny: LlamaConfig = {
  architecture: "llama", hiddenSize: 8, layers: 2, heads: 4, kvHeads: 2, headDim: 2, intermediateSize: 12, vocabSize: 10,
  ropeTheta: 10_000, ropeScaling: null, rmsNormEps: 1e-5, tied: false, contextLength: 16, eos: [], bos: null,
};
function randomModel(config: LlamaConfig, seed: number): LlamaModel {
  const random = new Random(seed);
  const weights = new Map([...llamaShapes(config)].map(([name, shape]) => {
    const t = tensor(shape);
    return [name, tensor(shape, t.data.map(() => random.normal() * 0.5))];
  }));
  return { config, weights };
}
const tokenizer = wordTokenizer({ pre_tokenizer: { type: "WhitespaceSplit" }, model: { type: "WordLevel", vocab: { a: 0, b: 1 } } }, []);

decoderContract("the reference with grouped queries", async () => new ReferenceDecoder(randomModel(tiny, 1), tokenizer), { tolerance: 1e-4 });
decoderContract("the reference with tied embeddings", async () => new ReferenceDecoder(randomModel({ ...tiny, tied: true }, 2), tokenizer), { tolerance: 1e-4 });

for (const architecture of ["llama", "qwen2", "qwen3"] as const) {
  for (const ropeScaling of [null, { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 64 }]) {
    test(`${architecture} ${ropeScaling ? "with" : "without"} scaling: cached steps are the formulas on whole sequences`, async () => {
      const model = randomLlama({ architecture, ropeScaling, headDim: 8, ropeTheta: 500 }, 3);
      const tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];
      const truth = forwardLogits(model, tokens);
      const decoder = new ReferenceDecoder(model, tokenizer);
      for (const [t, token] of tokens.entries()) {
        const { logits } = await decoder.forward([token]);
        logits.data.forEach((value, i) => expect(Math.abs(value - truth[t]![i]!)).toBeLessThan(1e-5));
      }
      expect(decoder.spec.architecture).toMatch(new RegExp(`^${architecture}ForCausalLM$`, "i"));
    });
  }
}

test("two query heads that share a key are heads with the same key twice", async () => {
  const grouped = randomModel(tiny, 3);
  const weights = new Map(grouped.weights);
  for (let l = 0; l < tiny.layers; l++) {
    for (const name of ["k_proj", "v_proj"]) {
      const key = `model.layers.${l}.self_attn.${name}.weight`;
      const { data } = weights.get(key)!;
      const wide = tensor([8, 8]);
      // Head h of four reads key head floor(h / 2) of two; a head is two rows of eight.
      for (let h = 0; h < 4; h++) wide.data.set(data.subarray((h >> 1) * 16, (h >> 1) * 16 + 16), h * 16);
      weights.set(key, wide);
    }
  }
  const a = await new ReferenceDecoder(grouped, tokenizer).forward([1, 2, 3, 4]);
  const b = await new ReferenceDecoder({ config: { ...tiny, kvHeads: 4 }, weights }, tokenizer).forward([1, 2, 3, 4]);
  expect(b.logits.data).toEqual(a.logits.data);
});

test("attention sees order: the rotary embedding is at work", async () => {
  const decoder = new ReferenceDecoder(randomModel(tiny, 4), tokenizer);
  const a = (await decoder.forward([1, 2, 3])).finalNorm.data.slice(-8);
  await decoder.rewind(0);
  const b = (await decoder.forward([2, 1, 3])).finalNorm.data.slice(-8);
  expect(a).not.toEqual(b);
});

test("with no layers the logits are head · norm(E[t])", async () => {
  const config = { ...tiny, layers: 0 };
  const model = randomModel(config, 5);
  const decoder = new ReferenceDecoder(model, tokenizer);
  const { logits } = await decoder.forward([7]);
  const e = Array.from(model.weights.get("model.embed_tokens.weight")!.data.subarray(7 * 8, 8 * 8));
  const rms = Math.sqrt(e.reduce((s, x) => s + x * x, 0) / 8 + 1e-5);
  const normed = e.map((x, i) => (x / rms) * model.weights.get("model.norm.weight")!.data[i]!);
  const head = model.weights.get("lm_head.weight")!.data;
  const expected = Array.from({ length: 10 }, (_, v) => normed.reduce((s, x, i) => s + x * head[v * 8 + i]!, 0));
  expected.forEach((x, v) => expect(logits.data[v]).toBeCloseTo(x, 5));
});

test.each([
  ["an empty input", (d: ReferenceDecoder) => d.forward([]), /forward: expected at least one token or vector, got none/],
  ["vectors of another size", (d: ReferenceDecoder) => d.forward(tensor([1, 7])), /expected vectors \[N, 8\], got \[1, 7\]/],
  ["states of another size", (d: ReferenceDecoder) => d.lens(tensor([8])), /expected states \[N, 8\], got \[8\]/],
  ["a rewind forwards", (d: ReferenceDecoder) => d.rewind(1), /rewind: expected 0 to 0 positions, got 1/],
  ["half a rewind", (d: ReferenceDecoder) => d.rewind(0.5), /rewind: expected 0 to 0 positions, got 0.5/],
])("%s is refused", async (_, act, message) => {
  await expect(act(new ReferenceDecoder(randomModel(tiny, 6), tokenizer))).rejects.toThrow(message);
});
test("a missing tensor is named", () => {
  expect(() => new ReferenceDecoder({ config: tiny, weights: new Map() }, tokenizer)).toThrow(/reference: expected the tensor model\.embed_tokens\.weight, got none/);
});

/** What PyTorch computed when the model was exported: a prompt, its latent thoughts, and the logits after the cue. */
interface TorchCase {
  readonly task: string;
  readonly prompt: string;
  readonly prompt_ids: readonly number[];
  readonly cue_ids: readonly number[];
  readonly thoughts: readonly (readonly number[])[];
  readonly logits: readonly number[];
}
test("nano's thoughts and logits are those that PyTorch computed at export (models/nano/check.json)", async () => {
  const decoder = nanoDecoder();
  const cases = JSON.parse(nanoFile("check.json").toString("utf8")) as readonly TorchCase[];
  expect(cases.length).toBeGreaterThan(0);
  for (const { prompt, prompt_ids: ids, cue_ids: cue, thoughts, logits } of cases) {
    expect(decoder.tokenizer.encode(prompt)).toEqual(ids);
    await decoder.rewind(0);
    let forward = await decoder.forward(ids);
    for (const thought of thoughts) {
      const fed = forward.finalNorm.data.slice(-decoder.spec.hiddenSize);
      expect(largestGap(fed, thought)).toBeLessThan(1e-4);
      forward = await decoder.forward(tensor([1, fed.length], fed));
    }
    if (cue.length > 0) forward = await decoder.forward(cue);
    expect(largestGap(forward.logits.data.slice(-decoder.spec.vocabSize), logits)).toBeLessThan(1e-3);
  }
});

function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)));
}

test("attention patterns: rows sum to 1, nothing later is seen, and pieces give what the whole gives", async () => {
  const decoder = new ReferenceDecoder(randomModel(tiny, 4), tokenizer);
  const tokens = [3, 1, 4, 1, 5];
  const whole = (await decoder.forward(tokens, { attention: true })).attnPattern!;
  expect(whole.shape).toEqual([5, 2, 4, 5]);
  for (let row = 0; row < 5 * 2 * 4; row++) {
    const [t, pattern] = [Math.floor(row / 8), whole.data.subarray(row * 5, row * 5 + 5)];
    expect(pattern.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
    expect([...pattern.subarray(t + 1)].every((x) => x === 0)).toBe(true);
  }
  await decoder.rewind(3);
  const last = (await decoder.forward(tokens.slice(3), { attention: true })).attnPattern!;
  expect(last.data).toEqual(whole.data.slice(3 * 2 * 4 * 5));
  expect((await decoder.forward([2])).attnPattern).toBeUndefined();
});

test("attention is even where no key is liked more, and softmax of a known score otherwise", async () => {
  // One head of one pair of dimensions, which the rotary embedding turns by 1 rad from position to position.
  const config: LlamaConfig = { ...tiny, layers: 1, heads: 1, kvHeads: 1, hiddenSize: 2, headDim: 2, vocabSize: 3 };
  const model = randomModel(config, 5);
  const weights = new Map(model.weights);
  const set = (name: string, values: readonly number[]): void => void weights.set(name, tensor([2, 2], Float32Array.from(values)));
  weights.set("model.embed_tokens.weight", tensor([3, 2], Float32Array.of(1, 0, 0, 1, 0.6, 0.8)));
  weights.set("model.layers.0.input_layernorm.weight", tensor([2], Float32Array.of(1, 1)));
  set("model.layers.0.self_attn.q_proj.weight", [0, 0, 0, 0]);
  const pattern = async (): Promise<Float32Array> => (await new ReferenceDecoder({ config, weights }, tokenizer).forward([0, 1, 2], { attention: true })).attnPattern!.data.slice(6);
  for (const share of await pattern()) expect(share).toBeCloseTo(1 / 3, 6);
  // The last token is √2 (0.6, 0.8) after its norm: this makes its query (1, 0). A key is (√2 x₂, 0), and √2 over √headDim is 1.
  set("model.layers.0.self_attn.q_proj.weight", [1 / (0.6 * Math.SQRT2), 0, 0, 0]);
  set("model.layers.0.self_attn.k_proj.weight", [0, 1, 0, 0]);
  const turned = [0, 1, 0.8].map((x, s) => x * Math.cos(2 - s));
  const sum = turned.reduce((a, score) => a + Math.exp(score), 0);
  (await pattern()).forEach((share, s) => expect(share).toBeCloseTo(Math.exp(turned[s]!) / sum, 5));
});
