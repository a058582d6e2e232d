/** What a distribution over the vocabulary says, in the words of a trace. */
import { entropy, logSoftmax } from "../../probes/lens/softmax.ts";
import type { TokenLogprob } from "../../probes/trace.ts";
import type { Tokenizer } from "../engine.ts";

/** One prediction, read out. */
export interface Readout {
  /** Ids of the likeliest tokens, best first; of equals the lower id first. */
  readonly ids: readonly number[];
  /** Their log-probabilities, nats. */
  readonly logprobs: readonly number[];
  /** Nats. */
  readonly entropy: number;
  /** Log-probability (nats) of the right answer's first token; null where none is known. */
  readonly answerLogprob: number | null;
}

/** Reads logits [V] out, in float64. */
export function readout(logits: ArrayLike<number>, kept: number, answer: number | null): Readout {
  const logprobs = logSoftmax(logits);
  const ids = largest(logprobs, kept);
  return {
    ids,
    logprobs: ids.map((id) => logprobs[id]!),
    entropy: entropy(logprobs),
    answerLogprob: answer === null ? null : logprobs[answer]!,
  };
}

/** The same with text, for a step. */
export function named({ ids, logprobs }: Readout, tokenizer: Tokenizer): TokenLogprob[] {
  return ids.map((token, i) => ({ token, text: tokenizer.text(token), logprob: logprobs[i]! }));
}

/** Indices of the `kept` largest values, largest first; one pass, since V is large and `kept` small. */
export function largest(values: ArrayLike<number>, kept: number): number[] {
  const ids: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (ids.length === kept && !(kept > 0 && values[i]! > values[ids[kept - 1]!]!)) continue;
    let at = ids.length;
    while (at > 0 && values[i]! > values[ids[at - 1]!]!) at--;
    ids.splice(at, 0, i);
    if (ids.length > kept) ids.pop();
  }
  return ids;
}
