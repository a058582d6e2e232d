/**
 * An MLC weight folder, as WebLLM loads it and `mlc_llm convert_weight` and
 * `gen_config` write it.
 *
 *   mlc-chat-config.json    sizes, context, tokenizer and chat template
 *   tensor-cache.json       which parameter lies where
 *   params_shard_N.bin      the parameters, one after the other
 *   tokenizer.json, tokenizer_config.json
 *
 * Q, K and V are stacked into one matrix, and so are Gate and Up. q0f32 keeps
 * every number as it is; q4f32_1 quantizes all matrices, the embedding and the
 * unembedding too, and leaves norms and biases.
 *
 * Source: mlc-ai/mlc-llm, python/mlc_llm/model/{llama,qwen2,qwen3}/*_model.py
 * and *_loader.py (names, stacking), interface/gen_config.py (configuration),
 * cpp/tokenizers/tokenizers.cc (`DetectTokenizerInfo`).
 */
import { createHash } from "node:crypto";
import { concatenate, size } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import { EngineError } from "../workers/engine.ts";
import { isRecord } from "../workers/files/request.ts";
import type { LlamaConfig, LlamaModel } from "../workers/llama.ts";
import type { HuggingFaceFolder } from "./folder.ts";
import { quantizeGroups } from "./mlc-quantize.ts";

export const mlcQuantizations = ["q0f32", "q4f32_1"] as const;
export type MlcQuantization = (typeof mlcQuantizations)[number];

/** A parameter as it lies in a shard. */
interface Parameter {
  readonly name: string;
  readonly dtype: "float32" | "uint32";
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint32Array;
}

/** Bytes of a shard; a parameter that is longer has one to itself. As MLC has it. */
const shardBytes = 32 * 2 ** 20;

/** The parameters by MLC's names, in the order of MLC's modules. */
export function* mlcParameters({ config, weights }: LlamaModel, quantization: MlcQuantization): Generator<Parameter> {
  /** Hugging Face tensors of a module, stacked. */
  const stacked = (names: readonly string[]): Tensor => concatenate(names.map((name) => weights.get(name)!));
  const plain = (name: string, { shape, data }: Tensor): Parameter => ({ name, dtype: "float32", shape, data });
  function* matrix(module: string, weight: Tensor): Generator<Parameter> {
    if (quantization === "q0f32") return yield plain(`${module}.weight`, weight);
    const { words, scales } = quantizeGroups(weight);
    const [rows = 0] = weight.shape;
    yield { name: `${module}.q_weight`, dtype: "uint32", shape: [rows, words.length / rows], data: words };
    yield { name: `${module}.q_scale`, dtype: "float32", shape: [rows, scales.length / rows], data: scales };
  }
  const same = (name: string): Parameter => plain(name, weights.get(name)!);

  yield* matrix("model.embed_tokens", weights.get("model.embed_tokens.weight")!);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const fused = `${at}.self_attn.${config.architecture === "llama" ? "qkv_proj" : "c_attn"}`;
    const qkv = (what: string): Tensor => stacked(["q", "k", "v"].map((letter) => `${at}.self_attn.${letter}_proj.${what}`));
    yield* matrix(fused, qkv("weight"));
    if (config.architecture === "qwen2") yield plain(`${fused}.bias`, qkv("bias"));
    yield* matrix(`${at}.self_attn.o_proj`, weights.get(`${at}.self_attn.o_proj.weight`)!);
    if (config.architecture === "qwen3") yield* [same(`${at}.self_attn.q_norm.weight`), same(`${at}.self_attn.k_norm.weight`)];
    yield* matrix(`${at}.mlp.gate_up_proj`, stacked([`${at}.mlp.gate_proj.weight`, `${at}.mlp.up_proj.weight`]));
    yield* matrix(`${at}.mlp.down_proj`, weights.get(`${at}.mlp.down_proj.weight`)!);
    yield* [same(`${at}.input_layernorm.weight`), same(`${at}.post_attention_layernorm.weight`)];
  }
  yield same("model.norm.weight");
  if (!config.tied) yield* matrix("lm_head", weights.get("lm_head.weight")!);
}

/** Shards, then the list of what is in them. */
function* shards(model: LlamaModel, quantization: MlcQuantization): Generator<[string, Uint8Array]> {
  const records: unknown[] = [];
  let waiting: Parameter[] = [];
  let length = 0;
  let bytesInAll = 0;
  let count = 0;
  function* close(): Generator<[string, Uint8Array]> {
    if (waiting.length === 0) return;
    const bytes = new Uint8Array(length);
    let byteOffset = 0;
    const contents = waiting.map(({ name, shape, dtype, data }) => {
      bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), byteOffset);
      const record = { name, shape, dtype, format: "raw", nbytes: data.byteLength, byteOffset };
      byteOffset += data.byteLength;
      return record;
    });
    const dataPath = `params_shard_${records.length}.bin`;
    records.push({ dataPath, format: "raw-shard", nbytes: length, records: contents, md5sum: createHash("md5").update(bytes).digest("hex") });
    [waiting, length] = [[], 0];
    yield [dataPath, bytes];
  }
  for (const parameter of mlcParameters(model, quantization)) {
    const { byteLength } = parameter.data;
    if (length + byteLength > shardBytes) yield* close();
    waiting.push(parameter);
    length += byteLength;
    bytesInAll += byteLength;
    count++;
  }
  yield* close();
  const numbers = [...model.weights.values()].reduce((sum, { shape }) => sum + size(shape), 0);
  yield ["tensor-cache.json", json({ metadata: { ParamSize: count, ParamBytes: bytesInAll, BitsPerParam: (bytesInAll * 8) / numbers }, records })];
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** `model_config`: the fields that MLC's own configuration of the architecture has, by its names. */
function modelConfig(config: LlamaConfig, prefillChunk: number): Record<string, unknown> {
  const { architecture, ropeScaling } = config;
  return {
    ...(architecture === "llama" ? {} : { hidden_act: "silu" }),
    ...(architecture === "qwen3" ? { attention_bias: false } : {}),
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_attention_heads: config.heads,
    num_hidden_layers: config.layers,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    rms_norm_eps: config.rmsNormEps,
    vocab_size: config.vocabSize,
    tie_word_embeddings: config.tied,
    [architecture === "llama" ? "position_embedding_base" : "rope_theta"]: config.ropeTheta,
    rope_scaling: ropeScaling && {
      rope_type: "llama3",
      factor: ropeScaling.factor,
      low_freq_factor: ropeScaling.lowFrequencyFactor,
      high_freq_factor: ropeScaling.highFrequencyFactor,
      original_max_position_embeddings: ropeScaling.originalContextLength,
    },
    context_window_size: config.contextLength,
    prefill_chunk_size: prefillChunk,
    tensor_parallel_shards: 1,
    pipeline_parallel_stages: 1,
    max_batch_size: 1,
  };
}

/** How a conversation is written, in the form that WebLLM renders. */
interface ConversationTemplate {
  readonly name: string;
  readonly systemTemplate: string;
  readonly systemMessage: string;
  readonly roles: readonly [user: string, assistant: string];
  /** Between a role and what it says. */
  readonly opening: string;
  /** After what a role says. */
  readonly closing: string;
  readonly stop: readonly string[];
}

/** Nothing around a prompt: for models without a chat template. */
const bare: ConversationTemplate = { name: "LM", systemTemplate: "{system_message}", systemMessage: "", roles: ["", ""], opening: "", closing: "", stop: [] };

/** Templates that are recognized by a marker in the model's own, which is written in Jinja and so cannot be used as it is. */
const knownTemplates: readonly [marker: string, template: ConversationTemplate][] = [
  ["<|im_start|>", {
    name: "chatml",
    systemTemplate: "<|im_start|>system\n{system_message}<|im_end|>\n",
    systemMessage: "You are a helpful assistant.",
    roles: ["<|im_start|>user", "<|im_start|>assistant"],
    opening: "\n",
    closing: "<|im_end|>\n",
    stop: ["<|im_end|>"],
  }],
  ["<|start_header_id|>", {
    name: "llama-3",
    systemTemplate: "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n{system_message}<|eot_id|>",
    systemMessage: "You are a helpful assistant.",
    roles: ["<|start_header_id|>user", "<|start_header_id|>assistant"],
    opening: "<|end_header_id|>\n\n",
    closing: "<|eot_id|>",
    stop: ["<|eot_id|>"],
  }],
];

function conversation(template: string, endTokens: readonly number[]): Record<string, unknown> {
  const known = knownTemplates.find(([marker]) => template.includes(marker))?.[1] ?? bare;
  const [user, assistant] = known.roles;
  return {
    name: known.name,
    system_template: known.systemTemplate,
    system_message: known.systemMessage,
    add_role_after_system_message: true,
    roles: { user, assistant },
    role_templates: { user: "{user_message}", assistant: "{assistant_message}", tool: "{tool_message}" },
    messages: [],
    seps: [known.closing],
    role_content_sep: known.opening,
    role_empty_sep: known.opening,
    stop_str: known.stop,
    stop_token_ids: endTokens,
    function_string: "",
    use_function_calling: false,
  };
}

/** The steps of a tokenizer's normalizer or decoder, a sequence or a single one. */
function steps(part: unknown): Record<string, unknown>[] {
  if (!isRecord(part)) return [];
  const list: unknown = part["decoders"] ?? part["normalizers"];
  return (Array.isArray(list) ? (list as unknown[]) : [part]).filter(isRecord);
}

/** What grammars have to know of the tokenizer, by MLC's rule. */
function tokenizerInfo(tokenizer: Record<string, unknown>): Record<string, unknown> {
  const decoders = steps(tokenizer["decoder"]);
  return {
    token_postproc_method: decoders.some((step) => step["type"] === "ByteLevel") ? "byte_level" : "byte_fallback",
    prepend_space_in_encode: steps(tokenizer["normalizer"]).some((step) => step["type"] === "Prepend" && step["prepend"] === "▁"),
    strip_space_in_decode: decoders.some((step) => step["type"] === "Strip" && step["content"] === " " && step["start"] === 1 && step["stop"] === 0),
  };
}

/** A file that the model brings along, parsed; an empty object where there is none. */
function parsed(copies: ReadonlyMap<string, Uint8Array>, name: string): Record<string, unknown> {
  const bytes = copies.get(name);
  let value: unknown = {};
  try {
    if (bytes) value = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    value = null;
  }
  if (!isRecord(value)) throw new EngineError(`${name}: expected a JSON object, got something else; download the file again`);
  return value;
}

/** Ids that end an answer: generation_config.json knows more of them than config.json. */
function endTokens({ copies, model }: HuggingFaceFolder): readonly number[] {
  const value = parsed(copies, "generation_config.json")["eos_token_id"] ?? null;
  const ids: unknown[] = Array.isArray(value) ? value : value === null ? [] : [value];
  return ids.length > 0 && ids.every((id) => typeof id === "number") ? ids : model.config.eos;
}

function chatConfig(folder: HuggingFaceFolder, quantization: MlcQuantization): Record<string, unknown> {
  const { model: { config }, copies } = folder;
  const template = copies.get("chat_template.jinja");
  const inConfig = parsed(copies, "tokenizer_config.json")["chat_template"];
  const ends = endTokens(folder);
  // MLC's own default for Qwen3: longer prompts are read in pieces of this many tokens.
  const prefillChunk = Math.min(config.contextLength, 2048);
  return {
    version: "0.1.0",
    model_type: config.architecture,
    quantization,
    model_config: modelConfig(config, prefillChunk),
    vocab_size: config.vocabSize,
    context_window_size: config.contextLength,
    sliding_window_size: -1,
    prefill_chunk_size: prefillChunk,
    attention_sink_size: -1,
    tensor_parallel_shards: 1,
    pipeline_parallel_stages: 1,
    active_vocab_size: config.vocabSize,
    temperature: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    repetition_penalty: 1,
    top_p: 1,
    tokenizer_files: ["tokenizer.json", "tokenizer_config.json"],
    tokenizer_info: tokenizerInfo(parsed(copies, "tokenizer.json")),
    conv_template: conversation(template ? new TextDecoder().decode(template) : JSON.stringify(inConfig ?? ""), ends),
    ...(config.bos === null ? {} : { bos_token_id: config.bos }),
    ...(ends.length === 0 ? {} : { eos_token_id: ends.length === 1 ? ends[0] : ends }),
  };
}

/**
 * The files of the weight folder, by path inside it; `copies` of the folder
 * must hold tokenizer_config.json.
 *
 * @throws EngineError where a file that the model brings along is no JSON
 */
export function* mlcFiles(folder: HuggingFaceFolder, quantization: MlcQuantization): Generator<[string, Uint8Array]> {
  yield ["mlc-chat-config.json", json(chatConfig(folder, quantization))];
  for (const name of ["tokenizer.json", "tokenizer_config.json", "chat_template.jinja"]) {
    const bytes = folder.copies.get(name);
    if (bytes) yield [name, bytes];
  }
  yield* shards(folder.model, quantization);
}
