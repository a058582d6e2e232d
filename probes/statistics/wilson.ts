/**
 * The Wilson score interval: between which rates the true rate plausibly lies
 * after `successes` of `trials`.
 *
 *   (s + z²/2 ± z √(s (n − s)/n + z²/4)) / (n + z²)
 *
 * At 95 %: 0/10 gives [0, 0.278], 5/10 [0.237, 0.763], 10/10 [0.722, 1],
 * and 0/0 [0, 1]: no data, no knowledge.
 *
 * Source: Wilson 1927, J. Am. Stat. Assoc. 22:209-212.
 */

/** The 97.5 % quantile of the standard normal distribution. */
export const z95 = 1.959963984540054;

/**
 * @returns  [low, high], rates in [0, 1]
 * @throws   RangeError unless 0 ≤ successes ≤ trials
 */
export function wilson(successes: number, trials: number, z = z95): readonly [number, number] {
  if (!(successes >= 0 && successes <= trials && Number.isFinite(trials))) {
    throw new RangeError(`wilson: expected 0 ≤ successes ≤ trials, got ${successes} of ${trials}`);
  }
  const spread = trials === 0 ? 0 : (successes * (trials - successes)) / trials;
  const half = z * Math.sqrt(spread + (z * z) / 4);
  const centre = successes + (z * z) / 2;
  const total = trials + z * z;
  // The ends are exact where nothing or everything succeeded; rounding is not.
  return [successes === 0 ? 0 : (centre - half) / total, successes === trials ? 1 : (centre + half) / total];
}
