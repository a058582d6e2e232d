/**
 * What a Llama-type model is: the config and the tensors of a Hugging Face
 * folder, checked once, here. Packing, the float64 reference and every engine
 * read it from here. Qwen2 adds biases to Q, K and V; Qwen3 normalizes each
 * head of Q and K before it is turned.
 *
 *   x₀ = E[token]
 *   x  = x + O · attention(rotary(Q n), rotary(K n), V n)     with n = RMSNorm(x)
 *   x  = x + Down · (silu(Gate n) ⊙ Up n)                     with n = RMSNorm(x)
 *   logits = Head · RMSNorm(x_L)
 *
 * Source: Touvron et al. 2023, arXiv:2302.13971; Yang et al. 2024 and 2025,
 * arXiv:2407.10671 and arXiv:2505.09388; tensor names as in transformers'
 * LlamaForCausalLM, Qwen2ForCausalLM and Qwen3ForCausalLM.
 */
import { decodeSafetensors } from "../probes/safetensors.ts";
import type { Tensor } from "../probes/tensor.ts";
import { EngineError } from "./engine.ts";

/** How Llama 3.1 and later stretch low frequencies for contexts longer than they were trained on at first. */
export interface RopeScaling {
  readonly factor: number;
  readonly lowFrequencyFactor: number;
  readonly highFrequencyFactor: number;
  /** Context before stretching. */
  readonly originalContextLength: number;
}

export interface LlamaConfig {
  readonly architecture: "llama" | "qwen2" | "qwen3";
  /** D */
  readonly hiddenSize: number;
  /** L */
  readonly layers: number;
  /** Query heads, H. */
  readonly heads: number;
  /** Key and value heads; `heads / kvHeads` query heads share one. */
  readonly kvHeads: number;
  readonly headDim: number;
  /** F */
  readonly intermediateSize: number;
  /** V */
  readonly vocabSize: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
  readonly rmsNormEps: number;
  /** Whether the unembedding is the embedding. */
  readonly tied: boolean;
  readonly contextLength: number;
  /** Ids that end an answer. */
  readonly eos: readonly number[];
  readonly bos: number | null;
}

export interface LlamaModel {
  readonly config: LlamaConfig;
  /** By Hugging Face name; linear maps are [out, in]. Without `lm_head.weight` where tied. */
  readonly weights: ReadonlyMap<string, Tensor>;
}

/**
 * Every tensor of a model, with its shape, in the order of use.
 */
export function llamaShapes(config: LlamaConfig): Map<string, readonly number[]> {
  const { architecture, hiddenSize: d, layers, heads, kvHeads, headDim, intermediateSize: f, vocabSize: v, tied } = config;
  const shapes = new Map<string, readonly number[]>([["model.embed_tokens.weight", [v, d]]]);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    shapes.set(`${prefix}.input_layernorm.weight`, [d]);
    shapes.set(`${prefix}.self_attn.q_proj.weight`, [heads * headDim, d]);
    shapes.set(`${prefix}.self_attn.k_proj.weight`, [kvHeads * headDim, d]);
    shapes.set(`${prefix}.self_attn.v_proj.weight`, [kvHeads * headDim, d]);
    if (architecture === "qwen2") {
      shapes.set(`${prefix}.self_attn.q_proj.bias`, [heads * headDim]);
      shapes.set(`${prefix}.self_attn.k_proj.bias`, [kvHeads * headDim]);
      shapes.set(`${prefix}.self_attn.v_proj.bias`, [kvHeads * headDim]);
    }
    if (architecture === "qwen3") {
      shapes.set(`${prefix}.self_attn.q_norm.weight`, [headDim]);
      shapes.set(`${prefix}.self_attn.k_norm.weight`, [headDim]);
    }
    shapes.set(`${prefix}.self_attn.o_proj.weight`, [d, heads * headDim]);
    shapes.set(`${prefix}.post_attention_layernorm.weight`, [d]);
    shapes.set(`${prefix}.mlp.gate_proj.weight`, [f, d]);
    shapes.set(`${prefix}.mlp.up_proj.weight`, [f, d]);
    shapes.set(`${prefix}.mlp.down_proj.weight`, [d, f]);
  }
  shapes.set("model.norm.weight", [d]);
  if (!tied) shapes.set("lm_head.weight", [v, d]);
  return shapes;
}

/**
 * Angle per position of each pair of dimensions, [headDim/2]: θ^(−2i/headDim),
 * and with scaling, divided by `factor` where a turn takes longer than the
 * original context holds, and blended in between.
 *
 * Source: `_compute_llama3_parameters` in transformers' modeling_rope_utils.py.
 */
export function inverseFrequencies({ headDim, ropeTheta, ropeScaling }: LlamaConfig): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: headDim / 2 }, (_, i) => {
    const frequency = ropeTheta ** ((-2 * i) / headDim);
    if (ropeScaling === null) return frequency;
    const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = ropeScaling;
    const turns = (originalContextLength * frequency) / (2 * Math.PI);
    const kept = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return frequency * (kept + (1 - kept) / factor);
  });
}

const otherModel = "choose a Llama-type model";

function fault(what: string, expected: string, got: unknown, advice: string): EngineError {
  return new EngineError(`${what}: expected ${expected}, got ${typeof got === "string" ? got : (JSON.stringify(got) ?? "none")}; ${advice}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of config.json, each checked as it is read. */
class Fields {
  constructor(private readonly config: Record<string, unknown>) {}

  get(name: string): unknown {
    return this.config[name] ?? undefined;
  }

  /** A whole number from 1 up. */
  count(name: string, otherwise?: number): number {
    const value = this.get(name) ?? otherwise;
    if (!Number.isSafeInteger(value) || (value as number) < 1) throw fault("config.json", `${name} to be a whole number from 1 up`, value, "correct it");
    return value as number;
  }

  /** A number above 0. */
  positive(name: string, otherwise?: number): number {
    const value = this.get(name) ?? otherwise;
    if (typeof value !== "number" || !(value > 0) || !Number.isFinite(value)) throw fault("config.json", `${name} to be a number above 0`, value, "correct it");
    return value;
  }

  /** Refuses a field that has another value than the only one that is implemented. */
  only(name: string, value: unknown): void {
    const found = this.get(name) ?? value;
    if (found !== value) throw fault("config.json", `${name} ${String(value)}`, found, otherModel);
  }

  /** Token ids: a number, a list of numbers, or nothing. */
  ids(name: string): number[] {
    const value = this.get(name) ?? [];
    const list: unknown[] = Array.isArray(value) ? value : [value];
    if (!list.every((id) => Number.isSafeInteger(id) && (id as number) >= 0)) throw fault("config.json", `${name} to be token ids`, value, "correct it");
    return list as number[];
  }
}

/** The rotary embedding: `rope_theta` and `rope_scaling`, or `rope_parameters` as transformers 5 writes both. */
function rope(fields: Fields): Pick<LlamaConfig, "ropeTheta" | "ropeScaling"> {
  const parameters = fields.get("rope_parameters");
  const name = parameters === undefined ? "rope_scaling" : "rope_parameters";
  const scaling = fields.get(name);
  if (scaling !== undefined && !isRecord(scaling)) throw fault("config.json", `${name} to be an object`, scaling, "correct it");
  const scaled = new Fields(scaling ?? {});
  const type = scaled.get("rope_type") ?? scaled.get("type") ?? "default";
  if (type !== "default" && type !== "llama3") throw fault("config.json", `${name} of type default or llama3`, scaling, otherModel);
  const ropeTheta = (parameters === undefined ? fields : scaled).positive("rope_theta", 10_000);
  if (type === "default") return { ropeTheta, ropeScaling: null };
  const ropeScaling = {
    factor: scaled.positive("factor"),
    lowFrequencyFactor: scaled.positive("low_freq_factor"),
    highFrequencyFactor: scaled.positive("high_freq_factor"),
    originalContextLength: scaled.count("original_max_position_embeddings"),
  };
  if (ropeScaling.lowFrequencyFactor >= ropeScaling.highFrequencyFactor) {
    throw fault("config.json", "low_freq_factor below high_freq_factor", scaling, "correct it");
  }
  return { ropeTheta, ropeScaling };
}

/** The kind of model, and that nothing in it is of another kind. */
function architectureOf(fields: Fields): LlamaConfig["architecture"] {
  const architectures = fields.get("architectures");
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  switch (name) {
    case "LlamaForCausalLM":
      return "llama";
    case "MistralForCausalLM":
      fields.only("sliding_window", undefined);
      return "llama";
    case "Qwen2ForCausalLM":
    case "Qwen3ForCausalLM":
      fields.only("use_sliding_window", false);
      return name === "Qwen2ForCausalLM" ? "qwen2" : "qwen3";
    default:
      throw fault("config.json", "architecture LlamaForCausalLM, Qwen2ForCausalLM or Qwen3ForCausalLM", name, otherModel);
  }
}

/**
 * Reads config.json.
 *
 * @throws EngineError where the architecture is another, or a number is missing or impossible
 */
export function readLlamaConfig(config: unknown): LlamaConfig {
  if (!isRecord(config)) throw fault("config.json", "a JSON object", config, "take it from the model's Hugging Face folder");
  const fields = new Fields(config);
  const architecture = architectureOf(fields);
  fields.only("attention_bias", false);
  fields.only("mlp_bias", false);
  fields.only("hidden_act", "silu");
  fields.only("partial_rotary_factor", 1);
  if (fields.get("quantization_config") !== undefined) {
    throw fault("config.json", "weights that are not quantized", fields.get("quantization_config"), "take the original model; packing quantizes it");
  }

  const hiddenSize = fields.count("hidden_size");
  const heads = fields.count("num_attention_heads");
  const kvHeads = fields.count("num_key_value_heads", heads);
  if (heads % kvHeads !== 0) throw fault("config.json", `num_key_value_heads to divide ${heads}`, kvHeads, "correct it");
  const headDim = fields.count("head_dim", hiddenSize / heads);
  if (headDim % 2 !== 0) throw fault("config.json", "an even head_dim, which rotary embeddings need", headDim, "correct it");
  return {
    architecture,
    hiddenSize,
    layers: fields.count("num_hidden_layers"),
    heads,
    kvHeads,
    headDim,
    intermediateSize: fields.count("intermediate_size"),
    vocabSize: fields.count("vocab_size"),
    ...rope(fields),
    rmsNormEps: fields.positive("rms_norm_eps", 1e-6),
    tied: fields.get("tie_word_embeddings") === true,
    contextLength: fields.count("max_position_embeddings", 2048),
    eos: fields.ids("eos_token_id"),
    bos: fields.ids("bos_token_id")[0] ?? null,
  };
}

/**
 * A model from config.json (parsed) and its safetensors file or shards.
 * Tied models may carry `lm_head.weight`; it is left out, as transformers does.
 *
 * @throws EngineError where the model is of another kind, or a tensor is missing, left over or misshapen
 */
export function readLlama(files: { readonly config: unknown; readonly safetensors: readonly Uint8Array[] }): LlamaModel {
  const config = readLlamaConfig(files.config);
  const found = new Map<string, Tensor>();
  for (const bytes of files.safetensors) {
    for (const [name, tensor] of decodeSafetensors(bytes).tensors) {
      if (found.has(name)) throw fault("safetensors", `${name} in one file`, "two with it", "remove the file that does not belong to this model");
      found.set(name, tensor);
    }
  }

  const weights = new Map<string, Tensor>();
  for (const [name, shape] of llamaShapes(config)) {
    const weight = found.get(name);
    if (!weight) throw fault("safetensors", `${name} [${shape.join(", ")}]`, "no such tensor", "check that all files of the model are there");
    if (weight.shape.join() !== shape.join()) {
      throw fault("safetensors", `${name} [${shape.join(", ")}]`, `[${weight.shape.join(", ")}]`, "check that config.json belongs to these weights");
    }
    weights.set(name, weight);
    found.delete(name);
  }
  if (config.tied) found.delete("lm_head.weight");
  // Old checkpoints store the rotary frequencies, which follow from rope_theta.
  const extra = [...found.keys()].find((name) => !name.endsWith(".rotary_emb.inv_freq"));
  if (extra !== undefined) {
    throw fault("safetensors", "no tensors beside those of a Llama", `${extra} [${found.get(extra)?.shape.join(", ") ?? ""}]`, otherModel);
  }
  return { config, weights };
}
