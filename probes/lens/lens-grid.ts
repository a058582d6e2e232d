/**
 * The logit lens of a whole run as a grid, step × layer: what each hidden
 * state reads out as, softmax(head · norm(h)).
 *
 * The last layer is the model's own prediction, exactly.
 *
 * Source: nostalgebraist 2020, "interpreting GPT: the logit lens";
 * entropy per layer: arXiv:2502.16570 (entropy lens).
 */
import type { Probe } from "../probe.ts";
import { row, tensor, type Tensor } from "../tensor.ts";
import type { Lens, TokenLogprob, Trace } from "../trace.ts";
import { consecutive } from "../geometry/trajectory.ts";

export interface LensGrid {
  /** The step of each row. */
  readonly steps: readonly number[];
  /** The layer of each column, 0 … L. */
  readonly layers: readonly number[];
  /** `top[i][l]`: the likeliest tokens at step `steps[i]` and layer l, best first. */
  readonly top: readonly (readonly (readonly TokenLogprob[])[])[];
  /** p(right answer), [steps, layers]; NaN where no answer is known. */
  readonly answerProbability: Tensor;
  /** Nats, [steps, layers]. */
  readonly entropy: Tensor;
}

/** The texts of all tokens that a trace spells out, by token id. */
export function tokenTexts(trace: Pick<Trace, "steps" | "lens">): Map<number, string> {
  const texts = new Map<number, string>(trace.lens?.texts);
  for (const step of trace.steps) {
    if (step.token !== null) texts.set(step.token, step.text);
    for (const { token, text } of [...step.top, ...(step.holds ?? [])]) texts.set(token, text);
  }
  return texts;
}

/** @throws RangeError where the trace holds no lens */
export function lensOf(trace: Trace): Lens {
  if (!trace.lens) throw new RangeError("lensGrid: expected a trace with a lens, got none; run again with capture on");
  return trace.lens;
}

/**
 * The lens from step `from` on.
 *
 * @param text  the text of a token; by default as the trace spells it, and `#id` where it does not
 * @throws RangeError where the trace holds no lens
 */
export function lensGrid(trace: Trace, from = 0, text?: (token: number) => string): LensGrid {
  const lens = lensOf(trace);
  const texts = tokenTexts(trace);
  const spell = text ?? ((token: number): string => texts.get(token) ?? `#${token}`);
  const steps = consecutive(from, trace.steps.length - from);
  const layers = consecutive(0, lens.entropy.shape[1] ?? 0);
  const top = steps.map((step) =>
    layers.map((layer) => {
      const logprobs = row(lens.logprobs, step, layer);
      return Array.from(row(lens.tokens, step, layer), (token, i) => ({ token, text: spell(token), logprob: logprobs[i]! }));
    }),
  );
  return { steps, layers, top, answerProbability: rowsFrom(lens.answerLogprob, from, Math.exp), entropy: rowsFrom(lens.entropy, from, (x) => x) };
}

/** The rows of a [T, L+1] tensor from `from` on, each number through `f`. */
function rowsFrom(t: Tensor, from: number, f: (x: number) => number): Tensor {
  const [steps = 0, layers = 0] = t.shape;
  return tensor([Math.max(0, steps - from), layers], t.data.subarray(from * layers).map(f));
}

export const lensEntropy: Probe = {
  id: "lens-entropy",
  name: "lens entropy",
  group: "readout",
  kind: "grid",
  title: "At which layer does it make up its mind?",
  unit: "nats",
  source: "logit lens, nostalgebraist 2020; entropy lens, arXiv:2502.16570",
  formula: "−Σ p log p with p = softmax(head · norm(h))",
  help: "Each layer’s hidden state is read as if the network ended there, and this is how spread out that reading is. It falls where the model decides. The last layer’s is that of the model’s real prediction.",
  caveat: "The lens reads early layers with the last layer's dictionary; high entropy there may mean another language, not doubt.",
  needs: ["lens"],
  range: [0, null],
  measure(trace, { from }) {
    const { steps, layers, entropy } = lensGrid(trace, from);
    return { kind: "grid", steps, layers, values: entropy };
  },
};

export const lensAnswerProbability: Probe = {
  id: "lens-answer-probability",
  name: "lens p(answer)",
  group: "readout",
  kind: "grid",
  title: "Where does the answer appear?",
  unit: "1",
  source: "logit lens, nostalgebraist 2020",
  formula: "softmax(head · norm(h))[right answer]",
  help: "Each layer’s hidden state is read as if the network ended there, and this is how likely the right answer is then. It shows at which layer and step the answer appears. The last layer’s is what the model would really say.",
  caveat: "Only the first token of the answer counts, and the lens can miss what a layer holds in another form.",
  needs: ["lens", "answer"],
  range: [0, 1],
  measure(trace, { from }) {
    const { steps, layers, answerProbability: values } = lensGrid(trace, from);
    return { kind: "grid", steps, layers, values };
  },
};
