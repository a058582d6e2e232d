/**
 * How large a latent thought is beside what the model is used to: ‖z‖ over the mean
 * norm of the embedding rows. 1 for a typical embedding; a raw hidden state of a
 * model not trained to have it fed back is usually far more. Unit 1.
 *
 * Source: the rescaling of LatentMAS, arXiv:2511.20639.
 *
 * Where it misleads: a model whose first block normalises its input sees the
 * direction only, yet the residual stream keeps the size. Gemma multiplies
 * embeddings by √D first.
 */
import type { Tensor } from "../tensor.ts";

/** Mean norm of the rows of [V, D]; NaN without rows. */
export function meanRowNorm({ shape: [V = 0, D = 0], data }: Tensor): number {
  let sum = 0;
  for (let v = 0; v < V; v++) sum += norm(data, v * D, D);
  return V > 0 ? sum / V : NaN;
}

/** [D] against embeddings [V, D]; NaN where the rows have no norm. */
export function normRatio(thought: ArrayLike<number>, embeddings: Tensor): number {
  const mean = meanRowNorm(embeddings);
  return mean > 0 ? norm(thought, 0, thought.length) / mean : NaN;
}

/** Norm of `length` numbers from `at` on. */
export function norm(x: ArrayLike<number>, at: number, length: number): number {
  let square = 0;
  for (let d = at; d < at + length; d++) square += x[d]! * x[d]!;
  return Math.sqrt(square);
}
