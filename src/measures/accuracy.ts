/**
 * Is it luck? Runs held-out problems in the background. The embedded model is
 * loaded once more for it, in a worker of its own, so that the question on
 * screen is never held up; other models are too large to be there twice, so
 * their one engine counts until it is asked something else.
 */
import { task as findTask } from "../../probes/tasks/index.ts";
import { decodingModes, thoughtControls, type DecodingMode, type Thought, type ThoughtMethod } from "../../probes/trace.ts";
import type { EngineHandle } from "../../workers/connect.ts";
import { type AccuracyCell, EngineError } from "../../workers/engine.ts";
import { BackgroundEngine } from "../models/background-engine.ts";
import { messageOf } from "../models/engine-host.ts";
import type { ModelChoice } from "../models/model-choice.ts";
import type { Session } from "../session.ts";
import type { Settings } from "../settings.ts";

/** One count: how many of the problems were answered rightly. */
export interface AccuracyCount extends AccuracyCell {
  readonly correct: number;
  readonly answered: number;
}

/** First seed of the held-out problems; the seeds that the page offers lie below it. */
export const firstSeed = 1_000_000;

export class AccuracyRunner extends EventTarget {
  counts: readonly AccuracyCount[] = [];
  problems = 50;
  withControls = false;
  running = false;
  error = "";
  /** What the counts belong to; another question empties them. */
  key = "";
  chance: number | null = null;
  /** The engine that counts now. */
  private handle: EngineHandle | null = null;
  private readonly own = new BackgroundEngine();
  private round = 0;

  /** Problems answered and asked for, over all cells. */
  get progress(): { done: number; total: number } {
    return { done: this.counts.reduce((sum, c) => sum + c.answered, 0), total: this.counts.length * this.problems };
  }

  /** Counts every mode at every difficulty of the task. */
  async run(session: Pick<Session, "settings" | "thought" | "engine">): Promise<void> {
    const { settings } = session;
    const round = ++this.round;
    const task = findTask(settings.task);
    this.key = accuracyKey(settings);
    this.error = "";
    this.running = true;
    const cells = cellsOf(settings, session.thought, this.withControls);
    this.counts = cells.map((cell) => ({ ...cell, correct: 0, answered: 0 }));
    this.chance = task.draw(firstSeed, { difficulty: task.difficulty.initial, shots: settings.shots, variant: settings.variant }).chance;
    this.changed();
    try {
      const engine = settings.model.source === "embedded" ? (await this.own.with(settings.model)).engine : session.engine;
      if (round !== this.round) return;
      if (!engine) throw new EngineError("accuracy: expected a loaded model, got none; load one first");
      this.handle = engine;
      const request = { task: task.id, variant: settings.variant, shots: settings.shots, cells, problems: this.problems, seed: firstSeed };
      await engine.accuracy(request, ({ cell, correct, answered }) => {
        if (round !== this.round) return;
        this.counts = this.counts.map((count, i) => (i === cell ? { ...count, correct, answered } : count));
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

  /** Lets go of the engine of our own where it has another model than the page. */
  follow(model: ModelChoice): void {
    this.own.follow(model);
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
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
