/**
 * How many directions a cloud fills, by entropy: exp(−Σ σ̂ᵢ log σ̂ᵢ) with
 * σ̂ = σ/Σσ, σ the singular values of the centred points. 1 for a line, D for
 * equal variance in D directions. Unit 1.
 *
 * Source: Roy & Vetterli 2007, EUSIPCO, "The effective rank".
 *
 * Where it misleads: it weighs small directions more than the participation
 * ratio does, so noise raises it; few points bound it by n − 1.
 */
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import type { LayerStates } from "./layer-states.ts";
import { spectrum } from "./spectrum.ts";
import type { Points } from "./distances.ts";

/**
 * @param points  [n, D], or their distances; rows that are not finite are left out
 * @returns       in [1, min(n − 1, D)]; NaN where the points do not vary
 */
export function effectiveRank(points: Points): number {
  return rankOfSpectrum(spectrum(points));
}

/** The same from the eigenvalues of the covariance. */
export function rankOfSpectrum(eigenvalues: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < eigenvalues.length; i++) sum += Math.sqrt(eigenvalues[i]!);
  if (!(sum > 0)) return NaN;
  let entropy = 0;
  for (let i = 0; i < eigenvalues.length; i++) {
    const share = Math.sqrt(eigenvalues[i]!) / sum;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return Math.exp(entropy);
}

const spectrumOf = ({ distances }: LayerStates): Float64Array => spectrum(distances);

export const effectiveRankProbe: ProfileProbe = profileProbe({
  id: "effective-rank",
  name: "effective rank",
  group: "cloud",
  title: "How many directions are filled?",
  unit: "1",
  source: "Roy & Vetterli 2007, EUSIPCO",
  formula: "exp(−Σ σ̂ log σ̂), σ̂ = σ/Σσ, σ the singular values of the centred states",
  help: "How many directions the states fill, counted by the entropy of their singular values. 1 is a line, D an even spread over all D dimensions. Small directions count for more than in the participation ratio.",
  caveat: "Noise raises it, since every direction counts a little; n states bound it by n − 1.",
  range: [1, null],
  length: "n states fill n − 1 directions at most.",
  of: ({ layer }) => rankOfSpectrum(layer.shared(spectrumOf)),
});
