/**
 * Linear regression in context, and the two estimators that a model is compared with.
 *
 * A task is a vector w of D numbers; an example is x ~ N(0, I) with y = w · x + noise,
 * noise ~ N(0, σ²). From K examples:
 *
 *   dMMSE   ŵ = Σ_i w_i softmax_i(−Σ_j (y_j − w_i · x_j)² / 2σ²)     best where w is one of a pool {w_i}
 *   ridge   ŵ = (XᵀX + σ² I)⁻¹ Xᵀ y                                   best where w ~ N(0, I)
 *
 * The first is a mixture of the pool and lies in its convex hull, whatever the examples are.
 *
 * Source: Raventós et al. 2023, arXiv:2306.15063.
 */
import type { Random } from "../../../probes/random.ts";
import { ridge } from "../../../probes/statistics/ridge.ts";

export interface Examples {
  /** [K][D] */
  readonly x: readonly Float64Array[];
  /** [K] */
  readonly y: Float64Array;
}

export function normalVector(random: Random, D: number): Float64Array {
  return Float64Array.from({ length: D }, () => random.normal());
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** @param variance  σ² */
export function drawExamples(random: Random, task: Float64Array, K: number, variance: number): Examples {
  const x = Array.from({ length: K }, () => normalVector(random, task.length));
  return { x, y: Float64Array.from(x, (row) => dot(task, row) + Math.sqrt(variance) * random.normal()) };
}

/** The mean of w given the examples, for w drawn evenly from a pool, [D]. */
export function poolEstimate(pool: readonly Float64Array[], { x, y }: Examples, variance: number): Float64Array {
  const logs = pool.map((task) => -x.reduce((sum, row, j) => sum + (y[j]! - dot(task, row)) ** 2, 0) / (2 * variance));
  const most = Math.max(...logs);
  const weights = logs.map((log) => Math.exp(log - most));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return Float64Array.from(pool[0]!, (_, d) => pool.reduce((sum, task, i) => sum + (weights[i]! / total) * task[d]!, 0));
}

/** The mean of w given the examples, for w ~ N(0, I), [D]. */
export function ridgeEstimate({ x, y }: Examples, variance: number, D: number): Float64Array {
  if (x.length === 0) return new Float64Array(D);
  return Float64Array.from(ridge(x, Array.from(y, (value) => [value]), variance), ([w]) => w!);
}
