/**
 * How large a difference is, in standard deviations.
 *
 * - two groups: d = (m₁ − m₂) / s, s the pooled standard deviation (Cohen)
 * - g = d · (1 − 3 / (4 (n₁ + n₂) − 9)), without d's bias in small samples (Hedges)
 * - pairs: d_z = mean / standard deviation of the differences
 *
 * Two normal groups whose means lie one standard deviation apart give 1. Unit 1.
 *
 * Source: Cohen 1988; Hedges 1981; Lakens 2013 (doi 10.3389/fpsyg.2013.00863).
 *
 * Where it misleads: d_z grows with the correlation within pairs and must not be
 * compared with d; "small, medium, large" are conventions of another field.
 */
import { mean, variance } from "./moments.ts";

/** NaN entries are left out; NaN for fewer than two cases in a group, or without variance. */
export function cohensD(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [n, m] = [count(a), count(b)];
  const pooled = ((n - 1) * variance(a) + (m - 1) * variance(b)) / (n + m - 2);
  return pooled > 0 ? (mean(a) - mean(b)) / Math.sqrt(pooled) : NaN;
}

/** Cohen's d without its bias in small samples. */
export function hedgesG(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return cohensD(a, b) * (1 - 3 / (4 * (count(a) + count(b)) - 9));
}

/** d_z of paired differences; NaN for fewer than two, or where they do not vary. */
export function pairedEffectSize(differences: ArrayLike<number>): number {
  const spread = variance(differences);
  return spread > 0 ? mean(differences) / Math.sqrt(spread) : NaN;
}

function count(values: ArrayLike<number>): number {
  let n = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) n++;
  return n;
}
