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
import { profileProbe, type ProfileProbe } from "../geometry/profile-probe.ts";
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

export const mutualCosineProbe: ProfileProbe = profileProbe({
  id: "mutual-cosine",
  name: "mutual cosine",
  group: "cloud",
  title: "Do the states point the same way?",
  unit: "1",
  source: "homogeneous latents in SIM-CoT, arXiv:2509.20317",
  formula: "mean cosine over all pairs of states",
  help: "The mean cosine of the angle between any two states of the run. 1 means that all point the same way, as thoughts do that have collapsed into one. Independent directions give 0.",
  caveat: "Hidden states of one layer share a large mean, so cosines are high for any run: compare with another mode or the untrained model.",
  range: [-1, 1],
  of: ({ layer }) => mutualCosine(layer.path),
});
