/** The variance of a cloud along each of its principal directions. */
import { symmetricEigen } from "../projection/symmetric-eigen.ts";
import { finiteRows } from "../projection/finite-rows.ts";
import { among, centredGram, distancesOf, finitePoints, type Points } from "./distances.ts";

/** Below this share of the largest, an eigenvalue is rounding. */
const negligible = 1e-13;

/**
 * The eigenvalues of the covariance (divided by n), largest first: D of them, or
 * n where the cloud is given by its distances or has fewer points than dimensions.
 *
 * @param points  [n, D], or their distances; rows that are not finite are left out
 */
export function spectrum(points: Points): Float64Array<ArrayBuffer> {
  const D = "squares" in points ? Infinity : (points.shape[1] ?? 0);
  const rows = "squares" in points ? [] : finiteRows(points);
  if ("squares" in points || rows.length <= D) {
    const distances = distancesOf(points);
    const finite = among(distances, finitePoints(distances));
    return eigenvalues(centredGram(finite), finite.n, finite.n);
  }
  const n = rows.length;
  const mean = new Float64Array(D);
  for (const r of rows) for (let d = 0; d < D; d++) mean[d] = mean[d]! + points.data[r * D + d]! / n;
  const covariance = new Float64Array(D * D);
  const x = new Float64Array(D);
  for (const r of rows) {
    for (let d = 0; d < D; d++) x[d] = points.data[r * D + d]! - mean[d]!;
    for (let i = 0; i < D; i++) for (let j = 0; j <= i; j++) covariance[i * D + j] = covariance[i * D + j]! + x[i]! * x[j]!;
  }
  for (let i = 0; i < D; i++) for (let j = 0; j < i; j++) covariance[j * D + i] = covariance[i * D + j]!;
  return eigenvalues(covariance, D, n);
}

function eigenvalues(matrix: Float64Array, m: number, n: number): Float64Array<ArrayBuffer> {
  const { values } = symmetricEigen(matrix, m, 0);
  const least = negligible * Math.max(0, values[0] ?? 0);
  return values.map((value) => (value > least ? value / n : 0));
}
