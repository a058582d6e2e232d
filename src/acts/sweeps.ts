/** The same act on many problems. */
import { task as findTask } from "../../probes/tasks/index.ts";
import type { SweepCell } from "../../workers/engine.ts";
import { firstSeed } from "../measures/accuracy.ts";
import { BackgroundWork } from "../models/background-work.ts";
import type { Session } from "../session.ts";
import { planOf, type SweepKind, type SweepPlan } from "./sweep-plan.ts";

export class SweepRunner extends BackgroundWork {
  plan: SweepPlan | null = null;
  /** By cell; null where nothing is counted yet. */
  cells: readonly (SweepCell | null)[] = [];
  unaltered: SweepCell | null = null;
  chance: number | null = null;
  problems = 20;
  /** What the counts belong to. */
  key = "";

  get progress(): { done: number; total: number } {
    const count = (cell: SweepCell | null): number => cell?.answered ?? 0;
    return { done: count(this.unaltered) + this.cells.reduce((sum, cell) => sum + count(cell), 0), total: (this.cells.length + 1) * this.problems };
  }

  async run(session: Session, kind: SweepKind): Promise<void> {
    const { settings, thought, selectedRun } = session;
    const { task, variant, difficulty, shots, thoughts } = settings;
    const plan = planOf(session, kind);
    this.plan = plan;
    this.key = sweepKey(session);
    this.cells = [];
    this.unaltered = null;
    if (!plan || !selectedRun) {
      this.refuse("sweep: expected a finished run of a task that thinks in this way, got none; run the question again");
      return;
    }
    this.chance = findTask(task).draw(firstSeed, { difficulty, shots, variant }).chance;
    this.cells = Array.from({ length: plan.columns.values.length * (plan.rows?.values.length ?? 1) }, () => null);
    const request = { task, variant, difficulty, shots, mode: plan.mode, thought, thoughts: plan.mode === "latent" ? thoughts : null, problems: this.problems, seed: firstSeed };
    await this.begin("sweep", session, ({ engine }, current) =>
      engine.sweep(request, plan.grid, (cell) => {
        if (!current()) return;
        if (cell.cell < 0) this.unaltered = cell;
        else this.cells = this.cells.map((old, i) => (i === cell.cell ? cell : old));
        this.changed();
      }),
    );
  }
}

/** Changes whenever the counts would mean something else. */
export function sweepKey({ settings, thought }: Pick<Session, "settings" | "thought">): string {
  const { model, task, difficulty, shots, variant, thoughts } = settings;
  return JSON.stringify([model, task, difficulty, shots, variant, thoughts, thought]);
}
