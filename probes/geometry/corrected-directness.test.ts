import { expect, test } from "vitest";
import { matrix, tensor } from "../tensor.ts";
import { correctedDirectness, expectedDirectness } from "./corrected-directness.ts";
import { circle, gauss, moved, walk } from "./clouds.test-support.ts";
import { directness, walkDirectness } from "./path-length.ts";
import { stepLengths } from "./step-length.ts";

test.each([5, 50, 200])("a random walk of %i steps has 1", (n) => expect(correctedDirectness(walk(gauss(n + 1, 4000, n)))).toBeCloseTo(1, 1.2));
test("n equal steps straight on give √n", () => expect(correctedDirectness(matrix(Array.from({ length: 26 }, (_, i) => [i, 2 * i])))).toBeCloseTo(5, 6));
test("independent states give 1/√n", () => expect(correctedDirectness(gauss(101, 4000, 1))).toBeCloseTo(0.1, 2));
test("a closed path gives 0", () => expect(correctedDirectness(circle(12, 1, 13))).toBeCloseTo(0, 6));
test("it is directness over that of the walk", () => {
  const path = gauss(20, 5, 3);
  expect(correctedDirectness(path)).toBeCloseTo(directness(path) / expectedDirectness(stepLengths(path)), 5);
  expect(expectedDirectness([2, 2, 2, 2])).toBe(walkDirectness(4));
});
test("no length, no answer", () => {
  expect([tensor([0, 2]), tensor([1, 2]), tensor([4, 2]), matrix([[0, 0], [NaN, 0], [1, 1]])].map(correctedDirectness)).toEqual([NaN, NaN, NaN, NaN]);
  expect([expectedDirectness([]), expectedDirectness([0, 0])]).toEqual([NaN, NaN]);
});
test.each([1, 2, 3])("rotation, scale and translation, seed %i", (seed) => {
  const path = gauss(15, 6, seed);
  expect(correctedDirectness(moved(path, seed))).toBeCloseTo(correctedDirectness(path), 5);
});
