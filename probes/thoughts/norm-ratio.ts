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
import type { Probe } from "../probe.ts";
import { consecutive } from "../geometry/trajectory.ts";
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

export const normRatioProbe: Probe = {
  id: "norm-ratio",
  name: "norm over an embedding’s",
  group: "thought",
  kind: "series",
  title: "How large is a thought, beside an embedding?",
  unit: "1",
  source: "the rescaling of LatentMAS, arXiv:2511.20639",
  formula: "‖z‖ / mean ‖Eᵢ‖, z the vector that is fed in",
  help: "The size of the vector that is fed back, over the mean size of a token’s embedding. 1 is a size that the model is used to. A raw hidden state of a model that never learnt to read one is often many times larger.",
  caveat: "A first block that normalises its input sees the direction only, yet the residual stream keeps the size. It says nothing of direction.",
  needs: ["vectors"],
  range: [0, null],
  measure(trace, { from }) {
    const values = Float32Array.from(trace.steps.slice(from), ({ normRatio: ratio }) => ratio ?? NaN);
    return { kind: "series", steps: consecutive(from, values.length), values };
  },
};
