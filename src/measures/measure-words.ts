/** What the panels of measures say, apart from what a probe says of itself. */
import type { LengthCorrection } from "../../probes/population/population.ts";
import type { ProbeGroup } from "../../probes/probe.ts";
import type { NullCurve } from "../../workers/population-views.ts";

export const groupWords: Readonly<Record<ProbeGroup, string>> = {
  path: "shape of the path",
  cloud: "cloud of states",
  layers: "from layer to layer",
  readout: "what a state reads out as",
  thought: "latent thoughts",
};

/** `short` in a list, `long` under a chart. */
export const correctionWords: Readonly<Record<LengthCorrection, { readonly short: string; readonly long: string; readonly formula: string }>> = {
  raw: { short: "as measured", long: "as measured", formula: "" },
  walk: { short: "over a random walk’s", long: "over that of random walks of each run’s own step lengths: 1 is a walk", formula: "value / mean of the value over random walks of the same step lengths" },
  matched: { short: "over equally many steps", long: "over the last m states, m the fewest that a mode has for the problem (at least three)", formula: "value over the last m states, m the fewest of any mode" },
  residual: { short: "without what length explains", long: "log of the value less its line on log steps, over all runs: 0 is what the length explains", formula: "log value − (a + b log steps), fitted over all runs of all modes" },
};

export const nullWords: Readonly<Record<NullCurve["kind"], { readonly short: string; readonly long: string; readonly dash: readonly number[] }>> = {
  shuffled: { short: "shuffled order", long: "the same states in another order", dash: [2, 3] },
  walk: { short: "random walk", long: "random walks of the same step lengths", dash: [8, 4] },
  untrained: { short: "untrained", long: "the same model before training, on the same problems", dash: [] },
};

export const bandWords = { problems: "median and middle 95 % of problems", mean: "mean and its 95 % bootstrap interval" } as const;

export const startWords = { question: "the question", thinking: "the end of the prompt" } as const;
