/**
 * How much each latent step changes the thought: ‖zₜ₊₁ − zₜ‖ / ‖zₜ‖. 0 at a fixed point, ½
 * for x → x/2, √2 for independent states of equal norm (large D). Unit 1.
 *
 * Source: as an exit rule of recurrent models arXiv:2502.05171.
 *
 * Where it misleads: a large common mean of all states makes every step small.
 */
import type { Probe } from "../probe.ts";
import { consecutive, trajectory } from "../geometry/trajectory.ts";
import type { Tensor } from "../tensor.ts";
import { distance } from "../geometry/step-length.ts";
import { norm } from "./norm-ratio.ts";

/** [T−1] for a path [T, D]; NaN after a zero state. */
export function relativeSteps(path: Tensor): Float32Array<ArrayBuffer> {
  const [T = 0, D = 0] = path.shape;
  return Float32Array.from({ length: Math.max(0, T - 1) }, (_, t) => {
    const size = norm(path.data, t * D, D);
    return size > 0 ? distance(path, t, t + 1) / size : NaN;
  });
}

/** What a latent loop has come to. */
export interface Orbit {
  /** 1 is a fixed point, 2 a pair of states in turn …; null where the end repeats nothing. */
  readonly period: number | null;
  /** The step from which on the path repeats itself; null as above. */
  readonly from: number | null;
}

/**
 * The smallest period p with ‖zₜ − zₜ₋ₚ‖ ≤ tolerance · ‖zₜ‖ over the last states, at least
 * `2p` of them and all that follow `from`.
 *
 * @param path       [T, D]
 * @param tolerance  relative; float32 states of a loop that has converged agree to about 1e-5
 */
export function orbit(path: Tensor, tolerance = 1e-4): Orbit {
  const [T = 0, D = 0] = path.shape;
  for (let period = 1; 3 * period <= T; period++) {
    let t = T - 1;
    while (t >= period && distance(path, t, t - period) <= tolerance * norm(path.data, t * D, D)) t--;
    // t is the last state that differs from the one a period before; those after t − period repeat.
    if (T - 1 - t >= 2 * period) return { period, from: t - period + 1 };
  }
  return { period: null, from: null };
}

export const relativeStep: Probe = {
  id: "relative-step",
  name: "relative step",
  group: "path",
  kind: "series",
  title: "How much of the state does a step change?",
  unit: "1",
  source: "as an exit rule of recurrent models, arXiv:2502.05171",
  formula: "‖hₜ − hₜ₋₁‖ / ‖hₜ₋₁‖",
  help: "The length of a step over the size of the state that it sets out from. 0 is a fixed point: the loop has stopped changing. Independent states of equal size give √2.",
  caveat: "A large mean that all states share makes every step small; the first token is often far larger than the rest.",
  needs: ["residPost"],
  range: [0, null],
  measure(trace, { layer, from }) {
    const values = relativeSteps(trajectory(trace, layer, from));
    return { kind: "series", steps: consecutive(from + 1, values.length), values };
  },
};
