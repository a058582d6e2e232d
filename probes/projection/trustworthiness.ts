/**
 * How far a picture can be trusted: whether points that are neighbours in the
 * picture are neighbours in the space that it shows.
 *
 *   1 − 2 / (n k (2n − 3k − 1)) Σᵢ Σ_{j ∈ Uₖ(i)} (r(i, j) − k)
 *
 * where Uₖ(i) are the k nearest of i in the picture that are not among its k
 * nearest in space, and r(i, j) is the rank of j by distance from i in space.
 * 1 for a picture that keeps every neighbourhood; about ½ for a random one.
 *
 * Source: Venna & Kaski 2001, ICANN, "Neighborhood preservation in nonlinear
 * projection methods".
 */
import type { Tensor } from "../tensor.ts";
import { finiteRows, takeRows } from "./finite-rows.ts";
import { smallest, squaredDistances } from "./nearest-neighbours.ts";

/** The largest k below n/2, for which the measure stays in [0, 1]; 0 where there is none. */
export function trustNeighbours(n: number, k: number): number {
  return Math.max(0, Math.min(k, Math.ceil(n / 2) - 1));
}

/** What is lost between a space and a picture of it, in both directions. */
export interface PictureTrust {
  /** In [0, 1]: are neighbours in the picture neighbours in space? NaN for fewer than three points. */
  readonly trustworthiness: number;
  /** In [0, 1]: are neighbours in space neighbours in the picture? NaN for fewer than three points. */
  readonly continuity: number;
  /** Size of a neighbourhood, after clipping to below n/2. */
  readonly neighbours: number;
}

/**
 * Trustworthiness and continuity at once, for the price of one.
 *
 * @param points   [n, D], the space
 * @param picture  [n, 2], what is shown of it; rows that are not finite in either are left out
 * @param k        size of a neighbourhood; clipped to below n/2
 */
export function pictureTrust(points: Tensor, picture: Tensor, k: number): PictureTrust {
  if (points.shape[0] !== picture.shape[0]) {
    throw new RangeError(`pictureTrust: expected a picture of ${points.shape[0]} points, got ${picture.shape[0]}`);
  }
  const drawn = new Set(finiteRows(picture));
  const rows = finiteRows(points).filter((r) => drawn.has(r));
  const space = takeRows(points, rows);
  const shown = takeRows(picture, rows);
  const n = rows.length;
  const near = trustNeighbours(n, k);
  if (near < 1) return { trustworthiness: NaN, continuity: NaN, neighbours: near };
  const squares = new Float64Array(n);
  const shownSquares = new Float64Array(n);
  const nearest = new Int32Array(near);
  const shownNearest = new Int32Array(near);
  let intrusions = 0;
  let extrusions = 0;
  for (let i = 0; i < n; i++) {
    squaredDistances(space, i, squares);
    squaredDistances(shown, i, shownSquares);
    smallest(squares, i, near, nearest, 0);
    smallest(shownSquares, i, near, shownNearest, 0);
    for (const j of shownNearest) if (!nearest.includes(j)) intrusions += rankOf(squares, i, j) - near;
    for (const j of nearest) if (!shownNearest.includes(j)) extrusions += rankOf(shownSquares, i, j) - near;
  }
  const scale = 2 / (n * near * (2 * n - 3 * near - 1));
  return { trustworthiness: 1 - scale * intrusions, continuity: 1 - scale * extrusions, neighbours: near };
}

/** Trustworthiness alone; arguments as for `pictureTrust`. */
export function trustworthiness(points: Tensor, picture: Tensor, k: number): number {
  return pictureTrust(points, picture, k).trustworthiness;
}

/** The rank of j by distance from i, nearest 1; among equal distances the lower index is the nearer. */
export function rankOf(squares: Float64Array, i: number, j: number): number {
  const square = squares[j]!;
  let nearer = 1;
  for (let l = 0; l < squares.length; l++) {
    if (l !== i && (squares[l]! < square || (squares[l] === square && l < j))) nearer++;
  }
  return nearer;
}
