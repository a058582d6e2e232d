/**
 * What a Llama-type model is: the config and the tensors of a Hugging Face
 * folder, checked once, here. Packing, the float64 reference and every engine
 * read it from here.
 *
 *   x₀ = E[token]
 *   x  = x + O · attention(rotary(Q n), rotary(K n), V n)     with n = RMSNorm(x)
 *   x  = x + Down · (silu(Gate n) ⊙ Up n)                     with n = RMSNorm(x)
 *   logits = Head · RMSNorm(x_L)
 *
 * Source: Touvron et al. 2023, arXiv:2302.13971; tensor names as in
 * transformers' LlamaForCausalLM.
 */
import { decodeSafetensors } from "../probes/safetensors.ts";
import type { Tensor } from "../probes/tensor.ts";
import { EngineError } from "./engine.ts";

export interface LlamaConfig {
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
  const { hiddenSize: d, layers, heads, kvHeads, headDim, intermediateSize: f, vocabSize: v, tied } = config;
  const shapes = new Map<string, readonly number[]>([["model.embed_tokens.weight", [v, d]]]);
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    shapes.set(`${prefix}.input_layernorm.weight`, [d]);
    shapes.set(`${prefix}.self_attn.q_proj.weight`, [heads * headDim, d]);
    shapes.set(`${prefix}.self_attn.k_proj.weight`, [kvHeads * headDim, d]);
    shapes.set(`${prefix}.self_attn.v_proj.weight`, [kvHeads * headDim, d]);
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
  positive(name: string, otherwise: number): number {
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

/** θ of the rotary embedding: `rope_theta`, or `rope_parameters` as transformers 5 writes it. */
function ropeTheta(fields: Fields): number {
  const scaling = fields.get("rope_scaling");
  if (scaling !== undefined) throw fault("config.json", "rope_scaling null", scaling, otherModel);
  const parameters = fields.get("rope_parameters");
  if (parameters === undefined) return fields.positive("rope_theta", 10_000);
  if (!isRecord(parameters) || (parameters["rope_type"] ?? "default") !== "default") {
    throw fault("config.json", "rope_parameters of type default", parameters, otherModel);
  }
  return new Fields(parameters).positive("rope_theta", 10_000);
}

/**
 * Reads config.json.
 *
 * @throws EngineError where the architecture is another, or a number is missing or impossible
 */
export function readLlamaConfig(config: unknown): LlamaConfig {
  if (!isRecord(config)) throw fault("config.json", "a JSON object", config, "take it from the model's Hugging Face folder");
  const fields = new Fields(config);
  const architectures = fields.get("architectures");
  const architecture: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  if (architecture === "MistralForCausalLM") fields.only("sliding_window", undefined);
  else if (architecture !== "LlamaForCausalLM") throw fault("config.json", "architecture LlamaForCausalLM", architecture, otherModel);
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
    hiddenSize,
    layers: fields.count("num_hidden_layers"),
    heads,
    kvHeads,
    headDim,
    intermediateSize: fields.count("intermediate_size"),
    vocabSize: fields.count("vocab_size"),
    ropeTheta: ropeTheta(fields),
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
