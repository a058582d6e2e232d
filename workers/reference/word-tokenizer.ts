/**
 * The simplest of tokenizers: words, separated by white space, each with an id
 * of its own. Reads a tokenizer.json with model WordLevel and pre-tokenizer
 * WhitespaceSplit, as `models/nano` has it.
 */
import { EngineError } from "../engine.ts";
import type { Tokenizer } from "../engine.ts";

/**
 * @param file       tokenizer.json, parsed
 * @param endTokens  ids that end a generated answer
 * @throws EngineError where the tokenizer is of another kind
 */
export function wordTokenizer(file: unknown, endTokens: readonly number[]): Tokenizer {
  const vocabulary = readVocabulary(file);
  const words = new Map([...vocabulary].map(([word, id]) => [id, word]));
  const text = (token: number): string => {
    const word = words.get(token);
    if (word === undefined) throw new EngineError(`tokenizer: expected a token id of the vocabulary (${words.size} words), got ${token}; use the tokenizer that belongs to the model`);
    return word;
  };
  return {
    endTokens,
    text,
    encode: (source) =>
      source.split(/\s+/).filter((word) => word !== "").map((word) => {
        const id = vocabulary.get(word);
        if (id === undefined) throw new EngineError(`tokenizer: expected words of the vocabulary, got ${JSON.stringify(word)}; write tokens such as ${[...vocabulary.keys()].slice(0, 3).join(" ")}, separated by spaces`);
        return id;
      }),
    decode: (tokens) => tokens.map(text).join(" "),
    chat: () => null,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readVocabulary(file: unknown): Map<string, number> {
  const model = isRecord(file) && isRecord(file["model"]) ? file["model"] : {};
  const splitter = isRecord(file) && isRecord(file["pre_tokenizer"]) ? file["pre_tokenizer"]["type"] : null;
  const { type, vocab } = model;
  if (type !== "WordLevel" || splitter !== "WhitespaceSplit" || !isRecord(vocab)) {
    throw new EngineError(`tokenizer.json: expected a WordLevel model split at white space, got ${String(type)} split by ${String(splitter)}; use the tokenizer of transformers.js`);
  }
  return new Map(
    Object.entries(vocab).map(([word, id]) => {
      if (typeof id !== "number" || !Number.isSafeInteger(id) || id < 0) throw new EngineError(`tokenizer.json: expected an id for ${word}, got ${JSON.stringify(id)}; write the file again`);
      return [word, id];
    }),
  );
}
