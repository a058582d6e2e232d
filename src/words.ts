/**
 * What the page says, in one place, so that it can be translated. What a task
 * or a probe says about itself stands with the task or the probe.
 */
import type { DecodingMode, Thought } from "../probes/trace.ts";

export const words = {
  product: "Geodesic",
  sentence: "The same question, four ways of thinking. Watch where the model’s hidden state goes.",
  modes: {
    direct: { name: "direct", sentence: "answers at once" },
    icl: { name: "examples (ICL)", sentence: "sees solved questions first" },
    cot: { name: "chain of thought", sentence: "writes the steps down" },
    latent: { name: "latent loop", sentence: "feeds its own hidden state back" },
  } satisfies Record<DecodingMode, { name: string; sentence: string }>,
  thoughts: {
    hidden: "its own hidden state",
    none: "no thoughts",
    pause: "a pause token",
    random: "random vectors, same norm",
    swapped: "another problem’s thoughts",
    argmax: "snapped to the likeliest token",
    noise: "its hidden state plus noise",
  } satisfies Record<Thought, string>,
} as const;
