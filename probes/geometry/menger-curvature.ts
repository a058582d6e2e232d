/**
 * How tightly a trajectory bends: the inverse radius of the circle through three
 * points in a row, κ = 4A / (abc), A the area of their triangle (Heron).
 *
 * Points on a circle of radius R give 1/R, points on a line 0. It has the unit
 * of an inverse distance: scaling the states by s divides it by s.
 *
 * Source: Menger 1930; as a measure of reasoning arXiv:2510.09782, whose code
 * adds 10⁻⁸ to abc. Here two equal points of the three give NaN, not 0.
 *
 * Where it misleads: long steps alone make it small, so it mixes step length and
 * angle; in many dimensions a random walk with steps of length ℓ has about √2/ℓ.
 * Along layers it shows the architecture, not the reasoning.
 */
import type { Probe } from "../probe.ts";
import { between, countOf, type Points } from "./distances.ts";
import { consecutive, trajectory } from "./trajectory.ts";

/**
 * @param path  one layer's trajectory, [T, D], or its distances
 * @returns     [T−2] in 1 / (unit of the residual stream), for steps 1 … T−2; NaN where two of the three points are equal or one is not finite
 */
export function mengerCurvatures(path: Points): Float32Array<ArrayBuffer> {
  const values = new Float32Array(Math.max(0, countOf(path) - 2));
  for (let i = 0; i < values.length; i++) values[i] = mengerCurvature(between(path, i, i + 1), between(path, i + 1, i + 2), between(path, i, i + 2));
  return values;
}

/** κ of a triangle with these sides; NaN where one of them is 0. */
export function mengerCurvature(a: number, b: number, c: number): number {
  const long = Math.max(a, b, c);
  const short = Math.min(a, b, c);
  if (!(short > 0)) return NaN;
  const middle = a + b + c - long - short;
  // Kahan's form of Heron: nearly straight triangles keep their digits. Rounding may leave a straight one a little below 0.
  const fourAreas = Math.sqrt(Math.max(0, (long + (middle + short)) * (short - (long - middle)) * (short + (long - middle)) * (long + (middle - short))));
  return fourAreas / (a * b * c);
}

export const mengerCurvatureProbe: Probe = {
  id: "menger-curvature",
  name: "Menger curvature",
  group: "path",
  kind: "series",
  title: "How tightly does it bend?",
  unit: "1/distance",
  source: "Menger 1930; arXiv:2510.09782",
  formula: "4A / (‖hₜ − hₜ₋₁‖ ‖hₜ₊₁ − hₜ‖ ‖hₜ₊₁ − hₜ₋₁‖), A the area of the triangle",
  help: "One over the radius of the circle through three states in a row. 0 is a straight line; on a circle of radius R it is 1/R. Unlike the angle it also asks how long the steps are.",
  caveat: "Long steps make it small whatever the angle: read it beside the step length, and compare within one layer of one model only. For angles alone take the turning angle.",
  needs: ["residPost"],
  range: [0, null],
  measure(trace, { layer, from }) {
    const values = mengerCurvatures(trajectory(trace, layer, from));
    return { kind: "series", steps: consecutive(from + 1, values.length), values };
  },
};
