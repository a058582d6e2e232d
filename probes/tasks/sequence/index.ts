/** The lab's tasks, in the order in which they are listed. A new one is a file beside this one and a line here. */
import { cups } from "./cups.ts";
import { flipFlop } from "./flip-flop.ts";
import { modularProgram } from "./modular-program.ts";
import { multiQueryRecall } from "./multi-query-recall.ts";
import { selectiveCopying } from "./selective-copying.ts";
import type { SequenceTask } from "./sequence-task.ts";
import { smallPointerChase } from "./small-pointer-chase.ts";

export const sequenceTasks: readonly SequenceTask[] = [smallPointerChase, selectiveCopying, multiQueryRecall, flipFlop, cups, modularProgram];

/** @throws RangeError where there is no such task */
export function sequenceTask(id: string): SequenceTask {
  const found = sequenceTasks.find((candidate) => candidate.id === id);
  if (found) return found;
  throw new RangeError(`sequence task: expected one of ${sequenceTasks.map((known) => known.id).join(", ")}, got ${id}; choose one of these`);
}
