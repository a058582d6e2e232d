/** A task's problem, in one mode, as a request that an engine answers. */
import type { Problem, Task } from "../../probes/tasks/task.ts";
import type { DecodingMode, Thought } from "../../probes/trace.ts";
import type { RunRequest } from "../engine.ts";

export interface RequestOptions {
  /** Solved examples with which the problem was drawn. */
  readonly shots: number;
  readonly thought?: Thought;
  /** Size of the noise over the thought's norm, for `noise`. */
  readonly noise?: number;
  /** Latent steps; null or left out: as many as the task's own rule says. */
  readonly thoughts?: number | null;
  readonly temperature?: number;
  /** Seed of sampling and of the controls. */
  readonly seed?: number;
  readonly capture?: boolean;
  readonly kept?: number;
  /** Layers whose states are kept; left out: all. */
  readonly layers?: readonly number[];
}

/** The problem whose thoughts `swapped` borrows: as hard, drawn from a seed far from those in use. */
export const otherSeed = 1_000_003;

/**
 * A task's problem as a request, in one mode. Everything that the task says
 * about thinking is in here: where a chain of thought stops, and that
 * reachability names its candidates only after the trace.
 */
export function requestFor(task: Task, problem: Problem, mode: DecodingMode, options: RequestOptions): RunRequest {
  const { context, question, thinking, cue } = task.prompt(problem, mode);
  const thought = options.thought ?? "hidden";
  return {
    mode,
    context,
    question,
    ...(task.language ? { chat: true } : {}),
    cue,
    stop: thinking.kind === "text" ? thinking.stop : null,
    ...(thinking.kind === "text" ? { reference: thinking.reference.flat().join(" ") } : {}),
    maxThinkingTokens: thinking.kind === "text" ? thinking.maxTokens : 0,
    thoughts: thinking.kind === "latent" ? (options.thoughts ?? thinking.steps) : 0,
    thought,
    noise: thought === "noise" ? (options.noise ?? 0) : 0,
    other: mode === "latent" && thought === "swapped" ? otherPrompt(task, problem) : null,
    maxAnswerTokens: task.maxAnswerTokens ?? 1,
    expected: problem.answer,
    temperature: options.temperature ?? 0,
    seed: options.seed ?? problem.seed,
    problem: { task: problem.task, seed: problem.seed, difficulty: problem.difficulty, shots: options.shots, variant: problem.variant },
    capture: options.capture ?? true,
    kept: options.kept ?? 5,
    ...(options.layers ? { layers: options.layers } : {}),
  };
}

function otherPrompt(task: Task, { seed, difficulty, variant }: Problem): { context: string; question: string } {
  const other = task.draw(seed + otherSeed, { difficulty, variant, shots: task.shots?.minimum ?? 0 });
  const { context, question } = task.prompt(other, "latent");
  return { context, question };
}
