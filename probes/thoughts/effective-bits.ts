/**
 * How many bits of difference between problems survive in a latent thought: the
 * capacity of parallel Gaussian channels, ½ Σ log₂(1 + λᵢ / σ²), λᵢ the variances of the
 * thought across problems along their principal directions, σ the noise per
 * coordinate that halves the accuracy (`halvingNoise`). Unit bits.
 *
 * One direction of variance 3σ² carries 1 bit; no variance 0.
 *
 * Source: Shannon 1949; Cover & Thomas 2006, section 9.4.
 *
 * Where it misleads: an upper bound in the mould of a Gaussian; n problems show at
 * most n − 1 directions, so it grows with n; σ is measured on one task.
 */
import { spectrum } from "../geometry/spectrum.ts";
import type { Points } from "../geometry/distances.ts";

/**
 * @param thoughts  the same thought over n problems, [n, D]; rows that are not finite are left out
 * @param sigma     standard deviation of the noise in each coordinate
 * @returns         NaN without points, or for σ not above 0
 */
export function effectiveBits(thoughts: Points, sigma: number): number {
  const variances = spectrum(thoughts);
  if (variances.length === 0 || !(sigma > 0)) return NaN;
  let bits = 0;
  for (const variance of variances) bits += Math.log2(1 + variance / (sigma * sigma)) / 2;
  return bits;
}

/**
 * The noise at which what accuracy there is above chance falls to half of its value
 * at the first, smallest noise; linear between the measured levels.
 *
 * @param sigmas      [n] rising
 * @param accuracies  [n]
 * @returns           NaN where it never falls so far, or there is nothing above chance
 */
export function halvingNoise(sigmas: ArrayLike<number>, accuracies: ArrayLike<number>, chance = 0): number {
  const half = chance + (accuracies[0]! - chance) / 2;
  if (!(half > chance)) return NaN;
  for (let i = 1; i < sigmas.length; i++) {
    const [before, now] = [accuracies[i - 1]!, accuracies[i]!];
    if (now <= half) return sigmas[i - 1]! + ((sigmas[i]! - sigmas[i - 1]!) * (before - half)) / (before - now);
  }
  return NaN;
}
