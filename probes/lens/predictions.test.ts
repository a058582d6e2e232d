import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { predictionDepths } from "./prediction-depth.ts";
import { logSoftmax } from "./softmax.ts";
import { divergence, divergenceBound, stepDivergences } from "./step-divergence.ts";
import { topTokenChanges, topTokenPath, topTokens } from "./top-token-path.ts";

/** [T, L+1, 2] with these first tokens. */
function cells(rows: number[][]): Tensor {
  return tensor([rows.length, rows[0]?.length ?? 0, 2], Float32Array.from(rows.flatMap((r) => r.flatMap((token) => [token, 99]))));
}

test("prediction depth of constructed predictions", () => {
  const tokens = cells([[7, 7, 7, 7], [1, 2, 3, 7], [7, 1, 7, 7], [1, 7, 7, 7]]);
  expect([...predictionDepths(tokens)]).toEqual([0, 3, 2, 1]);
  expect([...topTokenChanges(tokens)]).toEqual([0, 3, 2, 1]);
});
test("the path of a prediction", () => expect(topTokenPath(cells([[0, 0], [4, 4]]), 1)).toEqual([{ token: 4, from: 0, to: 1 }]));
test("the path of a prediction that changes", () => {
  expect(topTokenPath(cells([[4, 5, 5, 4]]), 0)).toEqual([{ token: 4, from: 0, to: 0 }, { token: 5, from: 1, to: 2 }, { token: 4, from: 3, to: 3 }]);
  expect([...topTokens(cells([[4, 5]]))]).toEqual([4, 5]);
});
test("no steps, no layers, no tokens", () => {
  expect(predictionDepths(tensor([0, 3, 2])).length).toBe(0);
  for (const shape of [[2, 0, 2], [2, 3, 0]]) expect([...predictionDepths(tensor(shape))]).toEqual([NaN, NaN]);
  expect(topTokenPath(tensor([1, 0, 2]), 0)).toEqual([]);
  expect([...topTokenChanges(tensor([1, 0, 2]))]).toEqual([NaN]);
});

const logs = (...p: number[]): number[] => p.map(Math.log);
test("divergence by hand", () => {
  expect(divergence(logs(0.5, 0.5), logs(0.5, 0.5))).toBe(0);
  expect(divergence(logs(0.5, 0.5), logs(0.25, 0.75))).toBeCloseTo(0.5 * Math.log(2) + 0.5 * Math.log(2 / 3), 12);
  expect(divergence(logs(1, 0), logs(0.1, 0.9))).toBeCloseTo(-Math.log(0.1), 12);
  expect(divergence(logs(1, 0), logs(0, 1))).toBe(Infinity);
  expect(divergence([NaN], [0])).toBeNaN();
  expect(() => divergence([0], [])).toThrow("expected two distributions over the same tokens");
});

function sorted(logprobs: Float64Array, kept: number): { tokens: number[]; logprobs: number[] } {
  const tokens = Array.from(logprobs.keys()).sort((i, j) => logprobs[j]! - logprobs[i]!).slice(0, kept);
  return { tokens, logprobs: tokens.map((i) => logprobs[i]!) };
}
test.each([1, 2, 3, 4, 5, 6])("the bound is never above the divergence, rises with what is kept, and is exact when all is, seed %i", (seed) => {
  const random = new Random(seed);
  const draw = (): Float64Array => logSoftmax(Float64Array.from({ length: 40 }, () => 3 * random.normal()));
  const [p, q] = [draw(), draw()];
  const truth = divergence(p, q);
  let before = 0;
  for (const kept of [1, 2, 5, 10, 20, 30, 40]) {
    const [a, b] = [sorted(p, kept), sorted(q, kept)];
    const bound = divergenceBound(a.tokens, a.logprobs, b.tokens, b.logprobs);
    expect(bound).toBeLessThanOrEqual(truth + 1e-9);
    expect(bound).toBeGreaterThanOrEqual(before - 1e-9);
    before = bound;
  }
  expect(before).toBeCloseTo(truth, 9);
});
test("a certain prediction replaced by another: at least −log of the least kept before", () => {
  const bound = divergenceBound([7], logs(1), [3, 4], logs(0.99, 1e-3));
  expect(bound).toBeCloseTo(-Math.log(1e-3), 9);
});
test("equal cells give 0; NaN and nothing kept give NaN", () => {
  expect(divergenceBound([1, 2], logs(0.6, 0.3), [1, 2], logs(0.6, 0.3))).toBeCloseTo(0, 12);
  expect(divergenceBound([1], [NaN], [1], [0])).toBeNaN();
  expect(divergenceBound([], [], [], [])).toBeNaN();
});
test("step by step, layer by layer", () => {
  const lens = { tokens: tensor([2, 2, 1], Float32Array.from([1, 1, 1, 2])), logprobs: tensor([2, 2, 1], Float32Array.from(logs(0.5, 0.5, 0.5, 1))) };
  const result = stepDivergences(lens);
  expect(result.shape).toEqual([1, 2]);
  expect(result.data[0]).toBeCloseTo(0, 6);
  expect(result.data[1]).toBeCloseTo(Math.log(2), 6);
  expect(stepDivergences({ tokens: tensor([0, 2, 1]), logprobs: tensor([0, 2, 1]) }).shape).toEqual([0, 2]);
});
