/**
 * The models that WebLLM has libraries for, and which of them run here.
 *
 * The list is WebLLM's own (`catalogue.json`, written by tools/catalogue.ts).
 * What it does not say is told here from the model's name: whether it needs
 * 16-bit floats (WebLLM declares that for 30 of its 86 such models), what kind
 * of network it is, its largest tensor, and its licence.
 */
import type { AdapterLimits } from "./adapter-limits.ts";
import file from "./catalogue.json";

/** A model as catalogue.json has it. */
export interface CatalogueRow {
  /** WebLLM's `model_id`. */
  readonly id: string;
  /** On the hub. */
  readonly repository: string;
  /** File name of its stock library. */
  readonly library: string;
  /** What the model takes of the GPU's memory at this context length, as WebLLM measured it. */
  readonly memoryMB: number;
  /** Positions, where WebLLM changes what the model's own configuration says. */
  readonly contextLength: number | null;
  /** The largest binding that the library needs, where WebLLM says it; bytes. */
  readonly bufferBytes: number | null;
  readonly kind: "language" | "embedding" | "vision";
  /** Its files are listed in an artifact manifest, a form that WebLLM runs through other functions. */
  readonly manifest: boolean;
}

export interface CatalogueFile {
  readonly webllm: string;
  /** The address that all libraries begin with. */
  readonly libraries: string;
  readonly models: readonly CatalogueRow[];
}

export interface CatalogueEntry extends CatalogueRow {
  readonly libraryUrl: string;
  /** For example `q4f32_1`. */
  readonly quantization: string;
  /** Computes in 16-bit floats, which not every GPU can. */
  readonly needsF16: boolean;
  /** For example `Qwen2.5`. */
  readonly family: string;
  /** MLC's `model_type`; null for those that we do not know. */
  readonly architecture: string | null;
  /**
   * The licence of the original model, for a first idea: the model card decides, and is asked when the
   * model is chosen (`modelSize`). null where we do not know.
   */
  readonly licence: string | null;
  /** We have read the licence where it is published; otherwise it is told from memory. */
  readonly licenceChecked: boolean;
  /** Our own library runs it: every layer can be read, without code of others. */
  readonly ownLibrary: boolean;
  /** Offered first: small, of a family that our library runs, and instruct models, for which the tasks in plain English are written. Not tried: see the README. */
  readonly favourite: boolean;
  /** The largest binding that it needs, bytes: declared, or that of its embedding; null where not known. */
  readonly largestBytes: number | null;
}

export const webllmRelease = file.webllm;

interface Family {
  /** Of the model's id; the first that fits counts. */
  readonly pattern: RegExp;
  readonly name: string;
  readonly architecture: string | null;
  readonly licence: string | null;
  readonly checked?: true;
  /** Shape of the embedding, [vocabulary, hidden size], by what the id says of the size. */
  readonly embedding?: Readonly<Record<string, readonly [number, number]>>;
}

const qwenVocabulary = 151_936;
const llama3Vocabulary = 128_256;

/** Licences and shapes of the original models, as their cards and configurations give them. */
const families: readonly Family[] = [
  { pattern: /^SmolLM2-/, name: "SmolLM2", architecture: "llama", licence: "Apache 2.0", embedding: { "135M": [49_152, 576], "360M": [49_152, 960], "1.7B": [49_152, 2048] } },
  { pattern: /^TinyLlama-/, name: "TinyLlama", architecture: "llama", licence: "Apache 2.0", embedding: { "1.1B": [32_000, 2048] } },
  { pattern: /^Hermes-.*Llama-3\.2/, name: "Hermes", architecture: "llama", licence: "Llama 3 Community", embedding: { "3B": [llama3Vocabulary, 3072] } },
  { pattern: /^Hermes-.*Llama-3/, name: "Hermes", architecture: "llama", licence: "Llama 3 Community", embedding: { "8B": [llama3Vocabulary, 4096] } },
  { pattern: /^Hermes-.*Mistral/, name: "Hermes", architecture: "mistral", licence: "Apache 2.0", embedding: { "7B": [32_032, 4096] } },
  { pattern: /^DeepSeek-R1-Distill-Llama/, name: "DeepSeek R1 Distill", architecture: "llama", licence: "MIT, Llama 3.1 Community", embedding: { "8B": [llama3Vocabulary, 4096] } },
  { pattern: /^DeepSeek-R1-Distill-Qwen/, name: "DeepSeek R1 Distill", architecture: "qwen2", licence: "MIT", embedding: { "7B": [152_064, 3584] } },
  { pattern: /^Llama-3\.2/, name: "Llama 3.2", architecture: "llama", licence: "Llama 3.2 Community", embedding: { "1B": [llama3Vocabulary, 2048], "3B": [llama3Vocabulary, 3072] } },
  { pattern: /^Llama-3\.1/, name: "Llama 3.1", architecture: "llama", licence: "Llama 3.1 Community", embedding: { "8B": [llama3Vocabulary, 4096], "70B": [llama3Vocabulary, 8192] } },
  { pattern: /^Llama-3-/, name: "Llama 3", architecture: "llama", licence: "Meta Llama 3 Community", embedding: { "8B": [llama3Vocabulary, 4096], "70B": [llama3Vocabulary, 8192] } },
  { pattern: /^Llama-2-/, name: "Llama 2", architecture: "llama", licence: "Llama 2 Community", embedding: { "7b": [32_000, 4096], "13b": [32_000, 5120] } },
  { pattern: /^Qwen2\.5-(Coder-)?3B/, name: "Qwen2.5", architecture: "qwen2", licence: "Qwen Research", embedding: { "3B": [qwenVocabulary, 2048] } },
  { pattern: /^Qwen2\.5-0\.5B/, name: "Qwen2.5", architecture: "qwen2", licence: "Apache 2.0", checked: true, embedding: { "0.5B": [qwenVocabulary, 896] } },
  { pattern: /^Qwen2\.5-/, name: "Qwen2.5", architecture: "qwen2", licence: "Apache 2.0", embedding: { "0.5B": [qwenVocabulary, 896], "1.5B": [qwenVocabulary, 1536], "7B": [152_064, 3584] } },
  { pattern: /^Qwen2-/, name: "Qwen2", architecture: "qwen2", licence: "Apache 2.0", embedding: { "0.5B": [qwenVocabulary, 896], "1.5B": [qwenVocabulary, 1536], "7B": [152_064, 3584] } },
  { pattern: /^Qwen3\.5-/, name: "Qwen3.5", architecture: "qwen3_5", licence: "Apache 2.0" },
  { pattern: /^Qwen3-/, name: "Qwen3", architecture: "qwen3", licence: "Apache 2.0", embedding: { "0.6B": [qwenVocabulary, 1024], "1.7B": [qwenVocabulary, 2048], "4B": [qwenVocabulary, 2560], "8B": [qwenVocabulary, 4096] } },
  { pattern: /^gemma-4/, name: "Gemma 4", architecture: "gemma4", licence: "Apache 2.0", checked: true, embedding: { E2B: [262_144, 1536] } },
  { pattern: /^gemma3-/, name: "Gemma 3", architecture: "gemma3_text", licence: "Gemma Terms of Use", checked: true, embedding: { "1b": [262_144, 1152] } },
  { pattern: /^gemma-2-/, name: "Gemma 2", architecture: "gemma2", licence: "Gemma Terms of Use", checked: true, embedding: { "2b": [256_000, 2304], "9b": [256_000, 3584] } },
  { pattern: /^gemma-2b/, name: "Gemma", architecture: "gemma", licence: "Gemma Terms of Use", checked: true, embedding: { "2b": [256_000, 2048] } },
  { pattern: /^Phi-3\.5/, name: "Phi 3.5", architecture: "phi3", licence: "MIT", embedding: { mini: [32_064, 3072] } },
  { pattern: /^Phi-3/, name: "Phi 3", architecture: "phi3", licence: "MIT", embedding: { mini: [32_064, 3072] } },
  { pattern: /^Phi-4-mini/, name: "Phi 4", architecture: "phi3", licence: "MIT", embedding: { mini: [200_064, 3072] } },
  { pattern: /^phi-2/, name: "Phi 2", architecture: "phi", licence: "MIT", embedding: { "2": [51_200, 2560] } },
  { pattern: /^phi-1_5/, name: "Phi 1.5", architecture: "phi", licence: "MIT", embedding: { "1_5": [51_200, 2048] } },
  { pattern: /^(?:Mistral-7B|OpenHermes|NeuralHermes)/, name: "Mistral", architecture: "mistral", licence: "Apache 2.0", embedding: { "7B": [32_768, 4096] } },
  { pattern: /^WizardMath-7B/, name: "Mistral", architecture: "mistral", licence: null, embedding: { "7B": [32_002, 4096] } },
  { pattern: /^Ministral-3/, name: "Ministral 3", architecture: "ministral3", licence: "Apache 2.0" },
  { pattern: /^OLMo-2/, name: "OLMo 2", architecture: "olmo2", licence: "Apache 2.0", embedding: { "1B": [100_352, 2048], "7B": [100_352, 4096] } },
  { pattern: /^stablelm-2/, name: "StableLM 2", architecture: "stablelm", licence: "Stability AI, non-commercial", embedding: { "1_6b": [100_352, 2048] } },
  { pattern: /^RedPajama/, name: "RedPajama", architecture: "gpt_neox", licence: "Apache 2.0", embedding: { "3B": [50_432, 2560] } },
];

/** As in workers/webllm/library: what our own library runs. */
const ownArchitectures: readonly string[] = ["llama", "qwen2", "qwen3"];
/** MLC's layouts of weights that our own library reads. */
export const ownQuantizations: readonly string[] = ["q0f32", "q0f16", "q4f32_1", "q4f16_1"];

/** Bits of an embedding's number in each quantization; 4-bit scales lie in a tensor of their own. */
const weightBits: Readonly<Record<string, number>> = { q0f32: 32, q0f16: 16, q4f32_1: 4, q4f16_1: 4 };

const favourites = /^(?:SmolLM2-360M-Instruct|Qwen2\.5-0\.5B-Instruct|Llama-3\.2-1B-Instruct|Qwen3-0\.6B)-q4f(?:32|16)_1-MLC$/;

/** WebLLM's whole list, in its order. */
export const catalogue: readonly CatalogueEntry[] = (file as CatalogueFile).models.map(describe);

function describe(row: CatalogueRow): CatalogueEntry {
  const family = familyOf(row.id);
  const quantization = quantizationOf(row.id);
  const architecture = family?.architecture ?? null;
  return {
    ...row,
    libraryUrl: file.libraries + row.library,
    quantization,
    needsF16: /^q\d+f16/.test(quantization),
    family: family?.name ?? row.id,
    architecture,
    licence: family?.licence ?? null,
    licenceChecked: family?.checked ?? false,
    ownLibrary: architecture !== null && ownArchitectures.includes(architecture) && ownQuantizations.includes(quantization),
    favourite: favourites.test(row.id),
    largestBytes: row.bufferBytes ?? embeddingBytes(row.id),
  };
}

function familyOf(id: string): Family | undefined {
  return families.find(({ pattern }) => pattern.test(id));
}

function quantizationOf(id: string): string {
  return /-(q\d+f\d+(?:_\d+)?)(?:-|$)/.exec(id)?.[1] ?? "";
}

/** Bytes of the embedding, in most models the largest tensor; null where its shape is not known. */
export function embeddingBytes(id: string): number | null {
  const bits = weightBits[quantizationOf(id)];
  const shape = Object.entries(familyOf(id)?.embedding ?? {}).find(([size]) => new RegExp(`[-_]${size.replace(".", "\\.")}(?:-|$)`).test(id))?.[1];
  return bits === undefined || shape === undefined ? null : (shape[0] * shape[1] * bits) / 8;
}

export interface LeftOut {
  readonly entry: CatalogueEntry;
  /** A clause for the page, for example `needs shader-f16, which this GPU lacks`. */
  readonly reason: string;
}

export interface Runnable {
  /** Smallest first. */
  readonly entries: readonly CatalogueEntry[];
  /** Smallest first. */
  readonly leftOut: readonly LeftOut[];
}

/**
 * Which models run here, and why the others do not.
 *
 * @param adapter  null where there is no WebGPU
 */
export function runnable(entries: readonly CatalogueEntry[], adapter: AdapterLimits | null): Runnable {
  const sorted = [...entries].sort((a, b) => a.memoryMB - b.memoryMB);
  const judged = sorted.map((entry) => ({ entry, reason: reasonTwice(entry, entries) ?? reasonNot(entry, adapter) }));
  return {
    entries: judged.filter(({ reason }) => reason === null).map(({ entry }) => entry),
    leftOut: judged.flatMap(({ entry, reason }) => (reason === null ? [] : [{ entry, reason }])),
  };
}

/** WebLLM lists some models twice, with a short and a longer context; the download and the library are the same. */
function reasonTwice(entry: CatalogueEntry, entries: readonly CatalogueEntry[]): string | null {
  const longer = entries.find(({ repository, contextLength }) => repository === entry.repository && (contextLength ?? 0) > (entry.contextLength ?? 0));
  return longer ? `is the same download as ${longer.id}, with room for fewer tokens` : null;
}

/** What WebLLM asks every adapter for (tvmjs, `detectGPUDevice`). */
const workgroupStorage = 32 * 2 ** 10;
const storageBuffers = 10;

function reasonNot(entry: CatalogueEntry, adapter: AdapterLimits | null): string | null {
  if (entry.kind === "embedding") return "gives embeddings, and generates no text";
  if (entry.kind === "vision") return "reads pictures, which the probe does not show";
  // Known to be out of the tap's reach: their states are not a sequence of residual vectors in one attention cache, or lie behind other functions.
  if (entry.architecture === "qwen3_5") return "has recurrent layers, whose states the probe cannot read yet";
  if (entry.architecture === "olmo2") return "has norms behind its blocks and none before, where the probe reads";
  if (entry.manifest) return "comes in a form of library that the probe cannot read yet";
  if (adapter === null) return "needs WebGPU, which this browser does not offer";
  if (adapter.maxComputeWorkgroupStorageSize < workgroupStorage) return `needs ${workgroupStorage} bytes of workgroup memory, this GPU offers ${adapter.maxComputeWorkgroupStorageSize}`;
  if (adapter.maxStorageBuffersPerShaderStage < storageBuffers) return `needs ${storageBuffers} buffers in a kernel, this GPU offers ${adapter.maxStorageBuffersPerShaderStage}`;
  if (entry.needsF16 && !adapter.shaderF16) return "needs 16-bit floats (shader-f16), which this GPU lacks";
  const { largestBytes, memoryMB } = entry;
  const buffer = usableBytes(adapter);
  if (largestBytes !== null && largestBytes > buffer) return `needs a tensor of ${mebibytes(largestBytes)} MiB, WebLLM can use ${mebibytes(buffer)} MiB on this GPU`;
  if (adapter.memoryMB !== null && memoryMB > adapter.memoryMB) return `needs ${Math.round(memoryMB)} MB of memory, this machine has ${adapter.memoryMB}`;
  return null;
}

/** The largest tensor that WebLLM can bind: it asks for 1 GiB, or else for WebGPU's own minimum (tvmjs, `detectGPUDevice`). */
export function usableBytes({ maxBufferSize, maxStorageBufferBindingSize }: Pick<AdapterLimits, "maxBufferSize" | "maxStorageBufferBindingSize">): number {
  const gibibyte = 2 ** 30;
  const binding = maxStorageBufferBindingSize >= gibibyte ? gibibyte : 2 ** 27;
  const buffer = maxBufferSize >= gibibyte ? gibibyte : 2 ** 28;
  return Math.min(binding, buffer);
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

/** The entry of a model, by WebLLM's id or by its repository, with or without owner; null for none. */
export function findEntry(name: string): CatalogueEntry | null {
  return catalogue.find(({ id }) => id === name) ?? catalogue.find(({ repository }) => repository === name || repository.endsWith(`/${name}`)) ?? null;
}
