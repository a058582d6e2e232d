/**
 * The same states in another order: what a measure gives where time means
 * nothing. The first state stays, since a path must begin somewhere, and so, if
 * asked, does the last.
 *
 * A measure of the cloud alone (dimension, spectrum) does not change; a path that
 * goes along the cloud becomes many times longer.
 *
 * Where it misleads: shuffled states are further apart than steps are, so against
 * this null any smooth path looks ordered; the random walk of the same step
 * lengths is the sharper one.
 */
import type { Distances } from "../geometry/distances.ts";
import type { Random } from "../random.ts";
import { tensor, type Tensor } from "../tensor.ts";

/** An order of n states, the first in its place, and the last where `keepLast`. */
export function shuffledOrder(n: number, random: Random, keepLast = false): number[] {
  const order = Array.from({ length: n }, (_, i) => i);
  const last = keepLast ? n - 2 : n - 1;
  for (let i = last; i > 1; i--) {
    const j = 1 + random.integer(i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** A path [T, D] through the same states in another order. */
export function shuffledPath(path: Tensor, random: Random, keepLast = false): Tensor {
  const [T = 0, D = 0] = path.shape;
  const out = tensor([T, D]);
  shuffledOrder(T, random, keepLast).forEach((from, to) => out.data.set(path.data.subarray(from * D, (from + 1) * D), to * D));
  return out;
}

/** The same by its distances: no new distance is computed. */
export function shuffledDistances({ n, squares }: Distances, random: Random, keepLast = false): Distances {
  const order = shuffledOrder(n, random, keepLast);
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i * n + j] = squares[order[i]! * n + order[j]!]!;
  return { n, squares: out };
}
