/**
 * How much attention rests on the first token: the mean over heads of the attention
 * pattern at key 0 (the "attention sink"). In [0, 1].
 *
 * Attention spread evenly over what a position sees gives 1/(t + 1). Trained models
 * often give far more from the middle layers on.
 *
 * Source: Xiao et al. 2023, arXiv:2309.17453; Gu et al. 2024, arXiv:2410.10781.
 *
 * Where it misleads: much attention on a token whose value is near zero does
 * nothing: a sink is where a head rests, not what it reads.
 */
import { tensor, type Tensor } from "../tensor.ts";

/**
 * @param pattern  attention after softmax, [T, L, H, T], query first and key last
 * @returns        [T, L]; NaN at t = 0, which sees nothing else, and where there is no head
 * @throws         RangeError where the pattern has another shape
 */
export function firstTokenAttention(pattern: Tensor): Tensor {
  const [T = 0, L = 0, H = 0, keys = 0] = pattern.shape;
  if (pattern.shape.length !== 4 || keys !== T) throw new RangeError(`firstTokenAttention: expected a pattern [T, L, H, T], got [${pattern.shape}]`);
  const out = tensor([T, L]);
  for (let t = 0; t < T; t++) {
    for (let l = 0; l < L; l++) {
      let sum = 0;
      for (let h = 0; h < H; h++) sum += pattern.data[((t * L + l) * H + h) * T]!;
      out.data[t * L + l] = t > 0 && H > 0 ? sum / H : NaN;
    }
  }
  return out;
}

/** The null model: attention spread evenly over the t + 1 positions that step t sees. */
export function evenAttention(t: number): number {
  return 1 / (t + 1);
}
