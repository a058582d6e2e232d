/**
 * Llama-type models of any size with seeded random weights, for tests and the
 * bench.
 *
 * Linear maps and embedding are uniform on ±√(3/in), norms on 1 ± 0.1, biases
 * on ±0.1: the
 * variance 1/in keeps activations near 1 like a trained model's, and a uniform
 * number takes one draw, where a normal one takes a logarithm and a cosine.
 * The embedding has variance 1.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Random } from "../probes/random.ts";
import { encodeSafetensors } from "../probes/safetensors.ts";
import { size, tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import { llamaShapes } from "../workers/llama.ts";
import type { LlamaConfig, LlamaModel } from "../workers/llama.ts";

/** A small model: 2 layers of hidden size 32, 4 heads over 2 key-value heads. */
export const smallLlama: LlamaConfig = {
  architecture: "llama",
  hiddenSize: 32,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 16,
  intermediateSize: 64,
  vocabSize: 48,
  ropeTheta: 10_000,
  ropeScaling: null,
  rmsNormEps: 1e-5,
  tied: false,
  contextLength: 128,
  eos: [1],
  bos: 0,
};

/** A model of the given sizes; what is not given is as in `smallLlama`. The same seed draws the same weights. */
export function randomLlama(sizes: Partial<LlamaConfig> = {}, seed = 1): LlamaModel {
  const config = { ...smallLlama, ...sizes };
  const weights = new Map<string, Tensor>();
  const random = new Random(seed);
  for (const [name, shape] of llamaShapes(config)) {
    const data = new Float32Array(size(shape));
    // Biases are as small as the norms' weights are near 1.
    const isVector = shape.length === 1;
    const center = isVector && name.endsWith(".weight") ? 1 : 0;
    const spread = isVector ? 0.1 : Math.sqrt(3 / (name === "model.embed_tokens.weight" ? 1 : (shape[1] ?? 1)));
    const draw = random.fork(name);
    for (let i = 0; i < data.length; i++) data[i] = center + spread * (2 * draw.uniform() - 1);
    weights.set(name, tensor(shape, data));
  }
  return { config, weights };
}

/** What config.json says about such a model. */
export function huggingFaceConfig(config: LlamaConfig): Record<string, unknown> {
  const { architecture, ropeScaling } = config;
  return {
    architectures: [{ llama: "LlamaForCausalLM", qwen2: "Qwen2ForCausalLM", qwen3: "Qwen3ForCausalLM" }[architecture]],
    model_type: architecture,
    vocab_size: config.vocabSize,
    hidden_size: config.hiddenSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    intermediate_size: config.intermediateSize,
    rope_theta: config.ropeTheta,
    ...(ropeScaling && {
      rope_scaling: {
        rope_type: "llama3",
        factor: ropeScaling.factor,
        low_freq_factor: ropeScaling.lowFrequencyFactor,
        high_freq_factor: ropeScaling.highFrequencyFactor,
        original_max_position_embeddings: ropeScaling.originalContextLength,
      },
    }),
    rms_norm_eps: config.rmsNormEps,
    max_position_embeddings: config.contextLength,
    hidden_act: "silu",
    attention_bias: false,
    mlp_bias: false,
    tie_word_embeddings: config.tied,
    bos_token_id: config.bos,
    eos_token_id: config.eos.length === 1 ? config.eos[0] : config.eos,
    torch_dtype: "float32",
  };
}

/** A tokenizer whose words are `t0`, `t1`, …, separated by spaces; words outside read as `t0`. */
export function wordTokenizer(vocabSize: number): Record<string, unknown> {
  const vocab = Object.fromEntries(Array.from({ length: vocabSize }, (_, id) => [`t${id}`, id]));
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: "WhitespaceSplit" },
    post_processor: null,
    decoder: null,
    model: { type: "WordLevel", vocab, unk_token: "t0" },
  };
}

/** Writes the model as a Hugging Face folder: config.json, model.safetensors, tokenizer.json. */
export async function writeHuggingFaceFolder(model: LlamaModel, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  await writeFile(join(folder, "config.json"), json(huggingFaceConfig(model.config)));
  await writeFile(join(folder, "tokenizer.json"), json(wordTokenizer(model.config.vocabSize)));
  await writeFile(join(folder, "model.safetensors"), encodeSafetensors(model.weights, { format: "pt" }));
}
