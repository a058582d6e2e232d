/**
 * How far two representations of the same n inputs stay apart under the best
 * rotation: with X and Y centred and scaled to ‖X‖ = ‖Y‖ = 1,
 *
 *   min over orthogonal Q of ‖X − YQ‖² = 2 − 2 ‖XᵀY‖_*
 *
 * ‖·‖_* the sum of the singular values. 0 for turned, shifted or scaled copies,
 * 2 where no direction of one is found in the other. Unit 1 (a square).
 *
 * Source: Ding, Denain & Steinhardt 2021, arXiv:2108.01661 (there without the
 * scaling of both to 1); Schönemann 1966.
 *
 * Where it misleads: below n ≫ D a rotation fits anything: independent clouds of
 * n ≤ D points are near 0 as well; compare with a shuffled pairing. A few directions of
 * large variance decide it.
 */
import { symmetricEigen } from "../projection/symmetric-eigen.ts";
import { matched } from "./cka.ts";
import { centredGram, type Points } from "./distances.ts";

/** Below this share of the largest, what is left of a matrix is rounding. */
const negligible = 1e-13;

/**
 * @param x, y  two representations of the same inputs, [n, Dx] and [n, Dy], or their distances; inputs not finite in one are left out
 * @returns     in [0, 2]; NaN where one does not vary
 * @throws      RangeError where they differ in the number of inputs
 */
export function procrustesDistance(x: Points, y: Points): number {
  const [a, b] = matched(x, y);
  return procrustesOfGrams(centredGram(a), centredGram(b), a.n);
}

/** The same from the centred Gram matrices, [n, n] each. */
export function procrustesOfGrams(k: Float64Array, l: Float64Array, n: number): number {
  let traces = 1;
  for (const gram of [k, l]) {
    let trace = 0;
    for (let i = 0; i < n; i++) trace += gram[i * n + i]!;
    traces *= trace;
  }
  if (!(traces > 0)) return NaN;
  const { factor, rank } = choleskyRows(k, n);
  // K = RᵀR, and X = RᵀQ with QᵀQ = 1: XᵀY has the singular values of R Y, and those are the roots of the eigenvalues of R L Rᵀ.
  const product = new Float64Array(rank * rank);
  const half = new Float64Array(n);
  for (let r = 0; r < rank; r++) {
    multiply(l, factor.subarray(r * n, (r + 1) * n), half, n);
    for (let s = 0; s <= r; s++) {
      let sum = 0;
      for (let i = 0, at = s * n; i < n; i++) sum += factor[at + i]! * half[i]!;
      product[r * rank + s] = product[s * rank + r] = sum;
    }
  }
  let nuclear = 0;
  const { values } = symmetricEigen(product, rank, 0);
  for (const value of values) if (value > negligible * values[0]!) nuclear += Math.sqrt(value);
  // Rounding must not put a copy below 0.
  return Math.max(0, 2 - (2 * nuclear) / Math.sqrt(traces));
}

/** Rows R with K = RᵀR, [rank, n], largest pivot first; stops where the rest is rounding. */
function choleskyRows(k: Float64Array, n: number): { factor: Float64Array; rank: number } {
  const factor = new Float64Array(n * n);
  const left = new Float64Array(n);
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, (left[i] = k[i * n + i]!));
  let rank = 0;
  for (; rank < n; rank++) {
    let pivot = 0;
    for (let i = 1; i < n; i++) if (left[i]! > left[pivot]!) pivot = i;
    if (!(left[pivot]! > negligible * largest)) break;
    const root = Math.sqrt(left[pivot]!);
    const at = rank * n;
    for (let i = 0; i < n; i++) factor[at + i] = k[pivot * n + i]!;
    for (let r = 0; r < at; r += n) {
      const weight = factor[r + pivot]!;
      for (let i = 0; i < n; i++) factor[at + i] = factor[at + i]! - weight * factor[r + i]!;
    }
    for (let i = 0; i < n; i++) {
      factor[at + i] = factor[at + i]! / root;
      left[i] = left[i]! - factor[at + i]! ** 2;
    }
    left[pivot] = 0;
  }
  return { factor, rank };
}

/** out = A x. */
function multiply(a: Float64Array, x: Float64Array, out: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0, at = i * n; j < n; j++) sum += a[at + j]! * x[j]!;
    out[i] = sum;
  }
}
