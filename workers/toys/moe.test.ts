/** The mixture of experts against PyTorch, differences, and the perceptron that one expert is. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { keep, np, toTensor } from "./autodiff.ts";
import { normal, zeros } from "./initialise.ts";
import { mlp } from "./mlp.ts";
import { initialMoe, moe, type Moe } from "./moe.ts";
import { ranks, topMask } from "./ranks.ts";
import { checkAgainstPyTorch, checkGradients, largestDifference } from "./toy.test-support.ts";

const size = { inputSize: 4, hiddenSize: 5, outputSize: 3, experts: 4 };
const draw = (seed: number, shape: readonly number[]): np.Array => normal(new Random(seed), shape, 1);

for (const selected of [1, 2]) {
  test(`PyTorch, token by token, gives the same output, router, balance and gradients, top ${selected}`, () => {
    checkAgainstPyTorch("moe", `top ${selected}`, initialMoe(new Random(1), size), (p, { x }) => {
      const { output, router, balance } = moe(p, x!, { selected });
      return { output: output.add(balance.ref), router, balance };
    });
  });

  test(`gradients agree with differences, top ${selected}`, () => {
    const x = draw(2, [1, 3, 4]);
    checkGradients(initialMoe(new Random(3), size), (p: Moe) => {
      const { output, balance } = moe(p, x.ref, { selected });
      return np.square(output).mean().add(balance.mul(0.1));
    });
  });
}

test("one expert is a perceptron", () => {
  const p = initialMoe(new Random(1), { ...size, experts: 1 });
  const x = draw(2, [2, 3, 4]);
  const { output, weights } = moe(keep(p), x.ref);
  const layers = [{ weight: p.inward.slice(0), bias: zeros([5]) }, { weight: p.outward.slice(0), bias: zeros([3]) }];
  expect(largestDifference(toTensor(output).data, toTensor(mlp({ layers }, x).output).data)).toBeLessThan(1e-6);
  expect(toTensor(weights).data).toEqual(new Float32Array(6).fill(1));
});

test("equal experts are one, whatever the router says", () => {
  const p = initialMoe(new Random(1), size);
  const alike = (w: np.Array): np.Array => np.broadcastTo(w.ref.slice([0, 1]), w.shape);
  const x = draw(2, [2, 3, 4]);
  const all = moe({ router: p.router, inward: alike(p.inward), inwardBias: p.inwardBias, outward: alike(p.outward), outwardBias: p.outwardBias }, x.ref, { selected: 3 });
  const layers = [{ weight: p.inward.slice(0), bias: zeros([5]) }, { weight: p.outward.slice(0), bias: zeros([3]) }];
  expect(largestDifference(toTensor(all.output).data, toTensor(mlp({ layers }, x).output).data)).toBeLessThan(1e-5);
});

test("each token selects k experts, those of largest probability; the weights sum to 1", () => {
  const { router, selected, weights, load } = moe(initialMoe(new Random(1), size), draw(2, [2, 5, 4]), { selected: 2 });
  const [p, chosen] = [toTensor(router).data, toTensor(selected).data];
  for (let token = 0; token < 10; token++) {
    const row = [...p.subarray(4 * token, 4 * token + 4)];
    const threshold = row.toSorted((a, b) => b - a)[1]!;
    expect([...chosen.subarray(4 * token, 4 * token + 4)]).toEqual(row.map((x) => (x >= threshold ? 1 : 0)));
  }
  expect(largestDifference(toTensor(weights.sum(-1)).data, new Float32Array(10).fill(1))).toBeLessThan(1e-6);
  expect(load.sum().item()).toBeCloseTo(1, 6);
});

test("the balance is 1 where the load is even, and the number of experts where one takes all", () => {
  // Token i asks for expert i alone.
  const x = np.eye(4).mul(40).reshape([1, 4, 4]);
  const even = moe({ ...initialMoe(new Random(1), size), router: np.eye(4) }, x.ref);
  expect(even.balance.item()).toBeCloseTo(1, 6);
  const one = moe({ ...initialMoe(new Random(1), size), router: np.array([[1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]]) }, x);
  expect(one.balance.item()).toBeCloseTo(4, 6);
  expect(one.load.js()).toEqual([1, 0, 0, 0]);
});

test("of equals the first is selected, never more than asked for", () => {
  expect(topMask(np.array([[1, 1, 1], [0, 2, 2]]), 2).js()).toEqual([[1, 1, 0], [0, 1, 1]]);
  expect(ranks(np.array([[3, 1, 4, 1], [0, 0, 0, 1]])).js()).toEqual([[1, 2, 0, 3], [1, 2, 3, 0]]);
});

test("more experts per token than there are are refused", () => {
  expect(() => moe(initialMoe(new Random(1), size), draw(2, [1, 1, 4]), { selected: 5 })).toThrow("moe: expected 1 to 4 experts per token, got 5");
});
