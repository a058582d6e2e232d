/**
 * A model in training: taught by the recipe, examined on the way, and asked at
 * the end. The same in a tab and in `tools/record-lab.ts`.
 */
import type { Checkpoint, Training, TrainingStep } from "../toys/training.ts";
import { type Weights, weightsOf } from "../toys/weights.ts";
import type { Batch } from "./batches.ts";
import { type Examination, examination, examined } from "./examination.ts";
import { type Lesson, lesson, type LessonRequest, recipe } from "./lesson.ts";
import type { LessonResult } from "./results.ts";
import { parameterCount, type SequenceParameters } from "./sequence-model.ts";

/** Losses are kept as means over so many steps. */
export const smoothing = 10;
/** Steps between two examinations, and problems of each. */
export const examinations = { every: 100, problems: 2 * examined } as const;
/** Problems for each difficulty at the end. */
export const finalProblems = 10 * examined;

/** A student on paper: enough to go on with as if there had been no stop. */
export interface StudentCheckpoint extends Checkpoint {
  readonly losses: LessonResult["losses"];
  readonly progress: LessonResult["progress"];
  readonly seconds: number;
}

export class Student {
  readonly parameters: number;
  /** Mean loss (nats) of the `smoothing` steps up to each. */
  readonly losses: (readonly [step: number, loss: number])[];
  readonly progress: LessonResult["progress"][number][];
  /** Time spent on steps of training, s. */
  seconds: number;

  private readonly lesson: Lesson;
  private readonly training: Training<SequenceParameters, Batch>;
  private readonly examination: Examination;
  private recent: number[] = [];

  /**
   * @param weights  to begin with; left out: those of the seed
   * @param from     where an earlier student of the same request stopped, at a multiple of `smoothing` steps
   */
  constructor(readonly request: LessonRequest, weights?: Weights, from?: StudentCheckpoint) {
    this.lesson = lesson(request, weights, from);
    this.losses = [...(from?.losses ?? [])];
    this.progress = [...(from?.progress ?? [])];
    this.seconds = from?.seconds ?? 0;
    this.training = this.lesson.training;
    this.examination = examination(this.lesson.architecture, this.lesson.task);
    this.parameters = parameterCount(this.training.parameters);
  }

  get step(): number {
    return this.training.step;
  }

  /** Trains up to so many steps in all; stop by leaving the loop, go on by calling it again. */
  async *study(until: number = recipe.steps): AsyncGenerator<TrainingStep, void, undefined> {
    let begun = performance.now();
    for await (const done of this.training.run(until - this.step)) {
      this.seconds += (performance.now() - begun) / 1000;
      this.recent.push(done.loss);
      if (done.step % smoothing === 0) {
        this.losses.push([done.step, this.recent.reduce((sum, loss) => sum + loss, 0) / this.recent.length]);
        this.recent = [];
      }
      if (done.step % examinations.every === 0) this.progress.push({ step: done.step, ...this.examine(this.lesson.task.difficulty.initial, examinations.problems) });
      yield done;
      begun = performance.now();
    }
  }

  /** Right answers among the first test problems of this difficulty. */
  examine(difficulty: number, problems: number): { correct: number; of: number } {
    let correct = 0;
    for (let from = 0; from < problems; from += examined) correct += this.examination.correct(this.training.parameters, difficulty, from);
    return { correct, of: problems };
  }

  /** Everything that came of it, with a last examination at every difficulty. */
  result(date: string): LessonResult {
    const { minimum, maximum } = this.lesson.task.difficulty;
    const difficulties = Array.from({ length: maximum - minimum + 1 }, (_, i) => minimum + i);
    const { request: { architecture, task, seed }, parameters, step: steps, progress } = this;
    // Four digits are more than a chart shows, and a record is read by people.
    const losses = this.losses.map(([at, loss]) => [at, Number(loss.toPrecision(4))] as const);
    const seconds = Number(this.seconds.toFixed(1));
    return { architecture, task, seed, date, parameters, steps, seconds, losses, progress, accuracy: difficulties.map((difficulty) => ({ difficulty, ...this.examine(difficulty, finalProblems) })) };
  }

  checkpoint(): StudentCheckpoint {
    const { losses, progress, seconds } = this;
    return { ...this.training.checkpoint(), losses: [...losses], progress: [...progress], seconds };
  }

  weights(): Weights {
    return weightsOf(this.training.parameters);
  }

  dispose(): void {
    this.training.dispose();
    this.examination.dispose();
  }
}
