/**
 * How much probability the model gives to the right answer as the next token,
 * p = exp(log p), in [0, 1].
 *
 * Guessing among m candidates gives 1/m.
 *
 * Source: softmax of the logits (Bridle 1990).
 */
import type { Probe } from "../probe.ts";
import type { Step } from "../trace.ts";
import { consecutive } from "../geometry/trajectory.ts";

/** [T]: p(right answer) at each step; NaN where no answer is known. */
export function answerProbabilities(steps: readonly Pick<Step, "answerLogprob">[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(steps, ({ answerLogprob }) => (answerLogprob === null ? NaN : Math.exp(answerLogprob)));
}

export const answerProbability: Probe = {
  id: "answer-probability",
  name: "p(answer)",
  group: "readout",
  kind: "series",
  title: "Does it know the answer yet?",
  unit: "1",
  source: "softmax of the logits",
  formula: "softmax(logits)[right answer]",
  help: "The probability of the right answer if the model had to say its next token at this step. 1 means that it would say it for certain. Blind guessing among m candidates gives 1/m.",
  caveat: "Only the first token of the answer counts. In the middle of a thought or a chain the model is not asked for the answer, so a low value there need not mean that it does not know.",
  needs: ["answer"],
  range: [0, 1],
  measure(trace, { from }) {
    const values = answerProbabilities(trace.steps.slice(from));
    return { kind: "series", steps: consecutive(from, values.length), values };
  },
};
