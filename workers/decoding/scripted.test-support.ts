/**
 * A decoder that writes what a function says, letter by letter, for tests of what
 * is read and graded: its hidden states mean nothing.
 */
import { tensor } from "../../probes/tensor.ts";
import type { Decoder, Forward, Tokenizer } from "../engine.ts";

/** Every token is one letter of ASCII; 0 ends an answer. */
export const letters: Tokenizer = {
  encode: (text) => [...text].map((letter) => letter.charCodeAt(0)),
  decode: (tokens) => String.fromCharCode(...tokens),
  text: (token) => String.fromCharCode(token),
  endTokens: [0],
  chat: () => null,
};

export interface Scripted extends Decoder {
  /** All that has been fed since the last rewind to 0; a vector as "~". */
  readonly heard: string;
}

/**
 * @param say  what the model goes on to write after a text; it is asked anew after each letter, for the first letter, and "" ends
 */
export function scripted(say: (heard: string) => string, chat: Tokenizer["chat"] = () => null): Scripted {
  const vocabSize = 128;
  let heard = "";
  return {
    spec: { id: "scripted", engine: "reference", architecture: "none", layers: 1, hiddenSize: 2, vocabSize, contextLength: 10_000, quantization: "f64", source: "hub", revision: "" },
    tokenizer: { ...letters, chat },
    record: { name: "scripted", runtime: "", device: "cpu", adapter: null },
    embeddingNorm: 1,
    get length() {
      return heard.length;
    },
    get heard() {
      return heard;
    },
    embed: async (tokens) => tensor([tokens.length, 2]),
    forward: async (input): Promise<Forward> => {
      const n = "shape" in input ? input.shape[0]! : input.length;
      heard += "shape" in input ? "~".repeat(n) : letters.decode(input);
      const logits = tensor([n, vocabSize]);
      logits.data[(n - 1) * vocabSize + (say(heard).charCodeAt(0) || 0)] = 9;
      return { logits, residPost: null, finalNorm: tensor([n, 2]) };
    },
    unembed: async (states) => tensor([states.shape[0]!, vocabSize]),
    lens: async (states) => tensor([states.shape[0]!, vocabSize]),
    rewind: async (n) => {
      heard = heard.slice(0, n);
    },
    dispose: async () => undefined,
  };
}
