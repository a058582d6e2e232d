/**
 * A network that cannot change the topology of what it sees: a homeomorphism of
 * space, with a bound on how much it can bend it.
 *
 *   hˡ = φ(hˡ⁻¹ Rˡ + bˡ),   φ(x) = max(x, a x)
 *
 * R is a rotation of three dimensions, from a quaternion q of any length; φ is one to
 * one and changes lengths by a factor between a and 1. So L layers change any distance by
 * a factor between aᴸ and 1: with a = 0.7 and L = 6 no loop that lasts 8.5 times longer than
 * another in the input can become the shorter one.
 *
 *   x   input [n, 3]
 *   q   [4] for each layer; R = R(q/‖q‖)
 *   b   [3]
 *
 * Source: that square weights of full rank and a leaky ReLU make a homeomorphism, Johnson
 * 2018, arXiv:1810.00393 [recalled], and Naitzat et al. 2020, arXiv:2004.06093; quaternions, Hamilton 1844.
 */
import type { Random } from "../../../probes/random.ts";
import { np } from "../../toys/autodiff.ts";
import { glorot, normal, zeros } from "../../toys/initialise.ts";

export type InvertibleNet = { layers: { quaternion: np.Array; bias: np.Array }[]; weight: np.Array; bias: np.Array };

/** a: what a negative number is multiplied by. */
export const slope = 0.7;

/** @param depth  layers before the linear output */
export function initialInvertibleNet(random: Random, depth: number, outputs: number): InvertibleNet {
  return {
    layers: Array.from({ length: depth }, () => ({ quaternion: normal(random, [4], 1), bias: zeros([3]) })),
    weight: glorot(random, [3, outputs]),
    bias: zeros([outputs]),
  };
}

/** @returns  `output` [n, outputs], `hidden` the states [n, 3] of each layer */
export function invertibleNet(p: InvertibleNet, x: np.Array): { output: np.Array; hidden: np.Array[] } {
  const hidden: np.Array[] = [];
  for (const { quaternion, bias } of p.layers) {
    const sum = np.matmul(x, rotation(quaternion)).add(bias);
    x = np.maximum(sum.ref, sum.mul(slope));
    hidden.push(x.ref);
  }
  return { output: np.matmul(x, p.weight).add(p.bias), hidden };
}

/** The rotation of a quaternion [4] that need not be a unit, as a matrix [3, 3]. */
export function rotation(quaternion: np.Array): np.Array {
  const unit = quaternion.ref.div(np.sqrt(np.square(quaternion).sum()));
  // All products of two components at once: R is a sum of them.
  const products = np.outer(unit.ref, unit).reshape([16]);
  const signs = np.array(entries).reshape([9, 16]);
  return np.matmul(signs, products).reshape([3, 3]);
}

/** R = (a² + b² − c² − d², 2(bc − ad), …) by the products aa, ab, …, dd. */
const entries: number[][] = (() => {
  const [a, b, c, d] = [0, 1, 2, 3];
  const term = (...terms: readonly (readonly [number, number, number])[]): number[] => {
    const row = Array.from({ length: 16 }, () => 0);
    for (const [i, j, factor] of terms) row[4 * i + j] = factor;
    return row;
  };
  const square = (plus: number): number[] => term([a, a, 1], ...[b, c, d].map((i) => [i, i, i === plus ? 1 : -1] as const));
  const pair = (i: number, j: number, k: number, sign: number): number[] => term([i, j, 2], [a, k, 2 * sign]);
  return [square(b), pair(b, c, d, -1), pair(b, d, c, 1), pair(b, c, d, 1), square(c), pair(c, d, b, -1), pair(b, d, c, -1), pair(c, d, b, 1), square(d)];
})();
