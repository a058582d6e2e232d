/** Ridge regression against its closed forms, and the probe on classes that are known to be apart or not. */
import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { linearProbeAccuracy, ridge } from "./ridge.ts";

const random = new Random(1);
const draw = (n: number, D: number): number[][] => Array.from({ length: n }, () => Array.from({ length: D }, () => random.normal()));
const times = (x: readonly number[][], w: readonly ArrayLike<number>[]): number[][] => x.map((row) => Array.from(w[0]!, (_, c) => row.reduce((sum, value, i) => sum + value * w[i]![c]!, 0)));

test("one column: Σxy / (Σx² + penalty)", () => {
  expect(ridge([[1], [2], [3]], [[2], [3], [5]], 4)[0]![0]).toBeCloseTo((2 + 6 + 15) / (14 + 4), 14);
});
test("without penalty an exact relation is found", () => {
  const [x, w] = [draw(20, 5), draw(5, 3)];
  ridge(x, times(x, w), 0).forEach((row, i) => row.forEach((value, c) => expect(value).toBeCloseTo(w[i]![c]!, 11)));
});
test("the gradient of what it minimises is 0", () => {
  const [x, y, penalty] = [draw(12, 4), draw(12, 2), 0.7];
  const w = ridge(x, y, penalty);
  const left = times(x, w).map((row, n) => row.map((value, c) => value - y[n]![c]!));
  for (let i = 0; i < 4; i++) for (let c = 0; c < 2; c++) expect(x.reduce((sum, row, n) => sum + row[i]! * left[n]![c]!, penalty * w[i]![c]!)).toBeCloseTo(0, 12);
});
test("columns that depend on one another need a penalty", () => {
  const x = [[1, 2], [2, 4], [3, 6]];
  expect(() => ridge(x, [[1], [2], [3]], 0)).toThrow("ridge: expected independent columns, got column 1");
  expect(ridge(x, [[1], [2], [3]], 1e-6)[1]![0]).toBeCloseTo(0.4, 5);
  expect(() => ridge([[1]], [], 1)).toThrow("got 0 and 1");
});
test("the probe: corners of a triangle are apart, an XOR is not, noise is at chance", () => {
  const around = (x: number, y: number): number[] => [x + 0.1 * random.normal(), y + 0.1 * random.normal()];
  const accuracy = (place: (i: number) => number[], of: (i: number) => number, classes: number): number => {
    const rows = (n: number) => ({ x: Array.from({ length: n }, (_, i) => place(i)), classes: Array.from({ length: n }, (_, i) => of(i)) });
    return linearProbeAccuracy(rows(120), rows(600), classes, 1e-3);
  };
  expect(accuracy((i) => around(Math.cos((2 * Math.PI * i) / 3), Math.sin((2 * Math.PI * i) / 3)), (i) => i % 3, 3)).toBe(1);
  expect(accuracy((i) => around(i & 1, (i >> 1) & 1), (i) => (i ^ (i >> 1)) & 1, 2)).toBeLessThan(0.8);
  expect(Math.abs(accuracy(() => [random.normal(), random.normal()], (i) => i % 4, 4) - 0.25)).toBeLessThan(0.08);
  expect(() => linearProbeAccuracy({ x: [], classes: [] }, { x: [], classes: [] }, 2, 1)).toThrow("rows to fit and to test, got 0 and 0");
});
