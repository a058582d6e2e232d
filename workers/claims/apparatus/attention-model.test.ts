/** The model with any attention is the toys' transformer with the toys' attention; and what it gives back adds up. */
import { expect, test } from "vitest";
import { Random } from "../../../probes/random.ts";
import { gatedAttention, initialGatedAttention } from "../../toys/gated-attention.ts";
import { dispose, integers, keep, np, toTensor } from "../../toys/autodiff.ts";
import { initialAttention, transformer } from "../../toys/transformer.ts";
import { attentionModel, initialAttentionModel, plainAttention } from "./attention-model.ts";

const size = { vocabSize: 9, hiddenSize: 8, layers: 2, contextLength: 5 };
const heads = 2;
const tokens = (): np.Array => integers([1, 4, 8, 0, 3, 3, 2, 1, 0, 7], [2, 5]);
const most = (x: np.Array): number => np.abs(x).max().item();

test("with plain attention: the toys' transformer, to the bit", () => {
  const p = initialAttentionModel(new Random(1), size, (random) => initialAttention(random, 8, heads));
  const own = attentionModel(keep(p), tokens(), plainAttention(heads));
  const theirs = transformer(keep(p), np.take(p.embedding, tokens(), 0), { heads });
  expect(toTensor(own.logits)).toEqual(toTensor(theirs.output));
  expect(own.patterns.map(toTensor)).toEqual(theirs.patterns.map(toTensor));
});
test("with gates: they are given back, one for each block; classes may be fewer than tokens", () => {
  const p = initialAttentionModel(new Random(1), { ...size, classes: 3 }, (random) => initialGatedAttention(random, 8, heads, { place: "attention" }));
  const { logits, gates, mixed, residual, ...rest } = attentionModel(p, tokens(), (p, x) => {
    const { output, pattern, gate, ...others } = gatedAttention(p, x, { heads, place: "attention" });
    return { output, pattern, gate, rest: others };
  });
  expect(logits.shape).toEqual([2, 5, 3]);
  expect(gates.map(({ shape }) => shape)).toEqual([[2, 2, 5, 4], [2, 2, 5, 4]]);
  // The stream after a block is the stream before it, what attention adds, and what the perceptron adds: not attention alone.
  expect(most(residual[1]!.ref.sub(residual[0]!.ref).sub(mixed[0]!.ref))).toBeGreaterThan(1e-3);
  dispose([logits, ...gates, ...mixed, ...residual, ...Object.values(rest).flat()]);
});
