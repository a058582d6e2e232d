import { expect, test } from "vitest";
import { huggingFaceConfig, randomLlama, smallLlama } from "../models/random-llama.ts";
import { encodeSafetensors } from "../probes/safetensors.ts";
import { tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import { readLlama, readLlamaConfig } from "./llama.ts";

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

const refused: [string, Record<string, unknown>, RegExp][] = [
  ["another architecture", { architectures: ["Qwen3ForCausalLM"] }, /architecture LlamaForCausalLM, got Qwen3ForCausalLM; choose/],
  ["no architecture", { architectures: undefined }, /got none/],
  ["Mistral with a sliding window", { architectures: ["MistralForCausalLM"], sliding_window: 4096 }, /sliding_window undefined, got 4096/],
  ["biases in the attention", { attention_bias: true }, /attention_bias false, got true/],
  ["biases in the MLP", { mlp_bias: true }, /mlp_bias false, got true/],
  ["scaled rotary embeddings", { rope_scaling: { rope_type: "llama3", factor: 8 } }, /rope_scaling null, got \{"rope_type":"llama3"/],
  ["scaled rotary embeddings, as transformers 5 writes them", { rope_parameters: { rope_type: "yarn" } }, /type default, got .*yarn/],
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
