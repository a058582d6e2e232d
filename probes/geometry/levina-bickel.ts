/**
 * Intrinsic dimension from the k nearest neighbours by maximum likelihood.
 *
 *   1/m̂ᵢ = Σ_{j<k} log(T_k / T_j) / (k − 1)
 *
 * with T_j the distance from point i to its j-th neighbour; the inverses are
 * averaged over the points before the mean is inverted (MacKay & Ghahramani 2005).
 * The divisor k − 2 of Levina and Bickel makes each m̂ᵢ unbiased; with averaged
 * inverses it would make the result too low by 1/(k − 1), 5 % at k = 20.
 *
 * With 2,000 points and k = 20: a sphere in three dimensions 2.0, S⁵ 4.9, S¹⁰ 8.9,
 * S²⁰ 15.4 (biased low), a Swiss roll 2.0, a normal cloud of ten dimensions 9.1.
 *
 * Source: Levina & Bickel 2004, NIPS 17; averaged as in MacKay & Ghahramani 2005,
 * comments on it.
 *
 * Where it misleads: `dimensionCaveat` of `two-nn.ts`; k sets the scale, so give it with the number.
 */
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import { dimensionCaveat } from "./two-nn.ts";
import { among, distancesOf, distinctPoints, neighboursWithin, type Points } from "./distances.ts";

/**
 * @param points  [n, D], or their distances; rows that are not finite are left out, equal rows count once
 * @param k       neighbours; clipped to n − 1
 * @returns       NaN for fewer than three different points, or where all neighbours are equally far
 */
export function levinaBickel(points: Points, k = 20): number {
  const distances = distancesOf(points);
  const { n, squares } = among(distances, distinctPoints(distances));
  const near = Math.min(k, n - 1);
  if (near < 2) return NaN;
  const nearest = neighboursWithin({ n, squares }, near);
  let inverses = 0;
  for (let i = 0; i < n; i++) {
    const farthest = squares[i * n + nearest[(i + 1) * near - 1]!]!;
    for (let j = 0; j < near - 1; j++) inverses += Math.log(farthest / squares[i * n + nearest[i * near + j]!]!) / 2 / (near - 1);
  }
  return inverses > 0 ? n / inverses : NaN;
}

export const levinaBickelProbe: ProfileProbe = profileProbe({
  id: "levina-bickel",
  name: "dimension (Levina–Bickel)",
  group: "cloud",
  title: "How many dimensions nearby (20 neighbours)?",
  unit: "1",
  source: "Levina & Bickel 2004; averaged as in MacKay & Ghahramani 2005; k = 20",
  formula: "n (k − 1) / Σᵢ Σ_{j<k} log(T_k / T_j)",
  help: "An estimate of how many independent directions the states spread in, seen from each state’s twenty nearest. A curve has 1, a surface 2. It looks at a larger scale than TwoNN, and noise disturbs it less.",
  caveat: `${dimensionCaveat} The states of one run are neighbours by time.`,
  range: [0, null],
  length: "With fewer than 21 states all of them are neighbours, and the scale is that of the run.",
  of: ({ layer }) => levinaBickel(layer.distances),
});
