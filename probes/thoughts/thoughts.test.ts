import { expect, test } from "vitest";
import { gauss, moved } from "../geometry/clouds.test-support.ts";
import { Random } from "../random.ts";
import { matrix, row, tensor, type Tensor } from "../tensor.ts";
import { effectiveBits, halvingNoise } from "./effective-bits.ts";
import { hullDistance } from "./hull-distance.ts";
import { mutualCosine } from "./mutual-cosine.ts";
import { expectedNearestCosine, nearestEmbedding } from "./nearest-embedding.ts";
import { meanRowNorm, normRatio } from "./norm-ratio.ts";
import { orbit, relativeSteps } from "./relative-step.ts";

const rows = matrix([[3, 4], [0, 5], [-5, 0]]);
test("norm ratio", () => {
  expect(normRatio([0, 10], rows)).toBe(2);
  expect([meanRowNorm(tensor([0, 2])), normRatio([1, 1], tensor([3, 2])), normRatio([NaN, 1], rows)]).toEqual([NaN, NaN, NaN]);
});
test("an embedding at any size is nearest to itself with cosine 1", () => {
  const embeddings = gauss(50, 8, 1);
  for (const token of [0, 17, 49]) {
    const found = nearestEmbedding(row(embeddings, token).map((x) => 7 * x), embeddings);
    expect(found).toEqual({ token, cosine: expect.closeTo(1, 6) });
  }
});
test("nearest: opposite, zero, NaN, none", () => {
  expect(nearestEmbedding([0, -1], matrix([[0, 5]]))).toEqual({ token: 0, cosine: -1 });
  expect(nearestEmbedding([1, 1], matrix([[NaN, 0], [0, 0], [1, 0]]))).toEqual({ token: 2, cosine: expect.closeTo(Math.SQRT1_2, 12) });
  for (const found of [nearestEmbedding([0, 0], rows), nearestEmbedding([NaN, 1], rows), nearestEmbedding([1, 1], tensor([0, 2]))]) expect(found).toEqual({ token: -1, cosine: NaN });
});
test("a random direction is near some row by chance", () => {
  const embeddings = gauss(3000, 200, 1);
  const found = Array.from({ length: 20 }, (_, s) => nearestEmbedding(gauss(1, 200, s + 5).data, embeddings).cosine);
  for (const cosine of found) expect(Math.abs(cosine / expectedNearestCosine(3000, 200) - 1)).toBeLessThan(0.35);
});

test("hull: outside a triangle, at a corner, an edge, inside", () => {
  const triangle = matrix([[0, 0], [4, 0], [0, 4]]);
  expect(hullDistance([-3, -4], triangle).distance).toBeCloseTo(5, 12);
  const edge = hullDistance([1, -2], triangle);
  expect(edge.distance).toBeCloseTo(2, 12);
  expect([...edge.weights].map((w) => Math.round(w * 1e9) / 1e9)).toEqual([0.75, 0.25, 0]);
  expect(hullDistance([4, 4], triangle).distance).toBeCloseTo(2 * Math.SQRT2, 12);
  expect(hullDistance([1, 1], triangle).distance).toBeCloseTo(0, 9);
});
test.each([1, 2, 3, 4])("hull: a mixture is inside, seed %i", (seed) => {
  const random = new Random(seed);
  const e = gauss(10, 30, seed);
  const w = Array.from({ length: 10 }, () => random.uniform());
  const total = w.reduce((a, b) => a + b);
  const z = Float64Array.from({ length: 30 }, (_, d) => w.reduce((s, x, i) => s + (x / total) * row(e, i)[d]!, 0));
  const { distance, weights } = hullDistance(z, e);
  expect(distance).toBeLessThan(1e-6);
  weights.forEach((x, i) => expect(x).toBeCloseTo(w[i]! / total, 5));
});
// The independent truth: the optimality conditions of the convex problem, and Frank and Wolfe's slow steps.
test.each([[5, 3, 1], [30, 4, 2], [64, 50, 3], [100, 2, 4], [12, 200, 5]])("hull of %i points in %i dimensions: optimal, seed %i", (m, D, seed) => {
  const e = gauss(m, D, seed);
  const z = gauss(1, D, seed + 100).data.map((x) => 3 * x);
  const { distance, weights, gap } = hullDistance(z, e);
  expect(weights.every((w) => w >= 0)).toBe(true);
  expect(weights.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
  const point = Array.from({ length: D }, (_, d) => weights.reduce((s, w, i) => s + w * row(e, i)[d]!, 0));
  const away = point.map((x, d) => x - z[d]!);
  expect(Math.hypot(...away)).toBeCloseTo(distance, 9);
  // No row lies further back along the line of sight.
  for (let i = 0; i < m; i++) expect(away.reduce((s, a, d) => s + a * (row(e, i)[d]! - point[d]!), 0)).toBeGreaterThan(-1e-7 * (1 + distance) ** 2);
  expect(gap).toBeLessThan(1e-7 * (1 + distance) ** 2);
  const w = Float64Array.from({ length: m }, (_, i) => (i === 0 ? 1 : 0));
  const at = (d: number): number => { let sum = 0; for (let i = 0; i < m; i++) sum += w[i]! * e.data[i * D + d]!; return sum; };
  for (let t = 0; t < 1000; t++) {
    const away = Float64Array.from(z, (x, d) => at(d) - x);
    let best = 0;
    let least = Infinity;
    for (let i = 0; i < m; i++) {
      let slope = 0;
      for (let d = 0; d < D; d++) slope += away[d]! * e.data[i * D + d]!;
      if (slope < least) [least, best] = [slope, i];
    }
    for (let i = 0; i < m; i++) w[i] = w[i]! * (1 - 2 / (t + 2)) + (i === best ? 2 / (t + 2) : 0);
  }
  const slow = Math.hypot(...Array.from(z, (x, d) => at(d) - x));
  expect(distance).toBeLessThanOrEqual(slow + 1e-9);
  expect(slow - distance).toBeLessThan(0.02 * (1 + distance));
});
test("hull: equal rows, one row, dependent rows, none, NaN", () => {
  expect(hullDistance([0, 0], matrix([[3, 4], [3, 4], [3, 4]])).distance).toBeCloseTo(5, 12);
  expect(hullDistance([3, 4], matrix([[3, 4]]))).toEqual({ distance: 0, weights: Float64Array.from([1]), gap: 0 });
  expect(hullDistance([1, 2], matrix([[0, 0], [1, 0], [2, 0], [3, 0], [1, 0]])).distance).toBeCloseTo(2, 9);
  expect(hullDistance([1, 2], tensor([0, 2])).distance).toBeNaN();
  expect(hullDistance([NaN, 2], matrix([[1, 2]])).distance).toBeNaN();
  expect(hullDistance([0, 0], matrix([[1, 2], [NaN, 0]])).distance).toBeNaN();
});
test.each([1, 2])("hull: turned, scaled, shifted, doubled, seed %i", (seed) => {
  const all = gauss(12, 5, seed);
  const split = (t: Tensor): [Float32Array, Tensor] => [row(t, 0).map((x) => x), tensor([11, 5], t.data.slice(5))];
  const [z, e] = split(all);
  const [z2, e2] = split(moved(all, seed, 3));
  const { distance } = hullDistance(z, e);
  expect(hullDistance(z2, e2).distance / 3).toBeCloseTo(distance, 4);
  expect(hullDistance(z, tensor([22, 5], Float32Array.from([...e.data, ...e.data]))).distance).toBeCloseTo(distance, 9);
});

test("mutual cosine by hand and by pairs", () => {
  expect(mutualCosine(matrix([[2, 0], [5, 0], [1, 0]]))).toBeCloseTo(1, 12);
  expect(mutualCosine(matrix([[1, 0], [-3, 0]]))).toBeCloseTo(-1, 12);
  const t = gauss(7, 4, 1);
  let sum = 0;
  for (let i = 0; i < 7; i++) for (let j = 0; j < i; j++) sum += row(t, i).reduce((s, x, d) => s + x * row(t, j)[d]!, 0) / Math.hypot(...row(t, i)) / Math.hypot(...row(t, j));
  expect(mutualCosine(t)).toBeCloseTo(sum / 21, 9);
  expect(mutualCosine(moved(t, 3, 4, 0))).toBeCloseTo(sum / 21, 5);
  expect(Math.abs(mutualCosine(gauss(50, 1000, 2)))).toBeLessThan(0.01);
  expect([mutualCosine(tensor([0, 2])), mutualCosine(matrix([[1, 0]])), mutualCosine(matrix([[1, 0], [0, 0], [NaN, 1]]))]).toEqual([NaN, NaN, NaN]);
});

test("a Gaussian channel of variance 3σ² carries one bit", () => {
  expect(effectiveBits(matrix([[Math.sqrt(3)], [-Math.sqrt(3)]]), 1)).toBeCloseTo(1, 6);
  expect(effectiveBits(matrix([[1, 0], [-1, 0], [0, 1], [0, -1]].map((r) => r.map((x) => x * Math.sqrt(6)))), 1)).toBeCloseTo(2, 6);
  const t = gauss(40, 5, 1);
  expect(effectiveBits(moved(t, 2, 3), 1.5)).toBeCloseTo(effectiveBits(t, 0.5), 4);
  expect([effectiveBits(tensor([5, 2]), 1), effectiveBits(tensor([0, 2]), 1), effectiveBits(t, 0), effectiveBits(t, NaN)]).toEqual([0, NaN, NaN, NaN]);
});
test("the noise that halves the accuracy", () => {
  expect(halvingNoise([0, 1, 2], [0.9, 0.8, 0.1])).toBeCloseTo(1.5, 12);
  expect(halvingNoise([0, 1, 2], [0.9, 0.8, 0.6], 0.5)).toBeCloseTo(1.5, 12);
  expect([halvingNoise([0, 1], [0.9, 0.8]), halvingNoise([0, 1], [0.5, 0.4], 0.5), halvingNoise([], [])]).toEqual([NaN, NaN, NaN]);
});

test("x → x/2 changes by half, a fixed point by nothing, independent states by √2", () => {
  expect([...relativeSteps(matrix([[8, 4], [4, 2], [2, 1], [2, 1]]))]).toEqual([0.5, 0.5, 0]);
  for (const step of relativeSteps(gauss(10, 4000, 1))) expect(step).toBeCloseTo(Math.SQRT2, 1);
  expect([...relativeSteps(matrix([[0, 0], [1, 0], [NaN, 0]]))]).toEqual([NaN, NaN]);
  expect([0, 1].map((n) => relativeSteps(tensor([n, 2])).length)).toEqual([0, 0]);
});
test("fixed points and orbits", () => {
  expect(orbit(matrix([[5], [3], [1], [1], [1]]))).toEqual({ period: 1, from: 2 });
  expect(orbit(matrix([[9], [1], [2], [1], [2], [1], [2]]))).toEqual({ period: 2, from: 1 });
  expect(orbit(matrix([[1], [1], [1]]))).toEqual({ period: 1, from: 0 });
  for (const path of [matrix([[1], [2], [3], [4], [5], [6]]), matrix([[1], [1]]), tensor([0, 1]), matrix([[NaN], [NaN], [NaN]])]) expect(orbit(path)).toEqual({ period: null, from: null });
});
