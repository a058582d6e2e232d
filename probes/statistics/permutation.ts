/**
 * How often chance alone gives a difference this large: the permutation test of
 * a difference in means, two-sided.
 *
 * Two groups: the labels are shuffled. Pairs (the same problem in two modes):
 * the sign of each difference is flipped. All arrangements are tried where there
 * are no more than `draws` of them, and p is exact; else `draws` random ones, and
 * p = (1 + as large) / (1 + draws), which is never 0.
 *
 * Without a difference p is uniform in (0, 1]; n pairs cannot give less than 2^(1−n).
 *
 * Source: Fisher 1935; Pitman 1937; Phipson & Smyth 2010 (the + 1).
 *
 * Where it misleads: cases must be independent (problems, not steps); with many
 * measures some p are small by chance; a p says nothing of size (`effect-size.ts`).
 */
import type { Random } from "../random.ts";

export interface PermutationTest {
  /** Mean of the first less mean of the second, or mean of the differences; NaN without cases. */
  readonly difference: number;
  /** Two-sided; NaN without cases in a group. */
  readonly p: number;
  /** Whether all arrangements were tried. */
  readonly exact: boolean;
}

/** Sums that differ by rounding only count as equal. */
const rounding = 1e-12;
const nothing: PermutationTest = { difference: NaN, p: NaN, exact: false };

/** Two groups of independent cases; NaN entries are left out. */
export function permutationTest(a: ArrayLike<number>, b: ArrayLike<number>, random: Random, draws = 10_000): PermutationTest {
  const first = defined(a);
  const second = defined(b);
  if (first.length === 0 || second.length === 0) return nothing;
  const all = Float64Array.from([...first, ...second]);
  const [n, m] = [first.length, all.length];
  const total = sum(all);
  const differenceOf = (part: number): number => part / n - (total - part) / (m - n);
  const difference = differenceOf(sum(first));
  const limit = Math.abs(difference) - rounding * (Math.max(...all.map(Math.abs)) || 1);
  if (choose(m, n) <= draws) {
    let large = 0;
    let count = 0;
    const walk = (at: number, left: number, part: number): void => {
      if (left === 0) {
        count++;
        if (Math.abs(differenceOf(part)) >= limit) large++;
        return;
      }
      for (let i = at; i <= m - left; i++) walk(i + 1, left - 1, part + all[i]!);
    };
    walk(0, n, 0);
    return { difference, p: large / count, exact: true };
  }
  let large = 0;
  for (let draw = 0; draw < draws; draw++) {
    let part = 0;
    for (let i = 0; i < n; i++) {
      const j = i + random.integer(m - i);
      const x = all[j]!;
      all[j] = all[i]!;
      all[i] = x;
      part += x;
    }
    if (Math.abs(differenceOf(part)) >= limit) large++;
  }
  return { difference, p: (1 + large) / (1 + draws), exact: false };
}

/** Pairs by their differences; NaN entries are left out. */
export function pairedPermutationTest(differences: ArrayLike<number>, random: Random, draws = 10_000): PermutationTest {
  const d = defined(differences);
  if (d.length === 0) return nothing;
  const observed = Math.abs(sum(d)) - rounding * (sum(d.map(Math.abs)) || 1);
  const difference = sum(d) / d.length;
  const exact = d.length < 31 && 2 ** d.length <= draws;
  const rounds = exact ? 2 ** d.length : draws;
  let large = 0;
  for (let round = 0; round < rounds; round++) {
    let total = 0;
    let signs = 0;
    for (let i = 0; i < d.length; i++) {
      if (exact) signs = round >> i;
      else signs = i % 32 === 0 ? random.bits() : signs >>> 1;
      total += signs & 1 ? d[i]! : -d[i]!;
    }
    if (Math.abs(total) >= observed) large++;
  }
  return { difference, p: exact ? large / rounds : (1 + large) / (1 + rounds), exact };
}

function defined(values: ArrayLike<number>): Float64Array<ArrayBuffer> {
  return Float64Array.from(values).filter((x) => !Number.isNaN(x));
}

function sum(values: Float64Array): number {
  return values.reduce((total, x) => total + x, 0);
}

/** n choose k, as far as it matters whether it is small. */
function choose(n: number, k: number): number {
  let ways = 1;
  for (let i = 1; i <= k; i++) ways *= (n - k + i) / i;
  return Math.round(ways);
}
