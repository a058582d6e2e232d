/** The two estimators against closed forms and against chance itself. */
import { expect, test } from "vitest";
import { Random } from "../../../probes/random.ts";
import { matrix } from "../../../probes/tensor.ts";
import { hullDistance } from "../../../probes/thoughts/hull-distance.ts";
import { dot, drawExamples, normalVector, poolEstimate, ridgeEstimate, type Examples } from "./in-context-regression.ts";

const random = new Random(1);
const examples = (x: number[][], y: number[]): Examples => ({ x: x.map((row) => Float64Array.from(row)), y: Float64Array.from(y) });

test("dot product", () => expect(dot([1, 2, 3], [4, 5, 6])).toBe(32));
test("one task in the pool is the estimate, whatever the examples", () => expect([...poolEstimate([Float64Array.of(2, -1)], examples([[1, 0]], [100]), 0.25)]).toEqual([2, -1]));
test("two tasks in one dimension: the logistic function of the evidence", () => {
  // y = 0.4 at x = 1 for w = ±1: log odds ((0.4 + 1)² − (0.4 − 1)²) / 2σ² = 0.8 / σ² · … = 3.2.
  const odds = 1 / (1 + Math.exp(-((1.4 ** 2 - 0.6 ** 2) / (2 * 0.25))));
  expect(poolEstimate([Float64Array.of(1), Float64Array.of(-1)], examples([[1]], [0.4]), 0.25)[0]).toBeCloseTo(2 * odds - 1, 12);
});
test("many exact examples single out the task", () => {
  const pool = Array.from({ length: 8 }, () => normalVector(random, 3));
  const estimate = poolEstimate(pool, drawExamples(random, pool[5]!, 200, 1e-4), 0.25);
  estimate.forEach((value, d) => expect(value).toBeCloseTo(pool[5]![d]!, 6));
});
test("the pool's estimate lies in the pool's hull, far examples or not", () => {
  const pool = Array.from({ length: 6 }, () => normalVector(random, 2));
  for (let i = 0; i < 20; i++) {
    const estimate = poolEstimate(pool, drawExamples(random, normalVector(random, 2).map((x) => 5 * x), 4, 0.25), 0.25);
    expect(hullDistance(estimate, matrix(pool.map((task) => [...task]))).distance).toBeLessThan(1e-6);
  }
});
test("ridge in one dimension: Σxy / (Σx² + σ²); without examples 0", () => {
  expect(ridgeEstimate(examples([[1], [2]], [1, 3]), 0.25, 1)[0]).toBeCloseTo(7 / 5.25, 14);
  expect([...ridgeEstimate(examples([], []), 0.25, 2)]).toEqual([0, 0]);
});
test("each estimator is best for its own prior: no other does better on average", () => {
  const pool = Array.from({ length: 4 }, () => normalVector(random, 2));
  const error = (draw: () => Float64Array): { pool: number; ridge: number } => {
    const sums = { pool: 0, ridge: 0 };
    for (let i = 0; i < 600; i++) {
      const task = draw();
      const given = drawExamples(random, task, 3, 0.25);
      const off = (w: Float64Array): number => w.reduce((sum, x, d) => sum + (x - task[d]!) ** 2, 0);
      sums.pool += off(poolEstimate(pool, given, 0.25));
      sums.ridge += off(ridgeEstimate(given, 0.25, 2));
    }
    return sums;
  };
  const known = error(() => random.pick(pool));
  const fresh = error(() => normalVector(random, 2));
  expect(known.pool).toBeLessThan(known.ridge);
  expect(fresh.ridge).toBeLessThan(fresh.pool);
});
test("the noise has the variance asked for", () => {
  const { x, y } = drawExamples(random, Float64Array.of(0, 0), 4000, 0.25);
  expect(x).toHaveLength(4000);
  expect(Math.abs(dot(y, y) / 4000 - 0.25)).toBeLessThan(0.03);
});
