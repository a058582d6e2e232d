/**
 * The same act on many problems: counted in the background, on an engine of its own
 * where the model is small enough to be there twice.
 */
import { task as findTask } from "../../probes/tasks/index.ts";
import type { EngineHandle } from "../../workers/connect.ts";
import { EngineError, type SweepCell } from "../../workers/engine.ts";
import { firstSeed } from "../measures/accuracy.ts";
import { BackgroundEngine } from "../models/background-engine.ts";
import { messageOf } from "../models/engine-host.ts";
import type { ModelChoice } from "../models/model-choice.ts";
import type { Session } from "../session.ts";
import { planOf, type SweepKind, type SweepPlan } from "./sweep-plan.ts";

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
