/**
 * Over how many directions the variance of a cloud spreads: (tr C)² / tr C², C
 * the covariance. 1 for a line, D for equal variance in D directions; n points
 * drawn from such a cloud give about D / (1 + D/n).
 *
 * It is linear: a circle gives 2 though it has one intrinsic dimension. Unit 1.
 *
 * Source: Gao et al. 2017, bioRxiv 214262; Kramer & MacKinnon 1993.
 *
 * Where it misleads: one far point (the first token) alone makes it 1; few points
 * bound it by n − 1.
 */
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import { among, centredGram, distancesOf, finitePoints, type Points } from "./distances.ts";

/**
 * @param points  [n, D], or their distances; rows that are not finite are left out
 * @returns       in [1, min(n − 1, D)]; NaN where the points do not vary
 */
export function participationRatio(points: Points): number {
  const distances = distancesOf(points);
  const finite = among(distances, finitePoints(distances));
  const gram = centredGram(finite);
  let trace = 0;
  let square = 0;
  for (let i = 0; i < finite.n; i++) trace += gram[i * finite.n + i]!;
  for (let i = 0; i < gram.length; i++) square += gram[i]! * gram[i]!;
  return trace > 0 ? (trace * trace) / square : NaN;
}

export const participationRatioProbe: ProfileProbe = profileProbe({
  id: "participation-ratio",
  name: "participation ratio",
  group: "cloud",
  title: "Over how many directions do the states spread?",
  unit: "1",
  source: "Gao et al. 2017, bioRxiv 214262",
  formula: "(tr C)² / tr C², C the covariance of the states",
  help: "Over how many directions the variance of the states spreads. 1 is a line, D an even spread over all D dimensions. Directions of large variance count most.",
  caveat: "It is linear: a circle has 2 though it is a curve. One far state (the first token) alone makes it 1, and n states bound it by n − 1.",
  range: [1, null],
  length: "n states spread over n − 1 directions at most.",
  of: ({ layer }) => participationRatio(layer.distances),
});
