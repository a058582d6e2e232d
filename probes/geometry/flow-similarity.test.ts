import { expect, test } from "vitest";
import { matrix, tensor } from "../tensor.ts";
import { gauss, moved, walk } from "./clouds.test-support.ts";
import { flowSimilarity, stepMeans } from "./flow-similarity.ts";

test("a run with itself is 1 in all orders", () => {
  const path = walk(gauss(9, 6, 1));
  const { steps, ...all } = flowSimilarity(path, path);
  expect(steps).toBe(9);
  for (const value of Object.values(all)) expect(value).toBeCloseTo(1, 9);
});
test("the same moves elsewhere: order 1 and 2 and curvature stay 1, order 0 does not", () => {
  const path = walk(gauss(9, 6, 1));
  const there = tensor([9, 6], path.data.map((x, i) => x + (i % 6 === 0 ? 50 : 0)));
  const result = flowSimilarity(path, there);
  expect(result.order0).toBeLessThan(0.9);
  for (const value of [result.order1, result.order2, result.curvature]) expect(value).toBeCloseTo(1, 3);
});
test("opposite moves are −1, and bend the same", () => {
  const path = walk(gauss(9, 6, 2));
  const result = flowSimilarity(path, tensor([9, 6], path.data.map((x) => -x)));
  for (const value of [result.order0, result.order1, result.order2]) expect(value).toBeCloseTo(-1, 9);
  expect(result.curvature).toBeCloseTo(1, 9);
});
test("unrelated runs are near 0 within 4 / √(nD)", () => {
  const result = flowSimilarity(gauss(50, 400, 1), gauss(50, 400, 2));
  for (const value of [result.order0, result.order1, result.order2]) expect(Math.abs(value)).toBeLessThan(4 / Math.sqrt(50 * 400) * 1.7);
});
test("by hand", () => {
  // Velocities (1,0), (0,1) against (1,0), (1,0): cosines 1 and 0. Second differences (−1,1) against 0: none.
  const result = flowSimilarity(matrix([[1, 0], [2, 0], [2, 1]]), matrix([[1, 0], [2, 0], [3, 0], [9, 9]]));
  expect(result.steps).toBe(3);
  expect(result.order0).toBeCloseTo((1 + 1 + 2 / Math.sqrt(5)) / 3, 9);
  expect(result.order1).toBeCloseTo(0.5, 9);
  expect([result.order2, result.curvature]).toEqual([NaN, NaN]);
});
test("too few steps, still runs, NaN", () => {
  expect(flowSimilarity(tensor([0, 2]), tensor([3, 2]))).toEqual({ order0: NaN, order1: NaN, order2: NaN, curvature: NaN, steps: 0 });
  expect(flowSimilarity(tensor([3, 2]), gauss(3, 2, 1)).order0).toBeNaN();
  expect(flowSimilarity(matrix([[1, 0], [NaN, 0]]), matrix([[1, 0], [1, 0]])).order0).toBe(1);
  expect(() => flowSimilarity(tensor([2, 2]), tensor([2, 3]))).toThrow("expected one hidden size, got 2 and 3");
});
test.each([1, 2])("turning and scaling both runs alike changes nothing, seed %i", (seed) => {
  const [a, b] = [walk(gauss(9, 5, seed)), walk(gauss(9, 5, seed + 9))] as const;
  const [now, then] = [flowSimilarity(moved(a, 4, 3, 0), moved(b, 4, 3, 0)), flowSimilarity(a, b)];
  for (const key of ["order0", "order1", "order2", "curvature"] as const) expect(now[key]).toBeCloseTo(then[key], 4);
});
test("means of steps", () => {
  const means = stepMeans(matrix([[0, 2], [2, 4], [5, 5], [7, 7]]), [0, 2, 3, 4]);
  expect([...means.data]).toEqual([1, 3, 5, 5, 7, 7, NaN, NaN]);
});
