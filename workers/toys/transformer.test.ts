/** Attention and the transformer against PyTorch, differences, and the laws that attention keeps. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { integers, jit, keep, np, toTensor } from "./autodiff.ts";
import { normal } from "./initialise.ts";
import { attention, initialAttention, initialTransformer, mix, transformer, type Transformer, visible } from "./transformer.ts";
import { checkAgainstPyTorch, checkGradients, largestDifference } from "./toy.test-support.ts";

const [B, T, D, heads] = [2, 5, 6, 2];
const size = { vocabSize: 7, hiddenSize: D, layers: 2, heads, mlpSize: 8, contextLength: T + 1 };
const draw = (seed: number, shape: readonly number[]): np.Array => normal(new Random(seed), shape, 1);
const numbered = (name: string, arrays: readonly np.Array[]): Record<string, np.Array> => Object.fromEntries(arrays.map((x, l) => [`${name}${l}`, x]));

for (const causal of [true, false]) {
  test(`PyTorch's attention gives the same output, pattern and gradients, ${causal ? "causal" : "bidirectional"}`, () => {
    checkAgainstPyTorch("transformer", `attention, ${causal ? "causal" : "bidirectional"}`, initialAttention(new Random(1), D, heads), (p, { x }) => {
      const { output, pattern } = attention(p, x!, { heads, causal });
      return { output, pattern };
    });
  });
}

test("PyTorch gives the same logits, residual stream, patterns and gradients", () => {
  checkAgainstPyTorch("transformer", "transformer", initialTransformer(new Random(1), size), (p, { tokens }) => {
    const { output, residual, patterns } = transformer(p, np.take(p.embedding.ref, tokens!, 0), { heads });
    return { output, ...numbered("residual", residual), ...numbered("pattern", patterns) };
  });
});

test("gradients agree with differences", () => {
  const tokens = integers([1, 4, 2, 0, 6], [1, T]);
  const options = { ...size, layers: 1, contextLength: T };
  checkGradients(initialTransformer(new Random(2), options), (p: Transformer) => np.square(transformer(p, np.take(p.embedding.ref.mul(20), tokens.ref, 0), { heads }).output).mean(), 2);
});

test("each token's attention sums to one; causal attention sees no later token", () => {
  const { pattern } = attention(initialAttention(new Random(1), D, heads), draw(2, [B, T, D]), { heads });
  expect(largestDifference(toTensor(pattern.ref.sum(-1)).data, new Float32Array(B * heads * T).fill(1))).toBeLessThan(1e-6);
  expect(np.triu(pattern, 1).sum().item()).toBe(0);
});

test("bidirectional attention commutes with every permutation of the tokens, causal attention does not", () => {
  const p = initialAttention(new Random(1), D, heads);
  const x = draw(2, [B, T, D]);
  const order = integers([3, 0, 4, 1, 2]);
  const difference = (causal: boolean): number => {
    const after = np.take(attention(keep(p), x.ref, { heads, causal }).output, order.ref, 1);
    const before = attention(keep(p), np.take(x.ref, order.ref, 1), { heads, causal }).output;
    return np.abs(after.sub(before)).max().item();
  };
  expect(difference(false)).toBeLessThan(1e-6);
  expect(difference(true)).toBeGreaterThan(0.1);
});

test("without positions a bidirectional transformer is a function of the set of its tokens", () => {
  const p = initialTransformer(new Random(1), size);
  const run = jit((p: Transformer, tokens: np.Array) => transformer(p, np.take(p.embedding.ref.mul(50), tokens, 0), { heads, causal: false, positions: false }).output);
  const there = toTensor(run(keep(p), integers([1, 2, 3, 4], [1, 4])));
  const back = toTensor(np.flip(run(keep(p), integers([4, 3, 2, 1], [1, 4])), 1));
  expect(largestDifference(there.data, back.data)).toBeLessThan(1e-5);
});

test("with the cache, token by token gives what all at once gives", () => {
  const p = initialTransformer(new Random(1), size);
  const x = draw(2, [B, T, D]);
  const all = transformer(keep(p), x.ref, { heads });
  let caches = transformer(keep(p), x.ref.slice([], [0, 2]), { heads }).caches;
  for (let t = 2; t < T; t++) {
    const next = transformer(keep(p), x.ref.slice([], [t, t + 1]), { heads }, caches);
    expect(largestDifference(toTensor(next.output).data, toTensor(all.output.ref.slice([], [t, t + 1])).data)).toBeLessThan(1e-5);
    caches = next.caches;
  }
  expect(caches[0]!.keys.shape).toEqual([B, heads, T, D / heads]);
});

test("a token that one alone is allowed to see gets its value", () => {
  const values = draw(1, [1, 1, 3, 2]);
  const { heads: mixed } = mix(draw(2, [1, 1, 3, 3]), values.ref, np.eye(3).notEqual(0));
  expect(toTensor(mixed)).toEqual(toTensor(values));
  expect(visible(2, 4, true).js()).toEqual([[true, true, true, false], [true, true, true, true]]);
});

test("a hidden size that the heads do not divide is refused", () => {
  expect(() => initialAttention(new Random(1), 6, 4)).toThrow("attention: expected a hidden size that 4 heads divide, got 6");
});
