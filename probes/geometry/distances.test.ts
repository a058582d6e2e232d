import { expect, test } from "vitest";
import { matrix, tensor } from "../tensor.ts";
import { gauss, moved } from "./clouds.test-support.ts";
import { among, between, centredGram, distancesOf, distinctPoints, finitePoints, neighboursWithin } from "./distances.ts";

test("a 3-4-5 triangle", () => expect([...distancesOf(matrix([[0, 0], [3, 0], [3, 4]])).squares]).toEqual([0, 9, 25, 9, 0, 16, 25, 16, 0]));
test.each([1, 2, 5, 8])("%i points: as one pair at a time", (n) => {
  const points = gauss(n, 7, n);
  const { squares } = distancesOf(points);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) expect(Math.sqrt(squares[i * n + j]!)).toBeCloseTo(between(points, i, j), 12);
});
test("no points", () => expect(distancesOf(tensor([0, 3])).squares.length).toBe(0));
test("equal points are at 0 exactly, even far out", () => {
  const { squares } = distancesOf(tensor([3, 4], new Float32Array(12).fill(12345.678)));
  expect([...squares]).toEqual(Array(9).fill(0));
});
test("points that are not finite, and equal ones, are told apart", () => {
  const d = distancesOf(matrix([[0, 0], [NaN, 0], [0, 0], [Infinity, 0], [1, 0]]));
  expect(finitePoints(d)).toEqual([0, 2, 4]);
  expect(distinctPoints(d)).toEqual([0, 4]);
  expect([...among(d, [0, 4]).squares]).toEqual([0, 1, 1, 0]);
});
test("neighbours, nearest first; ties to the lower index", () => expect([...neighboursWithin(distancesOf(matrix([[0], [1], [2], [10]])), 2)]).toEqual([1, 2, 0, 2, 1, 0, 2, 1]));
test("the Gram matrix of the centred points", () => {
  const points = moved(gauss(6, 3, 2), 1, 2, 5);
  const mean = [0, 1, 2].map((d) => Array.from({ length: 6 }, (_, i) => points.data[i * 3 + d]!).reduce((a, b) => a + b) / 6);
  const gram = centredGram(distancesOf(points));
  for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) {
    const truth = mean.reduce((sum, m, d) => sum + (points.data[i * 3 + d]! - m) * (points.data[j * 3 + d]! - m), 0);
    expect(gram[i * 6 + j]).toBeCloseTo(truth, 9);
  }
});
