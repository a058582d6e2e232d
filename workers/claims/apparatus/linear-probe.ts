/**
 * How well a linear classifier tells classes apart in a representation: ridge
 * regression on one-hot labels, fitted on one half of the points, tested on the other.
 *
 *   W = argmin ‖X W − Y‖² + λ ‖W‖²,   λ = 10⁻³ of the mean variance, times n
 *
 * solved over the points, (X Xᵀ + λ) A = Y, so that the number of dimensions does not matter.
 * The larger of the outputs is the class. By chance 1 / classes where they are even.
 *
 * Source: Alain & Bengio 2016, arXiv:1610.01644; Hastie, Tibshirani & Friedman 2009, sections 3.4 and 4.2.
 */
import type { Random } from "../../../probes/random.ts";
import type { Tensor } from "../../../probes/tensor.ts";

/** @param states  [n, D] @returns accuracy on the half that was held out */
export function linearProbe(states: Tensor, labels: Uint8Array, random: Random): number {
  const [n, D] = states.shape as [number, number];
  const order = random.shuffle(Array.from({ length: n }, (_, i) => i));
  const half = n >> 1;
  const [fit, test] = [order.slice(0, half), order.slice(half)];
  const centre = new Float64Array(D);
  for (const i of fit) for (let d = 0; d < D; d++) centre[d]! += states.data[i * D + d]! / half;
  const x = (i: number): Float64Array => Float64Array.from({ length: D }, (_, d) => states.data[i * D + d]! - centre[d]!);
  const known = fit.map(x);
  const gram = known.map((a, i) => Float64Array.from({ length: half }, (_, j) => (j <= i ? dot(a, known[j]!) : 0)));
  const ridge = 1e-3 * (gram.reduce((sum, row, i) => sum + row[i]!, 0) / half + Number.MIN_VALUE);
  const classes = Math.max(...labels) + 1;
  const targets = Array.from({ length: classes }, (_, c) => Float64Array.from(fit, (i) => (labels[i] === c ? 1 : 0)));
  const shares = targets.map((target) => target.reduce((sum, y) => sum + y, 0) / half);
  const coefficients = solve(gram, ridge, targets.map((target, c) => target.map((y) => y - shares[c]!)));
  let right = 0;
  for (const i of test) {
    const near = x(i);
    const products = known.map((a) => dot(a, near));
    let [best, most] = [0, -Infinity];
    coefficients.forEach((a, c) => {
      const value = shares[c]! + dot(a, products);
      if (value > most) [best, most] = [c, value];
    });
    if (best === labels[i]) right++;
  }
  return right / test.length;
}

/** (G + ridge) a = b for each b, by Cholesky; of G the lower half is read and overwritten. */
function solve(lower: Float64Array[], ridge: number, rights: readonly Float64Array[]): Float64Array[] {
  const n = lower.length;
  for (let i = 0; i < n; i++) {
    const row = lower[i]!;
    row[i]! += ridge;
    for (let j = 0; j <= i; j++) {
      const other = lower[j]!;
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      row[j] = i === j ? Math.sqrt(Math.max(sum, Number.EPSILON * ridge)) : sum / other[j]!;
    }
  }
  return rights.map((right) => {
    const a = Float64Array.from(right);
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) a[i]! -= lower[i]![k]! * a[k]!;
      a[i]! /= lower[i]![i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      for (let k = i + 1; k < n; k++) a[i]! -= lower[k]![i]! * a[k]!;
      a[i]! /= lower[i]![i]!;
    }
    return a;
  });
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
