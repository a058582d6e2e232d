/**
 * How long the path of the hidden state is, Σ ‖hₜ − hₜ₋₁‖, and how direct:
 * chord over length, ‖h_T − h₀‖ / Σ ‖hₜ − hₜ₋₁‖.
 *
 * Directness is 1 for a straight path, 0 for a closed one, and for n steps of
 * large D 1/√n for a random walk and 1/n for independent states: it depends on
 * n, so compare it with the walk of the same n, never across lengths.
 *
 * Source: arc-chord ratio; in animal movement "straightness index",
 * Batschelet 1981, Circular Statistics in Biology.
 */
import type { Probe } from "../probe.ts";
import type { Tensor } from "../tensor.ts";
import { distance } from "./step-length.ts";
import { consecutive, trajectory } from "./trajectory.ts";

/**
 * @param path  one layer's trajectory, [T, D]
 * @returns     [T] the length up to each step, in units of the residual stream; the first is 0
 */
export function pathLengths(path: Tensor): Float32Array<ArrayBuffer> {
  const [steps = 0] = path.shape;
  const lengths = new Float32Array(steps);
  let length = 0;
  for (let t = 1; t < steps; t++) lengths[t] = length += distance(path, t - 1, t);
  return lengths;
}

/** The length of a whole path [T, D]; NaN where it has no step. */
export function pathLength(path: Tensor): number {
  const lengths = pathLengths(path);
  return lengths.length > 1 ? lengths[lengths.length - 1]! : NaN;
}

/**
 * @param path  one layer's trajectory, [T, D]
 * @returns     [T−1] chord over length from the first step to steps 1 … T−1, in [0, 1]; NaN where the path has no length
 */
export function directnesses(path: Tensor): Float32Array<ArrayBuffer> {
  const [steps = 0] = path.shape;
  const values = new Float32Array(Math.max(0, steps - 1));
  let length = 0;
  for (let t = 1; t < steps; t++) {
    length += distance(path, t - 1, t);
    // Rounding must not make a straight path more than straight.
    values[t - 1] = length > 0 ? Math.min(1, distance(path, 0, t) / length) : NaN;
  }
  return values;
}

/** Directness of a whole path [T, D]; NaN where it has no length. */
export function directness(path: Tensor): number {
  const values = directnesses(path);
  return values.length > 0 ? values[values.length - 1]! : NaN;
}

/** The null model: directness of a random walk of n steps in many dimensions, 1/√n. */
export function walkDirectness(n: number): number {
  return n > 0 ? 1 / Math.sqrt(n) : NaN;
}

export const pathLengthProbe: Probe = {
  id: "path-length",
  name: "path length",
  group: "path",
  kind: "series",
  title: "How far has it come?",
  unit: "1",
  source: "sum of Euclidean step lengths",
  formula: "Σₛ₌₁…ₜ ‖hₛ − hₛ₋₁‖",
  help: "The length of the path of the hidden state up to this step: all steps, added up. It says how much moving there was, not how far it led. For that compare it with the straight way, the directness.",
  caveat: "It grows with every step, so a mode with more steps has a longer path; divide by the steps before comparing modes.",
  needs: ["residPost"],
  range: [0, null],
  keptBy: ["walk"],
  whole: "last",
  length: "It grows with every step.",
  measure(trace, { layer, from }) {
    const values = pathLengths(trajectory(trace, layer, from));
    // One state has no step, and so no length rather than none.
    if (values.length === 1) values[0] = NaN;
    return { kind: "series", steps: consecutive(from, values.length), values };
  },
};

export const directnessProbe: Probe = {
  id: "directness",
  name: "directness",
  group: "path",
  kind: "series",
  title: "How direct is the path?",
  unit: "1",
  source: "arc-chord ratio; Batschelet 1981",
  formula: "‖hₜ − h₀‖ / Σₛ₌₁…ₜ ‖hₛ − hₛ₋₁‖",
  help: "The distance from the start over the length of the path so far. 1 is a straight line, 0 a return to the start. A path that wanders is long for the distance that it covers.",
  caveat: "It falls with length even for pure chance: a random walk of n steps has 1/√n, independent states 1/n. The first step is always 1.",
  needs: ["residPost"],
  range: [0, 1],
  whole: "last",
  length: "A random walk of n steps has 1/√n, independent states 1/n.",
  measure(trace, { layer, from }) {
    const values = directnesses(trajectory(trace, layer, from));
    return { kind: "series", steps: consecutive(from + 1, values.length), values };
  },
};
