/** Is it luck? Every mode at every difficulty, on held-out problems. */
import { task as findTask } from "../../probes/tasks/index.ts";
import { decodingModes, thoughtControls, type DecodingMode, type Thought, type ThoughtMethod } from "../../probes/trace.ts";
import type { AccuracyCell } from "../../workers/engine.ts";
import { BackgroundWork } from "../models/background-work.ts";
import type { Session } from "../session.ts";
import type { Settings } from "../settings.ts";

/** One count: how many of the problems were answered rightly. */
export interface AccuracyCount extends AccuracyCell {
  readonly correct: number;
  readonly answered: number;
}

/** First seed of the held-out problems; the seeds that the page offers lie below it. */
export const firstSeed = 1_000_000;

export class AccuracyRunner extends BackgroundWork {
  counts: readonly AccuracyCount[] = [];
  problems = 50;
  withControls = false;
  /** What the counts belong to; another question empties them. */
  key = "";
  chance: number | null = null;

  /** Problems answered and asked for, over all cells. */
  get progress(): { done: number; total: number } {
    return { done: this.counts.reduce((sum, c) => sum + c.answered, 0), total: this.counts.length * this.problems };
  }

  /** Counts every mode at every difficulty of the task. */
  async run(session: Pick<Session, "settings" | "thought" | "engine" | "report">): Promise<void> {
    const { settings } = session;
    const task = findTask(settings.task);
    const cells = cellsOf(settings, session.thought, this.withControls);
    this.key = accuracyKey(settings);
    this.counts = cells.map((cell) => ({ ...cell, correct: 0, answered: 0 }));
    this.chance = task.draw(firstSeed, { difficulty: task.difficulty.initial, shots: settings.shots, variant: settings.variant }).chance;
    const request = { task: task.id, variant: settings.variant, shots: settings.shots, cells, problems: this.problems, seed: firstSeed };
    await this.begin("accuracy", session, ({ engine }, current) =>
      engine.accuracy(request, ({ cell, correct, answered }) => {
        if (!current()) return;
        this.counts = this.counts.map((count, i) => (i === cell ? { ...count, correct, answered } : count));
        this.changed();
      }),
    );
  }
}

/** Changes whenever the counts would mean something else. */
export function accuracyKey(settings: Settings): string {
  const { model, task, shots, variant, thoughts, thought, control, noise } = settings;
  return JSON.stringify([model, task, shots, variant, thoughts, thought, control === "noise" ? noise : null]);
}

/** The chosen difficulty first, so that what is on screen is answered soonest. */
function cellsOf(settings: Settings, method: ThoughtMethod, withControls: boolean): AccuracyCell[] {
  const { minimum, maximum } = findTask(settings.task).difficulty;
  const all = Array.from({ length: maximum - minimum + 1 }, (_, i) => minimum + i);
  const difficulties = [settings.difficulty, ...all.filter((d) => d !== settings.difficulty)];
  const kinds: { mode: DecodingMode; thought: Thought }[] = decodingModes.map((mode) => ({ mode, thought: mode === "latent" ? method : "hidden" }));
  if (withControls) kinds.push(...thoughtControls.map((thought) => ({ mode: "latent" as const, thought })));
  else if (settings.control !== "hidden") kinds.push({ mode: "latent", thought: settings.control });
  return difficulties.flatMap((difficulty) =>
    kinds.map(({ mode, thought }) => ({ mode, difficulty, thought, noise: thought === "noise" ? settings.noise : 0, thoughts: mode === "latent" ? settings.thoughts : null })),
  );
}
