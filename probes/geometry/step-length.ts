/**
 * How far the hidden state moves at each step: ‖hₜ − hₜ₋₁‖.
 *
 * A path that stands still gives 0. Independent states and the steps of a
 * random walk, with variance σ² in each of D dimensions, give σ√(2D) and σ√D
 * (both for large D).
 *
 * Source: the Euclidean norm; as a measure of reasoning, for example
 * arXiv:2510.09782 (velocity of the reasoning flow).
 */
import type { Probe } from "../probe.ts";
import type { Tensor } from "../tensor.ts";
import { consecutive, trajectory } from "./trajectory.ts";

/**
 * @param path  one layer's trajectory, [T, D]
 * @returns     [T−1] in units of the residual stream, for steps 1 … T−1
 */
export function stepLengths(path: Tensor): Float32Array<ArrayBuffer> {
  const [steps = 0, hiddenSize = 0] = path.shape;
  const lengths = new Float32Array(Math.max(0, steps - 1));
  for (let t = 1; t < steps; t++) lengths[t - 1] = distance(path, t - 1, t, hiddenSize);
  return lengths;
}

/** Euclidean distance between two rows of a [T, D] tensor; NaN where a row holds NaN. */
export function distance(path: Tensor, a: number, b: number, hiddenSize = path.shape[1] ?? 0): number {
  let square = 0;
  for (let d = 0; d < hiddenSize; d++) square += (path.data[a * hiddenSize + d]! - path.data[b * hiddenSize + d]!) ** 2;
  return Math.sqrt(square);
}

export const stepLength: Probe = {
  id: "step-length",
  name: "step length",
  group: "path",
  kind: "series",
  title: "How far does each step move?",
  unit: "1",
  source: "Euclidean norm of the difference of residual streams; compare arXiv:2510.09782",
  formula: "‖hₜ − hₜ₋₁‖",
  help: "The distance between the hidden state at this step and at the step before. A thought that changes nothing moves by 0. A long step means that reading the token, or the thought, changed much of what the layer holds.",
  caveat: "The residual stream grows from layer to layer and from model to model: compare steps and modes at one layer of one model only.",
  needs: ["residPost"],
  range: [0, null],
  measure(trace, { layer, from }) {
    const values = stepLengths(trajectory(trace, layer, from));
    return { kind: "series", steps: consecutive(from + 1, values.length), values };
  },
};
