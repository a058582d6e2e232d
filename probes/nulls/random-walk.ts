/**
 * A random walk with the step lengths of a given path, each step in a direction
 * of its own: what a measure gives where the steps know nothing of each other.
 *
 * `space` says where directions are isotropic: `ambient`, in all D dimensions;
 * `span`, in the subspace that the path's own steps span (at most T − 1 of D), a
 * harder null, since real paths use few directions.
 *
 * In r dimensions its directness is about √Σℓ² / Σℓ and its turning angle π/2,
 * the closer the larger r.
 *
 * Where it misleads: a walk drifts away without end, hidden states do not; neither
 * null has the correlations of the residual stream. An untrained model of the same shape is the third.
 */
import { distance } from "../geometry/step-length.ts";
import type { Random } from "../random.ts";
import { tensor, type Tensor } from "../tensor.ts";

export type WalkSpace = "ambient" | "span";

/**
 * @param path  [T, D]
 * @returns     [T, D], from the same first state; NaN from the first step on whose length is NaN
 */
export function randomWalk(path: Tensor, random: Random, space: WalkSpace = "ambient"): Tensor {
  return walksLike(path, space)(random);
}

/** The same for many draws: the span is found once. */
export function walksLike(path: Tensor, space: WalkSpace = "ambient"): (random: Random) => Tensor {
  const [T = 0, D = 0] = path.shape;
  const lengths = Float64Array.from({ length: Math.max(0, T - 1) }, (_, t) => distance(path, t, t + 1));
  const basis = space === "span" ? spanOfSteps(path) : null;
  return (random) => {
    const walk = tensor([T, D]);
    walk.data.set(path.data.subarray(0, Math.min(1, T) * D));
    const at = Float64Array.from(walk.data.subarray(0, D));
    const direction = new Float64Array(D);
    for (let t = 1; t < T; t++) {
      drawDirection(direction, random, basis);
      const length = lengths[t - 1]!;
      const scale = length === 0 ? 0 : length / norm(direction);
      for (let d = 0; d < D; d++) at[d] = at[d]! + scale * direction[d]!;
      walk.data.set(at, t * D);
    }
    return walk;
  };
}

function drawDirection(direction: Float64Array, random: Random, basis: readonly Float64Array[] | null): void {
  if (!basis) {
    for (let d = 0; d < direction.length; d++) direction[d] = random.normal();
    return;
  }
  direction.fill(0);
  for (const axis of basis) {
    const weight = random.normal();
    for (let d = 0; d < direction.length; d++) direction[d] = direction[d]! + weight * axis[d]!;
  }
}

/** Orthonormal axes of the path's steps, by Gram and Schmidt, twice for stability; steps that hold NaN are left out. */
function spanOfSteps(path: Tensor): Float64Array[] {
  const [T = 0, D = 0] = path.shape;
  const axes: Float64Array[] = [];
  for (let t = 1; t < T && axes.length < D; t++) {
    const step = Float64Array.from({ length: D }, (_, d) => path.data[t * D + d]! - path.data[(t - 1) * D + d]!);
    const length = norm(step);
    if (!(length > 0 && length < Infinity)) continue;
    for (let pass = 0; pass < 2; pass++) {
      for (const axis of axes) {
        let dot = 0;
        for (let d = 0; d < D; d++) dot += step[d]! * axis[d]!;
        for (let d = 0; d < D; d++) step[d] = step[d]! - dot * axis[d]!;
      }
    }
    const left = norm(step);
    // float32 states: what is left below this is rounding, not a direction.
    if (left > 1e-5 * length) axes.push(step.map((x) => x / left));
  }
  return axes;
}

function norm(x: Float64Array): number {
  let square = 0;
  for (let d = 0; d < x.length; d++) square += x[d]! * x[d]!;
  return Math.sqrt(square);
}
