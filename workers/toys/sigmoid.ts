/**
 * The logistic function and its kin, finite with their gradients at any x.
 *
 *   sigmoid(x) = (1 + tanh(x/2)) / 2 = 1 / (1 + e⁻ˣ)
 *   silu(x) = x · sigmoid(x)
 *   softplus(x) = max(x, 0) + log(1 + e^−|x|) = log(1 + eˣ)
 *
 * jax-js's own take eˣ as it stands: below −88 (softplus: above 88) that is infinite in
 * float32 and the gradient NaN, and one such x spoils all parameters.
 */
import { np } from "./autodiff.ts";

export function sigmoid(x: np.Array): np.Array {
  return np.tanh(x.mul(0.5)).add(1).mul(0.5);
}

export function silu(x: np.Array): np.Array {
  return x.ref.mul(sigmoid(x));
}

export function softplus(x: np.Array): np.Array {
  // x − 2 max(x, 0) is −|x|, and the gradient at 0 is right whatever that of max is there.
  const positive = np.maximum(x.ref, 0);
  return positive.ref.add(np.log1p(np.exp(x.sub(positive.mul(2)))));
}
