/**
 * A few points that stand for a cloud: farthest-point sampling. Each next landmark
 * is the point farthest from those chosen so far, so landmarks lie at least `cover`
 * apart and every point of the cloud lies within `cover` of one.
 *
 * 60 of 600 points of a unit circle cover it to about 2π/60 = 0.105; no choice of as
 * many has less than half of what this one has.
 *
 * Source: Gonzalez 1985, Theor. Comput. Sci. 38 (within a factor 2 of the best cover);
 * as landmarks of a complex: de Silva & Carlsson 2004.
 *
 * Where it misleads: a far point is always chosen, so one stray point is a landmark.
 */
import { between, countOf, type Points } from "../geometry/distances.ts";

export interface Landmarks {
  /** The chosen rows, in the order in which they were chosen. */
  readonly rows: readonly number[];
  /** The largest distance from a point to its nearest landmark; 0 where all are landmarks, NaN where there is none. */
  readonly cover: number;
}

/**
 * @param points  [n, D], or their distances; rows that are not finite are left out, equal rows chosen once
 * @param count   at most this many
 */
export function farthestPoints(points: Points, count: number): Landmarks {
  const n = countOf(points);
  const apart = new Float64Array(n).fill(Infinity);
  const rows: number[] = [];
  for (let i = 0; i < n; i++) if (Number.isNaN(between(points, i, i))) apart[i] = -1;
  for (;;) {
    let far = -1;
    for (let i = 0; i < n; i++) if (apart[i]! > (far < 0 ? 0 : apart[far]!)) far = i;
    if (far < 0) return { rows, cover: rows.length > 0 ? 0 : NaN };
    if (rows.length >= count) return { rows, cover: apart[far]! };
    rows.push(far);
    for (let i = 0; i < n; i++) if (apart[i]! > 0) apart[i] = Math.min(apart[i]!, between(points, far, i));
  }
}
