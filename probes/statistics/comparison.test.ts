import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { auroc, aurocInterval } from "./auroc.ts";
import { bootstrapInterval } from "./bootstrap.ts";
import { correlation } from "./correlation.ts";
import { cohensD, hedgesG, pairedEffectSize } from "./effect-size.ts";
import { mean, standardDeviation, variance } from "./moments.ts";
import { pairedPermutationTest, permutationTest } from "./permutation.ts";
import { leastSquares, residuals } from "./residuals.ts";
import { normalTail, wilcoxonSignedRank } from "./wilcoxon.ts";

const normals = (n: number, seed: number, shift = 0): number[] => { const random = new Random(seed); return Array.from({ length: n }, () => random.normal() + shift); };

test("moments leave NaN out", () => {
  expect([mean([1, NaN, 3]), variance([1, NaN, 3]), standardDeviation([2, 4])]).toEqual([2, 2, Math.SQRT2]);
  expect([mean([]), mean([NaN]), variance([1]), standardDeviation([])]).toEqual([NaN, NaN, NaN, NaN]);
});

test("AUROC by hand, ties count half", () => {
  expect(auroc([3, 4], [1, 2])).toBe(1);
  expect(auroc([1, 2], [3, 4])).toBe(0);
  expect(auroc([1, 3], [2, 3])).toBe((0 + 0 + 1 + 0.5) / 4);
  expect(auroc([5, 5], [5])).toBe(0.5);
});
test("AUROC is the share of pairs won, counted one by one", () => {
  const [a, b] = [normals(23, 1, 0.5).map((x) => Math.round(x * 4)), normals(31, 2).map((x) => Math.round(x * 4))];
  const won = a.flatMap((x) => b.map((y) => (x > y ? 1 : x === y ? 0.5 : 0))).reduce<number>((s, w) => s + w, 0);
  expect(auroc(a, b)).toBeCloseTo(won / (23 * 31), 12);
});
test("AUROC of one normal distribution against another a standard deviation away is Φ(1/√2)", () => expect(Math.abs(auroc(normals(4000, 1, 1), normals(4000, 2)) - 0.76025)).toBeLessThan(0.012));
test("AUROC does not change under a rising function, NaN is left out", () => {
  const [a, b] = [normals(20, 3), normals(20, 4)];
  expect(auroc(a.map(Math.exp), b.map(Math.exp))).toBe(auroc(a, b));
  expect(auroc([...a, NaN], [NaN, ...b])).toBe(auroc(a, b));
  expect([auroc([], [1]), auroc([1], []), auroc([NaN], [1])]).toEqual([NaN, NaN, NaN]);
});
test("the interval of an AUROC covers the truth about 95 % of the time", () => {
  let covered = 0;
  for (let seed = 0; seed < 150; seed++) {
    const [low, high] = aurocInterval(normals(40, 2 * seed, 1), normals(40, 2 * seed + 1), new Random(seed), 200);
    if (low <= 0.76025 && 0.76025 <= high) covered++;
  }
  expect(covered / 150).toBeGreaterThan(0.87);
  expect(aurocInterval([], [1], new Random(1))).toEqual([NaN, NaN]);
  expect(aurocInterval([2, 3], [1], new Random(1))).toEqual([1, 1]);
});

test("the bootstrap interval of a mean is ± 1.96 s/√n", () => {
  const values = normals(400, 1);
  const [low, high] = bootstrapInterval(values, new Random(1), mean, 4000);
  const half = (1.96 * standardDeviation(values)) / 20;
  expect(Math.abs(low - (mean(values) - half))).toBeLessThan(0.01);
  expect(Math.abs(high - (mean(values) + half))).toBeLessThan(0.01);
});
test("bootstrap: one case, none, and the same seed", () => {
  expect(bootstrapInterval([3, NaN], new Random(1))).toEqual([3, 3]);
  expect(bootstrapInterval([], new Random(1))).toEqual([NaN, NaN]);
  expect(bootstrapInterval(normals(9, 1), new Random(5))).toEqual(bootstrapInterval(normals(9, 1), new Random(5)));
});

test("correlation", () => {
  expect(correlation([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 12);
  expect(correlation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
  // Anscombe's first set.
  expect(correlation([10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5], [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68])).toBeCloseTo(0.81642, 5);
  expect(correlation([1e9 + 1, 1e9 + 2, NaN, 1e9 + 4], [1, 2, 3, 4])).toBeCloseTo(1, 9);
  expect([correlation([], []), correlation([1], [2]), correlation([1, 1], [1, 2]), correlation([1, NaN], [1, 2])]).toEqual([NaN, NaN, NaN, NaN]);
  expect(() => correlation([1], [])).toThrow("expected two series of one length");
});
test("residuals have no mean and no slope left", () => {
  const x = normals(50, 1);
  const y = normals(50, 2).map((e, i) => 3 * x[i]! + 2 + e);
  const left = residuals(x, y);
  expect(mean(left)).toBeCloseTo(0, 12);
  expect(correlation(x, left)).toBeCloseTo(0, 12);
  expect([...residuals([1, 2, 3], [5, 7, 9])].every((r) => Math.abs(r) < 1e-12)).toBe(true);
});
test("log directness of walks on log steps: slope −½, and the residuals do not know the length", () => {
  const n = [4, 9, 16, 25, 100];
  expect(leastSquares(n.map(Math.log), n.map((k) => Math.log(1 / Math.sqrt(k)))).slope).toBeCloseTo(-0.5, 12);
  expect(leastSquares([3], [1])).toEqual({ slope: NaN, intercept: NaN });
  expect([...residuals([2, 2], [1, 3])]).toEqual([-1, 1]);
  expect([...residuals([1, NaN, 2], [1, 5, 2])].map(Number.isNaN)).toEqual([false, true, false]);
  expect(residuals([], []).length).toBe(0);
  expect(() => residuals([1], [])).toThrow("expected two series");
});

test("permutation test of two groups: all arrangements by hand", () => {
  // 4 choose 2 = 6 ways; {1,2} and {3,4} are the two most extreme.
  expect(permutationTest([1, 2], [3, 4], new Random(1))).toEqual({ difference: -2, p: 2 / 6, exact: true });
  expect(permutationTest([1], [1], new Random(1)).p).toBe(1);
});
test("drawn and exact p agree", () => {
  const [a, b] = [normals(8, 1, 1), normals(8, 2)];
  const exact = permutationTest(a, b, new Random(1), 20_000);
  const drawn = permutationTest(a, b, new Random(1), 5000);
  expect([exact.exact, drawn.exact]).toEqual([true, false]);
  expect(Math.abs(exact.p - drawn.p)).toBeLessThan(0.03);
});
test("paired permutation test: five of one sign give 2/32", () => {
  expect(pairedPermutationTest([1, 2, 3, 4, 5], new Random(1))).toEqual({ difference: 3, p: 2 / 32, exact: true });
  expect(pairedPermutationTest([1, -1], new Random(1)).p).toBe(1);
  const d = normals(12, 4, 0.4);
  expect(Math.abs(pairedPermutationTest(d, new Random(2), 3000).p - pairedPermutationTest(d, new Random(2), 4096).p)).toBeLessThan(0.03);
});
test("more than 32 pairs flip each sign by its own bit", () => {
  const d = normals(70, 6, 0.2);
  const t = mean(d) / (standardDeviation(d) / Math.sqrt(70));
  expect(Math.abs(pairedPermutationTest(d, new Random(3)).p - 2 * normalTail(Math.abs(t)))).toBeLessThan(0.02);
});
test("without a difference p is uniform", () => {
  const random = new Random(1);
  const small = Array.from({ length: 200 }, (_, s) => permutationTest(normals(6, s), normals(6, s + 500), random).p).filter((p) => p <= 0.2).length;
  expect(Math.abs(small / 200 - 0.2)).toBeLessThan(0.09);
});
test("no cases, no p", () => {
  for (const result of [permutationTest([], [1], new Random(1)), permutationTest([NaN], [1], new Random(1)), pairedPermutationTest([NaN], new Random(1))]) expect(result).toEqual({ difference: NaN, p: NaN, exact: false });
});

// Values of R's wilcox.test: depression scale data (Hollander & Wolfe), V = 40, p = 0.03906.
test("Wilcoxon on Hollander and Wolfe's data", () => {
  const x = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
  const y = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];
  const result = wilcoxonSignedRank(x.map((v, i) => v - y[i]!));
  expect(result.statistic).toBe(40);
  expect(result.p).toBeCloseTo(0.0390625, 9);
});
test("Wilcoxon with ties counts every sign pattern", () => {
  const d = [1, 1, -2, 3, 3, 3, -1, 4];
  const ranks = [2, 2, 4, 6, 6, 6, 2, 8];
  const away = Math.abs(ranks.reduce((s, r, i) => s + (d[i]! > 0 ? r : 0), 0) - 18);
  let large = 0;
  for (let signs = 0; signs < 256; signs++) if (Math.abs(ranks.reduce((s, r, i) => s + ((signs >> i) & 1 ? r : 0), 0) - 18) >= away) large++;
  expect(wilcoxonSignedRank(d).p).toBeCloseTo(large / 256, 12);
});
test("Wilcoxon above 200 differences: the normal approximation is near the exact tail", () => {
  const d = normals(250, 3, 0.1);
  const { statistic, p, used } = wilcoxonSignedRank(d);
  // Subsets of 1 … 250 by their sum, counted from the small ends inwards.
  const ways = [1];
  for (let rank = 1; rank <= 250; rank++) for (let s = ways.length + rank - 1; s >= rank; s--) ways[s] = (ways[s] ?? 0) + (ways[s - rank] ?? 0);
  const away = Math.abs(statistic - 15687.5);
  const tail = ways.reduce((sum, w, s) => sum + (Math.abs(s - 15687.5) >= away ? w : 0), 0) / 2 ** 250;
  expect(used).toBe(250);
  expect(Math.abs(p - tail)).toBeLessThan(0.001);
});
test("Wilcoxon leaves out zeros and NaN", () => {
  expect(wilcoxonSignedRank([0, NaN])).toEqual({ statistic: NaN, p: NaN, used: 0 });
  expect(wilcoxonSignedRank([0, 2, -1]).used).toBe(2);
});
test("the tail of the normal distribution", () => {
  [[0, 0.5], [1, 0.158655253931457], [1.959963984540054, 0.025], [3, 0.00134989803163009], [6, 9.86587645037698e-10]].forEach(([z, p]) => expect(normalTail(z!) / p!).toBeCloseTo(1, 9));
});

test("effect sizes by hand", () => {
  expect(cohensD([2, 4], [1, 3])).toBeCloseTo(1 / Math.SQRT2, 12);
  expect(hedgesG([2, 4], [1, 3])).toBeCloseTo((1 / Math.SQRT2) * (1 - 3 / 7), 12);
  expect(pairedEffectSize([1, 3])).toBeCloseTo(2 / Math.SQRT2, 12);
  expect(Math.abs(cohensD(normals(4000, 1, 1), normals(4000, 2)) - 1)).toBeLessThan(0.06);
});
test("Hedges' g has no bias in small samples, Cohen's d has", () => {
  const pairs = Array.from({ length: 4000 }, (_, s) => [normals(4, s, 1), normals(4, s + 9999)] as const);
  expect(Math.abs(mean(pairs.map(([a, b]) => hedgesG(a, b))) - 1)).toBeLessThan(0.06);
  expect(mean(pairs.map(([a, b]) => cohensD(a, b)))).toBeGreaterThan(1.08);
});
test("effect sizes do not change with unit and origin", () => {
  const [a, b] = [normals(9, 1, 1), normals(7, 2)];
  expect(hedgesG(a.map((x) => 5 * x + 3), b.map((x) => 5 * x + 3))).toBeCloseTo(hedgesG(a, b), 9);
});
test("no variance, too few cases: NaN", () => {
  expect([cohensD([1, 1], [2, 2]), cohensD([1], [2]), cohensD([], []), hedgesG([1, 2], [NaN]), pairedEffectSize([2, 2]), pairedEffectSize([1])]).toEqual([NaN, NaN, NaN, NaN, NaN, NaN]);
});
