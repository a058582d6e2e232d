/**
 * Whether latent thoughts collapse into one: the mean cosine over all pairs of them,
 * (‖Σ uᵢ‖² − n) / (n (n − 1)) with uᵢ of unit length. 1 where all point the same way, 0 on
 * average for independent directions, −1/(n − 1) at least. Unit 1.
 *
 * Source: homogeneous latents in SIM-CoT, arXiv:2509.20317.
 *
 * Where it misleads: hidden states of one layer share a large mean, so cosines are
 * high for any thoughts; compare with thoughts of other problems, or centre first.
 */
import type { Tensor } from "../tensor.ts";
import { norm } from "./norm-ratio.ts";

/**
 * @param thoughts  [n, D]; rows without a direction (zero, NaN) are left out
 * @returns         NaN for fewer than two
 */
export function mutualCosine({ shape: [n = 0, D = 0], data }: Tensor): number {
  const sum = new Float64Array(D);
  let count = 0;
  for (let i = 0; i < n; i++) {
    const length = norm(data, i * D, D);
    if (!(length > 0 && length < Infinity)) continue;
    count++;
    for (let d = 0; d < D; d++) sum[d] = sum[d]! + data[i * D + d]! / length;
  }
  return count > 1 ? (norm(sum, 0, D) ** 2 - count) / (count * (count - 1)) : NaN;
}
