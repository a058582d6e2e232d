import { tasks } from "../../probes/tasks/index.ts";
import type { RunRequest } from "../engine.ts";

/**
 * Whether an answer is right: as its task grades it, where it grades, else word
 * for word. Null where no right answer is known.
 */
export function isCorrect({ problem, expected }: Pick<RunRequest, "problem" | "expected">, text: string): boolean | null {
  if (expected === null) return null;
  const task = tasks.find(({ id }) => id === problem?.task);
  return task?.grade ? task.grade({ answer: expected }, text) : text === expected.trim();
}
