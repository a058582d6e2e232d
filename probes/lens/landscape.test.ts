import { expect, test } from "vitest";
import { matrix, tensor } from "../tensor.ts";
import { answerDistances, consistency, landscapeFeatures, perplexity, uncertainty } from "./landscape.ts";

test("perplexity: certain 1, one of V V, and the mean over tokens", () => {
  expect(perplexity([0, 0])).toBe(1);
  expect(perplexity([Math.log(1 / 64)])).toBeCloseTo(64, 9);
  expect(perplexity([Math.log(0.5), Math.log(0.125)])).toBeCloseTo(4, 12);
  expect([perplexity([]), perplexity([NaN])]).toEqual([NaN, NaN]);
  expect(perplexity([-Infinity])).toBe(Infinity);
});
test("distances are shares of a row", () => {
  expect([...answerDistances(matrix([[1, 3], [5, 5]])).data]).toEqual([0.25, 0.75, 0.5, 0.5]);
  expect([...answerDistances(matrix([[1, Infinity], [NaN, 1]])).data]).toEqual([NaN, NaN, NaN, NaN]);
  // Only ratios count.
  expect(answerDistances(matrix([[2, 6]]))).toEqual(answerDistances(matrix([[1, 3]])));
});
test("the feature matrix is (states + answers) × (1 + answers)", () => {
  const features = landscapeFeatures(answerDistances(matrix([[1, 1, 2]])), [7]);
  expect(features.shape).toEqual([4, 4]);
  expect([...features.data]).toEqual([0.25, 0.25, 0.5, 7, 0, 0.5, 0.5, 0, 0.5, 0, 0.5, 0, 0.5, 0.5, 0, 0]);
  // Ten thoughts on ten answers, the paper's default.
  expect(landscapeFeatures(tensor([10, 10]), new Float32Array(10)).shape).toEqual([20, 11]);
  expect(() => landscapeFeatures(tensor([2, 2]), [1])).toThrow("expected a perplexity for each of 2 states, got 1");
});
test("consistency asks for the last state's answer", () => {
  expect([...consistency(answerDistances(matrix([[9, 1], [1, 9], [1, 2]])))]).toEqual([0, 1, 1]);
  expect([...consistency(answerDistances(matrix([[NaN, 1], [1, 9]])))]).toEqual([NaN, 1]);
  expect([...consistency(answerDistances(matrix([[1, 9], [NaN, 1]])))]).toEqual([NaN, NaN]);
  expect([consistency(tensor([0, 3])).length, consistency(tensor([1, 0]))[0]]).toEqual([0, NaN]);
});
test("uncertainty is ln m where all answers are alike, 0 where one is infinitely nearer than the rest together", () => {
  expect(uncertainty(answerDistances(matrix([[4, 4, 4, 4]])))[0]).toBeCloseTo(Math.log(4), 6);
  expect(uncertainty(matrix([[0, 1]]))[0]).toBe(0);
  expect([uncertainty(matrix([[NaN, 1]]))[0], uncertainty(tensor([1, 0]))[0]]).toEqual([NaN, NaN]);
});
