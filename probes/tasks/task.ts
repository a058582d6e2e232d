/**
 * What a task is: questions with a known answer, drawn from a seed, written
 * down for each of the four modes, and graded.
 *
 * The text formats are those that the embedded model was trained on
 * (`models/train/README.md`); a test checks that both sides write the same text.
 * The tasks in `language/` are their twins in plain English.
 */
import type { DecodingMode } from "../trace.ts";

/** A problem as drawn: plain data, enough to write every prompt and to draw a picture. */
export interface Problem {
  readonly task: string;
  readonly seed: number;
  readonly difficulty: number;
  readonly variant: string | null;
  /** The right answer, as the token's text; in plain English a word or a number. */
  readonly answer: string;
  /** The share of right answers that blind guessing gives. */
  readonly chance: number;
}

/** A problem written down for one mode. The prompt is `context + " " + question`. */
export interface Prompt {
  /** What comes before the question: the graph, solved examples. */
  readonly context: string;
  readonly question: string;
  /** What the model is asked to do before it answers. */
  readonly thinking:
    | { readonly kind: "none" }
    /** A chain of thought; `reference` holds the steps, each a set of tokens whose order is free; in plain English each one sentence. */
    | { readonly kind: "text"; readonly stop: string; readonly maxTokens: number; readonly reference: readonly (readonly string[])[] }
    | { readonly kind: "latent"; readonly steps: number };
  /** Fed in after thinking, to ask for the answer; "" where the question already does. */
  readonly cue: string;
}

export interface DrawOptions {
  /** Hops, levels or, for rules, shots. */
  readonly difficulty: number;
  /** Solved examples in the ICL prompt. */
  readonly shots: number;
  readonly variant: string | null;
}

export interface Task<P extends Problem = Problem> {
  /** Kebab-case; in addresses and traces. */
  readonly id: string;
  /**
   * In plain English, for instruct models: context and question are one message of a
   * user, and the cue begins the assistant's answer. Left out: the embedded model's own format.
   */
  readonly language?: true;
  readonly title: string;
  /** One paragraph for the page: what is asked, why it is hard, what each mode may use. */
  readonly explanation: string;
  readonly difficulty: { readonly name: string; readonly minimum: number; readonly maximum: number; readonly initial: number };
  /** Solved examples in the ICL prompt; null where difficulty is the number of shots. */
  readonly shots: { readonly minimum: number; readonly maximum: number; readonly initial: number } | null;
  /** Versions of the task, first the default; empty where there is one only. */
  readonly variants: readonly { readonly id: string; readonly title: string }[];
  /** The most thoughts that are offered; in the embedded model's format those that it was trained for. */
  readonly maxThoughts: number;
  /** The most tokens of an answer; left out: 1. */
  readonly maxAnswerTokens?: number;
  draw(seed: number, options: DrawOptions): P;
  prompt(problem: P, mode: DecodingMode): Prompt;
  /** One sentence that asks the question in plain English. */
  sentence(problem: P): string;
  /** Whether a text gives the right answer; left out: it must be the answer itself. */
  grade?(problem: Pick<Problem, "answer">, text: string): boolean;
}

/** Share of the chain of thought's steps that hold exactly the tokens of the reference, in order of steps. */
export function traceAccuracy(produced: readonly string[], reference: readonly (readonly string[])[]): number {
  if (reference.length === 0) return produced.length === 0 ? 1 : 0;
  let position = 0;
  let right = 0;
  for (const step of reference) {
    const got = produced.slice(position, position + step.length);
    if ([...got].sort().join(" ") === [...step].sort().join(" ")) right++;
    position += step.length;
  }
  return right / reference.length;
}
