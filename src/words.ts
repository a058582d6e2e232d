/**
 * What the page says, in one place, so that it can be translated. What a task
 * or a probe says about itself stands with the task or the probe.
 */
import type { DecodingMode, Thought, ThoughtMethod } from "../probes/trace.ts";

export const words = {
  product: "Geodesic",
  /** As `Place` of places.ts names them. */
  places: { probe: "Probe", compare: "Compare", lab: "Lab", claims: "Claims" },
  /** What one sees there, in a sentence. */
  taglines: {
    probe: "The same question, four ways of thinking. Watch where the model’s hidden state goes.",
    compare: "The same question, two ways. See what differs, and by how much.",
    lab: "Eight architectures, six tasks: train each in your browser, and look inside.",
    claims: "An essay on how networks think, put to the test in your browser.",
  },
  notLoaded: "The code of this place did not load: the server does not answer, or the page is older than what it serves.",
  modes: {
    direct: { name: "direct", sentence: "answers at once" },
    icl: { name: "examples (ICL)", sentence: "sees solved questions first" },
    cot: { name: "chain of thought", sentence: "writes the steps down" },
    latent: { name: "latent loop", sentence: "feeds its own hidden state back" },
  } satisfies Record<DecodingMode, { name: string; sentence: string }>,
  thoughts: {
    hidden: "its own hidden state",
    rescaled: "hidden state, rescaled",
    soft: "soft thinking",
    gumbel: "soft thinking with noise",
    mixture: "mixture of inputs",
    switch: "switch by entropy",
    none: "no thoughts",
    pause: "a pause token",
    random: "random vectors, same norm",
    swapped: "another problem’s thoughts",
    argmax: "snapped to the likeliest token",
    noise: "its hidden state plus noise",
  } satisfies Record<Thought, string>,
  /** What the latent loop does, by method. */
  loops: {
    hidden: "feeds its own hidden state back",
    rescaled: "feeds its hidden state back, scaled to an embedding’s norm",
    soft: "feeds back the mean of the tokens that it finds likely",
    gumbel: "feeds back a noisy mean of the tokens that it finds likely",
    mixture: "feeds back a drawn token mixed with the likely ones",
    switch: "feeds back tokens while it grows surer, mixtures while it does not",
  } satisfies Record<ThoughtMethod, string>,
  untrained: { short: "not trained for this", long: "This model never learnt to read such vectors. Look at where they go; do not expect better answers." },
} as const;
