/**
 * Intrinsic dimension from the two nearest neighbours of each point (TwoNN).
 *
 * With μ = r₂/r₁ the ratio of the distances to the second and first neighbour,
 * F(μ) = 1 − μ^(−d) whatever the density. `fit` is the slope through the origin
 * of −log(1 − F) on log μ without the largest tenth of μ; `mle` is
 * (n − 1) / Σ log μ, over all points.
 *
 * With 2,000 points: a circle 1.0, a sphere in three dimensions 2.0 to 2.2, S⁵ 4.8,
 * S¹⁰ 9.8, S²⁰ 16.6 (biased low), a cube of five dimensions 4.65, of ten 8.2, a
 * normal cloud of five dimensions 5.0, also inside 64.
 *
 * Source: Facco et al. 2017, arXiv:1803.06992.
 *
 * Where it misleads: see `dimensionCaveat`. It looks at the smallest scale, where
 * noise lives; consecutive states of one run are neighbours by time.
 */
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import { among, distancesOf, distinctPoints, neighboursWithin, type Points } from "./distances.ts";

/** The banner beside every intrinsic dimension. */
export const dimensionCaveat =
  "Estimators of intrinsic dimension are biased low in high dimensions and do not track the true dimension of representations (arXiv:2604.20276): compare clouds of equal size, and do not read the number as a dimension.";

export interface TwoNn {
  /** The slope of the fit; NaN for fewer than three different points or where no ratio differs from 1. */
  readonly fit: number;
  /** The estimate of maximum likelihood; NaN as above. */
  readonly mle: number;
  /** Points that counted: finite, equal ones once. */
  readonly used: number;
}

/**
 * @param points   [n, D], or their distances; rows that are not finite are left out, equal rows count once
 * @param discard  share of the largest ratios that the fit leaves out
 */
export function twoNn(points: Points, discard = 0.1): TwoNn {
  const distances = distancesOf(points);
  const { n, squares } = among(distances, distinctPoints(distances));
  if (n < 3) return { fit: NaN, mle: NaN, used: n };
  const near = neighboursWithin({ n, squares }, 2);
  const logs = new Float64Array(n);
  let sum = 0;
  for (let i = 0; i < n; i++) {
    // Half the logarithm of the ratio of squares.
    logs[i] = Math.log(squares[i * n + near[2 * i + 1]!]! / squares[i * n + near[2 * i]!]!) / 2;
    sum += logs[i]!;
  }
  logs.sort();
  let xy = 0;
  let xx = 0;
  for (let i = 0; i < Math.floor(n * (1 - discard)); i++) {
    xy -= logs[i]! * Math.log(1 - (i + 1) / n);
    xx += logs[i]! * logs[i]!;
  }
  return { fit: xx > 0 ? xy / xx : NaN, mle: sum > 0 ? (n - 1) / sum : NaN, used: n };
}

export const twoNnProbe: ProfileProbe = profileProbe({
  id: "two-nn",
  name: "dimension (TwoNN)",
  group: "cloud",
  title: "How many dimensions nearby (TwoNN)?",
  unit: "1",
  source: "Facco et al. 2017, arXiv:1803.06992",
  formula: "slope of −log(1 − F) on log μ, μ = r₂/r₁",
  help: "An estimate of how many independent directions the states spread in, seen from each state’s two nearest. A curve has 1, a surface 2. It looks at the smallest scale, where noise lives.",
  caveat: `${dimensionCaveat} The states of one run are neighbours by time.`,
  range: [0, null],
  length: "A dozen states cannot show more than a few dimensions.",
  of: ({ layer }) => twoNn(layer.distances).fit,
});
