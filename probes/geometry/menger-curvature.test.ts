import { expect, test } from "vitest";
import { matrix, tensor } from "../tensor.ts";
import { circle, gauss, moved, walk } from "./clouds.test-support.ts";
import { distancesOf } from "./distances.ts";
import { mengerCurvature, mengerCurvatures } from "./menger-curvature.ts";

test("a circle of radius R bends by 1/R", () => {
  for (const R of [0.5, 3, 100]) for (const k of mengerCurvatures(circle(60, R))) expect(k * R).toBeCloseTo(1, 3);
});
test("the right triangle 3-4-5 lies on a circle of radius 2.5", () => expect(mengerCurvature(3, 4, 5)).toBeCloseTo(1 / 2.5, 12));
test("a line does not bend", () => expect([...mengerCurvatures(matrix([[0, 0], [1, 2], [2, 4], [7, 14]]))].every((k) => k < 1e-6)).toBe(true));
test("equal points have no curvature, NaN stays where it touches", () => {
  expect([...mengerCurvatures(matrix([[1, 1], [1, 1], [2, 2]]))]).toEqual([NaN]);
  expect([...mengerCurvatures(matrix([[1, 1], [2, 2], [1, 1]]))]).toEqual([NaN]);
  const values = mengerCurvatures(matrix([[NaN, 0], [0, 0], [1, 0], [1, 1]]));
  expect(values[0]).toBeNaN();
  expect(values[1]).toBeCloseTo(Math.SQRT2, 6);
});
test("fewer than three steps have none", () => [0, 1, 2].forEach((n) => expect(mengerCurvatures(tensor([n, 3])).length).toBe(0)));
// Two right-angled steps of length ℓ: the circle's diameter is the hypotenuse ℓ√2.
test("a random walk in many dimensions has √2/ℓ", () => {
  for (const k of mengerCurvatures(walk(gauss(20, 4000, 1)))) expect((k * Math.sqrt(4000)) / Math.SQRT2).toBeCloseTo(1, 1);
});
test.each([1, 2, 3])("rotation and translation keep it, scale divides it, seed %i", (seed) => {
  const path = gauss(12, 6, seed);
  mengerCurvatures(moved(path, seed, 4)).forEach((k, i) => expect(k * 4).toBeCloseTo(mengerCurvatures(path)[i]!, 3));
});
test("from distances as from points", () => {
  const path = gauss(9, 5, 1);
  mengerCurvatures(distancesOf(path)).forEach((k, i) => expect(k).toBeCloseTo(mengerCurvatures(path)[i]!, 6));
});
