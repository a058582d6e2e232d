/**
 * Between which values a mean plausibly lies, from a handful of independent cases:
 * m ± t · s/√n, with the 97.5 % point t of Student's distribution at n − 1 degrees
 * of freedom. It covers the truth in 95 % of draws where the cases are normal,
 * for any n ≥ 2; 3 cases give m ± 2.48 s, 30 give m ± 0.37 s.
 *
 * Source: Student 1908; Abramowitz & Stegun 1964, 26.7.5 (above 10 degrees of freedom, within 2e-4).
 *
 * Where it misleads: seeds of one design are cases of that design, not of others;
 * a rate near 0 or 1 is not normal (`wilson.ts`).
 */
import { mean, variance } from "./moments.ts";

/** By degrees of freedom, from 1. */
const table = [12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306, 2.2622, 2.2281];

/** NaN entries are left out; [NaN, NaN] for fewer than two. */
export function meanInterval(values: ArrayLike<number>): readonly [low: number, high: number] {
  let n = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) n++;
  const centre = mean(values);
  const half = studentPoint(n - 1) * Math.sqrt(variance(values) / n);
  return [centre - half, centre + half];
}

/** The 97.5 % point of Student's t; NaN below one degree of freedom. */
export function studentPoint(freedom: number): number {
  if (!(freedom >= 1)) return NaN;
  const z = 1.959963984540054;
  return table[freedom - 1] ?? z + (z ** 3 + z) / (4 * freedom) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * freedom ** 2) + (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / (384 * freedom ** 3);
}
