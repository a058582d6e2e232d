/** What a training of the lab came to: plain data, recorded in the repository or made in a tab. */
import type { LessonRequest } from "./lesson.ts";

/** Right answers among so many test problems. */
export interface Count {
  readonly correct: number;
  readonly of: number;
}

export interface LessonResult extends LessonRequest {
  /** ISO 8601, day. */
  readonly date: string;
  readonly parameters: number;
  /** Steps of training. */
  readonly steps: number;
  /** Wall-clock time of training, without examinations, s; on a machine that does other work too it says little. */
  readonly seconds: number;
  /** Time of a step where nothing else is at work: the tenth percentile of a few dozen, ms. Left out where it was not taken. */
  readonly stepMilliseconds?: number;
  /** Mean loss (nats) of the steps up to each. */
  readonly losses: readonly (readonly [step: number, loss: number])[];
  /** Right answers at the task's initial difficulty, as training went on. */
  readonly progress: readonly (Count & { readonly step: number })[];
  /** At the end, by difficulty. */
  readonly accuracy: readonly (Count & { readonly difficulty: number })[];
}

/** A task counts as reached at this share of right answers. */
export const reachedAt = 0.9;

/** The step of the first examination with at least `reachedAt` right; null where there was none. */
export function stepsToReach({ progress }: Pick<LessonResult, "progress">): number | null {
  return progress.find(({ correct, of }) => correct >= reachedAt * of)?.step ?? null;
}
