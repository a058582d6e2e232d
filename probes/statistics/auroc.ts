/**
 * How well a number separates two groups: the probability that a positive case
 * has a larger value than a negative one, ties counting half. 1 separates, ½ is
 * chance, 0 separates the wrong way round. Unit 1.
 *
 * Source: Hanley & McNeil 1982; equal to Mann and Whitney's U / (n₁ n₀).
 *
 * Where it misleads: with a dozen cases in a group ½ ± 0.2 is chance: give
 * `aurocInterval` with it, and never choose the layer by it on the same cases.
 */
import type { Random } from "../random.ts";
import { quantile } from "./quantile.ts";

/** NaN values are left out; NaN where a group is empty. */
export function auroc(positive: ArrayLike<number>, negative: ArrayLike<number>): number {
  const high = Float64Array.from(positive).filter((x) => !Number.isNaN(x));
  const low = Float64Array.from(negative).filter((x) => !Number.isNaN(x)).sort();
  if (high.length === 0 || low.length === 0) return NaN;
  let wins = 0;
  for (const x of high) wins += countBelow(low, x, false) / 2 + countBelow(low, x, true) / 2;
  return wins / high.length / low.length;
}

/** The bootstrap interval of an AUROC, each group drawn again with replacement; [NaN, NaN] where a group is empty. */
export function aurocInterval(positive: ArrayLike<number>, negative: ArrayLike<number>, random: Random, resamples = 1000, level = 0.95): readonly [number, number] {
  const high = Float64Array.from(positive).filter((x) => !Number.isNaN(x));
  const low = Float64Array.from(negative).filter((x) => !Number.isNaN(x));
  if (high.length === 0 || low.length === 0) return [NaN, NaN];
  const values = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) values[r] = auroc(high.map(() => high[random.integer(high.length)]!), low.map(() => low[random.integer(low.length)]!));
  return [quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2)];
}

/** How many of the sorted values are below x, or not above it. */
function countBelow(sorted: Float64Array, x: number, orEqual: boolean): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle]! < x || (orEqual && sorted[middle] === x)) from = middle + 1;
    else to = middle;
  }
  return from;
}
