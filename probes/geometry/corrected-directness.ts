/**
 * How direct a path is beside a random walk of the same step lengths.
 *
 *   ‖h_T − h₀‖ / √Σ ℓₜ²,   ℓₜ = ‖hₜ − hₜ₋₁‖
 *
 * A walk whose steps have these lengths and independent, isotropic directions
 * ends at √Σ ℓₜ² (root mean square; in many dimensions nearly always). So 1 is
 * a random walk whatever its length, more is persistent, less turns back. n equal
 * steps straight on give √n, independent states 1/√n, a closed path 0. Unit 1.
 *
 * Source: Kareiva & Shigesada 1983, Oecologia 56 (net squared displacement
 * against that of a walk of the same steps).
 *
 * Where it misleads: only the walk's value is free of length; √n and 1/√n are
 * not. Between modes of different length, compare `residuals` of
 * log directness on log steps (`statistics/residuals.ts`), or a band of nulls.
 */
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import { between, countOf, type Points } from "./distances.ts";

/**
 * @param path  one layer's trajectory, [T, D], or its distances
 * @returns     NaN where no step has a length, or a point is not finite
 */
export function correctedDirectness(path: Points): number {
  const n = countOf(path);
  let square = 0;
  for (let t = 1; t < n; t++) square += between(path, t - 1, t) ** 2;
  return square > 0 ? between(path, 0, n - 1) / Math.sqrt(square) : NaN;
}

/** The directness of a random walk of these step lengths, √Σℓ² / Σℓ; 1/√n for n equal steps. NaN without length. */
export function expectedDirectness(stepLengths: ArrayLike<number>): number {
  let length = 0;
  let square = 0;
  for (let i = 0; i < stepLengths.length; i++) {
    length += stepLengths[i]!;
    square += stepLengths[i]! * stepLengths[i]!;
  }
  return length > 0 ? Math.sqrt(square) / length : NaN;
}

export const correctedDirectnessProbe: ProfileProbe = profileProbe({
  id: "corrected-directness",
  name: "directness over a walk’s",
  group: "path",
  title: "How direct, beside a random walk?",
  unit: "1",
  source: "net displacement against that of a walk of the same steps; Kareiva & Shigesada 1983",
  formula: "‖h_T − h₀‖ / √Σ ‖hₜ − hₜ₋₁‖²",
  help: "How far the run gets, beside how far a random walk with steps of the same lengths would get. 1 is a random walk, whatever the number of steps. More keeps its direction, less turns back.",
  caveat: "Only the walk’s value is free of length: n steps straight on give √n, n independent states 1/√n. Where modes differ in length, read it beside the same number of steps (length-matched).",
  range: [0, null],
  length: "n steps straight on have √n, independent states 1/√n; only a random walk has 1 at any length.",
  of: ({ layer }) => correctedDirectness(layer.distances),
});
