/**
 * How sharply a hidden-state trajectory turns.
 *
 * With velocities vₜ = hₜ₊₁ − hₜ, the turning angle at step t is ∠(vₜ₋₁, vₜ).
 * A straight path gives 0, n equal steps round a circle 2π/n, a random walk π/2,
 * independent states 2π/3 (both for large D), an AR(1) process with
 * coefficient φ arccos((φ − 1)/2), a path that doubles back π.
 *
 * Source: Hosseini & Fedorenko 2023, arXiv:2311.04930 (there: curvature).
 */
import type { Probe } from "../probe.ts";
import type { Tensor } from "../tensor.ts";
import { consecutive, trajectory } from "./trajectory.ts";

/**
 * @param path  one layer's trajectory, [T, D]
 * @returns     [T−2] radians, for steps 1 … T−2; NaN where the path stands still
 */
export function turningAngles(path: Tensor): Float32Array<ArrayBuffer> {
  const [steps = 0, hiddenSize = 0] = path.shape;
  const h = path.data;
  const angles = new Float32Array(Math.max(0, steps - 2));
  for (let t = 1; t < steps - 1; t++) {
    const at = t * hiddenSize;
    let before = 0;
    let after = 0;
    for (let d = 0; d < hiddenSize; d++) {
      before += (h[at + d]! - h[at - hiddenSize + d]!) ** 2;
      after += (h[at + hiddenSize + d]! - h[at + d]!) ** 2;
    }
    before = Math.sqrt(before);
    after = Math.sqrt(after);
    // Kahan's form: arccos loses half of the digits near 0 and π, where straight paths are.
    let sum = 0;
    let difference = 0;
    for (let d = 0; d < hiddenSize; d++) {
      const u = (h[at + d]! - h[at - hiddenSize + d]!) / before;
      const v = (h[at + hiddenSize + d]! - h[at + d]!) / after;
      sum += (u + v) ** 2;
      difference += (u - v) ** 2;
    }
    angles[t - 1] = before > 0 && after > 0 ? 2 * Math.atan2(Math.sqrt(difference), Math.sqrt(sum)) : NaN;
  }
  return angles;
}

export const turningAngle: Probe = {
  id: "turning-angle",
  name: "turning angle",
  group: "path",
  kind: "series",
  title: "How sharply does it turn?",
  unit: "rad",
  source: "Hosseini & Fedorenko 2023, arXiv:2311.04930",
  formula: "∠(hₜ − hₜ₋₁, hₜ₊₁ − hₜ)",
  help: "The angle between two steps in a row of the hidden state. 0 is straight on, π is back where it came from. A random walk turns by π/2, states that have nothing to do with each other by 2π/3.",
  caveat: "In many dimensions noise alone gives π/2 to 2π/3, so a value near them says little. The beginning-of-text token lies far out and bends every path that includes it.",
  needs: ["residPost"],
  range: [0, Math.PI],
  measure(trace, { layer, from }) {
    const values = turningAngles(trajectory(trace, layer, from));
    return { kind: "series", steps: consecutive(from + 1, values.length), values };
  },
};
