import { expect, test } from "vitest";
import { matrix, tensor, type Tensor } from "../tensor.ts";
import { cloudDeviation, cloudDistances } from "./cloud-distance.ts";
import { doubled, gauss, layered, moved } from "./clouds.test-support.ts";

const shifted = (t: Tensor, by: number): Tensor => tensor(t.shape, t.data.map((x) => x + by));

test("distances by hand", () => {
  const cloud = matrix([[0, 0], [2, 0], [10, 0]]);
  expect([...cloudDistances(cloud, matrix([[1, 0], [12, 0]]), 2)]).toEqual([1, 6]);
  expect([...cloudDistances(cloud, cloud, 1, true)]).toEqual([2, 2, 8]);
});
test("errors drawn from the correct runs' own distribution: AUROC ½", () => {
  const { separability } = cloudDeviation(layered([gauss(300, 5, 1), gauss(300, 5, 2)]), layered([gauss(300, 5, 3), gauss(300, 5, 4)]));
  for (const value of separability) expect(Math.abs(value - 0.5)).toBeLessThan(0.07);
});
test("errors that leave at layer 1 diverge there, and separate from there on", () => {
  const correct = layered([gauss(60, 4, 1), gauss(60, 4, 2), gauss(60, 4, 3)]);
  const wrong = layered([tensor([10, 4]), shifted(gauss(10, 4, 5), 20), shifted(gauss(10, 4, 6), 20)]);
  const { divergence, separability, k } = cloudDeviation(correct, wrong);
  expect(divergence).toEqual(Array(10).fill(1));
  expect(separability[0]).toBeLessThan(0.5);
  expect(separability.slice(1)).toEqual(Float64Array.from([1, 1]));
  expect(k).toBe(5);
});
test("errors inside the cloud do not diverge", () => expect(cloudDeviation(layered([gauss(50, 3, 1)]), layered([tensor([2, 3])])).divergence).toEqual([null, null]));
test("the baseline leaves the run itself out", () => {
  const { baseline, mean, deviation } = cloudDeviation(layered([matrix([[0], [1], [3]])]), layered([matrix([[0]])]), 1);
  expect([...baseline]).toEqual([1, 1, 2]);
  expect(mean[0]).toBeCloseTo(4 / 3, 12);
  expect(deviation[0]).toBeCloseTo(Math.sqrt(1 / 3), 12);
});
test("few runs, none, NaN", () => {
  const one = cloudDeviation(layered([matrix([[0, 0]])]), layered([matrix([[3, 4]])]));
  expect({ ...one, separability: [...one.separability] }).toMatchObject({ k: 0, divergence: [null], separability: [NaN] });
  expect(cloudDistances(tensor([0, 2]), matrix([[1, 1]]), 3)[0]).toBeNaN();
  expect([...cloudDistances(matrix([[0, 0], [NaN, 0]]), matrix([[3, 4], [NaN, 1]]), 3)]).toEqual([5, NaN]);
  expect(cloudDeviation(tensor([0, 2, 3]), tensor([0, 2, 3])).separability).toEqual(Float64Array.from([NaN, NaN]));
  expect(() => cloudDeviation(tensor([1, 2, 3]), tensor([1, 2, 4]))).toThrow("expected states of [2,3], got [2,4]");
});
test.each([1, 2])("turned and shifted: the same; scaled: scaled; seed %i", (seed) => {
  const all = gauss(40, 5, seed);
  const there = moved(all, seed, 3);
  const part = (t: Tensor, from: number, to: number): Tensor => tensor([to - from, 5], t.data.slice(from * 5, to * 5));
  const now = cloudDistances(part(there, 0, 30), part(there, 30, 40), 4);
  cloudDistances(part(all, 0, 30), part(all, 30, 40), 4).forEach((d, i) => expect(now[i]! / d).toBeCloseTo(3, 4));
  // A doubled cloud has each neighbour twice.
  expect([...cloudDistances(doubled(part(all, 0, 30)), part(all, 30, 40), 8)].map((d) => d.toFixed(9))).toEqual([...cloudDistances(part(all, 0, 30), part(all, 30, 40), 4)].map((d) => d.toFixed(9)));
});
