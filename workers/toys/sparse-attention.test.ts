/** Every selection against PyTorch, token by token; and the dense attention that a full selection is. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { keep, np, toTensor } from "./autodiff.ts";
import { normal } from "./initialise.ts";
import { type Attention, initialAttention, type Selection, sparseAttention } from "./sparse-attention.ts";
import { attention } from "./transformer.ts";
import { checkAgainstPyTorch, checkGradients, largestDifference } from "./toy.test-support.ts";

const [T, D, heads] = [7, 4, 2];
const draw = (seed: number, shape: readonly number[]): np.Array => normal(new Random(seed), shape, 1);
const run = (selection: Selection, more: { causal?: boolean; promptLength?: number } = {}) => sparseAttention(initialAttention(new Random(1), D, heads), draw(2, [2, T, D]), { heads, selection, ...more });
/** Tokens that each query sees, first sequence, first head. */
const seen = (selected: np.Array): number[][] => (selected.slice(0, 0).js() as number[][]).map((row) => row.flatMap((on, s) => (on ? [s] : [])));

const asPyTorch: Readonly<Record<string, Selection>> = {
  score: { by: "score", k: { prefill: 3, decode: 2 } },
  distance: { by: "distance", k: 2 },
  mass: { by: "mass", mass: 0.6 },
  window: { by: "window", width: 2, sinks: 1 },
  block: { by: "block", size: 2, blocks: 1 },
};

for (const [name, selection] of Object.entries(asPyTorch)) {
  test(`PyTorch, token by token, gives the same output, selected set and gradients, by ${name}`, () => {
    checkAgainstPyTorch("sparse-attention", name, initialAttention(new Random(1), D, heads), (p, { x }) => {
      const { output, selected } = sparseAttention(p, x!, { heads, selection, promptLength: 4 });
      return { output, selected };
    });
  });
}

const full: readonly Selection[] = [
  { by: "score", k: T },
  { by: "distance", k: T },
  { by: "mass", mass: 1 },
  { by: "window", width: T },
  { by: "block", size: 2, blocks: 4 },
];

for (const causal of [true, false]) {
  for (const selection of full) {
    test(`with the full budget, selection by ${selection.by} is dense attention, ${causal ? "causal" : "bidirectional"}`, () => {
      const dense = attention(initialAttention(new Random(1), D, heads), draw(2, [2, T, D]), { heads, causal });
      const { output, pattern } = run(selection, { causal });
      expect(largestDifference(toTensor(output).data, toTensor(dense.output).data)).toBeLessThan(1e-6);
      expect(largestDifference(toTensor(pattern).data, toTensor(dense.pattern).data)).toBeLessThan(1e-6);
    });
  }
}

test("gradients agree with differences, inside of a selection", () => {
  const x = draw(4, [1, T, D]);
  checkGradients(initialAttention(new Random(3), D, heads), (p: Attention) => np.square(sparseAttention(p, x.ref, { heads, selection: { by: "window", width: 2, sinks: 1 } }).output).mean());
});

test("a window sees the last tokens and the sinks", () => {
  expect(seen(run({ by: "window", width: 2, sinks: 1 }).selected)).toEqual([[0], [0, 1], [0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 4, 5], [0, 5, 6]]);
  expect(seen(run({ by: "window", width: 2 }, { causal: false }).selected)[3]).toEqual([2, 3, 4]);
});

test("k keys, or as many as there are; all attention lies on them", () => {
  const { selected, pattern } = run({ by: "score", k: 3 });
  expect(seen(selected.ref).map((row) => row.length)).toEqual([1, 2, 3, 3, 3, 3, 3]);
  expect(largestDifference(toTensor(pattern.ref.sum(-1)).data, new Float32Array(2 * heads * T).fill(1))).toBeLessThan(1e-6);
  expect(pattern.mul(np.subtract(1, selected)).max().item()).toBe(0);
});

test("decoding has a budget of its own", () => {
  expect(seen(run({ by: "score", k: { prefill: 1, decode: 4 } }, { promptLength: 5 }).selected).map((row) => row.length)).toEqual([1, 1, 1, 1, 1, 4, 4]);
  const { selected } = run({ by: "mass", mass: { prefill: 0.01, decode: 1 } }, { promptLength: 5 });
  expect(seen(selected).map((row) => row.length)).toEqual([1, 1, 1, 1, 1, 6, 7]);
});

test("by mass, each token takes the fewest keys that hold the share", () => {
  const dense = toTensor(attention(initialAttention(new Random(1), D, heads), draw(2, [2, T, D]), { heads }).pattern).data;
  const selected = toTensor(run({ by: "mass", mass: 0.7 }).selected).data;
  const counts = new Set<number>();
  for (let row = 0; row < 2 * heads * T; row++) {
    const kept = Array.from({ length: T }, (_, s) => row * T + s).filter((i) => selected[i] === 1).map((i) => dense[i]!);
    const held = kept.reduce((sum, share) => sum + share, 0);
    expect(held).toBeGreaterThanOrEqual(0.7);
    expect(held - Math.min(...kept)).toBeLessThan(0.7);
    counts.add(kept.length);
  }
  expect(counts.size).toBeGreaterThan(2);
});

test("with the cache, the decoded token selects as it does in the whole", () => {
  const p = initialAttention(new Random(1), D, heads);
  const x = draw(2, [1, T, D]);
  for (const selection of Object.values(asPyTorch)) {
    const options = { heads, selection, promptLength: T - 1 };
    const all = sparseAttention(keep(p), x.ref, options);
    const prompt = sparseAttention(keep(p), x.ref.slice([], [0, T - 1]), options);
    const last = sparseAttention(keep(p), x.ref.slice([], [T - 1]), options, prompt.cache);
    expect(toTensor(last.selected)).toEqual(toTensor(all.selected.slice([], [], [T - 1])));
    expect(largestDifference(toTensor(last.output).data, toTensor(all.output.slice([], [T - 1])).data)).toBeLessThan(1e-6);
  }
});
