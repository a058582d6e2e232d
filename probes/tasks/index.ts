/** All tasks, in the order in which the page lists them. */
import { pointerChase } from "./pointer-chase.ts";
import { reachability } from "./reachability.ts";
import { rules } from "./rules.ts";
import type { Task } from "./task.ts";

export type { PointerChaseProblem } from "./pointer-chase.ts";
export type { ReachabilityProblem } from "./reachability.ts";
export type { RulesProblem } from "./rules.ts";

export const tasks: readonly Task[] = [pointerChase, reachability, rules];

/** @throws RangeError where there is no such task */
export function task(id: string): Task {
  const found = tasks.find((candidate) => candidate.id === id);
  if (found) return found;
  throw new RangeError(`task: expected one of ${tasks.map((known) => known.id).join(", ")}, got ${id}; choose one of these`);
}
