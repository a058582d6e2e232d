/**
 * How many parts (β₀) and loops (β₁) a cloud has, as far as a sample can tell.
 *
 * Landmarks cover the cloud to a distance c (`farthest-points.ts`); what is smaller than a few c
 * cannot be seen. With the persistence of the landmarks:
 *
 * - β₀ = parts of the landmarks when all within 4 c are joined, without those that
 *   hold less than 2 % of the points: stray points
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
import { among, between, countOf, distancesOf, type Points } from "../geometry/distances.ts";
import { rows } from "../tensor.ts";
import { farthestPoints } from "./farthest-points.ts";
import { persistence, type Persistence } from "./persistence.ts";

export interface BettiNumbers {
  /** β₀; 0 for a cloud without points. */
  readonly parts: number;
  /** β₁ */
  readonly loops: number;
  /** How far the longest loop lasts: death / birth among those born up to 4 c; 1 where there is none. */
  readonly longest: number;
  /** The resolution c: within this distance of each point there is a landmark. */
  readonly cover: number;
  readonly landmarks: number;
  readonly bars: Persistence;
}

/** In units of the cover: what is still apart at this scale is apart, and a loop that is not closed by now is none. */
export const joinedBy = 4;

/** A loop is open until so many times the scale at which it closed. */
export const lasting = 2.1;

/** A part with less than this share of the points is none. */
export const stray = 0.02;

/**
 * About 30 ms for 100 landmarks, up to 1 s for 200.
 *
 * @param points     [n, D], or their distances, such as those along the cloud; rows that are not finite are left out
 * @param landmarks  at most this many, and at most a quarter of the points: with more the cover says nothing of the gaps
 */
export function bettiNumbers(points: Points, landmarks = 100): BettiNumbers {
  const n = countOf(points);
  const { rows: chosen, cover } = farthestPoints(points, Math.min(landmarks, Math.ceil(n / 4)));
  const distances = "squares" in points ? among(points, chosen) : distancesOf(rows(points, chosen));
  const bars = persistence(distances);
  const loops = bars.loops.filter(({ birth }) => birth <= joinedBy * cover);
  return {
    parts: massesAt(distances.squares, (joinedBy * cover) ** 2, pointsOfEach(points, chosen)).filter((mass, _, { length }) => mass >= stray || length === 1).length,
    loops: loops.filter(({ birth, death }) => death >= lasting * birth).length,
    longest: loops[0] ? loops[0].death / loops[0].birth : 1,
    cover,
    landmarks: chosen.length,
    bars,
  };
}

/** The share of the points that are nearest to each landmark. */
function pointsOfEach(points: Points, landmarks: readonly number[]): Float64Array {
  const masses = new Float64Array(landmarks.length);
  let finite = 0;
  for (let i = 0; i < countOf(points); i++) {
    let nearest = -1;
    let least = Infinity;
    for (let l = 0; l < landmarks.length; l++) {
      const distance = between(points, i, landmarks[l]!);
      if (distance < least) [nearest, least] = [l, distance];
    }
    if (nearest < 0) continue;
    masses[nearest]!++;
    finite++;
  }
  return masses.map((mass) => mass / finite);
}

/** The mass of each part once all that lie within a scale are joined. */
function massesAt(squares: Float64Array, scale: number, masses: Float64Array): number[] {
  const n = masses.length;
  const seen = new Uint8Array(n);
  const parts: number[] = [];
  for (let first = 0; first < n; first++) {
    if (seen[first]) continue;
    let mass = 0;
    const open = [first];
    seen[first] = 1;
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      mass += masses[i]!;
      for (let j = 0; j < n; j++) {
        if (seen[j] || squares[i * n + j]! > scale) continue;
        seen[j] = 1;
        open.push(j);
      }
    }
    parts.push(mass);
  }
  return parts;
}
