/**
 * What a claim is: a sentence of the founding essay, turned into an experiment
 * that can come out either way.
 *
 * `run` measures and knows of no verdict; `judge` turns what was measured into a
 * verdict by a rule that stands in the file before anything is run, with every
 * threshold named. So a reader can change a threshold and see what follows, and a
 * test can break the model and see the verdict change.
 *
 * One claim per file, named for its row (`c2-equivariance.ts` exports `claim`); a line in
 * `index.ts`. A claim runs in the claims worker, in Node by `tools/record-claims.ts`, and in tests.
 */
import type { Decoder } from "../engine.ts";

export type System =
  | "general" | "mlp" | "cnn" | "rnn" | "mamba" | "transformer" | "scaling" | "moe" | "sparse-attention"
  | "gated-attention" | "icl" | "cot" | "latent-cot" | "limits";

/** Of the claim as the essay states it. */
export type Verdict = "supports" | "refutes" | "mixed";

/** A number that a claim is judged by, or that stands beside it. */
export interface Quantity {
  /** Stable within the claim; what `judge` reads. */
  readonly id: string;
  /** What it is, for a table: "equivariance error, circular padding, stride 1". */
  readonly label: string;
  readonly value: number;
  /** 95 % interval over seeds or cases, where there is one. */
  readonly low?: number;
  readonly high?: number;
  /** `1` where it has none. */
  readonly unit: string;
  /** How many seeds, problems or samples it rests on. */
  readonly n?: number;
  /** What literature or theory gives for this very number. */
  readonly reference?: { readonly value: number | string; readonly source: string };
}

export interface Axis {
  readonly label: string;
  /** "" where it has none. */
  readonly unit: string;
  readonly log?: boolean;
}

/** `theory` is a closed form or a published value, `null` what chance gives. */
export type SeriesRole = "measured" | "theory" | "null";

export interface Line {
  readonly name: string;
  readonly role?: SeriesRole;
  readonly x: readonly number[];
  /** NaN leaves a gap. */
  readonly y: readonly number[];
  readonly low?: readonly number[];
  readonly high?: readonly number[];
}

/** A picture as plain data; the view that draws it also shows it as a table. */
export type Figure =
  | { readonly kind: "lines"; readonly title: string; readonly x: Axis; readonly y: Axis; readonly lines: readonly Line[] }
  | { readonly kind: "bars"; readonly title: string; readonly y: Axis; readonly categories: readonly string[]; readonly bars: readonly { readonly name: string; readonly role?: SeriesRole; readonly values: readonly number[]; readonly low?: readonly number[]; readonly high?: readonly number[] }[] }
  | { readonly kind: "scatter"; readonly title: string; readonly x: Axis; readonly y: Axis; readonly groups: readonly { readonly name: string; readonly role?: SeriesRole; readonly x: readonly number[]; readonly y: readonly number[] }[] }
  /** `values` row by row. */
  | { readonly kind: "grid"; readonly title: string; readonly rowLabel: string; readonly columnLabel: string; readonly rows: readonly string[]; readonly columns: readonly string[]; readonly values: readonly number[]; readonly unit: string };

/** What a run measured. Plain data: it crosses to the page, into files and back. */
export interface Evidence {
  readonly quantities: readonly Quantity[];
  /** The first one is the claim's picture. */
  readonly figures: readonly Figure[];
  /** What else a reader has to know of this very run; left out: nothing. */
  readonly remarks?: readonly string[];
}

export interface Judgement {
  readonly verdict: Verdict;
  /** One sentence with the numbers that decided it. */
  readonly reason: string;
}

/** What a claim has while it runs. */
export interface ClaimContext {
  /** Each seed is one repetition; all of them go into the evidence. */
  readonly seeds: readonly number[];
  /** `live` fits into the time that `seconds` names; `full` is what is recorded in the repository. */
  readonly size: "live" | "full";
  /** Runs the experiment with its model spoiled as `sabotage` says, to show that the verdict depends on it. */
  readonly sabotaged: boolean;
  /** Tells how far it is, 0 … 1, and what is being done; then lets other work in. @throws AbortError after `stop` */
  progress(done: number, what: string): Promise<void>;
  /** The embedded model, for claims about it: loaded when first asked for, empty of any sequence. */
  embeddedModel(choice?: EmbeddedChoice): Promise<Decoder>;
}

/** Which embedded model a claim asks for. */
export interface EmbeddedChoice {
  /** `reference` computes in float64; left out: the engine that the page itself uses. */
  readonly engine?: "ordinary" | "reference";
  /** The same shapes, with weights drawn anew as before training; runs on the reference. */
  readonly untrained?: boolean;
}

export interface Source {
  /** For example "Cohen & Welling 2016, arXiv:1602.07576". */
  readonly text: string;
  /** Recalled from memory, not looked up: printed so. */
  readonly recalled?: boolean;
}

export interface Claim {
  /** The row of the claims table, for example "C2". */
  readonly id: string;
  readonly system: System;
  /** A question that the experiment answers: "Does a convolution commute with every motion of the plane?" */
  readonly title: string;
  /** As the essay has it, and in English. */
  readonly statement: { readonly en: string; readonly zh: string };
  /** What theory and literature lead one to expect, before any run. */
  readonly expectation: { readonly verdict: Verdict; readonly text: string; readonly sources: readonly Source[] };
  readonly data: string;
  readonly model: string;
  /** What is measured and how, with formulas. */
  readonly measurement: string;
  /** The verdict rule in words; thresholds by name. */
  readonly rule: string;
  readonly thresholds: Readonly<Record<string, { readonly value: number; readonly unit: string; readonly meaning: string }>>;
  /** At least three. */
  readonly seeds: readonly number[];
  /** How long `live` takes on two cores, s, as measured. */
  readonly seconds: number;
  /** Set where `full` takes longer than a reader waits: its result is kept in `recorded/`. */
  readonly recorded?: true;
  readonly usesEmbeddedModel?: true;
  /** What a reader must not conclude from it. */
  readonly doesNotShow: string;
  /** What would change the verdict. */
  readonly wouldChange: string;
  /** What is spoiled on purpose in a sabotaged run, and what the verdict then is. */
  readonly sabotage: { readonly what: string; readonly verdict: Verdict };
  run(context: ClaimContext): Promise<Evidence>;
  /** @param thresholds  by name; those of the claim, or a reader's own */
  judge(evidence: Evidence, thresholds: Readonly<Record<string, number>>): Judgement;
}

/** A claim's own thresholds, as `judge` takes them. */
export function thresholdsOf({ thresholds }: Pick<Claim, "thresholds">): Record<string, number> {
  return Object.fromEntries(Object.entries(thresholds).map(([name, { value }]) => [name, value]));
}

/**
 * A quantity's value.
 *
 * @throws RangeError where the evidence has none of this id
 */
export function valueOf({ quantities }: Evidence, id: string): number {
  const found = quantities.find((quantity) => quantity.id === id);
  if (!found) throw new RangeError(`claim: expected the quantity ${id}, got ${quantities.map((q) => q.id).join(", ") || "none"}`);
  return found.value;
}
