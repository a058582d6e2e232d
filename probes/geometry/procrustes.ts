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
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import type { LayerStates } from "./layer-states.ts";
import { symmetricEigen } from "../projection/symmetric-eigen.ts";
import { matched } from "./cka.ts";
import { centredGram, finitePoints, type Points } from "./distances.ts";

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
  const product = rowProducts(rowProducts(factor, rank, l, n, n), rank, factor, rank, n, true);
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
    // Four earlier rows at a time, so that this one is read and written less often; past the end the weight is 0.
    for (let r = 0; r < rank; r += 4) {
      const [a, b, c, d] = [r * n, Math.min(r + 1, rank) * n, Math.min(r + 2, rank) * n, Math.min(r + 3, rank) * n];
      const p = factor[a + pivot]!;
      const q = r + 1 < rank ? factor[b + pivot]! : 0;
      const u = r + 2 < rank ? factor[c + pivot]! : 0;
      const v = r + 3 < rank ? factor[d + pivot]! : 0;
      for (let i = 0; i < n; i++) factor[at + i] = factor[at + i]! - (p * factor[a + i]! + q * factor[b + i]! + u * factor[c + i]! + v * factor[d + i]!);
    }
    for (let i = 0; i < n; i++) {
      factor[at + i] = factor[at + i]! / root;
      left[i] = left[i]! - factor[at + i]! ** 2;
    }
    left[pivot] = 0;
  }
  return { factor, rank };
}

/**
 * Inner products of `m` rows of a with `k` rows of b, [m, k]; four rows by two at a
 * time, so that each number loaded serves several. Where they are known to be
 * symmetric only one half is computed.
 */
function rowProducts(a: Float64Array, m: number, b: Float64Array, k: number, width: number, symmetric = false): Float64Array {
  const out = new Float64Array(m * k);
  for (let i = 0; i < m; i += 4) {
    // Past the end the last row is repeated.
    const i2 = Math.min(i + 1, m - 1);
    const i3 = Math.min(i + 2, m - 1);
    const i4 = Math.min(i + 3, m - 1);
    for (let j = 0; j < (symmetric ? i4 + 1 : k); j += 2) {
      const j2 = Math.min(j + 1, k - 1);
      let ij = 0;
      let ij2 = 0;
      let i2j = 0;
      let i2j2 = 0;
      let i3j = 0;
      let i3j2 = 0;
      let i4j = 0;
      let i4j2 = 0;
      for (let d = 0, r = i * width, r2 = i2 * width, r3 = i3 * width, r4 = i4 * width, s = j * width, s2 = j2 * width; d < width; d++) {
        const p = b[s + d]!;
        const q = b[s2 + d]!;
        ij += a[r + d]! * p;
        ij2 += a[r + d]! * q;
        i2j += a[r2 + d]! * p;
        i2j2 += a[r2 + d]! * q;
        i3j += a[r3 + d]! * p;
        i3j2 += a[r3 + d]! * q;
        i4j += a[r4 + d]! * p;
        i4j2 += a[r4 + d]! * q;
      }
      out[i * k + j] = ij;
      out[i * k + j2] = ij2;
      out[i2 * k + j] = i2j;
      out[i2 * k + j2] = i2j2;
      out[i3 * k + j] = i3j;
      out[i3 * k + j2] = i3j2;
      out[i4 * k + j] = i4j;
      out[i4 * k + j2] = i4j2;
    }
  }
  if (symmetric) for (let i = 0; i < m; i++) for (let j = 0; j < i; j++) out[j * m + i] = out[i * m + j]!;
  return out;
}

const gramOf = ({ distances }: LayerStates): Float64Array => centredGram(distances);

export const layerProcrustes: ProfileProbe = profileProbe({
  id: "layer-procrustes",
  name: "Procrustes from the layer below",
  group: "layers",
  title: "What does turning the layer below not explain?",
  unit: "1",
  source: "Ding, Denain & Steinhardt 2021, arXiv:2108.01661; Schönemann 1966",
  formula: "2 − 2 ‖XᵀY‖_*, X and Y the states of this layer and the one below, centred and of norm 1",
  help: "The layer below is turned and scaled until it fits this one as well as it can; this is what is left. 0 is a perfect fit, 2 none at all. A large value means that the layer did more than turn what it was given.",
  caveat: "With fewer steps than dimensions a rotation fits nearly anything, so the value is low for any two layers: compare it between layers and modes of equal length, not with 0.",
  range: [0, 2],
  length: "The fewer steps, the better a rotation fits.",
  of: ({ layer, below }) => (below ? distanceOf(layer, below) : NaN),
});

function distanceOf(a: LayerStates, b: LayerStates): number {
  const n = a.distances.n;
  const whole = [a, b].every(({ distances }) => finitePoints(distances).length === n);
  return whole ? procrustesOfGrams(b.shared(gramOf), a.shared(gramOf), n) : procrustesDistance(b.distances, a.distances);
}
