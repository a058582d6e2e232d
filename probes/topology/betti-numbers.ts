/**
 * How many parts (β₀) and loops (β₁) a cloud has, as far as a sample can tell.
 *
 * Landmarks cover the cloud to a distance c (`farthest-points.ts`); what is smaller than a few c
 * cannot be seen. With the persistence of the landmarks:
 *
 * - β₀ = 1 + merges above 4 c
 * - β₁ = loops born up to 4 c that last until 2.1 times their birth
 *
 * Landmarks of a connected cloud join at 2 c and the gaps of the sample, and loops
 * of it are closed by then; the rest is a margin. Loops that chance alone makes in a
 * disc, a sphere or a normal cloud last up to 1.8 times their birth (100 to 200 landmarks),
 * those of a Swiss roll across its gap up to 2.0; a torus of radii 2 and 1 from 2.2, a circle 17.
 *
 *   circle (1, 1) · two circles (2, 2) · figure eight (1, 2) · torus (1, 2)
 *   disc, sphere, Swiss roll, normal cloud (1, 0)
 *
 * Source: that lasting bars are features and short ones sample noise, Edelsbrunner, Letscher
 * & Zomorodian 2002; the ratio rather than the difference, Bobrowski, Kahle & Skraba 2017,
 * arXiv:1509.04347 [recalled]; Betti numbers through the layers of a network, Naitzat, Zhitnikov
 * & Lim 2020, arXiv:2004.06093.
 *
 * Where it misleads: it counts at one resolution, that of the landmarks. A ring pressed
 * flatter than c has no loop; a ring sampled with gaps above 4 c has parts. So a loop
 * that is gone may be there at a finer scale: give `cover` with it.
 */
import { among, countOf, distancesOf, type Points } from "../geometry/distances.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { farthestPoints } from "./farthest-points.ts";
import { persistence, type Persistence } from "./persistence.ts";

export interface BettiNumbers {
  /** β₀; 0 for a cloud without points. */
  readonly parts: number;
  /** β₁ */
  readonly loops: number;
  /** The resolution c: within this distance of each point there is a landmark. */
  readonly cover: number;
  readonly landmarks: number;
  readonly bars: Persistence;
}

/** In units of the cover: what is still apart at this scale is apart, and a loop that is not closed by now is none. */
export const joinedBy = 4;

/** A loop is open until so many times the scale at which it closed. */
export const lasting = 2.1;

/**
 * About 30 ms for 100 landmarks, up to 1 s for 200.
 *
 * @param points     [n, D], or their distances, such as those along the cloud; rows that are not finite are left out
 * @param landmarks  at most this many, and at most a quarter of the points: with more the cover says nothing of the gaps
 */
export function bettiNumbers(points: Points, landmarks = 100): BettiNumbers {
  const n = countOf(points);
  const { rows, cover } = farthestPoints(points, Math.min(landmarks, Math.ceil(n / 4)));
  const bars = persistence("squares" in points ? among(points, rows) : distancesOf(rowsOf(points, rows)));
  return {
    parts: rows.length === 0 ? 0 : 1 + bars.merges.filter((scale) => scale > joinedBy * cover).length,
    loops: bars.loops.filter(({ birth, death }) => birth <= joinedBy * cover && death >= lasting * birth).length,
    cover,
    landmarks: rows.length,
    bars,
  };
}

function rowsOf(points: Tensor, rows: readonly number[]): Tensor {
  const D = points.shape[1] ?? 0;
  const out = tensor([rows.length, D]);
  rows.forEach((from, to) => out.data.set(points.data.subarray(from * D, (from + 1) * D), to * D));
  return out;
}
