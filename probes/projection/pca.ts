/**
 * Principal component analysis, exact: the directions of largest variance.
 *
 * With X the centred points, the components are the eigenvectors of XᵀX, and
 * the shares of variance its eigenvalues over their sum. No sampling and no
 * random projection; all sums are in float64. What is cheapest is taken:
 * - up to 256 dimensions, the whole matrix XᵀX
 * - up to 256 points, XXᵀ: components Xᵀu/√λ (the Gram trick)
 * - else products with XᵀX only, never formed, until the leading components are
 *   within 1e-5 rad (`leading-eigenpairs.ts`); `residual` says how far it came
 *
 * The sign of a component is a convention: its coordinate of largest magnitude
 * (the first such) is positive.
 *
 * Source: Pearson 1901; Hotelling 1933.
 *
 * Where it misleads: two axes may hold little of the variance (read the share);
 * one far point (the first token) takes the first axis; where two shares are
 * equal (`gaps` near 0) the axes may turn within their plane.
 */
import { row, tensor, type Tensor } from "../tensor.ts";
import { finiteRows } from "./finite-rows.ts";
import { leadingEigenpairs } from "./leading-eigenpairs.ts";
import { finish, stride, type Steps } from "./steps.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

/** A linear picture: coordinate c of a point x is (x − mean) · components[c]. */
export interface LinearMap {
  /** [D] the point drawn at 0. */
  readonly mean: Float64Array<ArrayBuffer>;
  /** Orthonormal rows, [k, D]; a zero row where there is no such direction. */
  readonly components: Tensor;
}

export interface Pca extends LinearMap {
  /** [k] each component's share of the total variance; NaN where there is no variance at all. */
  readonly explained: Float64Array<ArrayBuffer>;
  /** [k] how far the share of the next component lies below; near 0 the two may be exchanged or turned. */
  readonly gaps: Float64Array<ArrayBuffer>;
  /** Total variance of the points, Σ over dimensions, divided by n. */
  readonly variance: number;
  /** The largest ‖C v − λ v‖ / λ₁ of the components, C the covariance; 0 where the whole matrix was solved. */
  readonly residual: number;
}

/** Below this share of the total, variance is rounding. */
const negligible = 1e-12;

/** Up to this size the whole matrix is solved. */
const wholeUpTo = 256;

/**
 * @param points  [n, D]; rows that are not finite are left out
 * @param k       how many components
 */
export function fitPca(points: Tensor, k: number): Pca {
  return finish(pcaSteps(points, k));
}

/**
 * The same in steps.
 *
 * @throws Error where the components have not settled after 20,000 products (many nearly equal leading shares)
 */
export function* pcaSteps(points: Tensor, k: number): Steps<Pca> {
  const rows = finiteRows(points);
  const hiddenSize = points.shape[1] ?? 0;
  const n = rows.length;
  const mean = meanOf(points, rows);
  let total = 0;
  for (const r of rows) {
    const h = row(points, r);
    for (let d = 0; d < hiddenSize; d++) {
      const x = h[d]! - mean[d]!;
      total += x * x;
    }
  }
  const components = tensor([k, hiddenSize]);
  const explained = new Float64Array(k).fill(total > 0 ? 0 : NaN);
  const gaps = new Float64Array(k).fill(total > 0 ? 0 : NaN);
  let residual = 0;
  if (total > 0) {
    const whole = Math.min(n, hiddenSize) <= Math.max(wholeUpTo, 3 * k);
    const found = whole ? yield* wholeEigen(points, rows, mean, k) : yield* leadingEigen(points, rows, mean, k, total);
    residual = found.residual;
    const basis: Float64Array[] = [];
    for (let i = 0; i < k; i++) {
      if (!(found.values[i]! > negligible * total)) break;
      explained[i] = found.values[i]! / total;
      gaps[i] = (found.values[i]! - Math.max(0, found.values[i + 1] ?? 0)) / total;
      const direction = found.directions.subarray(i * hiddenSize, (i + 1) * hiddenSize);
      orthonormalise(direction, basis);
      basis.push(direction);
      components.data.set(direction, i * hiddenSize);
    }
  }
  return { mean, components, explained, gaps, variance: n > 0 ? total / n : NaN, residual };
}

interface Found {
  /** Of XᵀX, largest first; at least k + 1 of them unless there are no more. */
  readonly values: Float64Array;
  /** [k, D], not yet of unit length. */
  readonly directions: Float64Array;
  readonly residual: number;
}

function* wholeEigen(points: Tensor, rows: readonly number[], mean: Float64Array, k: number): Steps<Found> {
  const hiddenSize = mean.length;
  const n = rows.length;
  const centred = new Float64Array(n * hiddenSize);
  rows.forEach((r, i) => {
    const h = row(points, r);
    for (let d = 0; d < hiddenSize; d++) centred[i * hiddenSize + d] = h[d]! - mean[d]!;
  });
  const dual = n < hiddenSize;
  const m = dual ? n : hiddenSize;
  const product = dual ? yield* innerProducts(centred, n, hiddenSize) : yield* innerProducts(transposed(centred, n, hiddenSize), hiddenSize, n);
  const { values, vectors } = symmetricEigen(product, m, k);
  const directions = new Float64Array(k * hiddenSize);
  for (let i = 0; i < Math.min(k, m); i++) {
    const vector = vectors.subarray(i * m, (i + 1) * m);
    directions.set(dual ? combineRows(centred, vector, hiddenSize) : vector, i * hiddenSize);
  }
  return { values, directions, residual: 0 };
}

function* leadingEigen(points: Tensor, rows: readonly number[], mean: Float64Array, k: number, total: number): Steps<Found> {
  const { values, vectors, residual, converged } = yield* leadingEigenpairs(mean.length, k, (x, width, out) => covarianceTimes(points, rows, mean, 1 / total, x, width, out));
  if (!converged) throw new Error(`fitPca: expected ${k} components that settle, got a residual of ${residual.toExponential(1)} after the last product; ask for fewer components`);
  return { values: values.map((value) => value * total), directions: vectors, residual };
}

/**
 * out[c] = scale Σᵢ x̃ᵢ (x̃ᵢ · v[c]), x̃ the centred points: one pass over them,
 * four rows at a time, which stay in the cache for all `width` vectors.
 *
 * Rows and vectors are interleaved (four rows, two vectors), so that the inner
 * loops run over three arrays only, at constant offsets: with an array for each
 * row the processor's registers do not suffice, and it takes three times as long.
 */
function* covarianceTimes(points: Tensor, rows: readonly number[], mean: Float64Array, scale: number, v: Float64Array, width: number, out: Float64Array): Steps<void> {
  const D = mean.length;
  const n = rows.length;
  const pairs = Array.from({ length: Math.ceil(width / 2) }, (_, p) => {
    const input = new Float64Array(2 * D);
    for (let c = 0; c < 2 && 2 * p + c < width; c++) for (let d = 0; d < D; d++) input[2 * d + c] = v[(2 * p + c) * D + d]!;
    return { input, output: new Float64Array(2 * D), single: 2 * p + 1 === width };
  });
  const tile = new Float64Array(4 * D);
  const chunk = 4 * Math.max(1, Math.round(stride / (8 * D * width)));
  for (let i = 0; i < n; i += chunk) {
    addRows(points.data, rows, i, Math.min(n, i + chunk), mean, tile, pairs, scale);
    yield { phase: "components", done: 0, total: 0 };
  }
  pairs.forEach(({ output }, p) => {
    for (let c = 0; c < 2 && 2 * p + c < width; c++) for (let d = 0; d < D; d++) out[(2 * p + c) * D + d] = output[2 * d + c]!;
  });
}

interface VectorPair {
  readonly input: Float64Array;
  readonly output: Float64Array;
  /** Only the first of the two is there. */
  readonly single: boolean;
}

/** A plain function beside the generator: V8 compiles it to better code. */
function addRows(data: Float32Array, rows: readonly number[], from: number, to: number, mean: Float64Array, tile: Float64Array, pairs: readonly VectorPair[], scale: number): void {
  const D = mean.length;
  for (let i = from; i < to; i += 4) {
    const at = (r: number): number => rows[Math.min(i + r, to - 1)]! * D;
    centreFour(data, at(0), at(1), at(2), at(3), mean, tile);
    // Rows beyond the last count for nothing.
    for (let r = to - i; r < 4; r++) for (let d = 0; d < D; d++) tile[4 * d + r] = 0;
    for (const { input, output, single } of pairs) (single ? tileTimesOne : tileTimesPair)(tile, input, output, D, scale);
  }
}

function centreFour(data: Float32Array, a: number, b: number, c: number, e: number, mean: Float64Array, tile: Float64Array): void {
  for (let d = 0, t = 0; d < mean.length; d++, t += 4) {
    const m = mean[d]!;
    tile[t] = data[a + d]! - m;
    tile[t + 1] = data[b + d]! - m;
    tile[t + 2] = data[c + d]! - m;
    tile[t + 3] = data[e + d]! - m;
  }
}

/** As `tileTimesPair`, where the second of the two vectors is not there. */
function tileTimesOne(tile: Float64Array, input: Float64Array, output: Float64Array, D: number, scale: number): void {
  let v0 = 0;
  let v1 = 0;
  let v2 = 0;
  let v3 = 0;
  for (let d = 0, t = 0, c = 0; d < D; d++, t += 4, c += 2) {
    const v = input[c]!;
    v0 += tile[t]! * v;
    v1 += tile[t + 1]! * v;
    v2 += tile[t + 2]! * v;
    v3 += tile[t + 3]! * v;
  }
  v0 *= scale;
  v1 *= scale;
  v2 *= scale;
  v3 *= scale;
  for (let d = 0, t = 0, c = 0; d < D; d++, t += 4, c += 2) output[c] = output[c]! + (tile[t]! * v0 + tile[t + 1]! * v1) + (tile[t + 2]! * v2 + tile[t + 3]! * v3);
}

function tileTimesPair(tile: Float64Array, input: Float64Array, output: Float64Array, D: number, scale: number): void {
  let v0 = 0;
  let v1 = 0;
  let v2 = 0;
  let v3 = 0;
  let w0 = 0;
  let w1 = 0;
  let w2 = 0;
  let w3 = 0;
  for (let d = 0, t = 0, c = 0; d < D; d++, t += 4, c += 2) {
    const v = input[c]!;
    const w = input[c + 1]!;
    const p = tile[t]!;
    const q = tile[t + 1]!;
    const r = tile[t + 2]!;
    const s = tile[t + 3]!;
    v0 += p * v;
    v1 += q * v;
    v2 += r * v;
    v3 += s * v;
    w0 += p * w;
    w1 += q * w;
    w2 += r * w;
    w3 += s * w;
  }
  v0 *= scale;
  v1 *= scale;
  v2 *= scale;
  v3 *= scale;
  w0 *= scale;
  w1 *= scale;
  w2 *= scale;
  w3 *= scale;
  for (let d = 0, t = 0, c = 0; d < D; d++, t += 4, c += 2) {
    const p = tile[t]!;
    const q = tile[t + 1]!;
    const r = tile[t + 2]!;
    const s = tile[t + 3]!;
    output[c] = output[c]! + (p * v0 + q * v1) + (r * v2 + s * v3);
    output[c + 1] = output[c + 1]! + (p * w0 + q * w1) + (r * w2 + s * w3);
  }
}

/** Coordinates of points [n, D] along the components, [n, k]; NaN for rows that are not finite. */
export function projectPca(pca: LinearMap, points: Tensor): Tensor {
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
function* innerProducts(x: Float64Array, m: number, width: number): Steps<Float64Array> {
  const out = new Float64Array(m * m);
  let sinceYield = 0;
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
    sinceYield += (2 * i + 4) * width;
    if (sinceYield > stride) {
      sinceYield = 0;
      yield { phase: "components", done: i + 2, total: m };
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
