/** All tasks, in the order in which the page lists them. */
import type { ModelSpec } from "../trace.ts";
import { ballSwaps } from "./language/ball-swaps.ts";
import { numberChains } from "./language/number-chains.ts";
import { whoPointsToWhom } from "./language/who-points-to-whom.ts";
import { pointerChase } from "./pointer-chase.ts";
import { reachability } from "./reachability.ts";
import { rules } from "./rules.ts";
import type { Task } from "./task.ts";

export type { BallSwapsProblem } from "./language/ball-swaps.ts";
export type { NumberChainsProblem } from "./language/number-chains.ts";
export type { WhoPointsToWhomProblem } from "./language/who-points-to-whom.ts";
export type { PointerChaseProblem } from "./pointer-chase.ts";
export type { ReachabilityProblem } from "./reachability.ts";
export type { RulesProblem } from "./rules.ts";

export const tasks: readonly Task[] = [pointerChase, reachability, rules, ballSwaps, whoPointsToWhom, numberChains];

/** @throws RangeError where there is no such task */
export function task(id: string): Task {
  const found = tasks.find((candidate) => candidate.id === id);
  if (found) return found;
  throw new RangeError(`task: expected one of ${tasks.map((known) => known.id).join(", ")}, got ${id}; choose one of these`);
}

/** Vocabularies above this size are taken to be those of a natural language. */
const languageVocabulary = 1000;

type Reader = Pick<ModelSpec, "source" | "vocabSize">;

/** The tasks that a model can read: those in plain English, or those in the embedded model's own format. */
export function tasksFor({ source, vocabSize }: Reader): readonly Task[] {
  const language = source !== "embedded" && vocabSize > languageVocabulary;
  return tasks.filter((candidate) => (candidate.language ?? false) === language);
}

/** The task that a model begins with. */
export function defaultTask(spec: Reader): Task {
  return tasksFor(spec)[0]!;
}
