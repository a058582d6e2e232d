/**
 * Whether the same inputs are neighbours in two representations: the mean share
 * of common points among the k nearest of each. Equal (turned, scaled)
 * representations give 1, unrelated ones k / (n − 1). Unit 1.
 *
 * Source: Doimo et al. 2020, arXiv:2007.03506; Huh et al. 2024, arXiv:2405.07987
 * (mutual nearest neighbours).
 *
 * Where it misleads: states of one run are neighbours by time in every layer, so
 * compare across problems, and with `expectedOverlap`.
 */
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import { matched } from "./cka.ts";
import { neighboursWithin, type Points } from "./distances.ts";

/**
 * @param x, y  two representations of the same inputs, [n, Dx] and [n, Dy], or their distances; inputs not finite in one are left out
 * @param k     neighbours; clipped to n − 1
 * @returns     in [0, 1]; NaN for fewer than two inputs
 * @throws      RangeError where they differ in the number of inputs
 */
export function neighbourhoodOverlap(x: Points, y: Points, k = 10): number {
  const [a, b] = matched(x, y);
  const near = Math.min(k, a.n - 1);
  return near < 1 ? NaN : commonShare(neighboursWithin(a, near), neighboursWithin(b, near), near);
}

/** The same from the neighbours, [n, k] each. */
export function commonShare(a: Int32Array, b: Int32Array, k: number): number {
  let common = 0;
  for (let from = 0; from < a.length; from += k) {
    for (let i = from; i < from + k; i++) for (let j = from; j < from + k; j++) if (a[i] === b[j]) common++;
  }
  return common / a.length;
}

/** The null model: unrelated representations of n inputs share k / (n − 1). */
export function expectedOverlap(n: number, k: number): number {
  return n > 1 ? Math.min(k, n - 1) / (n - 1) : NaN;
}

export const layerOverlap: ProfileProbe = profileProbe({
  id: "layer-overlap",
  name: "neighbours kept from the layer below",
  group: "layers",
  title: "Do steps keep their neighbours from the layer below?",
  unit: "1",
  source: "Doimo et al. 2020, arXiv:2007.03506; Huh et al. 2024, arXiv:2405.07987; k = 10",
  formula: "mean share of common points among the k nearest of each step in this layer and the one below",
  help: "The share of a step’s nearest steps that are the same in this layer and in the one below. 1 keeps them all. Unrelated layers share k / (n − 1) by chance, k neighbours out of n steps.",
  caveat: "Steps of one run are neighbours by time in every layer; with few steps chance alone gives a large share (k is at most n − 1, where it is 1).",
  range: [0, 1],
  length: "By chance k / (n − 1), which is 1 for short runs.",
  of: ({ layer, below }) => (below ? neighbourhoodOverlap(layer.distances, below.distances) : NaN),
});
