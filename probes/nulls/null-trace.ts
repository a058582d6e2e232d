/**
 * A run as chance would have it: the same run with other hidden states, so that any
 * measure of a path gives its null by the same way as its value.
 *
 * - `shuffled`  the same states in another order, one order for all layers; the first stays
 * - `walk`      in each layer a random walk of the same step lengths (`random-walk.ts`, `ambient`)
 *
 * What the states read out as (lens, logits) stays as it was: only measures of the
 * residual stream have these nulls.
 */
import { layerPath } from "../geometry/layer-path.ts";
import { hasTrajectory } from "../geometry/trajectory.ts";
import type { Random } from "../random.ts";
import { tensor } from "../tensor.ts";
import type { Trace } from "../trace.ts";
import { randomWalk } from "./random-walk.ts";
import { shuffledOrder } from "./shuffled-order.ts";

export type PathNull = "shuffled" | "walk";
export const pathNulls: readonly PathNull[] = ["shuffled", "walk"];

/**
 * @param from  the first step that is drawn anew; those before it stay
 * @throws      RangeError where the run kept no hidden states
 */
export function nullTrace(trace: Trace, kind: PathNull, from: number, random: Random): Trace {
  if (!hasTrajectory(trace)) throw new RangeError("nullTrace: expected hidden states, got none; run again with capture on");
  const { residPost } = trace.activations;
  const [steps = 0, layers = 0, D = 0] = residPost.shape;
  const drawn = tensor(residPost.shape, residPost.data.slice());
  const order = shuffledOrder(steps - from, random);
  for (let layer = 0; layer < layers; layer++) {
    const path = layerPath(residPost, layer, from);
    const other = kind === "walk" ? randomWalk(path, random) : path;
    for (let t = 0; t < steps - from; t++) {
      const source = kind === "walk" ? t : order[t]!;
      drawn.data.set(other.data.subarray(source * D, (source + 1) * D), ((from + t) * layers + layer) * D);
    }
  }
  return { ...trace, activations: { ...trace.activations, residPost: drawn } };
}
