import { expect, test } from "vitest";
import { entropy, logSoftmax } from "../../probes/lens/softmax.ts";
import { Random } from "../../probes/random.ts";
import { largest, readout } from "./readout.ts";
import { greedy, sample } from "./sampling.ts";

test("greedy takes the largest, and of equals the lower id", () => {
  expect(greedy([1, 3, 2])).toBe(1);
  expect(greedy([1, 3, 3])).toBe(1);
  expect(greedy([-Infinity, -5])).toBe(1);
});
test("temperature 0 is greedy", () => expect(sample([1, 3, 2], 0, new Random(1))).toBe(1));
test.each([0.5, 1, 2])("at temperature %s tokens come as often as softmax says", (temperature) => {
  const logits = [0, 1, 2, -1];
  const random = new Random(3);
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) counts[sample(logits, temperature, random)]!++;
  const expected = logSoftmax(logits.map((x) => x / temperature));
  counts.forEach((n, i) => expect(Math.abs(n / 20_000 - Math.exp(expected[i]!))).toBeLessThan(0.015));
});
test("log-probabilities sum to one, and large logits do not overflow", () => {
  const logprobs = logSoftmax(new Float32Array([1000, 1001, -1000]));
  expect(logprobs.reduce((sum, x) => sum + Math.exp(x), 0)).toBeCloseTo(1, 12);
  expect(logprobs[1]! - logprobs[0]!).toBeCloseTo(1, 12);
});
test("entropy: log V where all are equal, 0 where one is certain", () => {
  expect(entropy(logSoftmax([2, 2, 2, 2]))).toBeCloseTo(Math.log(4), 12);
  expect(entropy([0, -Infinity])).toBe(0);
  expect(entropy(logSoftmax([0, 500]))).toBeCloseTo(0, 12);
});
test("the largest values, best first, of equals the lower index first", () => {
  expect(largest([1, 5, 3, 5, 4], 3)).toEqual([1, 3, 4]);
  expect(largest([1, 2], 9)).toEqual([1, 0]);
  const random = new Random(2);
  const values = Array.from({ length: 500 }, () => random.integer(100));
  const sorted = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]! || a - b);
  expect(largest(values, 20)).toEqual(sorted.slice(0, 20));
});
test("a readout holds best tokens, entropy and the answer", () => {
  const read = readout([0, 0, 0, 0], 2, 3);
  expect(read.ids).toEqual([0, 1]);
  expect(read.entropy).toBeCloseTo(Math.log(4), 12);
  expect(read.answerLogprob).toBeCloseTo(-Math.log(4), 12);
  expect(readout([0, 0], 1, null).answerLogprob).toBeNull();
});
