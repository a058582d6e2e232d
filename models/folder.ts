/** A Hugging Face folder on disk, read and checked. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError } from "../workers/engine.ts";
import { readLlama } from "../workers/llama.ts";
import type { LlamaModel } from "../workers/llama.ts";

export interface HuggingFaceFolder {
  readonly model: LlamaModel;
  /** config.json, parsed. */
  readonly config: Record<string, unknown>;
  /** The small files that every target keeps as they are, by name. */
  readonly copies: ReadonlyMap<string, Uint8Array>;
}

const needed = ["config.json", "tokenizer.json"];
const optional = ["tokenizer_config.json", "generation_config.json", "special_tokens_map.json", "chat_template.jinja"];

/** The file, or null where there is none. */
async function readIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw new EngineError(`${path}: expected a file, got ${(error as Error).message}; check the path`);
  }
}

async function read(folder: string, name: string): Promise<Uint8Array> {
  const bytes = await readIfThere(join(folder, name));
  if (!bytes) throw new EngineError(`${folder}: expected ${name}, got no such file; give the folder of a Hugging Face model`);
  return bytes;
}

function parse(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw new EngineError(`${name}: expected JSON, got ${(error as Error).message}; download the file again`);
  }
}

/** model.safetensors, or the shards that model.safetensors.index.json lists. */
async function readWeights(folder: string): Promise<Uint8Array[]> {
  const indexName = "model.safetensors.index.json";
  const whole = await readIfThere(join(folder, "model.safetensors"));
  if (whole) return [whole];
  const index = await readIfThere(join(folder, indexName));
  if (!index) throw new EngineError(`${folder}: expected model.safetensors or ${indexName}, got neither; give the folder of a Hugging Face model`);
  const map = (parse(indexName, index) as { weight_map?: unknown } | null)?.weight_map;
  const shards = typeof map === "object" && map !== null ? [...new Set(Object.values(map) as unknown[])] : [];
  if (shards.length === 0 || !shards.every((name) => typeof name === "string" && /^[\w.-]+$/.test(name))) {
    throw new EngineError(`${indexName}: expected a weight_map to file names, got ${JSON.stringify(map) ?? "none"}; download the file again`);
  }
  return Promise.all(shards.map((name) => read(folder, name as string)));
}

/**
 * Reads the folder of a Llama-type model.
 *
 * @throws EngineError where a file is missing or damaged, or the model is of another kind
 */
export async function readFolder(folder: string): Promise<HuggingFaceFolder> {
  const copies = new Map<string, Uint8Array>();
  for (const name of needed) copies.set(name, await read(folder, name));
  for (const name of optional) {
    const bytes = await readIfThere(join(folder, name));
    if (bytes) copies.set(name, bytes);
  }
  const config = parse("config.json", copies.get("config.json")!);
  const model = readLlama({ config, safetensors: await readWeights(folder) });
  return { model, config: config as Record<string, unknown>, copies };
}
