import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { matrix, rows, tensor, type Tensor } from "../tensor.ts";
import { circle, doubled, gauss, moved } from "./clouds.test-support.ts";
import { geodesicDistances, knnGeodesic } from "./knn-geodesic.ts";

const halfCircle = circle(398, 1, 200);
const between = (path: Tensor): Tensor => {
  // Both ends stay, the points between them are visited in random order.
  const n = path.shape[0]!;
  return rows(path, [0, ...new Random(1).shuffle(Array.from({ length: n - 2 }, (_, i) => i + 1)), n - 1]);
};

test("points on a geodesic: 1; a half circle is π/2 of its chord", () => {
  const result = knnGeodesic(halfCircle, 2);
  expect(result.lengthRatio).toBeCloseTo(1, 5);
  expect(result.chordRatio).toBeCloseTo(Math.PI / 2, 2);
});
test("shuffled: ≫ 1, the shortest way stays", () => {
  const result = knnGeodesic(between(halfCircle), 2);
  expect(result.lengthRatio).toBeGreaterThan(30);
  expect(result.geodesic).toBeCloseTo(knnGeodesic(halfCircle, 2).geodesic, 4);
});
test("a straight line is 1 in both, for any k", () => {
  for (const k of [1, 3, 50]) expect(knnGeodesic(matrix(Array.from({ length: 20 }, (_, i) => [i, 2 * i])), k)).toMatchObject({ lengthRatio: expect.closeTo(1, 9), chordRatio: expect.closeTo(1, 9) });
});
test("with every point a neighbour, the shortest way is the chord", () => expect(knnGeodesic(gauss(20, 3, 1), 99)).toMatchObject({ chordRatio: expect.closeTo(1, 12), k: 19 }));
// The independent truth: Floyd and Warshall on the same graph, built the plain way.
test("agrees with all-pairs shortest paths", () => {
  const n = 30;
  const points = gauss(n, 3, 5);
  const far = (i: number, j: number): number => Math.hypot(...[0, 1, 2].map((d) => points.data[i * 3 + d]! - points.data[j * 3 + d]!));
  const ways = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 0 : Infinity)));
  for (let i = 0; i < n; i++) for (const j of ways.map((_, j) => j).filter((j) => j !== i).sort((a, b) => far(i, a) - far(i, b)).slice(0, 3)) ways[i]![j] = ways[j]![i] = far(i, j);
  for (let m = 0; m < n; m++) for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) ways[i]![j] = Math.min(ways[i]![j]!, ways[i]![m]! + ways[m]![j]!);
  geodesicDistances(points, 7, 3).forEach((way, j) => (ways[7]![j] === Infinity ? expect(way).toBe(Infinity) : expect(way).toBeCloseTo(ways[7]![j]!, 9)));
});
test("two clusters are not joined, and the ratios say NaN", () => {
  const result = knnGeodesic(matrix([[0], [1], [2], [100], [101], [102]]), 2);
  expect(result).toEqual({ geodesic: Infinity, lengthRatio: NaN, chordRatio: NaN, k: 2 });
});
test("equal points are one", () => {
  const line = matrix([[0, 0], [1, 0], [1, 0], [1, 0], [1, 0], [2, 0]]);
  expect(knnGeodesic(line, 1)).toMatchObject({ geodesic: 2, lengthRatio: 1, chordRatio: 1 });
  expect([...geodesicDistances(doubled(halfCircle), 0, 2)]).toEqual([...geodesicDistances(halfCircle, 0, 2), ...geodesicDistances(halfCircle, 0, 2)]);
});
test("closed, still, short and spoilt paths", () => {
  expect(knnGeodesic(circle(12, 1, 1), 3).geodesic).toBe(0);
  expect(knnGeodesic(tensor([5, 2]), 3)).toEqual({ geodesic: 0, lengthRatio: NaN, chordRatio: NaN, k: 0 });
  expect(knnGeodesic(tensor([0, 2]))).toEqual({ geodesic: NaN, lengthRatio: NaN, chordRatio: NaN, k: 0 });
  expect(knnGeodesic(matrix([[NaN, 0], [1, 0], [2, 0]])).geodesic).toBeNaN();
  expect(knnGeodesic(matrix([[0, 0], [NaN, 0], [2, 0]]))).toMatchObject({ geodesic: 2, lengthRatio: NaN, chordRatio: 1 });
});
test.each([1, 2, 3])("rotation, scale and translation keep the ratios, seed %i", (seed) => {
  const path = gauss(40, 4, seed);
  const [now, then] = [knnGeodesic(moved(path, seed)), knnGeodesic(path)];
  expect(now.lengthRatio).toBeCloseTo(then.lengthRatio, 4);
  expect(now.chordRatio).toBeCloseTo(then.chordRatio, 4);
});
