/**
 * Where a value stands among draws of its null model.
 *
 * The band holds the middle 95 % of the draws. `rank` is the share of draws below the
 * value (ties half), `p` the two-sided chance of a draw as extreme, with the
 * value itself counted as one draw (never 0).
 *
 * Source: Phipson & Smyth 2010 (p of Monte Carlo tests).
 *
 * Where it misleads: a value outside the band says that this null is wrong, not
 * which explanation is right.
 */
import { median, quantile } from "../statistics/quantile.ts";

export interface NullBand {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
  /** In [0, 1]; NaN where the value or every draw is NaN. */
  readonly rank: number;
  /** In (0, 1]; NaN as above. */
  readonly p: number;
  /** Draws that are not NaN. */
  readonly draws: number;
}

export function nullBand(value: number, draws: ArrayLike<number>, level = 0.95): NullBand {
  const defined = Float64Array.from(draws).filter((x) => !Number.isNaN(x));
  const n = defined.length;
  let below = 0;
  let equal = 0;
  for (const x of defined) {
    if (x < value) below++;
    else if (x === value) equal++;
  }
  const known = n > 0 && !Number.isNaN(value);
  const tail = Math.min(below + equal, n - below);
  return {
    low: quantile(defined, (1 - level) / 2),
    middle: median(defined),
    high: quantile(defined, (1 + level) / 2),
    rank: known ? (below + equal / 2) / n : NaN,
    p: known ? Math.min(1, (2 * (1 + tail)) / (1 + n)) : NaN,
    draws: n,
  };
}
