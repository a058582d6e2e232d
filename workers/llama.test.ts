import { expect, test } from "vitest";
import { huggingFaceConfig, randomLlama, smallLlama } from "../models/random-llama.ts";
import { encodeSafetensors } from "../probes/safetensors.ts";
import { tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import { inverseFrequencies, readLlama, readLlamaConfig } from "./llama.ts";

const model = randomLlama({ layers: 1 });
const config = huggingFaceConfig(model.config);
const file = (weights: ReadonlyMap<string, Tensor>) => encodeSafetensors(weights);
const withTensor = (name: string, t: Tensor) => file(new Map([...model.weights, [name, t]]));
const without = (name: string) => new Map([...model.weights].filter(([n]) => n !== name));

test("a Hugging Face folder is read as it was written", () => {
  const read = readLlama({ config, safetensors: [file(model.weights)] });
  expect(read.config).toEqual(model.config);
  expect(read.weights).toEqual(model.weights);
});

test("shards hold a model together", () => {
  const entries = [...model.weights];
  const safetensors = [file(new Map(entries.slice(0, 3))), file(new Map(entries.slice(3)))];
  expect(readLlama({ config, safetensors }).weights).toEqual(model.weights);
});

test("a tied model needs no lm_head, and one that is there is left out", () => {
  const tied = { ...config, tie_word_embeddings: true };
  for (const weights of [model.weights, without("lm_head.weight")]) {
    expect(readLlama({ config: tied, safetensors: [file(weights)] }).weights.has("lm_head.weight")).toBe(false);
  }
});

test("stored rotary frequencies are ignored", () => {
  const bytes = withTensor("model.layers.0.self_attn.rotary_emb.inv_freq", tensor([8]));
  expect(readLlama({ config, safetensors: [bytes] }).weights.size).toBe(model.weights.size);
});

test("what config.json leaves out has the value that transformers gives it", () => {
  const read = readLlamaConfig({
    architectures: ["LlamaForCausalLM"], hidden_size: 64, num_attention_heads: 4, num_hidden_layers: 2, intermediate_size: 128, vocab_size: 10,
  });
  expect(read).toEqual({
    ...smallLlama, hiddenSize: 64, kvHeads: 4, headDim: 16, intermediateSize: 128, vocabSize: 10, rmsNormEps: 1e-6, contextLength: 2048, eos: [], bos: null,
  });
});

test("other spellings of the same model", () => {
  expect(readLlamaConfig({ ...config, architectures: ["MistralForCausalLM"], sliding_window: null }).layers).toBe(1);
  expect(readLlamaConfig({ ...config, rope_parameters: { rope_type: "default", rope_theta: 5e5 } }).ropeTheta).toBe(5e5);
  expect(readLlamaConfig({ ...config, eos_token_id: [1, 2] }).eos).toEqual([1, 2]);
});

/** As Llama 3.2 has it. */
const llama32 = { rope_type: "llama3", factor: 32, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 8192 };

test("scaled rotary embeddings, in both spellings", () => {
  const ropeScaling = { factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192 };
  const before = readLlamaConfig({ ...config, rope_theta: 5e5, rope_scaling: llama32 });
  const after = readLlamaConfig({ ...config, rope_parameters: { ...llama32, rope_theta: 5e5 } });
  expect([before.ropeTheta, before.ropeScaling]).toEqual([5e5, ropeScaling]);
  expect([after.ropeTheta, after.ropeScaling]).toEqual([5e5, ropeScaling]);
});

test("frequencies by transformers' formula in wavelengths", () => {
  const headDim = 64;
  const scaled = { ...readLlamaConfig({ ...config, rope_theta: 5e5, rope_scaling: llama32 }), headDim };
  const found = inverseFrequencies(scaled);
  const bands = { kept: 0, blended: 0, divided: 0 };
  for (let i = 0; i < headDim / 2; i++) {
    const plain = 1 / 5e5 ** ((2 * i) / headDim);
    const wavelength = (2 * Math.PI) / plain;
    const smooth = (8192 / wavelength - 1) / (4 - 1);
    const band = wavelength < 8192 / 4 ? "kept" : wavelength > 8192 / 1 ? "divided" : "blended";
    bands[band]++;
    expect(found[i]! / { kept: plain, divided: plain / 32, blended: ((1 - smooth) * plain) / 32 + smooth * plain }[band]).toBeCloseTo(1, 12);
  }
  expect(Object.values(bands).every((n) => n > 0)).toBe(true);
  expect(inverseFrequencies({ ...scaled, ropeScaling: null })[1]).toBeCloseTo(5e5 ** (-2 / 64), 15);
});

for (const architecture of ["qwen2", "qwen3"] as const) {
  test(`${architecture} is read as it was written`, () => {
    const qwen = randomLlama({ architecture, layers: 1 });
    const read = readLlama({ config: huggingFaceConfig(qwen.config), safetensors: [file(qwen.weights)] });
    expect(read).toEqual(qwen);
    expect([...read.weights.keys()].filter((name) => /bias|q_norm|k_norm/.test(name)).map((name) => name.replace("model.layers.0.self_attn.", ""))).toEqual(
      architecture === "qwen2" ? ["q_proj.bias", "k_proj.bias", "v_proj.bias"] : ["q_norm.weight", "k_norm.weight"],
    );
    expect(() => readLlama({ config: huggingFaceConfig({ ...qwen.config, architecture: "llama" }), safetensors: [file(qwen.weights)] })).toThrow(/no tensors beside those of a Llama/);
  });
}

const refused: [string, Record<string, unknown>, RegExp][] = [
  ["another architecture", { architectures: ["PhiForCausalLM"] }, /Qwen2ForCausalLM or Qwen3ForCausalLM, got PhiForCausalLM; choose/],
  ["Qwen with a sliding window", { architectures: ["Qwen2ForCausalLM"], use_sliding_window: true }, /use_sliding_window false, got true/],
  ["no architecture", { architectures: undefined }, /got none/],
  ["Mistral with a sliding window", { architectures: ["MistralForCausalLM"], sliding_window: 4096 }, /sliding_window undefined, got 4096/],
  ["biases in the attention", { attention_bias: true }, /attention_bias false, got true/],
  ["biases in the MLP", { mlp_bias: true }, /mlp_bias false, got true/],
  ["scaling of another type", { rope_scaling: { type: "linear", factor: 8 } }, /rope_scaling of type default or llama3, got .*linear/],
  ["scaling of another type, as transformers 5 writes it", { rope_parameters: { rope_type: "yarn" } }, /rope_parameters of type default or llama3, got .*yarn/],
  ["scaling without its numbers", { rope_scaling: { rope_type: "llama3", factor: 8 } }, /low_freq_factor to be a number above 0, got none/],
  ["scaling whose bands are the wrong way round", { rope_scaling: { ...llama32, low_freq_factor: 4, high_freq_factor: 1 } }, /low_freq_factor below high_freq_factor/],
  ["scaling that is no object", { rope_scaling: 8 }, /rope_scaling to be an object, got 8/],
  ["another activation", { hidden_act: "gelu" }, /hidden_act silu, got gelu/],
  ["quantized weights", { quantization_config: { bits: 4 } }, /not quantized, got \{"bits":4\}; take the original/],
  ["heads that do not share evenly", { num_key_value_heads: 3 }, /to divide 4, got 3/],
  ["an odd head_dim", { head_dim: 15 }, /even head_dim, .* got 15/],
  ["a fractional head_dim", { head_dim: undefined, hidden_size: 34 }, /head_dim to be a whole number from 1 up, got 8.5/],
  ["a missing size", { num_hidden_layers: undefined }, /num_hidden_layers to be a whole number from 1 up, got none/],
  ["a negative epsilon", { rms_norm_eps: -1 }, /rms_norm_eps to be a number above 0, got -1/],
  ["an end token that is no id", { eos_token_id: "</s>" }, /eos_token_id to be token ids, got <\/s>/],
];
for (const [what, change, error] of refused) test(`refuses ${what}`, () => expect(() => readLlamaConfig({ ...config, ...change })).toThrow(error));
test("refuses a config that is no object", () => expect(() => readLlamaConfig([])).toThrow(/a JSON object, got \[\]/));

const norm = "model.layers.0.input_layernorm.weight";
const damaged: [string, Uint8Array[], RegExp][] = [
  ["a missing tensor", [file(without(norm))], /expected model\.layers\.0\.input_layernorm\.weight \[32\], got no such tensor; check/],
  ["an untied model without lm_head", [file(without("lm_head.weight"))], /lm_head\.weight \[48, 32\], got no such tensor/],
  ["a misshapen tensor", [withTensor(norm, tensor([31]))], /input_layernorm\.weight \[32\], got \[31\]; check that config\.json/],
  ["a tensor left over", [withTensor("model.layers.0.self_attn.q_norm.weight", tensor([16]))], /got model\.layers\.0\.self_attn\.q_norm\.weight \[16\]; choose/],
  ["a tensor in two shards", [file(model.weights), file(model.weights)], /in one file, got two with it/],
];
for (const [what, safetensors, error] of damaged) test(`refuses ${what}`, () => expect(() => readLlama({ config, safetensors })).toThrow(error));
