/**
 * Between which values a statistic plausibly lies: the percentile bootstrap. The
 * cases are drawn again with replacement, `resamples` times, and the middle 95 %
 * of the statistic is given.
 *
 * For the mean of n cases it is about ± 1.96 s/√n, a little narrow below n = 20.
 *
 * Source: Efron 1979; Efron & Tibshirani 1993.
 *
 * Where it misleads: the cases must be independent. Steps of one run are not:
 * resample problems, not steps.
 */
import type { Random } from "../random.ts";
import { mean } from "./moments.ts";
import { quantile } from "./quantile.ts";

/**
 * @param values     [n] one per independent case; NaN entries are left out
 * @param statistic  of a sample of the same size
 * @returns          [low, high]; [NaN, NaN] without cases; both equal for a single case
 */
export function bootstrapInterval(
  values: ArrayLike<number>,
  random: Random,
  statistic: (sample: Float64Array) => number = mean,
  resamples = 1000,
  level = 0.95,
): readonly [number, number] {
  const cases = Float64Array.from(values).filter((x) => !Number.isNaN(x));
  if (cases.length === 0) return [NaN, NaN];
  const sample = new Float64Array(cases.length);
  const drawn = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < sample.length; i++) sample[i] = cases[random.integer(cases.length)]!;
    drawn[r] = statistic(sample);
  }
  return [quantile(drawn, (1 - level) / 2), quantile(drawn, (1 + level) / 2)];
}
