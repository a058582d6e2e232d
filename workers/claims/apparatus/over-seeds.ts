/** What was measured once per seed, as one number or one line with its 95 % interval. */
import { meanInterval } from "../../../probes/statistics/mean-interval.ts";
import { mean } from "../../../probes/statistics/moments.ts";
import type { Figure, Line, Quantity, SeriesRole } from "../claim.ts";

/** The mean over seeds, with the 95 % interval of the mean; seeds without a value (NaN) are left out. */
export function overSeeds(what: Pick<Quantity, "id" | "label" | "unit" | "reference">, values: readonly number[]): Quantity {
  const n = values.filter((value) => !Number.isNaN(value)).length;
  const [low, high] = meanInterval(values);
  return { ...what, value: mean(values), ...(n > 1 ? { low, high } : {}), n };
}

/** The same for counts, which are no bell curve: the mean alone. */
export function countOverSeeds(what: Pick<Quantity, "id" | "label" | "unit" | "reference">, values: readonly number[]): Quantity {
  const { value, n } = overSeeds(what, values);
  return { ...what, value, ...(n === undefined ? {} : { n }) };
}

/** The same for shares: the interval ends at 0 and 1. */
export function shareOverSeeds(what: Pick<Quantity, "id" | "label" | "unit" | "reference">, values: readonly number[]): Quantity {
  const { low, high, ...rest } = overSeeds(what, values);
  return { ...rest, ...(low === undefined || high === undefined ? {} : { low: Math.max(0, low), high: Math.min(1, high) }) };
}

/** The same for what is positive and spreads by factors, such as ratios and errors: geometric mean, and the interval of the mean logarithm; NaN where a seed's value is not positive. */
export function ratioOverSeeds(what: Pick<Quantity, "id" | "label" | "unit" | "reference">, values: readonly number[]): Quantity {
  const { value, low, high, ...rest } = overSeeds(what, values.map((ratio) => (ratio > 0 ? Math.log(ratio) : NaN)));
  if (!values.every((ratio) => ratio > 0)) return { ...what, value: NaN, n: values.length };
  return { ...rest, value: Math.exp(value), ...(low === undefined || high === undefined ? {} : { low: Math.exp(low), high: Math.exp(high) }) };
}

/**
 * The mean line over seeds, with the 95 % interval of the mean at each x.
 *
 * @param perSeed  y of each seed, over the same x
 * @throws RangeError where a seed's line is of another length
 */
export function lineOverSeeds(name: string, x: readonly number[], perSeed: readonly (readonly number[])[], role: SeriesRole = "measured"): Line {
  for (const y of perSeed) if (y.length !== x.length) throw new RangeError(`lineOverSeeds: expected ${x.length} values for each seed, got ${y.length}`);
  const at = x.map((_, i) => perSeed.map((y) => y[i]!));
  const intervals = at.map((values) => meanInterval(values));
  return { name, role, x, y: at.map((values) => mean(values)), ...(perSeed.length > 1 ? { low: intervals.map(([low]) => low), high: intervals.map(([, high]) => high) } : {}) };
}

/** The same for shares: no value is below 0 or above 1, and the interval ends there. */
export function shareLineOverSeeds(name: string, x: readonly number[], perSeed: readonly (readonly number[])[], role: SeriesRole = "measured"): Line {
  const line = lineOverSeeds(name, x, perSeed, role);
  return { ...line, ...sharesOf(line) };
}

/** The same on a logarithmic axis: geometric mean, and the interval of the mean logarithm; a gap where a seed's value is not positive. */
export function ratioLineOverSeeds(name: string, x: readonly number[], perSeed: readonly (readonly number[])[], role: SeriesRole = "measured"): Line {
  const logs = perSeed.map((line) => line.map((_, i) => (perSeed.every((other) => other[i]! > 0) ? Math.log(line[i]!) : NaN)));
  const { y, low, high } = lineOverSeeds(name, x, logs);
  return { name, role, x, y: y.map(Math.exp), ...(low && high ? { low: low.map(Math.exp), high: high.map(Math.exp) } : {}) };
}

/** A bar for each category, its mean over seeds, with the 95 % interval of the mean where there are two seeds or more. */
export function barOverSeeds(name: string, perCategory: readonly (readonly number[])[]): Extract<Figure, { kind: "bars" }>["bars"][number] {
  const intervals = perCategory.map((values) => meanInterval(values));
  const known = intervals.every(([low]) => !Number.isNaN(low));
  return { name, role: "measured", values: perCategory.map((values) => mean(values)), ...(known ? { low: intervals.map(([low]) => low), high: intervals.map(([, high]) => high) } : {}) };
}

/** The same for shares: no interval goes below 0 or above 1. */
export function shareBarOverSeeds(name: string, perCategory: readonly (readonly number[])[]): Extract<Figure, { kind: "bars" }>["bars"][number] {
  const bar = barOverSeeds(name, perCategory);
  return { ...bar, ...sharesOf(bar) };
}

function sharesOf({ low, high }: { readonly low?: readonly number[]; readonly high?: readonly number[] }): { low?: number[]; high?: number[] } {
  return low && high ? { low: low.map((value) => Math.max(0, value)), high: high.map((value) => Math.min(1, value)) } : {};
}
