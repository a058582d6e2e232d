/** Where the numbers of one run come from: those that a run has of itself, besides what probes measure of it. */
import type { Probe } from "../../probes/probe.ts";
import type { Trace } from "../../probes/trace.ts";
import { type Circumstances, ofProbe, type Provenance } from "./provenance.ts";
import { words } from "../words.ts";

/** What all numbers of a run have in common. */
export function ofRun({ mode, model, engine, problem, seed }: Pick<Trace, "mode" | "model" | "engine" | "problem" | "seed">, at: string): Circumstances {
  const name = words.modes[mode].name;
  return { at: at === "" ? name : `${name}, ${at}`, model, engine, seed: problem ? `problem ${problem.seed}, sampling ${seed}` : `sampling ${seed}`, n: "1 run" };
}

type Known = Pick<Provenance, "what" | "formula" | "unit" | "source" | "help" | "caveat">;

const ofRuns = {
  answer: { what: "p(answer)", formula: "softmax(logits)[first token of the answer], where the answer is read", unit: "1", source: "softmax of the logits", help: "The probability that the model gives to the right answer where it has to answer. 1 means that it would give it for certain. Blind guessing among m candidates gives 1/m.", caveat: "Only the answer’s first token counts. Of a question without a known answer it is the probability of the one given." },
  passes: { what: "forward passes", formula: "1 + steps behind the prompt", unit: "passes", source: "counted", help: "Passes that have to be made one after another: the prompt’s, then one for each step. A mode that thinks longer makes more of them. They cannot be made at the same time, since each needs the one before.", caveat: "Equal numbers mean equal serial work, not equal time." },
  time: { what: "time", formula: "Σ over forward passes", unit: "ms", source: "performance.now() around each pass, capture included", help: "", caveat: "On a shared machine times are noisy: compare ratios, not runs." },
  stepTime: { what: "time per step", formula: "Σ over steps behind the prompt / their number", unit: "ms", source: "performance.now() around each pass, capture included", help: "", caveat: "On a shared machine times are noisy." },
  held: { what: "share of what a vector holds", formula: "softmax(head · v), or the weights of a mixture", unit: "1", source: "logit lens, nostalgebraist 2020", help: "What the vector that is fed back reads out as, as if it were the model’s last hidden state. Two tokens with even shares mean that the vector holds both at once. A mixture of embeddings says its own weights instead.", caveat: "What cannot be read out is not thereby absent." },
  next: { what: "p(next token)", formula: "softmax(logits)", unit: "1", source: "softmax of the logits", help: "", caveat: "What the model would say there, not what it does." },
  memory: { what: "memory of the runs", formula: "Σ T (kept layers + 1) D 4 bytes + lens + record", unit: "bytes", source: "stated before the run; a test compares it with the run’s own arrays", help: "", caveat: "The record (texts and numbers of each step) is an estimate; a chain of thought may go on for longer than a right one." },
} as const satisfies Record<string, Known>;

export type RunNumber = keyof typeof ofRuns;

/** A number that a run has of itself. */
export function runNumber(which: RunNumber, trace: Trace, at = ""): Provenance {
  return { ...ofRuns[which], ...ofRun(trace, at) };
}

/** A probe's number of a run. */
export function probeNumber(probe: Probe, trace: Trace, at = ""): Provenance {
  return ofProbe(probe, ofRun(trace, at));
}

/** A number without a run. */
export function plainNumber(which: RunNumber, circumstances: Circumstances): Provenance {
  return { ...ofRuns[which], ...circumstances };
}
