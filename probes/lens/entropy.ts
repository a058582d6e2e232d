/**
 * How undecided the model is about the next token: −Σ p log p, in nats.
 *
 * A certain prediction gives 0, a uniform one over V tokens ln V
 * (11.931 for V = 151 936).
 *
 * Source: Shannon 1948. The number is kept with each step by `capture.ts`,
 * which takes it from all V logits, not from the likeliest few.
 */
import type { Probe } from "../probe.ts";
import type { Step } from "../trace.ts";
import { consecutive } from "../geometry/trajectory.ts";

/** [T] nats: the entropy of the prediction made at each step. */
export function entropies(steps: readonly Pick<Step, "entropy">[]): Float32Array<ArrayBuffer> {
  return Float32Array.from(steps, (step) => step.entropy);
}

export const entropyProbe: Probe = {
  id: "entropy",
  name: "next-token entropy",
  group: "readout",
  kind: "series",
  title: "How undecided is it?",
  unit: "nats",
  source: "Shannon 1948",
  formula: "−Σ p log p over the next token",
  help: "How spread out the model’s guess of the next token is. 0 means certain; ln 2 = 0.69 means torn between two tokens. The more tokens seem possible, the larger it is, up to ln V for all V of the vocabulary.",
  caveat: "Certain is not right: compare with the probability of the right answer. At a thought the next token is what the model would say there, not what it does.",
  needs: ["logits"],
  range: [0, null],
  measure(trace, { from }) {
    const values = entropies(trace.steps.slice(from));
    return { kind: "series", steps: consecutive(from, values.length), values };
  },
};
