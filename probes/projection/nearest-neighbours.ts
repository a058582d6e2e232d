/**
 * The k nearest neighbours of every point, exactly: all n² distances are
 * computed. Among equal distances the lower index is the nearer.
 */
import type { Tensor } from "../tensor.ts";

export interface Neighbours {
  /** Neighbours per point; the point itself is not one. */
  readonly k: number;
  /** [n, k] nearest first. */
  readonly indices: Int32Array<ArrayBuffer>;
  /** [n, k] Euclidean. */
  readonly distances: Float64Array<ArrayBuffer>;
}

/** Squared distances from point i to all points of [n, D], into `out`; ∞ where a point is not finite. */
export function squaredDistances(points: Tensor, i: number, out: Float64Array): void {
  const [n = 0, hiddenSize = 0] = points.shape;
  const x = points.data;
  const a = i * hiddenSize;
  for (let j = 0; j < n; j++) {
    const b = j * hiddenSize;
    let square = 0;
    for (let d = 0; d < hiddenSize; d++) {
      const difference = x[a + d]! - x[b + d]!;
      square += difference * difference;
    }
    out[j] = Number.isNaN(square) ? Infinity : square;
  }
}

/** The `k` smallest entries of `squares` but `self`, nearest first, into `out` from `at` on. */
export function smallest(squares: Float64Array, self: number, k: number, out: Int32Array, at: number): void {
  let kept = 0;
  for (let j = 0; j < squares.length; j++) {
    if (j === self) continue;
    const square = squares[j]!;
    if (kept === k && !(square < squares[out[at + k - 1]!]!)) continue;
    let place = kept < k ? kept++ : k - 1;
    for (; place > 0 && square < squares[out[at + place - 1]!]!; place--) out[at + place] = out[at + place - 1]!;
    out[at + place] = j;
  }
}

/**
 * @param points  [n, D]
 * @param k       clipped to n − 1
 */
export function nearestNeighbours(points: Tensor, k: number): Neighbours {
  const n = points.shape[0] ?? 0;
  const kept = Math.max(0, Math.min(k, n - 1));
  const indices = new Int32Array(n * kept);
  const distances = new Float64Array(n * kept);
  const squares = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    squaredDistances(points, i, squares);
    smallest(squares, i, kept, indices, i * kept);
    for (let j = i * kept; j < (i + 1) * kept; j++) distances[j] = Math.sqrt(squares[indices[j]!]!);
  }
  return { k: kept, indices, distances };
}
