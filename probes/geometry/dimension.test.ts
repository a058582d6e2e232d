import { expect, test } from "vitest";
import { matrix, tensor, type Tensor } from "../tensor.ts";
import { circle, cube, doubled, gauss, moved, roll, sphere } from "./clouds.test-support.ts";
import { distancesOf, type Distances } from "./distances.ts";
import { effectiveRank } from "./effective-rank.ts";
import { levinaBickel } from "./levina-bickel.ts";
import { participationRatio } from "./participation-ratio.ts";
import { spectrum } from "./spectrum.ts";
import { twoNn } from "./two-nn.ts";

const n = 2000;
const known = new Map<string, Distances>();
/** Each cloud's distances are computed once for all measures. */
function cloud(name: string, make: () => Tensor): Distances {
  const found = known.get(name) ?? distancesOf(make());
  known.set(name, found);
  return found;
}
const s = (d: number): Distances => cloud(`S${d}`, () => sphere(n, d, d));
const near = (value: number, truth: number, share: number): void => expect(Math.abs(value / truth - 1)).toBeLessThan(share);

// Values of science.md B2; ±10 % of the true dimension up to 5.
test.each([
  ["S1", () => sphere(n, 1, 1), 1, 0.1],
  ["S2", () => sphere(n, 2, 2), 2, 0.1],
  ["S5", () => sphere(n, 5, 5), 5, 0.1],
  ["S10", () => sphere(n, 10, 10), 9.8, 0.1],
  ["cube2", () => cube(n, 2, 1), 2, 0.1],
  ["cube5", () => cube(n, 5, 1), 4.65, 0.1],
  ["cube10", () => cube(n, 10, 1), 8.2, 0.1],
  ["gauss5", () => gauss(n, 5, 1), 5, 0.1],
  ["roll", () => roll(n, 1), 2, 0.1],
] as const)("TwoNN of %s", (name, make, truth, share) => {
  const { fit, mle, used } = twoNn(cloud(name, make));
  expect(used).toBe(n);
  near(fit, truth, share);
  near(mle, truth, share);
});
test("TwoNN of S²⁰ is biased low", () => {
  const { fit, mle } = twoNn(s(20));
  near(fit, 16.6, 0.1);
  near(mle, 16.9, 0.1);
});
test("a cloud of five dimensions keeps them inside 64", () => {
  const inside = twoNn(moved(gauss(n, 5, 1, 64), 1, 1, 0));
  near(inside.fit, 5, 0.1);
  near(inside.fit, twoNn(cloud("gauss5", () => gauss(n, 5, 1))).fit, 1e-3);
});
test.each([
  ["S2", () => sphere(n, 2, 2), 2.01],
  ["S5", () => sphere(n, 5, 5), 4.86],
  ["S10", () => sphere(n, 10, 10), 8.9],
  ["S20", () => sphere(n, 20, 20), 15.4],
  ["roll", () => roll(n, 1), 1.97],
  ["gauss10", () => gauss(n, 10, 1), 9.07],
] as const)("Levina-Bickel of %s", (name, make, truth) => near(levinaBickel(cloud(name, make)), truth, 0.03));

test("participation ratio of isotropic clouds is D / (1 + D/n)", () => {
  near(participationRatio(s(20)), 20.81, 0.005);
  near(participationRatio(cloud("cube5", () => cube(n, 5, 1))), 4.99, 0.005);
});
test("participation ratio and effective rank in closed form", () => {
  const cross = (...sizes: number[]): Tensor => matrix(sizes.flatMap((size, d) => [size, -size].map((x) => sizes.map((_, i) => (i === d ? x : 0)))));
  expect(participationRatio(cross(1, 1, 1))).toBeCloseTo(3, 9);
  expect(effectiveRank(cross(1, 1, 1))).toBeCloseTo(3, 9);
  // Variances 4 and 1: (4 + 1)² / (16 + 1). Singular values 2 and 1, entropy of (⅔, ⅓).
  expect(participationRatio(cross(2, 1))).toBeCloseTo(25 / 17, 9);
  expect(effectiveRank(cross(2, 1))).toBeCloseTo(Math.exp(-(2 / 3) * Math.log(2 / 3) - (1 / 3) * Math.log(1 / 3)), 6);
  expect([participationRatio, effectiveRank].map((f) => f(matrix([[0, 0], [1, 2], [3, 6]])))).toEqual([expect.closeTo(1, 6), expect.closeTo(1, 3)]);
  expect(participationRatio(circle(50))).toBeCloseTo(2, 6);
});
test("effective rank of an isotropic cloud is D", () => near(effectiveRank(gauss(n, 10, 3)), 10, 0.01));
test("the spectrum is the same from points and from distances", () => {
  const points = gauss(30, 5, 4);
  const long = spectrum(distancesOf(points));
  spectrum(points).forEach((v, i) => expect(long[i]).toBeCloseTo(v, 9));
  expect(long.slice(5)).toEqual(new Float64Array(25));
});

test.each([1, 2, 3])("rotation, scale, translation and duplication change nothing, seed %i", (seed) => {
  const points = gauss(80, 6, seed);
  for (const other of [moved(points, seed), doubled(points)]) {
    expect(twoNn(other).fit).toBeCloseTo(twoNn(points).fit, 2);
    expect(twoNn(other).mle).toBeCloseTo(twoNn(points).mle, 2);
    expect(levinaBickel(other)).toBeCloseTo(levinaBickel(points), 3);
    expect(participationRatio(other)).toBeCloseTo(participationRatio(points), 4);
    expect(effectiveRank(other)).toBeCloseTo(effectiveRank(points), 4);
  }
});
test("rows that are not finite are left out", () => {
  const points = gauss(40, 3, 1);
  const spoilt = tensor([41, 3], Float32Array.from([...points.data, NaN, 0, 0]));
  expect(twoNn(spoilt)).toEqual(twoNn(points));
  expect(levinaBickel(spoilt)).toBe(levinaBickel(points));
  expect(participationRatio(spoilt)).toBe(participationRatio(points));
  expect(effectiveRank(spoilt)).toBeCloseTo(effectiveRank(points), 9);
});
test("too few points, or points that do not vary, have no dimension", () => {
  for (const points of [tensor([0, 3]), tensor([1, 3]), tensor([9, 3]), matrix([[1, 0], [0, 1]])]) {
    expect([twoNn(points).fit, twoNn(points).mle, levinaBickel(points)]).toEqual([NaN, NaN, NaN]);
  }
  for (const points of [tensor([0, 3]), tensor([1, 3]), tensor([9, 3])]) expect([participationRatio(points), effectiveRank(points)]).toEqual([NaN, NaN]);
  // Three corners of an equilateral triangle: no ratio differs from 1.
  expect(twoNn(matrix([[1, 0, 0], [0, 1, 0], [0, 0, 1]]))).toEqual({ fit: NaN, mle: NaN, used: 3 });
  expect(levinaBickel(matrix([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))).toBeNaN();
});
