/**
 * Which token a latent thought looks most like: the embedding row at the smallest
 * angle, with its cosine. A thought that is an embedding, at any size, gives that
 * token and 1; a random direction has about √(2 ln V / D) by chance. Unit 1.
 *
 * Source: as a control of latent reasoning arXiv:2604.06374, arXiv:2512.21711.
 *
 * Where it misleads: embeddings share a common direction, so any thought along it
 * is near many rows; give the chance value beside it.
 */
import type { Probe } from "../probe.ts";
import { consecutive } from "../geometry/trajectory.ts";
import type { Tensor } from "../tensor.ts";
import { norm } from "./norm-ratio.ts";

export interface NearestEmbedding {
  /** Row of the embedding matrix; −1 where none has a direction. */
  readonly token: number;
  /** NaN as above. */
  readonly cosine: number;
}

/** [D] against all rows of [V, D], exactly; among equal cosines the lower row. Rows of zeros, and rows with NaN, are left out. */
export function nearestEmbedding(thought: ArrayLike<number>, { shape: [V = 0, D = 0], data }: Tensor): NearestEmbedding {
  const length = norm(thought, 0, D);
  let token = -1;
  let cosine = NaN;
  if (!(length > 0 && length < Infinity)) return { token, cosine };
  for (let v = 0; v < V; v++) {
    const at = v * D;
    let dot = 0;
    let square = 0;
    for (let d = 0; d < D; d++) {
      const e = data[at + d]!;
      dot += thought[d]! * e;
      square += e * e;
    }
    const value = dot / length / Math.sqrt(square);
    if (!Number.isNaN(value) && !(value <= cosine)) {
      token = v;
      cosine = value;
    }
  }
  return { token, cosine: Math.max(-1, Math.min(1, cosine)) };
}

/** The largest cosine that a random direction has with one of V random rows, about: √(2 ln V / D). */
export function expectedNearestCosine(V: number, D: number): number {
  return Math.min(1, Math.sqrt((2 * Math.log(V)) / D));
}

export const nearestCosine: Probe = {
  id: "nearest-cosine",
  name: "nearest embedding, cosine",
  group: "thought",
  kind: "series",
  title: "How near is a thought to a token?",
  unit: "1",
  source: "as a control of latent reasoning arXiv:2604.06374, arXiv:2512.21711",
  formula: "max cos(z, Eᵢ), z the vector that is fed in, i among the 64 tokens that the head ranks highest",
  help: "The cosine of the angle between the vector that is fed back and the embedding nearest to it. 1 is that token, at any size. A random direction gives about √(2 ln V / D) by chance.",
  caveat: "Embeddings share a common direction, so any vector along it is near many of them; and only tokens that the head ranks high are looked at.",
  needs: ["vectors"],
  range: [-1, 1],
  measure(trace, { from }) {
    const values = Float32Array.from(trace.steps.slice(from), ({ nearest }) => nearest?.[0]?.cosine ?? NaN);
    return { kind: "series", steps: consecutive(from, values.length), values };
  },
};
