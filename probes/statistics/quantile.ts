/**
 * Quantiles by linear interpolation between the order statistics: the quantile
 * at q stands at position q (n − 1).
 *
 * Source: Hyndman & Fan 1996, type 7 (the default of NumPy and R).
 */

/** The quantile at q in [0, 1]; NaN entries are missing values and left out; NaN where none is left. */
export function quantile(values: ArrayLike<number>, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`quantile: expected q in [0, 1], got ${q}`);
  const sorted = Float64Array.from(values).filter((x) => !Number.isNaN(x)).sort();
  if (sorted.length === 0) return NaN;
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)]!;
  const high = sorted[Math.ceil(at)]!;
  return low === high ? low : low + (high - low) * (at - Math.floor(at));
}

/** The middle value; the mean of the middle two for an even count. */
export function median(values: ArrayLike<number>): number {
  return quantile(values, 0.5);
}
