/**
 * Pearson's correlation of two series, in [−1, 1]: 1 for a rising line, −1 for a
 * falling one, about 0 ± 1/√n for independent values.
 *
 * Source: Pearson 1895.
 *
 * Where it misleads: neighbouring steps of a run are not independent, so its
 * usual p-value does not hold; take `permutation.ts` over runs.
 */

/**
 * Pairs of which one is NaN are left out.
 *
 * @returns  NaN for fewer than two pairs, or where one side does not vary
 * @throws   RangeError where the series differ in length
 */
export function correlation(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (x.length !== y.length) throw new RangeError(`correlation: expected two series of one length, got ${x.length} and ${y.length}`);
  let n = 0;
  let meanX = 0;
  let meanY = 0;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]! + y[i]!)) continue;
    n++;
    // Welford's update: a large mean costs no digits.
    const dx = x[i]! - meanX;
    const dy = y[i]! - meanY;
    meanX += dx / n;
    meanY += dy / n;
    xx += dx * (x[i]! - meanX);
    yy += dy * (y[i]! - meanY);
    xy += dx * (y[i]! - meanY);
  }
  return xx > 0 && yy > 0 ? Math.max(-1, Math.min(1, xy / Math.sqrt(xx) / Math.sqrt(yy))) : NaN;
}
