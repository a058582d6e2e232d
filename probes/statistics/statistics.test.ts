import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { median, quantile } from "./quantile.ts";
import { wilson } from "./wilson.ts";

const check = (s: number, n: number, low: number, high: number): void => {
  const interval = wilson(s, n);
  expect(interval[0]).toBeCloseTo(low, 3);
  expect(interval[1]).toBeCloseTo(high, 3);
};
test("0 of 10", () => check(0, 10, 0, 0.2775));
test("5 of 10", () => check(5, 10, 0.2366, 0.7634));
test("10 of 10", () => check(10, 10, 0.7225, 1));
test("no trials: no knowledge", () => expect(wilson(0, 0)).toEqual([0, 1]));
test("the ends are exact", () => [1, 7, 1000].forEach((n) => expect([wilson(0, n)[0], wilson(n, n)[1]]).toEqual([0, 1])));
test("more successes than trials are refused", () => expect(() => wilson(3, 2)).toThrow("expected 0 ≤ successes ≤ trials, got 3 of 2"));
// The interval's defining property: the score test at its ends is exactly z.
test.each([[1, 9], [4, 20], [37, 50]])("the score test at the ends of %i of %i is z", (s, n) => {
  for (const p of wilson(s, n)) expect(Math.abs(s / n - p) / Math.sqrt((p * (1 - p)) / n)).toBeCloseTo(1.959964, 6);
});
test("it covers the true rate about 95 % of the time", () => {
  const random = new Random(1);
  let covered = 0;
  for (let i = 0; i < 2000; i++) {
    let s = 0;
    for (let j = 0; j < 30; j++) if (random.uniform() < 0.3) s++;
    const [low, high] = wilson(s, 30);
    if (low <= 0.3 && 0.3 <= high) covered++;
  }
  expect(covered / 2000).toBeGreaterThan(0.93);
  expect(covered / 2000).toBeLessThan(0.98);
});

test("medians", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([NaN, 5])).toBe(5);
  expect(median([])).toBeNaN();
  expect(median([NaN])).toBeNaN();
  expect(median([10, 9, 100])).toBe(10);
});
test("quantiles", () => {
  expect(quantile([1, 2, 3, 4, 5], 0.25)).toBe(2);
  expect(quantile([1, 2], 0.1)).toBeCloseTo(1.1, 12);
  expect(quantile([1, Infinity], 1)).toBe(Infinity);
  expect(() => quantile([1], 2)).toThrow("expected q in [0, 1]");
});
