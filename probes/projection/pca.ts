/**
 * Principal component analysis, exact: the directions of largest variance.
 *
 * With X the centred points, the components are the eigenvectors of XᵀX, or,
 * where there are fewer points than dimensions, Xᵀu/√λ of those of XXᵀ (the
 * Gram trick). No sampling and no random projection.
 *
 * The sign of a component is a convention: its coordinate of largest magnitude
 * (the first such) is positive.
 *
 * Source: Pearson 1901; Hotelling 1933.
 */
import { row, tensor, type Tensor } from "../tensor.ts";
import { finiteRows } from "./finite-rows.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

export interface Pca {
  /** [D] */
  readonly mean: Float64Array<ArrayBuffer>;
  /** Orthonormal rows, [k, D]; a zero row where the points have no variance left. */
  readonly components: Tensor;
  /** [k] each component's share of the total variance; NaN where there is no variance at all. */
  readonly explained: Float64Array<ArrayBuffer>;
  /** Total variance of the points, Σ over dimensions, divided by n. */
  readonly variance: number;
}

/** Below this share of the total, variance is rounding. */
const negligible = 1e-12;

/**
 * @param points  [n, D]; rows that are not finite are left out
 * @param k       how many components
 */
export function fitPca(points: Tensor, k: number): Pca {
  const rows = finiteRows(points);
  const hiddenSize = points.shape[1] ?? 0;
  const n = rows.length;
  const mean = meanOf(points, rows);
  const centred = new Float64Array(n * hiddenSize);
  let total = 0;
  rows.forEach((r, i) => {
    const h = row(points, r);
    for (let d = 0; d < hiddenSize; d++) {
      const x = h[d]! - mean[d]!;
      centred[i * hiddenSize + d] = x;
      total += x * x;
    }
  });
  const components = tensor([k, hiddenSize]);
  const explained = new Float64Array(k).fill(total > 0 ? 0 : NaN);
  if (total > 0) {
    const dual = n < hiddenSize;
    const m = dual ? n : hiddenSize;
    const product = dual ? innerProducts(centred, n, hiddenSize) : innerProducts(transposed(centred, n, hiddenSize), hiddenSize, n);
    const { values, vectors } = symmetricEigen(product, m, k);
    const basis: Float64Array[] = [];
    for (let i = 0; i < Math.min(k, m); i++) {
      if (!(values[i]! > negligible * total)) break;
      explained[i] = values[i]! / total;
      const vector = vectors.subarray(i * m, (i + 1) * m);
      const direction = dual ? combineRows(centred, vector, hiddenSize) : vector;
      orthonormalise(direction, basis);
      basis.push(direction);
      components.data.set(direction, i * hiddenSize);
    }
  }
  return { mean, components, explained, variance: n > 0 ? total / n : NaN };
}

/** Coordinates of points [n, D] along the components, [n, k]; NaN for rows that are not finite. */
export function projectPca(pca: Pca, points: Tensor): Tensor {
  const [n = 0, hiddenSize = 0] = points.shape;
  const [k = 0, expected = 0] = pca.components.shape;
  if (hiddenSize !== expected) throw new RangeError(`projectPca: expected points of ${expected} dimensions, got ${hiddenSize}`);
  const out = tensor([n, k]);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < k; c++) {
      let sum = 0;
      for (let d = 0; d < hiddenSize; d++) sum += (points.data[i * hiddenSize + d]! - pca.mean[d]!) * pca.components.data[c * hiddenSize + d]!;
      // ∞ · 0 is NaN already; a plain ∞ would put the point on the edge of every chart.
      out.data[i * k + c] = Number.isFinite(sum) ? sum : NaN;
    }
  }
  return out;
}

/** The same fit with each component's sign as in an earlier one, so that a live drawing does not flip. */
export function alignPca(pca: Pca, earlier: Tensor): Pca {
  const [k = 0, hiddenSize = 0] = pca.components.shape;
  if (String(earlier.shape) !== String(pca.components.shape)) return pca;
  const components = tensor([k, hiddenSize], pca.components.data.slice());
  for (let c = 0; c < k; c++) {
    const now = row(components, c);
    const then = row(earlier, c);
    let dot = 0;
    for (let d = 0; d < hiddenSize; d++) dot += now[d]! * then[d]!;
    if (dot < 0) for (let d = 0; d < hiddenSize; d++) now[d] = -now[d]!;
  }
  return { ...pca, components };
}

function meanOf(points: Tensor, rows: readonly number[]): Float64Array<ArrayBuffer> {
  const mean = new Float64Array(points.shape[1] ?? 0);
  for (const r of rows) row(points, r).forEach((x, d) => (mean[d] = mean[d]! + x));
  return mean.map((sum) => (rows.length > 0 ? sum / rows.length : NaN));
}

/** Inner products of all pairs of `m` rows, [m, m]; two rows by two at a time, so that each number loaded serves two products. */
function innerProducts(x: Float64Array, m: number, width: number): Float64Array {
  const out = new Float64Array(m * m);
  for (let i = 0; i < m; i += 2) {
    // An odd last row is paired with itself.
    const i2 = Math.min(i + 1, m - 1);
    for (let j = 0; j <= i; j += 2) {
      const j2 = Math.min(j + 1, m - 1);
      let ij = 0;
      let ij2 = 0;
      let i2j = 0;
      let i2j2 = 0;
      for (let d = 0, a = i * width, a2 = i2 * width, b = j * width, b2 = j2 * width; d < width; d++) {
        const xa = x[a + d]!;
        const xa2 = x[a2 + d]!;
        const xb = x[b + d]!;
        const xb2 = x[b2 + d]!;
        ij += xa * xb;
        ij2 += xa * xb2;
        i2j += xa2 * xb;
        i2j2 += xa2 * xb2;
      }
      out[i * m + j] = out[j * m + i] = ij;
      out[i * m + j2] = out[j2 * m + i] = ij2;
      out[i2 * m + j] = out[j * m + i2] = i2j;
      out[i2 * m + j2] = out[j2 * m + i2] = i2j2;
    }
  }
  return out;
}

function transposed(x: Float64Array, n: number, width: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < n; i++) for (let d = 0; d < width; d++) out[d * n + i] = x[i * width + d]!;
  return out;
}

/** Σᵢ weightᵢ xᵢ, [D]. */
function combineRows(x: Float64Array, weights: Float64Array, width: number): Float64Array {
  const out = new Float64Array(width);
  weights.forEach((w, i) => {
    for (let d = 0; d < width; d++) out[d] = out[d]! + w * x[i * width + d]!;
  });
  return out;
}

/** Gram-Schmidt against the earlier components (small ones come out of the Gram trick a little askew), unit length, sign. */
function orthonormalise(v: Float64Array, basis: readonly Float64Array[]): void {
  for (const b of basis) {
    let dot = 0;
    let length = 0;
    for (let d = 0; d < v.length; d++) {
      dot += v[d]! * b[d]!;
      length += b[d]! * b[d]!;
    }
    for (let d = 0; d < v.length; d++) v[d] = v[d]! - (dot / length) * b[d]!;
  }
  let square = 0;
  let largest = 0;
  for (let d = 0; d < v.length; d++) {
    square += v[d]! * v[d]!;
    // Nearly equal magnitudes count as equal, or rounding would choose the sign.
    if (Math.abs(v[d]!) > Math.abs(v[largest]!) * (1 + 1e-9)) largest = d;
  }
  const scale = (v[largest]! < 0 ? -1 : 1) / Math.sqrt(square);
  for (let d = 0; d < v.length; d++) v[d] = v[d]! * scale;
}
