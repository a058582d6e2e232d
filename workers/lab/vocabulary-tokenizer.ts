import { encoder, type SequenceTask } from "../../probes/tasks/sequence/sequence-task.ts";
import { EngineError, type Tokenizer } from "../engine.ts";

/** A sequence task's words, separated by white space; answers have one word and no end token. */
export function vocabularyTokenizer(task: Pick<SequenceTask, "id" | "vocabulary">): Tokenizer {
  const encode = encoder(task);
  const text = (token: number): string => {
    const word = task.vocabulary[token];
    if (word === undefined) throw new EngineError(`tokenizer: expected a token id of ${task.id} (${task.vocabulary.length} words), got ${token}; use the tokenizer that belongs to the model`);
    return word;
  };
  return {
    endTokens: [],
    text,
    decode: (tokens) => tokens.map(text).join(" "),
    chat: () => null,
    encode(source) {
      try {
        return encode(source.split(/\s+/).filter((word) => word !== ""));
      } catch (error) {
        throw new EngineError((error as Error).message, { cause: error });
      }
    },
  };
}
