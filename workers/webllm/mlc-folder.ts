/** An MLC weight folder: which files WebLLM needs of it, and what its configuration says. */
import { EngineError, type ModelRequest } from "../engine.ts";
import type { ListedFile, Listing } from "../files/listing.ts";
import { isRecord } from "../files/request.ts";
import { type Texts, parse } from "../files/texts.ts";

const configName = "mlc-chat-config.json";
/** Today's name, and the one that it had until TVM's tensors were called so. */
const cacheNames = ["tensor-cache.json", "ndarray-cache.json"] as const;

/** The longest context that a KV cache is made for, as in WebLLM's own list: memory grows with it. */
const mostContext = 4096;

export interface MlcFolder {
  readonly config: ListedFile;
  readonly tensorCache: ListedFile;
  readonly tokenizer: ListedFile;
  /** Further texts for the tokenizer. */
  readonly others: readonly ListedFile[];
  /** Path of the folder inside of the listing, with a slash at its end where there is one. */
  readonly prefix: string;
}

/** Finds the folder in a listing: embedded models have one for each quantization. */
export function findMlcFolder(listing: Listing, request: Pick<ModelRequest, "source" | "id" | "dtype">): MlcFolder {
  const folders = [...listing.files.keys()].filter((path) => path === configName || path.endsWith(`/${configName}`)).map((path) => path.slice(0, -configName.length));
  const wanted = request.source === "embedded" ? `mlc-${request.dtype ?? "q0f32"}/` : (folders.toSorted((a, b) => a.length - b.length)[0] ?? "");
  const need = (names: readonly string[]): ListedFile => {
    const file = names.map((name) => listing.files.get(wanted + name)).find((candidate) => candidate !== undefined);
    if (file) return file;
    const has = folders.length > 0 && request.source === "embedded" ? folders.map((folder) => folder.slice(0, -1)).join(", ") : "no such file";
    throw new EngineError(`${listing.source}: expected ${wanted}${names[0]} in ${request.id}, got ${has}; choose a model in MLC's format, such as those of mlc-ai`);
  };
  const others = ["tokenizer_config.json", "generation_config.json", "chat_template.jinja"].flatMap((name) => listing.files.get(wanted + name) ?? []);
  return { config: need([configName]), tensorCache: need(cacheNames), tokenizer: need(["tokenizer.json"]), others, prefix: wanted };
}

/** The files of weights that the tensor cache names. */
export function shardsOf(listing: Listing, { prefix, tensorCache }: MlcFolder, text: string): ListedFile[] {
  const json = parse(new Map([[tensorCache.path, text]]), tensorCache.path);
  const records: unknown = json?.["records"];
  const shards = Array.isArray(records) ? (records as unknown[]).map((record) => (isRecord(record) ? record : {})) : [];
  if (shards.length === 0) throw new EngineError(`${tensorCache.path}: expected a list of weights, got none; load the model again`);
  const found = new Map<string, ListedFile>();
  for (const { dataPath: path, nbytes: bytes } of shards) {
    const file = typeof path === "string" && /^[\w.-]+$/.test(path) ? listing.files.get(prefix + path) : undefined;
    if (!file) throw new EngineError(`${listing.source}: expected ${JSON.stringify(path) ?? "a file"}, which ${tensorCache.path} names, got no such file; take the whole folder`);
    if (bytes !== file.bytes) throw new EngineError(`${listing.source}: expected ${file.path} of ${JSON.stringify(bytes) ?? "some"} bytes, as ${tensorCache.path} says, got ${file.bytes}; take the whole folder, all of one version`);
    found.set(file.path, file);
  }
  return [...found.values()];
}

export interface MlcConfig {
  readonly json: Readonly<Record<string, unknown>>;
  /** As in Hugging Face's config.json, for example `LlamaForCausalLM`. */
  readonly architecture: string;
  /** As in MLC, for example `q4f32_1`. */
  readonly quantization: string;
  readonly vocabSize: number;
  /** Positions that the KV cache is made for. */
  readonly contextLength: number;
  /** Ids that end an answer. */
  readonly endTokens: readonly number[];
}

const architectures: Readonly<Record<string, string>> = { llama: "LlamaForCausalLM", qwen2: "Qwen2ForCausalLM", qwen3: "Qwen3ForCausalLM", gemma: "GemmaForCausalLM", gemma2: "Gemma2ForCausalLM", phi: "PhiForCausalLM", "phi-msft": "PhiForCausalLM", phi3: "Phi3ForCausalLM", mistral: "MistralForCausalLM", stablelm: "StableLmForCausalLM", gpt2: "GPT2LMHeadModel" };

/** @param texts  the folder's texts, by their names in it */
export function readMlcConfig(texts: Texts): MlcConfig {
  const json = parse(texts, configName);
  if (!json) throw new EngineError(`${configName}: expected a JSON object, got something else; load the model again`);
  const model = json["model_config"];
  const count = (name: string): number => {
    const value = json[name] ?? (isRecord(model) ? model[name] : undefined);
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1) {
      throw new EngineError(`${configName}: expected ${name} to be a whole number from 1 up, got ${JSON.stringify(value) ?? "nothing"}; choose a model of attention layers with a fixed context`);
    }
    return value;
  };
  const { quantization, model_type: type } = json;
  if (typeof quantization !== "string") throw new EngineError(`${configName}: expected a quantization such as q4f32_1, got ${JSON.stringify(quantization) ?? "nothing"}; load the model again`);
  const conversation = json["conv_template"];
  const stops: unknown = isRecord(conversation) ? conversation["stop_token_ids"] : undefined;
  const generation = parse(texts, "generation_config.json");
  const ends = [generation?.["eos_token_id"], json["eos_token_id"]].flat().concat(Array.isArray(stops) ? (stops as unknown[]) : []);
  return {
    json,
    architecture: typeof type === "string" ? (architectures[type] ?? type) : "unknown",
    quantization,
    vocabSize: count("vocab_size"),
    contextLength: Math.min(mostContext, count("context_window_size")),
    endTokens: [...new Set(ends.filter((id) => typeof id === "number"))],
  };
}
