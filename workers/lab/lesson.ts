/**
 * How a model of the lab is taught: one recipe for all architectures and tasks,
 * so that a tab that trains with a seed repeats the recorded run of that seed.
 */
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import type { SequenceTask } from "../../probes/tasks/sequence/sequence-task.ts";
import { adamW, cosine, warmup } from "../toys/optimiser.ts";
import { type Checkpoint, Training } from "../toys/training.ts";
import { type Weights, withWeights } from "../toys/weights.ts";
import { type Architecture, type ArchitectureId } from "./architecture.ts";
import { architecture } from "./architectures.ts";
import { type Batch, batchOf, trainingProblems } from "./batches.ts";
import { initialSequenceModel, sequenceLoss, type SequenceParameters } from "./sequence-model.ts";

/** Which model, taught what, from which seed. */
export interface LessonRequest {
  readonly architecture: ArchitectureId;
  readonly task: string;
  readonly seed: number;
}

/** AdamW (decay 0.01, gradient norm at most 1): up to `rate` in `warmup` steps, then half a cosine down to a twentieth. */
export const recipe = { batch: 16, steps: 800, rate: 3e-3, warmup: 50, decay: 0.01, clip: 1 } as const;

export interface Lesson {
  readonly architecture: Architecture;
  readonly task: SequenceTask;
  readonly training: Training<SequenceParameters, Batch>;
}

/**
 * @param weights  to begin with; left out: those of the seed
 * @param from     where an earlier training stopped
 * @throws RangeError where there is no such architecture or task, the seed is no whole number, or the weights do not fit
 */
export function lesson(request: LessonRequest, weights?: Weights, from?: Checkpoint): Lesson {
  const { seed } = request;
  if (!Number.isSafeInteger(seed)) throw new RangeError(`lesson: expected a whole number as seed, got ${seed}; choose one such as 1`);
  const chosen = architecture(request.architecture);
  const task = sequenceTask(request.task);
  const { batch, steps, rate, decay, clip } = recipe;
  const initial = initialParameters(chosen, task, seed);
  const training = new Training<SequenceParameters, Batch>({
    parameters: weights ? withWeights(initial, weights) : initial,
    loss: (p, drawn) => sequenceLoss(chosen, p, drawn),
    batch: (random) => batchOf(task, trainingProblems(task, random, batch)),
    optimiser: adamW({ rate: warmup(rate, recipe.warmup, cosine(rate, steps - recipe.warmup, rate / 20)), decay }),
    seed,
    clip,
    ...(from ? { from } : {}),
  });
  return { architecture: chosen, task, training };
}

export function initialParameters(chosen: Architecture, task: SequenceTask, seed: number): SequenceParameters {
  return initialSequenceModel(chosen, { vocabSize: task.vocabulary.length, contextLength: task.length }, seed);
}
