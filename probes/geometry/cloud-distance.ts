/**
 * Where a wrong run leaves the cloud of correct ones, layer by layer (REMA).
 *
 * - distance: D_l = mean distance of a state to its k nearest states of correct runs
 * - baseline: mean μ_l and standard deviation σ_l of the same distance for each
 *   correct run to the other correct runs
 * - divergence layer: the first l with D_l > μ_l + α σ_l
 * - separability: AUROC of D_l, wrong against correct, per layer
 *
 * Wrong runs drawn from the correct ones' own distribution give an AUROC of ½, runs
 * moved far away 1. Distances in units of the residual stream, AUROC 1.
 *
 * Source: Li et al. 2025, arXiv:2509.22518. k and α are ours to choose: give them with the number.
 *
 * Where it misleads: wrong runs are often longer and on harder problems, and that
 * alone moves them: compare at equal length and difficulty. Searching all layers
 * for a divergence finds one by chance (at α = 2 in about 2 % of layers per run).
 */
import type { Tensor } from "../tensor.ts";
import { auroc } from "../statistics/auroc.ts";
import { mean, standardDeviation } from "../statistics/moments.ts";
import { layerPath } from "./layer-path.ts";

export interface CloudDeviation {
  /** [m, L] distance of each wrong run, row by row; NaN where its state is not finite or the cloud is empty. */
  readonly distances: Float64Array<ArrayBuffer>;
  /** [n, L] the same for each correct run to the others. */
  readonly baseline: Float64Array<ArrayBuffer>;
  /** [L] mean of the baseline. */
  readonly mean: Float64Array<ArrayBuffer>;
  /** [L] standard deviation of the baseline (n − 1); NaN for fewer than two. */
  readonly deviation: Float64Array<ArrayBuffer>;
  /** [m] the first layer outside; null where there is none. */
  readonly divergence: readonly (number | null)[];
  /** [L] AUROC, wrong against correct. */
  readonly separability: Float64Array<ArrayBuffer>;
  /** Neighbours used, after clipping to the number of other correct runs. */
  readonly k: number;
}

/**
 * @param correct  one state per correct run and layer, [n, L, D]
 * @param wrong    one state per wrong run and layer, [m, L, D]
 * @param k        neighbours
 * @param alpha    how many standard deviations count as outside
 * @throws         RangeError where the two differ in layers or hidden size
 */
export function cloudDeviation(correct: Tensor, wrong: Tensor, k = 5, alpha = 2): CloudDeviation {
  const [n = 0, L = 0] = correct.shape;
  const [m = 0] = wrong.shape;
  if (String(correct.shape.slice(1)) !== String(wrong.shape.slice(1))) {
    throw new RangeError(`cloudDeviation: expected states of [${correct.shape.slice(1)}], got [${wrong.shape.slice(1)}]; compare runs of one model only`);
  }
  const near = Math.max(0, Math.min(k, n - 1));
  const distances = new Float64Array(m * L);
  const baseline = new Float64Array(n * L);
  const means = new Float64Array(L);
  const deviation = new Float64Array(L);
  const separability = new Float64Array(L);
  const divergence = Array<number | null>(m).fill(null);
  for (let l = 0; l < L; l++) {
    const cloud = layerPath(correct, l);
    const outside = cloudDistances(cloud, layerPath(wrong, l), near);
    const inside = cloudDistances(cloud, cloud, near, true);
    outside.forEach((d, i) => (distances[i * L + l] = d));
    inside.forEach((d, i) => (baseline[i * L + l] = d));
    means[l] = mean(inside);
    deviation[l] = standardDeviation(inside);
    separability[l] = auroc(outside, inside);
    for (let i = 0; i < m; i++) if (divergence[i] === null && outside[i]! > means[l]! + alpha * deviation[l]!) divergence[i] = l;
  }
  return { distances, baseline, mean: means, deviation, divergence, separability, k: near };
}

/**
 * The mean distance of each state to its k nearest in a cloud, [m].
 *
 * @param cloud        [n, D]; rows that are not finite are left out
 * @param states       [m, D]
 * @param leaveOneOut  the states are the cloud itself, and none is its own neighbour
 * @returns            NaN for a state that is not finite, and where the cloud has no (other) point; fewer than k points: the mean over those
 */
export function cloudDistances(cloud: Tensor, states: Tensor, k: number, leaveOneOut = false): Float64Array<ArrayBuffer> {
  const [n = 0, D = 0] = cloud.shape;
  const [m = 0] = states.shape;
  const out = new Float64Array(m);
  const squares = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    let finite = 0;
    for (let j = 0; j < n; j++) {
      let square = 0;
      for (let d = 0, a = i * D, b = j * D; d < D; d++) {
        const e = states.data[a + d]! - cloud.data[b + d]!;
        square += e * e;
      }
      if (square < Infinity && !(leaveOneOut && i === j)) squares[finite++] = square;
    }
    const nearest = squares.subarray(0, finite).sort().subarray(0, Math.max(0, k));
    let sum = 0;
    for (const square of nearest) sum += Math.sqrt(square);
    out[i] = nearest.length > 0 ? sum / nearest.length : NaN;
  }
  return out;
}
