/**
 * What is left of a measure once its dependence on another is taken out: the
 * residuals of the least-squares line of y on x. For a measure that depends on
 * length, give log measure and log length over all runs of all modes, then
 * compare the modes by their residuals.
 *
 * Values on a line give 0; the residuals of any data have mean 0 and no
 * correlation with x. Unit that of y.
 *
 * Source: ordinary least squares (Gauss 1809; Legendre 1805).
 *
 * Where it misleads: where modes hardly overlap in x, the line takes the
 * difference between modes out as well; match lengths instead.
 */

export interface Line {
  readonly slope: number;
  readonly intercept: number;
}

/** The least-squares line; pairs of which one is not finite are left out; NaN for fewer than two, or where x does not vary. */
export function leastSquares(x: ArrayLike<number>, y: ArrayLike<number>): Line {
  if (x.length !== y.length) throw new RangeError(`leastSquares: expected two series of one length, got ${x.length} and ${y.length}`);
  let n = 0;
  let meanX = 0;
  let meanY = 0;
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < x.length; i++) {
    if (!Number.isFinite(x[i]! + y[i]!)) continue;
    n++;
    const dx = x[i]! - meanX;
    meanX += dx / n;
    meanY += (y[i]! - meanY) / n;
    xx += dx * (x[i]! - meanX);
    xy += dx * (y[i]! - meanY);
  }
  if (!(xx > 0)) return { slope: NaN, intercept: NaN };
  return { slope: xy / xx, intercept: meanY - (xy / xx) * meanX };
}

/** [n] y less the line of y on x; NaN where a pair is not finite; where x does not vary, y less its mean. */
export function residuals(x: ArrayLike<number>, y: ArrayLike<number>): Float64Array<ArrayBuffer> {
  const { slope, intercept } = leastSquares(x, y);
  const defined = (i: number): boolean => Number.isFinite(x[i]! + y[i]!);
  let sum = 0;
  let count = 0;
  for (let i = 0; i < y.length; i++) {
    if (!defined(i)) continue;
    sum += y[i]!;
    count++;
  }
  return Float64Array.from({ length: y.length }, (_, i) => {
    if (!defined(i)) return NaN;
    return Number.isNaN(slope) ? y[i]! - sum / count : y[i]! - intercept - slope * x[i]!;
  });
}
