/**
 * The pointer chase in plain English, for models that were not trained on the
 * tasks' own format. Where a model has no letter to give, its answer is simply wrong.
 */
import { pointerChase } from "../probes/tasks/pointer-chase.ts";
import type { CustomPrompts } from "./session.ts";

/** Arrows in the story; a small model loses its way among sixteen. */
const told = 6;

export function plainPrompts(seed: number): CustomPrompts {
  const hops = 2;
  const { cycle } = pointerChase.draw(seed, { difficulty: hops, shots: 0, variant: null });
  const names = cycle.slice(0, told).map((letter) => letter.toUpperCase());
  const at = (i: number): string => names[i % told]!;
  // In another order than that of the walk, so that reading on is not enough.
  const story = [3, 0, 5, 2, 4, 1].map((i) => `${at(i)} points to ${at(i + 1)}.`).join(" ");
  const ask = (start: number): string => `Start at ${at(start)} and follow ${hops} arrows. You end at`;
  const question = `${story} ${ask(0)}`;
  const solved = [2, 3].map((start) => `${ask(start)} ${at(start + hops)}.`).join(" ");
  return {
    expected: at(hops),
    prompts: {
      direct: { question, cue: "", stop: "" },
      icl: { question: `${story} ${solved} ${ask(0)}`, cue: "", stop: "" },
      cot: { question: `${story} Start at ${at(0)} and follow ${hops} arrows, one by one. From ${at(0)} the arrow goes to`, cue: " So you end at", stop: " So you end at" },
      latent: { question: `${story} Start at ${at(0)} and follow ${hops} arrows.`, cue: " You end at", stop: "" },
    },
    thoughts: hops,
    maxThinkingTokens: 24,
    maxAnswerTokens: 1,
  };
}
