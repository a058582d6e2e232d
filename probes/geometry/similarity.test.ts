import { expect, test } from "vitest";
import { tensor, type Tensor } from "../tensor.ts";
import { doubled, gauss, moved } from "./clouds.test-support.ts";
import { cka, debiasedCka } from "./cka.ts";
import { expectedOverlap, neighbourhoodOverlap } from "./neighbourhood-overlap.ts";
import { procrustesDistance } from "./procrustes.ts";

/** Centred columns as nested arrays. */
function centred(t: Tensor): number[][] {
  const [n = 0, D = 0] = t.shape;
  const mean = Array.from({ length: D }, (_, d) => { let s = 0; for (let i = 0; i < n; i++) s += t.data[i * D + d]! / n; return s; });
  return Array.from({ length: n }, (_, i) => mean.map((m, d) => t.data[i * D + d]! - m));
}
const product = (x: number[][], y: number[][]): number[][] => x[0]!.map((_, a) => y[0]!.map((__, b) => x.reduce((s, row, i) => s + row[a]! * y[i]![b]!, 0)));
const square = (m: number[][]): number => m.flat().reduce((s, v) => s + v * v, 0);
const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

test("CKA from the definition on features", () => {
  const [x, y] = [gauss(12, 4, 1), gauss(12, 3, 2)];
  const [a, b] = [centred(x), centred(y)];
  expect(cka(x, y)).toBeCloseTo(square(product(b, a)) / Math.sqrt(square(product(a, a)) * square(product(b, b))), 9);
});
// The independent truth: Song et al. 2012, equation 5, term by term.
test("debiased CKA from its published formula", () => {
  const [x, y] = [gauss(9, 4, 1), gauss(9, 3, 2)];
  const kernel = (t: Tensor): number[][] => { const [n = 0, D = 0] = t.shape; return Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => i === j ? 0 : Array.from({ length: D }, (___, d) => t.data[i * D + d]! * t.data[j * D + d]!).reduce((p, q) => p + q))); };
  const hsic = (k: number[][], l: number[][]): number => {
    const n = k.length;
    const sum = (m: number[][]): number => m.flat().reduce((p, q) => p + q);
    const trace = sum(k.map((r, i) => r.map((v, j) => v * l[j]![i]!)));
    const cross = sum(k.map((r) => l.map((_, j) => r.reduce((s, v, m) => s + v * l[m]![j]!, 0))));
    return (trace + (sum(k) * sum(l)) / ((n - 1) * (n - 2)) - (2 / (n - 2)) * cross) / (n * (n - 3));
  };
  const [k, l] = [kernel(x), kernel(y)];
  expect(debiasedCka(x, y)).toBeCloseTo(hsic(k, l) / Math.sqrt(hsic(k, k) * hsic(l, l)), 9);
});
test.each([[200, 20, 0.0875], [1000, 20, 0.019], [200, 100, 0.332]])("independent: CKA of %i inputs in %i dimensions is p/(n+p), debiased 0", (n, p, measured) => {
  const [x, y] = [gauss(n, p, 1), gauss(n, p, 2)];
  expect(Math.abs(cka(x, y) / (p / (n + p)) - 1)).toBeLessThan(0.1);
  expect(Math.abs(cka(x, y) / measured - 1)).toBeLessThan(0.1);
  expect(Math.abs(debiasedCka(x, y))).toBeLessThan(0.02);
});
test("debiased CKA is 0 on average where plain CKA is not", () => {
  const values = Array.from({ length: 60 }, (_, s) => [debiasedCka(gauss(20, 10, s), gauss(20, 10, s + 999)), cka(gauss(20, 10, s), gauss(20, 10, s + 999))] as const);
  expect(Math.abs(mean(values.map((v) => v[0])))).toBeLessThan(0.03);
  expect(mean(values.map((v) => v[1]))).toBeGreaterThan(0.25);
});

test("Procrustes: two dimensions in closed form", () => {
  // Singular values of a 2 × 2 matrix M sum to √(‖M‖² + 2 |det M|).
  const [x, y] = [gauss(7, 2, 1), gauss(7, 2, 2)];
  const [a, b] = [centred(x), centred(y)];
  const m = product(a, b);
  const nuclear = Math.sqrt(square(m) + 2 * Math.abs(m[0]![0]! * m[1]![1]! - m[0]![1]! * m[1]![0]!));
  expect(procrustesDistance(x, y)).toBeCloseTo(2 - (2 * nuclear) / Math.sqrt(square(a) * square(b)), 7);
});
test("Procrustes of patterns that share nothing is 2", () => {
  const x = tensor([4, 1], Float32Array.from([1, 1, -1, -1]));
  const y = tensor([4, 1], Float32Array.from([1, -1, 1, -1]));
  expect(procrustesDistance(x, y)).toBeCloseTo(2, 9);
});
test("where a rotation fits anything, Procrustes is small for unrelated clouds", () => {
  expect(procrustesDistance(gauss(10, 1000, 1), gauss(10, 1000, 2))).toBeLessThan(0.1);
  expect(procrustesDistance(gauss(500, 5, 1), gauss(500, 5, 2))).toBeGreaterThan(1.5);
});
test("overlap: the same is 1, unrelated k/(n−1)", () => {
  const n = 300;
  expect(neighbourhoodOverlap(gauss(n, 5, 1), gauss(n, 5, 1), 10)).toBe(1);
  expect(Math.abs(neighbourhoodOverlap(gauss(n, 5, 1), gauss(n, 5, 2), 30) - expectedOverlap(n, 30))).toBeLessThan(0.01);
});
test("overlap by hand", () => {
  const line = (...x: number[]): Tensor => tensor([x.length, 1], Float32Array.from(x));
  // Nearest: 1 0 1 2 against 1 0 3 2.
  expect(neighbourhoodOverlap(line(0, 1, 3, 6), line(0, 1, 9, 10), 1)).toBe(0.75);
});

test.each([1, 2, 3])("turned, scaled, shifted: alike in all; doubled inputs keep CKA and Procrustes, seed %i", (seed) => {
  const [x, y] = [gauss(30, 6, seed), gauss(30, 4, seed + 50)];
  const turned = moved(x, seed);
  for (const same of [cka(x, turned), debiasedCka(x, turned), neighbourhoodOverlap(x, turned)]) expect(same).toBeCloseTo(1, 4);
  expect(procrustesDistance(x, turned)).toBeCloseTo(0, 4);
  for (const measure of [cka, debiasedCka, procrustesDistance]) expect(measure(turned, y)).toBeCloseTo(measure(x, y), 4);
  for (const measure of [cka, procrustesDistance]) expect(measure(doubled(x), doubled(y))).toBeCloseTo(measure(x, y), 6);
  for (const measure of [cka, debiasedCka, procrustesDistance, neighbourhoodOverlap]) expect(measure(y, x)).toBeCloseTo(measure(x, y), 6);
});
test("no inputs, one input, no variance", () => {
  for (const x of [tensor([0, 3]), tensor([1, 3]), tensor([6, 3])]) for (const measure of [cka, debiasedCka, procrustesDistance]) expect(measure(x, x)).toBeNaN();
  expect(debiasedCka(gauss(3, 2, 1), gauss(3, 2, 1))).toBeNaN();
  for (const n of [0, 1]) expect([neighbourhoodOverlap(tensor([n, 2]), tensor([n, 2])), expectedOverlap(n, 3)]).toEqual([NaN, NaN]);
  expect(() => cka(gauss(3, 2, 1), gauss(4, 2, 1))).toThrow("expected two representations of the same inputs, got 3 and 4");
});
test("inputs that are not finite in one are left out of both", () => {
  const [x, y] = [gauss(20, 3, 1), gauss(20, 3, 2)];
  const spoilt = tensor([20, 3], x.data.slice());
  spoilt.data[57] = NaN;
  const first = (t: Tensor): Tensor => tensor([19, 3], t.data.slice(0, 57));
  for (const measure of [cka, debiasedCka, procrustesDistance, neighbourhoodOverlap]) expect(measure(spoilt, y)).toBeCloseTo(measure(first(x), first(y)), 9);
});
