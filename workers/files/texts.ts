import { EngineError } from "../engine.ts";
import { isRecord } from "./request.ts";

/** Small text files of a model by path: config.json, tokenizer.json and what else there is. */
export type Texts = ReadonlyMap<string, string>;

/** A JSON object among the files; null where there is none. */
export function parse(texts: Texts, path: string): Record<string, unknown> | null {
  const text = texts.get(path);
  if (text === undefined) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : null;
  } catch {
    throw new EngineError(`${path}: expected JSON, got something else; fetch the file again`);
  }
}
