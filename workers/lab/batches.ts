/** Problems of a sequence task as arrays: what a model reads, and what is asked. */
import type { Random } from "../../probes/random.ts";
import { encoder, type SequenceTask } from "../../probes/tasks/sequence/sequence-task.ts";
import type { Problem } from "../../probes/tasks/task.ts";
import { tensor } from "../../probes/tensor.ts";
import { fromTensor, integers, type np } from "../toys/autodiff.ts";

/** Token ids [B, T]; targets [B, T, V], 1 at the token that is asked for, a row of zeros where nothing is. */
export type Batch = { tokens: np.Array; targets: np.Array };

/**
 * Seeds below this are drawn for training, those from here on belong to tests: no
 * test problem was trained on, unless two seeds draw the same one.
 */
export const firstTestSeed = 2 ** 31;

/** Test problem i of a task, of one difficulty. */
export function testProblem(task: SequenceTask, difficulty: number, i: number): Problem {
  return task.draw(firstTestSeed + i, { difficulty, shots: 0, variant: null });
}

/** Training problems: every difficulty as often as the others. */
export function trainingProblems(task: SequenceTask, random: Random, size: number): Problem[] {
  const { minimum, maximum } = task.difficulty;
  return Array.from({ length: size }, () => {
    const difficulty = minimum + random.integer(maximum - minimum + 1);
    return task.draw(random.bits() % firstTestSeed, { difficulty, shots: 0, variant: null });
  });
}

/** @param asked  every target, as in training, or the answer alone */
export function batchOf(task: SequenceTask, problems: readonly Problem[], asked: "all" | "answer" = "all"): Batch {
  const encode = encoder(task);
  const [B, T, V] = [problems.length, task.length, task.vocabulary.length];
  // Shorter sequences are filled up behind, where a causal model's answers do not look.
  const ids = new Int32Array(B * T);
  const targets = tensor([B, T, V]);
  problems.forEach((problem, b) => {
    const sequence = task.sequence(problem);
    ids.set(encode(sequence.words), b * T);
    for (const { position, word } of asked === "all" ? sequence.targets : sequence.targets.slice(-1)) {
      targets.data[(b * T + position) * V + encode([word])[0]!] = 1;
    }
  });
  return { tokens: integers(ids, [B, T]), targets: fromTensor(targets) };
}
