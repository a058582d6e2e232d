import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { normalisedMutualInformation } from "./mutual-information.ts";

test.each([
  ["the same", [0, 1, 2, 0], [0, 1, 2, 0], 1],
  ["other names", [0, 1, 2, 0], [5, 3, 9, 5], 1],
  ["independent", [0, 0, 1, 1], [0, 1, 0, 1], 0],
  ["one label", [0, 1, 2], [7, 7, 7], 0],
  ["one label each", [1, 1], [2, 2], 0],
  // H(A) = log 4, H(B) = 1.5 log 2, and B follows from A.
  ["two of four share", [0, 1, 2, 3], [0, 0, 1, 2], (2 * 1.5) / (2 + 1.5)],
] as const)("%s", (_, a, b, expected) => {
  expect(normalisedMutualInformation(a, b)).toBeCloseTo(expected, 12);
  expect(normalisedMutualInformation(b, a)).toBeCloseTo(expected, 12);
});
test("independent draws have next to nothing in common", () => {
  const random = new Random(1);
  const draw = (): number[] => Array.from({ length: 4000 }, () => random.integer(4));
  expect(normalisedMutualInformation(draw(), draw())).toBeLessThan(3 * (9 / 8000));
});
test("nothing has nothing", () => expect(normalisedMutualInformation([], [])).toBeNaN());
test("lengths must agree", () => expect(() => normalisedMutualInformation([1], [])).toThrow("got 1 and 0"));
