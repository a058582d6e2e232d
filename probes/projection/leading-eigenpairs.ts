/**
 * The k largest eigenvalues of a large symmetric operator and their
 * eigenvectors, to a stated residual, from products with blocks of vectors alone.
 *
 * Block Lanczos with full reorthogonalisation: the Krylov space of a random
 * block of k + 1 vectors is built product by product; in it the operator is a
 * small matrix H, whose eigenvectors (Ritz vectors) near those of the operator,
 * the outermost first. Where the space grows too large it shrinks to the leading
 * Ritz vectors and goes on (thick restart). As many equal eigenvalues as the
 * block is wide are all found.
 *
 * It ends where every residual r = ‖A v − θ v‖ is so small that
 * - the eigenvalue is right to r (to r² / gap where a gap sets it apart), and
 * - the eigenvector is within r / gap ≤ 1e-5 rad of the true one; or
 * - r ≤ 1e-11 θ₁: eigenvalues nearer to each other than that are as good as
 *   equal, and within their common space the vectors are a matter of rounding.
 *
 * Source: Golub & Underwood 1977 (block Lanczos); Wu & Simon 2000, SIAM J.
 * Matrix Anal. 22 (thick restart); Parlett 1998 (the bounds).
 */
import { Random } from "../random.ts";
import type { Steps } from "./steps.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";

export interface LeadingEigen {
  /** [k + 1] largest first (by sign, not by size), the last one only roughly; 0 where the rank is used up. */
  readonly values: Float64Array<ArrayBuffer>;
  /** Orthonormal rows, [k, m]; zero rows where the rank is used up. */
  readonly vectors: Float64Array<ArrayBuffer>;
  /** The largest ‖A v − θ v‖ / θ₁ of the k pairs. */
  readonly residual: number;
  /** False where the limit of products came first; `residual` says how far it is. */
  readonly converged: boolean;
  /** Products of the operator with one vector. */
  readonly products: number;
}

/** out = A x for `width` vectors at once, both [width, m], one vector after the other; `out` holds zeros. */
export type BlockOperator = (x: Float64Array, width: number, out: Float64Array) => Steps<void>;

export interface LeadingOptions {
  readonly seed?: number;
  /** Products with one vector after which it gives up. */
  readonly limit?: number;
}

const angle = 1e-5;
const rounding = 1e-11;
/** A new direction this much smaller than the operator is rounding. */
const exhausted = 1e-13;
/** The largest Krylov space before a restart. */
const largestSpace = 320;

/** @param m  size of the operator */
export function* leadingEigenpairs(m: number, k: number, apply: BlockOperator, { seed = 1, limit = 20_000 }: LeadingOptions = {}): Steps<LeadingEigen> {
  const wide = Math.min(m, k + 1);
  const capacity = Math.min(m, Math.max(largestSpace, 12 * wide)) + wide;
  const basis = new Float64Array(capacity * m);
  const h = new Float64Array(capacity * capacity);
  const random = new Random(seed);
  const vector = (i: number): Float64Array => basis.subarray(i * m, (i + 1) * m);
  for (let i = 0; i < wide; i++) {
    const x = vector(i);
    for (let d = 0; d < m; d++) x[d] = random.normal();
    removeAll(x, basis, i, m);
    removeAll(x, basis, i, m);
    scaleTo1(x);
  }
  let size = 0;
  let block = wide;
  let products = 0;
  let norm = 0;
  let nextCheck = 0;
  for (;;) {
    const image = new Float64Array(block * m);
    yield* apply(basis.subarray(size * m, (size + block) * m), block, image);
    products += block;
    const before = size;
    size += block;
    // What of the image lies in the space becomes a column of H; the rest is the next block, image = Q H + next R.
    for (let c = 0; c < block; c++) {
      const w = image.subarray(c * m, (c + 1) * m);
      norm = Math.max(norm, Math.sqrt(squareOf(w)));
      for (let pass = 0; pass < 2; pass++) {
        for (let r = 0; r < size; r++) {
          const share = remove(w, vector(r));
          h[r * capacity + before + c] = (pass > 0 ? h[r * capacity + before + c]! : 0) + share;
        }
      }
    }
    for (let c = before; c < size; c++) for (let r = 0; r < c; r++) h[c * capacity + r] = h[r * capacity + c]!;
    const rest = new Float64Array(block * block);
    let next = 0;
    for (let c = 0; c < block; c++) {
      const w = image.subarray(c * m, (c + 1) * m);
      for (let pass = 0; pass < 2; pass++) for (let r = 0; r < next; r++) rest[r * block + c] = rest[r * block + c]! + remove(w, image.subarray(r * m, (r + 1) * m));
      const length = Math.sqrt(squareOf(w));
      if (!(length > exhausted * norm)) continue;
      rest[next * block + c] = length;
      // What is small after subtraction is skew to the space again.
      if (length < 1e-3 * norm) removeAll(w, basis, size, m);
      for (let r = 0; r < next; r++) remove(w, image.subarray(r * m, (r + 1) * m));
      scaleTo1(w);
      image.copyWithin(next * m, c * m, (c + 1) * m);
      next++;
    }
    const full = size + next > capacity;
    const last = next === 0 || size >= m || products >= limit;
    if (size >= nextCheck || full || last) {
      nextCheck = Math.max(size + block, Math.ceil(size * 1.08));
      const wanted = Math.min(size, full ? k + 2 * wide : k + 1);
      const small = new Float64Array(size * size);
      for (let r = 0; r < size; r++) small.set(h.subarray(r * capacity, r * capacity + size), r * size);
      const { values, vectors } = symmetricEigen(small, size, wanted);
      const residuals = residualsOf(vectors, values, size, wanted, before, block, rest, next);
      const largest = Math.max(Math.abs(values[0] ?? 0), Number.MIN_VALUE);
      if (last || (size > k && settled(values, residuals, k, largest))) {
        const out = { values: new Float64Array(k + 1), vectors: new Float64Array(k * m) };
        const kept = Math.min(k, size);
        out.values.set(values.subarray(0, Math.min(k + 1, size)));
        combine(vectors, size, kept, basis, m, out.vectors);
        const residual = Math.max(0, ...residuals.subarray(0, kept)) / largest;
        return { ...out, residual, converged: next === 0 || size >= m || settled(values, residuals, k, largest), products };
      }
      if (full) {
        const ritz = new Float64Array(wanted * m);
        combine(vectors, size, wanted, basis, m, ritz);
        basis.set(ritz);
        h.fill(0);
        for (let i = 0; i < wanted; i++) h[i * capacity + i] = values[i]!;
        size = wanted;
        nextCheck = 0;
      }
    }
    basis.set(image.subarray(0, next * m), size * m);
    block = next;
    yield { phase: "components", done: products, total: 0 };
  }
}

/** ‖A v − θ v‖ of each Ritz pair: only the last block's part of v leads out of the space. */
function residualsOf(vectors: Float64Array, values: Float64Array, size: number, wanted: number, before: number, block: number, rest: Float64Array, next: number): Float64Array {
  const out = new Float64Array(Math.min(wanted, values.length));
  for (let i = 0; i < out.length; i++) {
    let square = 0;
    for (let r = 0; r < next; r++) {
      let sum = 0;
      for (let c = 0; c < block; c++) sum += rest[r * block + c]! * vectors[i * size + before + c]!;
      square += sum * sum;
    }
    out[i] = Math.sqrt(square);
  }
  return out;
}

function settled(values: Float64Array, residuals: Float64Array, k: number, largest: number): boolean {
  for (let i = 0; i < Math.min(k, residuals.length); i++) {
    const above = i > 0 ? values[i - 1]! - values[i]! : Infinity;
    const below = i + 1 < values.length ? values[i]! - values[i + 1]! : Infinity;
    const allowed = Math.max(rounding * largest, Math.min(1e-7 * largest, angle * Math.min(above, below)));
    if (!(residuals[i]! <= allowed)) return false;
  }
  return true;
}

/** out[i] = Σ_r vectors[i, r] basis[r]. */
function combine(vectors: Float64Array, size: number, count: number, basis: Float64Array, m: number, out: Float64Array): void {
  for (let i = 0; i < count; i++) {
    const target = out.subarray(i * m, (i + 1) * m);
    for (let r = 0; r < size; r++) {
      const weight = vectors[i * size + r]!;
      const source = basis.subarray(r * m, (r + 1) * m);
      for (let d = 0; d < m; d++) target[d] = target[d]! + weight * source[d]!;
    }
  }
}

/** Takes the part along `unit` out of x and returns its length. */
function remove(x: Float64Array, unit: Float64Array): number {
  const m = x.length;
  let dot = 0;
  for (let d = 0; d < m; d++) dot += x[d]! * unit[d]!;
  for (let d = 0; d < m; d++) x[d] = x[d]! - dot * unit[d]!;
  return dot;
}

function removeAll(x: Float64Array, basis: Float64Array, count: number, m: number): void {
  for (let r = 0; r < count; r++) remove(x, basis.subarray(r * m, (r + 1) * m));
}

function squareOf(x: Float64Array): number {
  let square = 0;
  for (let d = 0; d < x.length; d++) square += x[d]! * x[d]!;
  return square;
}

function scaleTo1(x: Float64Array): void {
  const scale = 1 / Math.sqrt(squareOf(x));
  for (let d = 0; d < x.length; d++) x[d] = x[d]! * scale;
}
