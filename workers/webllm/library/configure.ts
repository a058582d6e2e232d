/**
 * What our model library must be told about a model, read from the folder's
 * `mlc-chat-config.json` and written into the wasm file.
 *
 * WebLLM hands a library no configuration: stock libraries are compiled for one
 * model. Ours serves every Llama-type model, and holds a block for the numbers
 * (`configuration.c`), which is filled before WebLLM gets the bytes. The tensors'
 * shapes are checked against it in the library.
 *
 * Field names are those of mlc-llm's LlamaConfig, QWen2Config and Qwen3Config.
 */
import { EngineError } from "../../engine.ts";

/** MLC's `model_type`s that the library runs. */
export type Architecture = "llama" | "qwen2" | "qwen3";

/**
 * How rotary frequencies are stretched for contexts longer than in training.
 * `linear` divides them all by `factor`; `llama3` only the slow ones, those that turn
 * less than `lowFrequencyFactor` times within `originalContextLength`, and blends up to `highFrequencyFactor`.
 */
export type RopeScaling =
  | { readonly type: "linear"; readonly factor: number }
  | { readonly type: "llama3"; readonly factor: number; readonly lowFrequencyFactor: number; readonly highFrequencyFactor: number; readonly originalContextLength: number };

export interface LibraryConfig {
  readonly architecture: Architecture;
  /** D, a multiple of 4. */
  readonly hiddenSize: number;
  readonly layers: number;
  /** Query heads. */
  readonly heads: number;
  /** Key and value heads; they divide `heads`. */
  readonly kvHeads: number;
  /** A multiple of 4 up to 256; need not be hiddenSize / heads. */
  readonly headDim: number;
  /** A multiple of 4. */
  readonly intermediateSize: number;
  readonly vocabSize: number;
  readonly ropeTheta: number;
  readonly ropeScaling: RopeScaling | null;
  readonly normEpsilon: number;
  /** Most positions that the model was made for; WebLLM may ask for fewer. */
  readonly contextLength: number;
  /** Most positions of one forward pass. */
  readonly prefillChunkSize: number;
  /** Whether the unembedding is the embedding. */
  readonly tied: boolean;
}

/** Longer chunks bring no speed, and activations of a large model would fill gigabytes. */
export const mostPrefillChunk = 1024;
const mostHeadDim = 256;

const architectures: Readonly<Record<Architecture, number>> = { llama: 1, qwen2: 2, qwen3: 3 };
const file = "mlc-chat-config.json";

function fault(expected: string, got: unknown, remedy: string): EngineError {
  return new EngineError(`${file}: expected ${expected}, got ${typeof got === "string" ? got : (JSON.stringify(got) ?? "none")}; ${remedy}`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

/**
 * Reads the parsed `mlc-chat-config.json` of a weight folder.
 *
 * @throws EngineError where the model is of another kind, or a number is missing or impossible
 */
export function readLibraryConfig(json: unknown): LibraryConfig {
  if (!isRecord(json)) throw fault("a JSON object", json, "take it from the model's MLC folder");
  const model = json["model_config"];
  if (!isRecord(model)) throw fault("model_config to be an object", model, "take it from the model's MLC folder");
  const architecture = json["model_type"] ?? model["model_type"];
  if (typeof architecture !== "string" || !Object.hasOwn(architectures, architecture)) {
    throw fault(`model_type ${Object.keys(architectures).join(", ")}`, architecture, "choose a Llama-type model, or its stock library");
  }
  const count = (name: string, ...others: unknown[]): number => {
    const value = [model[name], ...others].find((candidate) => candidate !== undefined && candidate !== null && candidate !== 0 && candidate !== -1);
    if (!isCount(value)) throw fault(`${name} to be a whole number from 1 up`, value, "correct it");
    return value;
  };
  const positive = (name: string, value: unknown): number => {
    if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) throw fault(`${name} to be a number above 0`, value, "correct it");
    return value;
  };
  const only = (name: string, expected: unknown): void => {
    const value = model[name] ?? expected;
    if (value !== expected) throw fault(`${name} ${JSON.stringify(expected)}`, value, "choose a Llama-type model, or its stock library");
  };
  only("tensor_parallel_shards", 1);
  only("pipeline_parallel_stages", 1);
  only("hidden_act", "silu");
  if (architecture !== "qwen2") only("attention_bias", false);
  only("mlp_bias", false);
  if (model["partial_rotary_factor"] !== undefined) only("partial_rotary_factor", 1);
  for (const window of [json["sliding_window_size"], model["sliding_window_size"]]) {
    if ((window ?? -1) !== -1) throw fault("no sliding window", window, "choose a Llama-type model, or its stock library");
  }

  const hiddenSize = count("hidden_size");
  const heads = count("num_attention_heads");
  const contextLength = count("context_window_size", model["max_position_embeddings"], json["context_window_size"]);
  const chunk = count("prefill_chunk_size", json["prefill_chunk_size"], contextLength);
  const config: LibraryConfig = {
    architecture: architecture as Architecture,
    hiddenSize,
    layers: count("num_hidden_layers"),
    heads,
    kvHeads: count("num_key_value_heads", heads),
    headDim: count("head_dim", hiddenSize / heads),
    intermediateSize: count("intermediate_size"),
    vocabSize: count("vocab_size", json["vocab_size"]),
    ropeTheta: positive("rope_theta", [model["position_embedding_base"], model["rope_theta"]].find((value) => value !== undefined && value !== null && value !== 0) ?? 10_000),
    ropeScaling: readScaling(model["rope_scaling"]),
    normEpsilon: positive("rms_norm_eps", model["rms_norm_eps"]),
    contextLength,
    prefillChunkSize: Math.min(chunk, contextLength, mostPrefillChunk),
    tied: model["tie_word_embeddings"] === true,
  };
  checkLibraryConfig(config);
  return config;
}

function readScaling(scaling: unknown): RopeScaling | null {
  if (scaling === undefined || scaling === null) return null;
  if (!isRecord(scaling)) throw fault("rope_scaling to be an object or null", scaling, "correct it");
  const type = scaling["rope_type"] ?? scaling["type"] ?? "default";
  const number = (name: string): number => {
    const value = scaling[name];
    if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) throw fault(`rope_scaling.${name} to be a number above 0`, value, "correct it");
    return value;
  };
  if (type === "default") return null;
  if (type === "linear") return { type, factor: number("factor") };
  if (type === "llama3") {
    const [lowFrequencyFactor, highFrequencyFactor] = [number("low_freq_factor"), number("high_freq_factor")];
    if (highFrequencyFactor <= lowFrequencyFactor) throw fault(`rope_scaling.high_freq_factor above ${lowFrequencyFactor}`, highFrequencyFactor, "correct it");
    return { type, factor: number("factor"), lowFrequencyFactor, highFrequencyFactor, originalContextLength: number("original_max_position_embeddings") };
  }
  throw fault("rope_scaling of type default, linear or llama3", type, "choose another model, or its stock library");
}

/** What the kernels rely on. @throws EngineError */
function checkLibraryConfig(config: LibraryConfig): void {
  const { hiddenSize, heads, kvHeads, headDim, intermediateSize, prefillChunkSize, contextLength } = config;
  const counts = ["hiddenSize", "layers", "heads", "kvHeads", "headDim", "intermediateSize", "vocabSize", "contextLength", "prefillChunkSize"] as const;
  for (const name of counts) {
    if (!isCount(config[name]) || config[name] > 0x7fffffff) throw fault(`${name} to be a whole number from 1 up`, config[name], "correct it");
  }
  if (heads % kvHeads !== 0) throw fault(`num_key_value_heads to divide ${heads}`, kvHeads, "correct it");
  if (headDim % 4 !== 0 || headDim > mostHeadDim) throw fault(`a head_dim that is a multiple of 4 up to ${mostHeadDim}`, headDim, "choose another model, or its stock library");
  if (hiddenSize % 4 !== 0 || intermediateSize % 4 !== 0) throw fault("hidden_size and intermediate_size to be multiples of 4", [hiddenSize, intermediateSize], "choose another model, or its stock library");
  if (prefillChunkSize > contextLength) throw fault(`a prefill chunk of at most ${contextLength}`, prefillChunkSize, "correct it");
  if (!(config.normEpsilon > 0) || !(config.ropeTheta > 0)) throw fault("rms_norm_eps and rope_theta above 0", [config.normEpsilon, config.ropeTheta], "correct them");
}

/**
 * Angle per position of each pair of a head's dimensions, headDim / 2 of them:
 * θ^(−2i / headDim), stretched as the model asks.
 *
 * Source: Su et al. 2021, arXiv:2104.09864; `llama3` as in transformers'
 * modeling_rope_utils.py.
 */
export function inverseFrequencies({ headDim, ropeTheta, ropeScaling }: Pick<LibraryConfig, "headDim" | "ropeTheta" | "ropeScaling">): number[] {
  return Array.from({ length: headDim / 2 }, (_, i) => {
    const frequency = ropeTheta ** ((-2 * i) / headDim);
    if (ropeScaling === null) return frequency;
    const slow = frequency / ropeScaling.factor;
    if (ropeScaling.type === "linear") return slow;
    const { lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength } = ropeScaling;
    const turns = (originalContextLength * frequency) / (2 * Math.PI);
    const share = Math.min(1, Math.max(0, (turns - low) / (high - low)));
    return (1 - share) * slow + share * frequency;
  });
}

/** The first 16 bytes of the block; `Configuration` in configuration.c has the rest. */
const mark = new TextEncoder().encode("geodesic-config1");
const blockBytes = 592;

/** Where the block begins in the wasm file. */
function findBlock(wasm: Uint8Array): number {
  const places: number[] = [];
  for (let at = wasm.indexOf(mark[0]!); at >= 0; at = wasm.indexOf(mark[0]!, at + 1)) {
    if (mark.every((byte, i) => wasm[at + i] === byte)) places.push(at);
  }
  const [place] = places;
  if (place === undefined || places.length > 1 || place + blockBytes > wasm.length) {
    throw new EngineError(`configure: expected Geodesic's model library, with one block for the configuration, got ${wasm.length} bytes with ${places.length}; build the library anew`);
  }
  return place;
}

/**
 * A copy of the library's wasm with the numbers of a model in it.
 *
 * @throws EngineError where the bytes are not our library, or the numbers are impossible
 */
export function configureLibrary(wasm: Uint8Array, config: LibraryConfig): Uint8Array<ArrayBuffer> {
  checkLibraryConfig(config);
  const at = findBlock(wasm);
  const copy = new Uint8Array(wasm);
  const view = new DataView(copy.buffer);
  const numbers = [
    architectures[config.architecture],
    config.hiddenSize,
    config.layers,
    config.heads,
    config.kvHeads,
    config.headDim,
    config.intermediateSize,
    config.vocabSize,
    config.contextLength,
    config.prefillChunkSize,
    config.tied ? 1 : 0,
  ];
  numbers.forEach((number, i) => view.setUint32(at + mark.length + 4 * i, number, true));
  view.setFloat32(at + mark.length + 4 * numbers.length, config.normEpsilon, true);
  inverseFrequencies(config).forEach((frequency, i) => view.setFloat32(at + blockBytes - 4 * (mostHeadDim / 2) + 4 * i, frequency, true));
  return copy;
}
