/**
 * The path that the residual stream of one layer takes through a run.
 */
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
  const [steps = 0, layers = 0, hiddenSize = 0] = residPost.shape;
  if (!hasTrajectory(trace)) {
    throw new RangeError(`trajectory: expected hidden states of ${trace.steps.length} steps, got ${steps}; run again with capture on`);
  }
  if (!(Number.isInteger(layer) && layer >= 0 && layer < layers)) {
    throw new RangeError(`trajectory: expected a layer from 0 to ${layers - 1}, got ${layer}`);
  }
  if (!(Number.isInteger(from) && from >= 0 && from <= steps)) {
    throw new RangeError(`trajectory: expected a first step from 0 to ${steps}, got ${from}`);
  }
  const path = tensor([steps - from, hiddenSize]);
  for (let t = from; t < steps; t++) path.data.set(row(residPost, t, layer), (t - from) * hiddenSize);
  return path;
}

/** `n` consecutive steps, the first of them `first`. */
export function consecutive(first: number, n: number): number[] {
  return Array.from({ length: Math.max(0, n) }, (_, i) => first + i);
}
