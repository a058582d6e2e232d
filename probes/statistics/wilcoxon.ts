/**
 * Whether paired differences lie around 0, by their ranks: the signed-rank test,
 * two-sided. W⁺ is the sum of the ranks of the positive differences; zeros are left
 * out, equal magnitudes share their mean rank.
 *
 * p is exact for up to 200 differences (ties included: all sign patterns are
 * counted); above, the normal approximation with the ties' correction and a
 * continuity correction of ½. Five differences of one sign give p = 2/32.
 *
 * Source: Wilcoxon 1945; Pratt & Gibbons 1981.
 *
 * Where it misleads: it tests the centre of a symmetric distribution; cases must
 * be independent (problems, not steps).
 */

export interface SignedRankTest {
  /** Sum of the ranks of the positive differences. */
  readonly statistic: number;
  /** Two-sided; NaN where no difference is left. */
  readonly p: number;
  /** Differences that count: neither NaN nor 0. */
  readonly used: number;
}

export function wilcoxonSignedRank(differences: ArrayLike<number>): SignedRankTest {
  const d = Float64Array.from(differences).filter((x) => x !== 0 && !Number.isNaN(x));
  const n = d.length;
  if (n === 0) return { statistic: NaN, p: NaN, used: 0 };
  const order = Array.from(d.keys()).sort((i, j) => Math.abs(d[i]!) - Math.abs(d[j]!));
  // Twice the rank, so that shared ranks are whole numbers.
  const ranks = new Int32Array(n);
  let ties = 0;
  for (let from = 0; from < n; ) {
    let to = from + 1;
    while (to < n && Math.abs(d[order[to]!]!) === Math.abs(d[order[from]!]!)) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = from + to + 1;
    ties += (to - from) ** 3 - (to - from);
    from = to;
  }
  let doubled = 0;
  for (let i = 0; i < n; i++) if (d[i]! > 0) doubled += ranks[i]!;
  const expected = (n * (n + 1)) / 4;
  const away = Math.abs(doubled / 2 - expected);
  if (n <= 200) return { statistic: doubled / 2, p: exactTail(ranks, away), used: n };
  const deviation = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - ties / 48);
  return { statistic: doubled / 2, p: Math.min(1, 2 * normalTail(Math.max(0, away - 0.5) / deviation)), used: n };
}

/** The share of all 2ⁿ sign patterns whose W⁺ is at least as far from its mean. */
function exactTail(doubledRanks: Int32Array, away: number): number {
  const total = doubledRanks.reduce((sum, r) => sum + r, 0);
  const share = new Float64Array(total + 1);
  share[0] = 1;
  for (const rank of doubledRanks) for (let s = total; s >= 0; s--) share[s] = (share[s]! + (s >= rank ? share[s - rank]! : 0)) / 2;
  let tail = 0;
  for (let s = 0; s <= total; s++) if (Math.abs(s / 2 - total / 4) >= away - 1e-9) tail += share[s]!;
  return Math.min(1, tail);
}

/**
 * P(Z > z) of the standard normal distribution for z ≥ 0, to 1e-12: the series of
 * the error function up to 3, Lentz's continued fraction above (Abramowitz & Stegun, section 26.2).
 */
export function normalTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let k = 3; Math.abs(term) > 1e-17 * sum; k += 2) sum += term *= (z * z) / k;
    return 0.5 - density * sum;
  }
  let fraction = 0;
  for (let k = 200; k > 0; k--) fraction = k / (z + fraction);
  return density / (z + fraction);
}
