/** What config.json and generation_config.json say about a decoder. */
import { EngineError } from "../engine.ts";
import { isRecord } from "../files/request.ts";
import { type Texts, parse } from "../files/texts.ts";

export interface ModelConfig {
  readonly json: Readonly<Record<string, unknown>>;
  /** As in config.json, for example `llama`. */
  readonly modelType: string;
  readonly architecture: string;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly vocabSize: number;
  readonly contextLength: number;
  /** Ids that end an answer. */
  readonly endTokens: readonly number[];
}

export function readConfig(texts: Texts): ModelConfig {
  const json = parse(texts, "config.json");
  if (!json) throw new EngineError("config.json: expected a JSON object, got something else; fetch the file again");
  // Models that also see or hear keep their language model's sizes one level down.
  const inner = json["text_config"];
  const sizes = isRecord(inner) && typeof json["hidden_size"] !== "number" ? inner : json;
  const count = (...names: string[]): number => {
    const value = names.map((name) => sizes[name]).find((candidate) => typeof candidate === "number");
    if (typeof value !== "number" || !Number.isInteger(value) || value < 1) {
      throw new EngineError(`config.json: expected ${names[0]} to be a whole number from 1 up, got ${JSON.stringify(value) ?? "nothing"}; choose a decoder-only language model`);
    }
    return value;
  };
  const [architecture] = Array.isArray(json["architectures"]) ? (json["architectures"] as unknown[]) : [];
  const generation = parse(texts, "generation_config.json");
  const ends = [generation?.["eos_token_id"], sizes["eos_token_id"], json["eos_token_id"]].find((value) => value !== undefined && value !== null);
  return {
    json,
    modelType: typeof json["model_type"] === "string" ? json["model_type"] : "",
    architecture: typeof architecture === "string" ? architecture : "unknown",
    layers: count("num_hidden_layers", "n_layer", "num_layers", "n_layers"),
    hiddenSize: count("hidden_size", "n_embd", "d_model"),
    vocabSize: count("vocab_size"),
    contextLength: count("max_position_embeddings", "n_positions", "max_sequence_length", "seq_length"),
    endTokens: (Array.isArray(ends) ? (ends as unknown[]) : [ends]).filter((id) => typeof id === "number"),
  };
}
