/** The interval of a mean against Student's table and against its promise. */
import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { meanInterval, studentPoint } from "./mean-interval.ts";

test("Student's points", () => {
  // R: qt(0.975, c(1, 5, 11, 30, 100))
  [[5, 2.570582], [11, 2.200985], [30, 2.042272], [100, 1.983972]].forEach(([freedom, t]) => expect(Math.abs(studentPoint(freedom!) - t!)).toBeLessThan(2e-4));
  expect(studentPoint(0)).toBeNaN();
});
test("three cases by hand", () => {
  const [low, high] = meanInterval([1, NaN, 2, 3]);
  expect(low).toBeCloseTo(2 - 4.3027 / Math.sqrt(3), 10);
  expect(high).toBeCloseTo(2 + 4.3027 / Math.sqrt(3), 10);
});
test("no spread, too few cases", () => {
  expect(meanInterval([2, 2])).toEqual([2, 2]);
  expect([meanInterval([]), meanInterval([1]), meanInterval([NaN, 1])]).toEqual([[NaN, NaN], [NaN, NaN], [NaN, NaN]]);
});
test("it covers the mean of three normal cases 95 times in 100", () => {
  const random = new Random(1);
  let covered = 0;
  for (let i = 0; i < 4000; i++) {
    const [low, high] = meanInterval([random.normal(), random.normal(), random.normal()]);
    if (low <= 0 && 0 <= high) covered++;
  }
  expect(Math.abs(covered / 4000 - 0.95)).toBeLessThan(0.012);
});
