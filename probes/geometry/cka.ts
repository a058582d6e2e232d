/**
 * How alike two representations of the same n inputs are, whatever their
 * dimensions: linear centred kernel alignment, ⟨K, L⟩ / (‖K‖ ‖L‖) = ‖YᵀX‖² /
 * (‖XᵀX‖ ‖YᵀY‖) with X and Y centred, K = XXᵀ, L = YYᵀ. Unit 1.
 *
 * A representation with itself, turned or scaled, gives 1. Independent ones of p
 * dimensions give p / (n + p), not 0: 0.09 for n = 200, p = 20, and 0.33 for
 * p = 100. `debiasedCka` uses the unbiased estimate of ⟨K, L⟩ and gives 0 on
 * average there; it can be below 0.
 *
 * Source: Kornblith et al. 2019, arXiv:1905.00414; debiased: Song et al. 2012
 * (JMLR 13, HSIC₁), Nguyen et al. 2021, arXiv:2010.15327.
 *
 * Where it misleads: below n ≫ D the plain form is near 1 for anything: show the
 * debiased one. A few directions of large variance (a far first token) decide it.
 * Equal values do not mean equal computation.
 */
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import type { LayerStates } from "./layer-states.ts";
import { among, centredGram, distancesOf, finitePoints, type Distances, type Points } from "./distances.ts";

/** A kernel ready to be compared, so that each layer's is made once. */
export interface Kernel {
  readonly n: number;
  /** [n, n] */
  readonly values: Float64Array<ArrayBuffer>;
  /** ⟨K, K⟩; not above 0 where the points do not vary (or are too few to tell). */
  readonly square: number;
}

/** K centred, for `alignment` as the plain CKA. Expects finite points. */
export function centredKernel(distances: Distances): Kernel {
  const values = centredGram(distances);
  return { n: distances.n, values, square: dot(values, values) };
}

/**
 * K with its diagonal left out and its rows' means removed so that ⟨K̃, L̃⟩ is
 * n (n − 3) times the unbiased HSIC (Székely & Rizzo 2014). Expects finite points.
 */
export function debiasedKernel(distances: Distances): Kernel {
  const { n } = distances;
  const values = centredGram(distances);
  if (n < 4) return { n, values, square: NaN };
  const sums = new Float64Array(n);
  let all = 0;
  for (let i = 0; i < n; i++) {
    values[i * n + i] = 0;
    for (let j = 0; j < n; j++) sums[i] = sums[i]! + values[i * n + j]!;
    all += sums[i]!;
  }
  const mean = all / ((n - 1) * (n - 2));
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) values[i * n + j] = i === j ? 0 : values[i * n + j]! - (sums[i]! + sums[j]!) / (n - 2) + mean;
  return { n, values, square: dot(values, values) };
}

/** ⟨K, L⟩ / √(⟨K, K⟩⟨L, L⟩); NaN where one of them does not vary. */
export function alignment(k: Kernel, l: Kernel): number {
  return k.square > 0 && l.square > 0 ? dot(k.values, l.values) / Math.sqrt(k.square) / Math.sqrt(l.square) : NaN;
}

/**
 * @param x, y  two representations of the same inputs, [n, Dx] and [n, Dy], or their distances; inputs not finite in one are left out
 * @returns     in [0, 1]; NaN where one does not vary
 * @throws      RangeError where they differ in the number of inputs
 */
export function cka(x: Points, y: Points): number {
  const [a, b] = matched(x, y);
  return alignment(centredKernel(a), centredKernel(b));
}

/** As `cka`, without its bias; at most 1, 0 on average for independent representations; NaN below four inputs. */
export function debiasedCka(x: Points, y: Points): number {
  const [a, b] = matched(x, y);
  return alignment(debiasedKernel(a), debiasedKernel(b));
}

/**
 * Two representations of the same inputs, by those inputs that are finite in both.
 *
 * @throws RangeError where they differ in the number of inputs
 */
export function matched(x: Points, y: Points): readonly [Distances, Distances] {
  const a = distancesOf(x);
  const b = distancesOf(y);
  if (a.n !== b.n) throw new RangeError(`matched: expected two representations of the same inputs, got ${a.n} and ${b.n}`);
  const finite = new Set(finitePoints(b));
  const rows = finitePoints(a).filter((r) => finite.has(r));
  return [among(a, rows), among(b, rows)];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** A layer's debiased kernel, made once. */
export const debiasedKernelOf = ({ distances }: LayerStates): Kernel => debiasedKernel(distances);

export const layerCka: ProfileProbe = profileProbe({
  id: "layer-cka",
  name: "CKA with the layer below",
  group: "layers",
  title: "Does the layer order the steps as the one below?",
  unit: "1",
  source: "CKA: Kornblith et al. 2019, arXiv:1905.00414; debiased: Nguyen et al. 2021, arXiv:2010.15327",
  formula: "⟨K̃, L̃⟩ / (‖K̃‖‖L̃‖), K̃ and L̃ the debiased kernels of this layer and the one below",
  help: "Whether two steps that are alike in the layer below are alike in this one. 1 is the same up to turning and scaling, 0 is unrelated. It may fall a little below 0, since the bias of small samples has been taken out.",
  caveat: "The residual stream adds up, so neighbouring layers are alike by construction: ask where it falls. A few directions of large variance (a far first token) decide it; undefined below four steps.",
  range: [null, 1],
  of: ({ layer, below }) => (below ? alignmentOf(layer, below) : NaN),
});

function alignmentOf(a: LayerStates, b: LayerStates): number {
  const n = a.distances.n;
  const whole = [a, b].every(({ distances }) => finitePoints(distances).length === n);
  return whole ? alignment(a.shared(debiasedKernelOf), b.shared(debiasedKernelOf)) : debiasedCka(a.distances, b.distances);
}
