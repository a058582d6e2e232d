/**
 * Squared Euclidean distances between all points, row by row: for neighbours,
 * graphs and judgements of pictures, which all read the same rows.
 *
 * Beyond 16 dimensions they come from inner products of the centred points in
 * float64, |x|² + |y|² − 2 x·y, four rows by two at a time; where the points lie
 * so near each other that the subtraction would cost more than six digits, from
 * the differences themselves: equal points are at 0 exactly.
 *
 * Up to 4096 points the whole table is kept (8 n² bytes: 32 MB for 2,000);
 * beyond it a row is computed when it is asked for.
 */
import type { Tensor } from "../tensor.ts";
import { squaredDistances } from "./nearest-neighbours.ts";
import { stride, type Steps } from "./steps.ts";

export interface PairDistances {
  readonly n: number;
  /** Squared distances from point i to all, [n]; valid until the next call. */
  row(i: number): Float64Array;
}

const keptUpTo = 4096;
const directUpTo = 16;
const cancelled = 1e-6;

/** The distances of points [n, D]; expects finite rows. */
export function* pairDistances(points: Tensor): Steps<PairDistances> {
  const [n = 0, D = 0] = points.shape;
  if (n > keptUpTo) return rowsOnDemand(points);
  const squares = new Float64Array(n * n);
  const table: PairDistances = { n, row: (i) => squares.subarray(i * n, (i + 1) * n) };
  if (D <= directUpTo) {
    for (let i = 0, work = 0; i < n; i++) {
      squaredDistances(points, i, table.row(i));
      if ((work += n * D) > stride) {
        work = 0;
        yield { phase: "distances", done: i, total: n };
      }
    }
    return table;
  }
  const x = centredRows(points);
  yield { phase: "distances", done: 0, total: n * n };
  const norms = squaredNorms(x, n, D);
  yield { phase: "distances", done: 0, total: n * n };
  for (let i = 0, work = 0; i < n; i += 4) {
    productsOfFour(x, n, D, i, squares);
    if ((work += 4 * i * D) > stride) {
      work = 0;
      // The work grows with the row: n² / 2 in all.
      yield { phase: "distances", done: i * i, total: n * n };
    }
  }
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const both = norms[i]! + norms[j]!;
      let square = both - 2 * squares[i * n + j]!;
      if (square < cancelled * both) square = byDifferences(x, i * D, j * D, D);
      squares[i * n + j] = squares[j * n + i] = square;
    }
    squares[i * n + i] = 0;
    if (i % 64 === 63) yield { phase: "distances", done: n * n, total: n * n };
  }
  return table;
}

function rowsOnDemand(points: Tensor): PairDistances {
  const n = points.shape[0] ?? 0;
  const out = new Float64Array(n);
  return {
    n,
    row(i) {
      squaredDistances(points, i, out);
      return out;
    },
  };
}

function centredRows(points: Tensor): Float64Array {
  const [n = 0, D = 0] = points.shape;
  const mean = new Float64Array(D);
  for (let i = 0; i < n; i++) for (let d = 0; d < D; d++) mean[d] = mean[d]! + points.data[i * D + d]! / n;
  const x = new Float64Array(n * D);
  for (let i = 0; i < n; i++) for (let d = 0; d < D; d++) x[i * D + d] = points.data[i * D + d]! - mean[d]!;
  return x;
}

function squaredNorms(x: Float64Array, n: number, D: number): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let square = 0;
    for (let d = i * D; d < (i + 1) * D; d++) square += x[d]! * x[d]!;
    out[i] = square;
  }
  return out;
}

function byDifferences(x: Float64Array, a: number, b: number, D: number): number {
  let square = 0;
  for (let d = 0; d < D; d++) {
    const difference = x[a + d]! - x[b + d]!;
    square += difference * difference;
  }
  return square;
}

/** Inner products of rows i … i + 3 with all rows up to them, into the lower triangle of `out`. */
function productsOfFour(x: Float64Array, n: number, D: number, i: number, out: Float64Array): void {
  const row = (r: number): Float64Array => x.subarray(r * D, (r + 1) * D);
  const last = Math.min(i + 3, n - 1);
  const [r0, r1, r2, r3] = [i, Math.min(i + 1, last), Math.min(i + 2, last), last];
  const [x0, x1, x2, x3] = [row(r0), row(r1), row(r2), row(r3)];
  for (let j = 0; j <= last; j += 2) {
    // An odd last row is paired with itself.
    const j2 = Math.min(j + 1, n - 1);
    const y = row(j);
    const z = row(j2);
    let y0 = 0;
    let y1 = 0;
    let y2 = 0;
    let y3 = 0;
    let z0 = 0;
    let z1 = 0;
    let z2 = 0;
    let z3 = 0;
    for (let d = 0; d < D; d++) {
      const a = y[d]!;
      const b = z[d]!;
      const p = x0[d]!;
      const q = x1[d]!;
      const r = x2[d]!;
      const s = x3[d]!;
      y0 += p * a;
      y1 += q * a;
      y2 += r * a;
      y3 += s * a;
      z0 += p * b;
      z1 += q * b;
      z2 += r * b;
      z3 += s * b;
    }
    out[r0 * n + j] = y0;
    out[r1 * n + j] = y1;
    out[r2 * n + j] = y2;
    out[r3 * n + j] = y3;
    out[r0 * n + j2] = z0;
    out[r1 * n + j2] = z1;
    out[r2 * n + j2] = z2;
    out[r3 * n + j2] = z3;
  }
}
