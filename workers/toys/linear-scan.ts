/**
 * The linear recurrence hₜ = aₜ ⊙ hₜ₋₁ + bₜ for all t, without a loop over t.
 *
 * Two steps make one of the same form, (a, b) then (a′, b′) → (a′ a, a′ b + b′), so
 * spans of 1, 2, 4, … steps are joined: log₂ T passes over the whole sequence
 * (Hillis & Steele 1986; used for state space models by Smith et al. 2022, arXiv:2208.04933).
 * jax-js has no scan of its own.
 */
import { np } from "./autodiff.ts";

/**
 * @param a   [B, T, ...], decay
 * @param b   [B, T, ...], what is added; of the same shape
 * @returns   h [B, T, ...], with h₋₁ = 0
 */
export function linearScan(a: np.Array, b: np.Array): np.Array {
  const T = b.shape[1]!;
  // Before the start lie zeros, for a as for b: spans that begin there are complete, and h₋₁ is zero.
  const earlier = (x: np.Array, steps: number): np.Array => np.pad(x.slice([], [0, T - steps]), { 1: [steps, 0] });
  for (let span = 1; span < T; span *= 2) {
    b = b.ref.add(a.ref.mul(earlier(b, span)));
    a = a.ref.mul(earlier(a, span));
  }
  a.dispose();
  return b;
}
