/**
 * Is it luck? Runs held-out problems in the background, in a worker of its own,
 * so that the question on screen is never held up.
 */
import { task as findTask } from "../probes/tasks/index.ts";
import { decodingModes, thoughtControls, type DecodingMode, type Thought } from "../probes/trace.ts";
import { connect, type EngineHandle } from "../workers/connect.ts";
import type { AccuracyCell, ModelRequest } from "../workers/engine.ts";
import { messageOf } from "./session.ts";
import type { Settings } from "./settings.ts";

/** One count: how many of the problems were answered rightly. */
export interface AccuracyCount extends AccuracyCell {
  readonly correct: number;
  readonly answered: number;
}

/** First seed of the held-out problems; the seeds that the page offers lie below it. */
const firstSeed = 1_000_000;

export class AccuracyRunner extends EventTarget {
  counts: readonly AccuracyCount[] = [];
  problems = 50;
  withControls = false;
  running = false;
  error = "";
  /** What the counts belong to; another question empties them. */
  key = "";
  chance: number | null = null;
  private handle: EngineHandle | null = null;
  private loadedModel = "";
  private round = 0;

  /** Problems answered and asked for, over all cells. */
  get progress(): { done: number; total: number } {
    return { done: this.counts.reduce((sum, c) => sum + c.answered, 0), total: this.counts.length * this.problems };
  }

  /** Counts every mode at every difficulty of the task. */
  async run(settings: Settings, model: ModelRequest): Promise<void> {
    const round = ++this.round;
    const task = findTask(settings.task);
    this.key = accuracyKey(settings);
    this.error = "";
    this.running = true;
    const cells = cellsOf(settings, this.withControls);
    this.counts = cells.map((cell) => ({ ...cell, correct: 0, answered: 0 }));
    this.chance = task.draw(firstSeed, { difficulty: task.difficulty.initial, shots: settings.shots, variant: settings.variant }).chance;
    this.changed();
    try {
      await this.loadModel(model);
      if (round !== this.round) return;
      const request = { task: task.id, variant: settings.variant, shots: settings.shots, cells, problems: this.problems, seed: firstSeed };
      await this.handle!.accuracy(request, ({ cell, correct, answered }) => {
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
    this.changed();
  }

  private async loadModel(model: ModelRequest): Promise<void> {
    const key = JSON.stringify([model.source, model.id, model.revision, model.dtype, model.device]);
    if (this.handle && this.loadedModel === key) {
      this.handle.stop();
      return;
    }
    this.handle?.terminate();
    this.loadedModel = "";
    this.handle = connect("transformers");
    await this.handle.load(model, () => {});
    this.loadedModel = key;
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

/** Changes whenever the counts would mean something else. */
export function accuracyKey(settings: Settings): string {
  const { model, task, shots, variant, thoughts, control, noise } = settings;
  return JSON.stringify([model, task, shots, variant, thoughts, control === "noise" ? noise : null]);
}

/** The chosen difficulty first, so that what is on screen is answered soonest. */
function cellsOf(settings: Settings, withControls: boolean): AccuracyCell[] {
  const { minimum, maximum } = findTask(settings.task).difficulty;
  const all = Array.from({ length: maximum - minimum + 1 }, (_, i) => minimum + i);
  const difficulties = [settings.difficulty, ...all.filter((d) => d !== settings.difficulty)];
  const kinds: { mode: DecodingMode; thought: Thought }[] = decodingModes.map((mode) => ({ mode, thought: "hidden" }));
  if (withControls) kinds.push(...thoughtControls.map((thought) => ({ mode: "latent" as const, thought })));
  else if (settings.control !== "hidden") kinds.push({ mode: "latent", thought: settings.control });
  return difficulties.flatMap((difficulty) =>
    kinds.map(({ mode, thought }) => ({ mode, difficulty, thought, noise: thought === "noise" ? settings.noise : 0, thoughts: mode === "latent" ? settings.thoughts : null })),
  );
}
