/**
 * All distances between the points of a cloud or path, computed once and shared
 * by every measure that needs no more of the points than how far apart they lie.
 *
 * They are sums of squared differences, not |x|² + |y|² − 2 x·y: equal points are
 * at 0 exactly, and one far point (the first token) costs the others no digits.
 */
import type { Tensor } from "../tensor.ts";
import { smallest } from "../projection/nearest-neighbours.ts";

export interface Distances {
  readonly n: number;
  /** Squared Euclidean distances, [n, n]; NaN in the row and column of a point that is not finite. */
  readonly squares: Float64Array<ArrayBuffer>;
}

/** Points [n, D], or the distances between them where those are known already. */
export type Points = Tensor | Distances;

/** The distances between all rows of [n, D]; those of `points` themselves where they are distances. */
export function distancesOf(points: Points): Distances {
  if ("squares" in points) return points;
  const [n = 0, D = 0] = points.shape;
  // Converted to float64 once, not once per pair.
  const x = Float64Array.from(points.data);
  const squares = new Float64Array(n * n);
  for (let i = 0; i < n; i += 4) {
    // Four rows by two, so that each number loaded serves several distances; past the end the last row is repeated.
    const i2 = Math.min(i + 1, n - 1);
    const i3 = Math.min(i + 2, n - 1);
    const i4 = Math.min(i + 3, n - 1);
    for (let j = 0; j <= i4; j += 2) {
      const j2 = Math.min(j + 1, n - 1);
      let ij = 0;
      let ij2 = 0;
      let i2j = 0;
      let i2j2 = 0;
      let i3j = 0;
      let i3j2 = 0;
      let i4j = 0;
      let i4j2 = 0;
      for (let d = 0, a = i * D, a2 = i2 * D, a3 = i3 * D, a4 = i4 * D, b = j * D, b2 = j2 * D; d < D; d++) {
        const p = x[b + d]!;
        const q = x[b2 + d]!;
        let e = x[a + d]! - p;
        let f = x[a + d]! - q;
        ij += e * e;
        ij2 += f * f;
        e = x[a2 + d]! - p;
        f = x[a2 + d]! - q;
        i2j += e * e;
        i2j2 += f * f;
        e = x[a3 + d]! - p;
        f = x[a3 + d]! - q;
        i3j += e * e;
        i3j2 += f * f;
        e = x[a4 + d]! - p;
        f = x[a4 + d]! - q;
        i4j += e * e;
        i4j2 += f * f;
      }
      put(squares, n, i, j, ij);
      put(squares, n, i, j2, ij2);
      put(squares, n, i2, j, i2j);
      put(squares, n, i2, j2, i2j2);
      put(squares, n, i3, j, i3j);
      put(squares, n, i3, j2, i3j2);
      put(squares, n, i4, j, i4j);
      put(squares, n, i4, j2, i4j2);
    }
  }
  return { n, squares };
}

function put(squares: Float64Array, n: number, i: number, j: number, square: number): void {
  squares[i * n + j] = squares[j * n + i] = square < Infinity ? square : NaN;
}

/** The number of points. */
export function countOf(points: Points): number {
  return "squares" in points ? points.n : (points.shape[0] ?? 0);
}

/** The distance between points i and j; NaN where one is not finite. */
export function between(points: Points, i: number, j: number): number {
  if ("squares" in points) return Math.sqrt(points.squares[i * points.n + j]!);
  const D = points.shape[1] ?? 0;
  const x = points.data;
  let square = 0;
  for (let d = 0, a = i * D, b = j * D; d < D; d++) {
    const e = x[a + d]! - x[b + d]!;
    square += e * e;
  }
  return square < Infinity ? Math.sqrt(square) : NaN;
}

/** The points that are finite, in their order. */
export function finitePoints({ n, squares }: Distances): number[] {
  const kept: number[] = [];
  for (let i = 0; i < n; i++) if (squares[i * n + i] === 0) kept.push(i);
  return kept;
}

/** The finite points, the first of each set of equal ones. */
export function distinctPoints(distances: Distances): number[] {
  const { n, squares } = distances;
  const kept: number[] = [];
  for (const i of finitePoints(distances)) {
    let isNew = true;
    for (let j = 0; isNew && j < kept.length; j++) isNew = squares[i * n + kept[j]!] !== 0;
    if (isNew) kept.push(i);
  }
  return kept;
}

/** The distances between some of the points; the same object where they are all of them. */
export function among(distances: Distances, rows: readonly number[]): Distances {
  const { n, squares } = distances;
  const m = rows.length;
  if (m === n) return distances;
  const out = new Float64Array(m * m);
  for (let i = 0; i < m; i++) for (let j = 0; j < m; j++) out[i * m + j] = squares[rows[i]! * n + rows[j]!]!;
  return { n: m, squares: out };
}

/**
 * The k nearest neighbours of each point, nearest first, [n, k]; among equal
 * distances the lower index is the nearer. Expects finite points and k < n.
 */
export function neighboursWithin({ n, squares }: Distances, k: number): Int32Array<ArrayBuffer> {
  const nearest = new Int32Array(n * k);
  for (let i = 0; i < n; i++) smallest(squares.subarray(i * n, (i + 1) * n), i, k, nearest, i * k);
  return nearest;
}

/**
 * Inner products of the centred points, [n, n], from their distances alone:
 * −½ J D² J with J = I − 1/n (classical scaling, Torgerson 1952).
 */
export function centredGram({ n, squares }: Distances): Float64Array<ArrayBuffer> {
  const means = new Float64Array(n);
  let all = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += squares[i * n + j]!;
    means[i] = sum / n;
    all += sum / n / n;
  }
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) gram[i * n + j] = -0.5 * (squares[i * n + j]! - means[i]! - means[j]! + all);
  return gram;
}
