/**
 * Layer normalisation: every vector to mean 0 and variance 1, then its own scale and shift.
 *
 *   y = (x − mean(x)) / √(var(x) + 10⁻⁵) ⊙ scale + shift
 *
 * Source: Ba, Kiros & Hinton 2016, arXiv:1607.06450.
 */
import { nn, type np } from "./autodiff.ts";
import { ones, zeros } from "./initialise.ts";

/** Both [D]. */
export type Norm = { scale: np.Array; shift: np.Array };

export const initialNorm = (size: number): Norm => ({ scale: ones([size]), shift: zeros([size]) });

/** @param x  [..., D] */
export function layerNorm({ scale, shift }: Norm, x: np.Array): np.Array {
  return nn.standardize(x, -1, { epsilon: 1e-5 }).mul(scale).add(shift);
}
