/**
 * The same act on many problems: counted in the background, on an engine of its own
 * where the model is small enough to be there twice.
 */
import { task as findTask } from "../probes/tasks/index.ts";
import type { DecodingMode } from "../probes/trace.ts";
import type { EngineHandle } from "../workers/connect.ts";
import { EngineError, type SweepCell, type SweepGrid } from "../workers/engine.ts";
import { firstSeed } from "./accuracy.ts";
import { BackgroundEngine } from "./background-engine.ts";
import { messageOf } from "./engine-host.ts";
import { formatNumber } from "./format.ts";
import type { ModelChoice } from "./model-choice.ts";
import { originOf } from "./selection.ts";
import type { Session } from "./session.ts";
import { words } from "./words.ts";

export type SweepKind = "patch" | "thoughts" | "noise" | "truncate" | "corrupt";

/** Which sweeps a mode allows, the first by default. */
export function sweepKinds(mode: DecodingMode): readonly SweepKind[] {
  return mode === "latent" ? ["patch", "thoughts", "noise"] : mode === "cot" ? ["patch", "truncate", "corrupt"] : ["patch"];
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
export function planOf(session: Pick<Session, "selectedRun" | "layers">, kind: SweepKind): SweepPlan | null {
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

export class SweepRunner extends EventTarget {
  plan: SweepPlan | null = null;
  /** By cell; null where nothing is counted yet. */
  cells: readonly (SweepCell | null)[] = [];
  unaltered: SweepCell | null = null;
  chance: number | null = null;
  problems = 20;
  running = false;
  error = "";
  /** What the counts belong to. */
  key = "";
  private readonly own = new BackgroundEngine();
  private handle: EngineHandle | null = null;
  private round = 0;

  get progress(): { done: number; total: number } {
    const count = (cell: SweepCell | null): number => cell?.answered ?? 0;
    return { done: count(this.unaltered) + this.cells.reduce((sum, cell) => sum + count(cell), 0), total: (this.cells.length + 1) * this.problems };
  }

  async run(session: Session, kind: SweepKind): Promise<void> {
    const { settings, thought, selectedRun } = session;
    const plan = planOf(session, kind);
    const round = ++this.round;
    this.handle?.stop();
    this.plan = plan;
    this.key = sweepKey(session);
    this.error = "";
    this.cells = [];
    this.unaltered = null;
    if (!plan || !selectedRun) {
      this.running = false;
      this.error = "sweep: expected a finished run of a task that thinks in this way, got none; run the question again";
      this.changed();
      return;
    }
    const { task, variant, difficulty, shots, thoughts } = settings;
    this.running = true;
    this.chance = findTask(task).draw(firstSeed, { difficulty, shots, variant }).chance;
    const size = plan.columns.values.length * (plan.rows?.values.length ?? 1);
    this.cells = Array.from({ length: size }, () => null);
    this.changed();
    try {
      const engine = settings.model.source === "embedded" ? (await this.own.with(settings.model)).engine : session.engine;
      if (round !== this.round) return;
      if (!engine) throw new EngineError("sweep: expected a loaded model, got none; load one first");
      this.handle = engine;
      const request = { task, variant, difficulty, shots, mode: plan.mode, thought, thoughts: plan.mode === "latent" ? thoughts : null, problems: this.problems, seed: firstSeed };
      await engine.sweep(request, plan.grid, (cell) => {
        if (round !== this.round) return;
        if (cell.cell < 0) this.unaltered = cell;
        else this.cells = this.cells.map((old, i) => (i === cell.cell ? cell : old));
        this.changed();
      });
    } catch (error) {
      if (round === this.round && !(error instanceof Error && error.name === "AbortError")) this.error = messageOf(error);
    } finally {
      if (round === this.round) {
        this.running = false;
        this.changed();
      }
    }
  }

  stop(): void {
    if (!this.running) return;
    this.round++;
    this.running = false;
    this.handle?.stop();
    this.own.stop();
    this.changed();
  }

  follow(model: ModelChoice): void {
    this.own.follow(model);
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

/** Changes whenever the counts would mean something else. */
export function sweepKey({ settings, thought }: Pick<Session, "settings" | "thought">): string {
  const { model, task, difficulty, shots, variant, thoughts } = settings;
  return JSON.stringify([model, task, difficulty, shots, variant, thoughts, thought]);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}
