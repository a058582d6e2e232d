import { expect, test } from "vitest";
import { matrix, tensor } from "../tensor.ts";
import { gauss, layered, moved, walk } from "./clouds.test-support.ts";
import { straightening } from "./straightening.ts";

const line = (n: number, D: number) => walk(tensor([n, D], new Float32Array(n * D).fill(1)));

test("from independent states to a walk to a line: 120°, 90°, 0°", () => {
  const result = straightening(layered([gauss(60, 3000, 1), walk(gauss(60, 3000, 2)), line(60, 3000)]));
  [120, 90, 0].forEach((degrees, l) => expect(Math.abs((result.curvature[l]! * 180) / Math.PI - degrees)).toBeLessThan(0.5));
  [0, 30, 120].forEach((degrees, l) => expect(Math.abs((result.straightening[l]! * 180) / Math.PI - degrees)).toBeLessThan(0.7));
});
test("a first token far out is left out by `from`", () => {
  const path = line(6, 2);
  path.data.set([1000, -900]);
  expect(straightening(layered([path]), 1).curvature[0]).toBeCloseTo(0, 6);
  expect(straightening(layered([path])).curvature[0]).toBeGreaterThan(0.3);
});
test("another reference layer", () => expect(straightening(layered([gauss(9, 4, 1), line(9, 4)]), 0, 1).straightening[1]).toBe(0));
test("a layer that stands still, and too few steps, have none", () => {
  const { curvature, straightening: gained } = straightening(layered([tensor([5, 2]), line(5, 2)]));
  expect([curvature[0], gained[0], gained[1]]).toEqual([NaN, NaN, NaN]);
  expect(curvature[1]).toBeCloseTo(0, 6);
  expect([...straightening(tensor([2, 2, 3])).curvature]).toEqual([NaN, NaN]);
  expect(straightening(tensor([0, 0, 0])).curvature.length).toBe(0);
});
test("NaN at one step spoils only the angles it touches", () => {
  expect(straightening(layered([matrix([[0, 0], [1, 0], [2, 0], [3, 0], [NaN, 0]])])).curvature[0]).toBeCloseTo(0, 6);
});
test.each([1, 2])("rotation, scale and translation of a layer, seed %i", (seed) => {
  const path = gauss(12, 5, seed);
  expect(straightening(layered([path, moved(path, seed)])).straightening[1]).toBeCloseTo(0, 4);
});
