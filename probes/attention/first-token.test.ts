import { expect, test } from "vitest";
import { tensor } from "../tensor.ts";
import { evenAttention, firstTokenAttention } from "./first-token.ts";

test("even attention gives 1/(t+1)", () => {
  const pattern = tensor([4, 2, 3, 4]);
  for (let t = 0; t < 4; t++) for (let lh = 0; lh < 6; lh++) for (let k = 0; k <= t; k++) pattern.data[(t * 6 + lh) * 4 + k] = 1 / (t + 1);
  const result = firstTokenAttention(pattern);
  expect(result.shape).toEqual([4, 2]);
  expect([result.data[0], result.data[1]]).toEqual([NaN, NaN]);
  for (let t = 1; t < 4; t++) for (let l = 0; l < 2; l++) expect(result.data[t * 2 + l]).toBeCloseTo(evenAttention(t), 6);
});
test("the mean over heads: one rests on the first token, one on itself", () => {
  expect([...firstTokenAttention(tensor([2, 1, 2, 2], Float32Array.from([1, 0, 1, 0, 1, 0, 0, 1]))).data]).toEqual([NaN, 0.5]);
});
test("no steps, no heads, NaN, another shape", () => {
  expect(firstTokenAttention(tensor([0, 2, 2, 0])).shape).toEqual([0, 2]);
  expect([...firstTokenAttention(tensor([2, 1, 0, 2])).data]).toEqual([NaN, NaN]);
  expect(firstTokenAttention(tensor([2, 1, 1, 2], Float32Array.from([1, 0, NaN, 1]))).data[1]).toBeNaN();
  expect(() => firstTokenAttention(tensor([2, 2, 3]))).toThrow("expected a pattern [T, L, H, T], got [2,2,3]");
});
