/**
 * The path that the residual stream of one layer takes through a run.
 */
import { keptLayers } from "../kept-layers.ts";
import { row, tensor, type Tensor } from "../tensor.ts";
import type { Trace } from "../trace.ts";

/** Whether the run kept its hidden states. */
export function hasTrajectory(trace: Trace): boolean {
  return trace.steps.length > 0 && trace.activations.residPost.shape[0] === trace.steps.length;
}

/**
 * One layer's trajectory, [T − from, D]; row i is step from + i.
 *
 * @throws RangeError where the run kept no hidden states, or has no such layer or step
 */
export function trajectory(trace: Trace, layer: number, from = 0): Tensor {
  const { residPost } = trace.activations;
  const [steps = 0, , hiddenSize = 0] = residPost.shape;
  const kept = keptLayers(trace.activations);
  const index = kept.indexOf(layer);
  if (!hasTrajectory(trace)) {
    throw new RangeError(`trajectory: expected hidden states of ${trace.steps.length} steps, got ${steps}; run again with capture on`);
  }
  if (index < 0) {
    const there = trace.activations.layers ? `one of the layers that were kept (${kept.join(", ")})` : `a layer from 0 to ${kept.length - 1}`;
    throw new RangeError(`trajectory: expected ${there}, got ${layer}`);
  }
  if (!(Number.isInteger(from) && from >= 0 && from <= steps)) {
    throw new RangeError(`trajectory: expected a first step from 0 to ${steps}, got ${from}`);
  }
  const path = tensor([steps - from, hiddenSize]);
  for (let t = from; t < steps; t++) path.data.set(row(residPost, t, index), (t - from) * hiddenSize);
  return path;
}

/** `n` consecutive steps, the first of them `first`. */
export function consecutive(first: number, n: number): number[] {
  return Array.from({ length: Math.max(0, n) }, (_, i) => first + i);
}
