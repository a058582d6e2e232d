/**
 * How alike two runs reason, by their trajectories: mean cosine of aligned steps.
 *
 * - order 0: of the positions hₜ (topic and language rule)
 * - order 1: of the velocities hₜ₊₁ − hₜ (logic is said to rule)
 * - order 2: of the second differences
 * - curvature: Pearson's correlation of the two Menger curvature series
 *
 * The longer run is cut at the end. A run with itself gives 1 in all, opposite
 * moves −1 at order 1, unrelated runs in D dimensions 0 ± 1/√(nD). Unit 1.
 *
 * A position is the mean last-layer state over a reasoning step's tokens, with
 * all the context before it: `stepMeans`.
 *
 * Source: Zhou et al. 2025, arXiv:2510.09782, and its code.
 *
 * Where it misleads: order 0 is dominated by a common mean of all hidden states
 * (high for any two runs of one model); two runs that reason alike at different
 * speed are aligned wrongly; give the control of unrelated problems beside it.
 */
import { correlation } from "../statistics/correlation.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { mengerCurvatures } from "./menger-curvature.ts";

export interface FlowSimilarity {
  /** Mean cosines; NaN where no aligned pair has a direction. */
  readonly order0: number;
  readonly order1: number;
  readonly order2: number;
  /** Correlation of the curvatures; NaN for fewer than two aligned ones. */
  readonly curvature: number;
  /** Steps compared. */
  readonly steps: number;
}

/**
 * @param a, b  the positions of two runs, [T, D] each
 * @throws      RangeError where they differ in hidden size
 */
export function flowSimilarity(a: Tensor, b: Tensor): FlowSimilarity {
  const D = a.shape[1] ?? 0;
  if (D !== b.shape[1]) throw new RangeError(`flowSimilarity: expected one hidden size, got ${D} and ${b.shape[1]}; compare runs of one model only`);
  const steps = Math.min(a.shape[0] ?? 0, b.shape[0] ?? 0);
  let x = Float64Array.from(a.data.subarray(0, steps * D));
  let y = Float64Array.from(b.data.subarray(0, steps * D));
  const cosines: number[] = [];
  for (let order = 0; order < 3; order++) {
    cosines.push(meanCosine(x, y, D));
    x = differences(x, D);
    y = differences(y, D);
  }
  const bends = Math.max(0, steps - 2);
  const curvature = correlation(mengerCurvatures(a).subarray(0, bends), mengerCurvatures(b).subarray(0, bends));
  return { order0: cosines[0]!, order1: cosines[1]!, order2: cosines[2]!, curvature, steps };
}

/**
 * The mean state of each reasoning step, [steps, D].
 *
 * @param path    one layer's trajectory, [T, D]
 * @param starts  the first token of each reasoning step, rising; a step ends where the next begins
 * @returns       NaN in the row of a step without tokens
 */
export function stepMeans(path: Tensor, starts: readonly number[]): Tensor {
  const [T = 0, D = 0] = path.shape;
  const means = tensor([starts.length, D]);
  const sum = new Float64Array(D);
  starts.forEach((start, i) => {
    const end = Math.min(T, starts[i + 1] ?? T);
    sum.fill(end > start ? 0 : NaN);
    for (let t = start; t < end; t++) for (let d = 0; d < D; d++) sum[d] = sum[d]! + path.data[t * D + d]! / (end - start);
    means.data.set(sum, i * D);
  });
  return means;
}

function differences(x: Float64Array, D: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(Math.max(0, x.length - D));
  for (let i = 0; i < out.length; i++) out[i] = x[i + D]! - x[i]!;
  return out;
}

function meanCosine(x: Float64Array, y: Float64Array, D: number): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < x.length; at += D) {
    let xx = 0;
    let yy = 0;
    let xy = 0;
    for (let d = at; d < at + D; d++) {
      xx += x[d]! * x[d]!;
      yy += y[d]! * y[d]!;
      xy += x[d]! * y[d]!;
    }
    const cosine = xy / Math.sqrt(xx) / Math.sqrt(yy);
    // A step that stands still, or holds NaN, has no direction.
    if (!Number.isFinite(cosine)) continue;
    sum += cosine;
    count++;
  }
  return count > 0 ? sum / count : NaN;
}
