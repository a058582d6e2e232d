/**
 * Several runs in one space: the trajectories of one layer, one after the
 * other, so that all modes share one projection and can be compared in it.
 */
import { concatenate, tensor, type Tensor } from "./tensor.ts";
import type { DecodingMode, Trace } from "./trace.ts";
import { trajectory } from "./geometry/trajectory.ts";

/**
 * Where a trajectory begins: `question`, where the prompts begin to differ
 * (`questionStart`); `thinking`, the last step of the prompt, from which
 * thinking sets out; `all`, the first step.
 */
export type JointStart = "question" | "thinking" | "all";

/** Which point of which run a row is. */
export interface JointPoint {
  /** Index into the traces that were joined. */
  readonly trace: number;
  readonly mode: DecodingMode;
  /** Index of the step in its trace. */
  readonly step: number;
}

export interface JointTrajectory {
  /** [n, D] */
  readonly points: Tensor;
  /** [n] what each row is; a trace's rows are consecutive, in the order of its steps. */
  readonly index: readonly JointPoint[];
}

/** The first step of a trace that counts. */
export function firstStep(trace: Pick<Trace, "steps" | "questionStart">, start: JointStart): number {
  if (start === "all") return 0;
  if (start === "question") return Math.min(trace.questionStart, trace.steps.length);
  return Math.max(0, trace.steps.findLastIndex((step) => step.phase === "prompt"));
}

/**
 * @param least  first step of each trace that is drawn at all, whatever `start` says; of an altered run those before its branch are the unaltered run's
 * @throws RangeError where the traces differ in hidden size, lack the layer, or kept no hidden states
 */
export function jointTrajectory(traces: readonly Trace[], layer: number, start: JointStart = "question", least: readonly number[] = []): JointTrajectory {
  const parts: Tensor[] = [];
  const index: JointPoint[] = [];
  traces.forEach((trace, i) => {
    const from = Math.max(firstStep(trace, start), least[i] ?? 0);
    parts.push(trajectory(trace, layer, from));
    for (let step = from; step < trace.steps.length; step++) index.push({ trace: i, mode: trace.mode, step });
  });
  const sizes = new Set(parts.map((part) => part.shape[1]));
  if (sizes.size > 1) {
    throw new RangeError(`jointTrajectory: expected one hidden size, got ${[...sizes].join(" and ")}; join runs of one model only`);
  }
  return { points: parts.length > 0 ? concatenate(parts) : tensor([0, 0]), index };
}
