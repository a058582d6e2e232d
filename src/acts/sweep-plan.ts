/** What a sweep varies: for the selected run the grid, its axes, and what is done in each cell in words. */
import { task as findTask } from "../../probes/tasks/index.ts";
import type { DecodingMode } from "../../probes/trace.ts";
import type { SweepGrid } from "../../workers/engine.ts";
import { formatNumber } from "../format.ts";
import type { LiveRun } from "../live-run.ts";
import { originOf } from "../selection.ts";
import { words } from "../words.ts";

export type SweepKind = "patch" | "thoughts" | "noise" | "truncate" | "corrupt";

/** Which sweeps a mode allows, the first by default; patches where the engine reaches inside the model. */
export function sweepKinds(mode: DecodingMode, inside = true): readonly SweepKind[] {
  const kinds: readonly SweepKind[] = mode === "latent" ? ["thoughts", "noise"] : mode === "cot" ? ["truncate", "corrupt"] : [];
  return inside ? ["patch", ...kinds] : kinds;
}

/** One axis of a grid. */
export interface SweepAxis {
  readonly title: string;
  readonly labels: readonly string[];
  /** What the labels stand for: page steps, layers, thoughts, tokens, σ. */
  readonly values: readonly number[];
}

/** What is swept, and what each cell of the result stands for. */
export interface SweepPlan {
  readonly kind: SweepKind;
  readonly mode: DecodingMode;
  readonly grid: SweepGrid;
  /** Outermost in the order of cells. */
  readonly columns: SweepAxis;
  /** null for a curve. */
  readonly rows: SweepAxis | null;
  /** What was done in a cell, as the end of a sentence. */
  readonly done: (column: number, row: number) => string;
}

/** So many columns and rows at most: each takes all problems once more. */
const most = { columns: 16, rows: 13 };
const sigmas = [0, 0.25, 0.5, 1, 1.5, 2, 4];
// Without the mean of those before, of which the first thought has none.
const replacements = ["argmax", "swapped", "zero", "skip"] as const;
const replacementWords: Readonly<Record<(typeof replacements)[number], { readonly label: string; readonly done: string }>> = {
  argmax: { label: "likeliest token", done: "becomes its likeliest token" },
  zero: { label: "zeros", done: "becomes zeros" },
  swapped: { label: "another problem’s", done: "becomes that of another problem" },
  skip: { label: "left out", done: "is left out" },
};

/** @returns the plan for the selected run; null where its run does not allow it */
export function planOf(session: { readonly selectedRun: Pick<LiveRun, "trace" | "request" | "mode" | "steps" | "questionStart"> | null; readonly layers: number }, kind: SweepKind): SweepPlan | null {
  const run = session.selectedRun;
  if (!run?.trace || !run.request.problem) return null;
  const { mode } = run;
  const origin = originOf(run);
  const thinking = run.steps.filter(({ phase }) => phase === "thought").length;
  const counted = Array.from({ length: Math.min(thinking, most.columns) }, (_, i) => i + 1);
  switch (kind) {
    case "patch": {
      // In a story only the end of the prompt and what is latent stands at the same steps in every problem.
      const last = Math.min(run.steps.length - 1 - origin, findTask(run.request.problem.task).language && mode === "cot" ? 0 : Infinity);
      const first = Math.max(run.questionStart() - origin, last - most.columns + 1);
      const steps = range(first, last);
      const every = Math.ceil((session.layers + 1) / most.rows);
      const layers = range(0, session.layers).filter((layer) => (session.layers - layer) % every === 0);
      return {
        kind,
        mode,
        // The engine counts from the first step behind the prompt.
        grid: { kind, steps: steps.map((step) => step - 1), layers },
        columns: { title: "step, 0 = end of the prompt", labels: steps.map(formatNumber), values: steps },
        rows: { title: "layer", labels: layers.map((layer) => (layer === 0 ? "embed" : `layer ${layer}`)), values: layers },
        done: (column, row) => `the state at step ${formatNumber(steps[column]!)}, ${layers[row] === 0 ? "the embedding" : `layer ${layers[row]}`}, becomes that of another problem’s run`,
      };
    }
    case "thoughts":
      if (counted.length === 0 || mode !== "latent") return null;
      return {
        kind,
        mode,
        grid: { kind, thoughts: counted.map((thought) => thought - 1), replacements: [...replacements] },
        columns: { title: "thought", labels: counted.map(String), values: counted },
        rows: { title: "replaced by", labels: replacements.map((by) => replacementWords[by].label), values: replacements.map((_, i) => i) },
        done: (column, row) => `thought ${counted[column]} ${replacementWords[replacements[row]!].done}`,
      };
    case "noise":
      if (mode !== "latent") return null;
      return {
        kind,
        mode,
        grid: { kind, sigmas, thoughts: null },
        columns: { title: "noise, over the thought’s norm", labels: sigmas.map(String), values: sigmas },
        rows: null,
        done: (column) => `every thought gets noise of ${sigmas[column]} × its norm`,
      };
    case "truncate":
    case "corrupt": {
      if (mode !== "cot" || counted.length === 0) return null;
      const tokens = kind === "truncate" ? [0, ...counted].slice(0, most.columns) : counted;
      return {
        kind,
        mode,
        grid: { kind: "chain", by: kind, tokens: kind === "truncate" ? tokens : tokens.map((token) => token - 1) },
        columns: { title: kind === "truncate" ? "tokens of the chain that stay" : "token of the chain", labels: tokens.map(String), values: tokens },
        rows: null,
        done: (column) => (kind === "truncate" ? `the ${words.modes.cot.name} ends after token ${tokens[column]}, and the answer is asked for` : `token ${tokens[column]} of the chain becomes another likely one`),
      };
    }
  }
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}
