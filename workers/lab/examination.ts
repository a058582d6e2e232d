/** How often a model of the lab is right, on problems that it was not trained on. */
import type { SequenceTask } from "../../probes/tasks/sequence/sequence-task.ts";
import { dispose, jit, keep, np, type OwnedFunction } from "../toys/autodiff.ts";
import type { Architecture } from "./architecture.ts";
import { type Batch, batchOf, testProblem } from "./batches.ts";
import { sequenceModel, type SequenceParameters } from "./sequence-model.ts";

/** Problems that go through the network at once. */
export const examined = 50;

export interface Examination {
  /** Right answers among test problems `from` … `from + examined − 1` of one difficulty. */
  correct(parameters: SequenceParameters, difficulty: number, from: number): number;
  dispose(): void;
}

/** Compiled at the first call. An answer is right where its token has the largest logit of all. */
export function examination(architecture: Architecture, task: SequenceTask): Examination {
  const count = jit(((p: SequenceParameters, { tokens, targets }: Batch) => {
    const { logits, residual, final, inner, penalty } = sequenceModel(architecture, p, np.take(p.embedding.ref, tokens, 0));
    dispose([final, penalty, ...residual, ...inner]);
    const said = np.argmax(logits, -1).equal(np.argmax(targets.ref, -1)).astype(np.float32);
    return said.mul(targets.sum(-1)).sum();
  }) as never) as unknown as OwnedFunction<(p: SequenceParameters, batch: Batch) => np.Array>;
  return {
    correct(parameters, difficulty, from) {
      const problems = Array.from({ length: examined }, (_, i) => testProblem(task, difficulty, from + i));
      return Math.round(count(keep(parameters), batchOf(task, problems, "answer")).item());
    },
    dispose: () => count.dispose(),
  };
}
