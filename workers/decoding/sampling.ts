/** Choosing the next token. */
import { logSoftmax } from "../../probes/lens/softmax.ts";
import type { Random } from "../../probes/random.ts";

/** The likeliest token; of equals the lower id. */
export function greedy(logits: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  return best;
}

/** A token drawn from softmax(logits / temperature), in float64; temperature 0 is greedy. */
export function sample(logits: ArrayLike<number>, temperature: number, random: Random): number {
  if (temperature === 0) return greedy(logits);
  const logprobs = logSoftmax(Float64Array.from(logits, (logit) => logit / temperature));
  let left = random.uniform();
  for (let i = 0; i < logprobs.length; i++) {
    left -= Math.exp(logprobs[i]!);
    if (left < 0) return i;
  }
  // Rounding can leave a rest of 1e-16 or so.
  return greedy(logits);
}
