/**
 * Tasks for the lab's small models: a sequence of tokens from a closed
 * vocabulary, and at some positions the token that is asked for. A sequence
 * task is a `Task`, so its problems are drawn, run and graded like all others;
 * it adds what training needs, the vocabulary and the targets.
 *
 * Every problem has several targets, since a model that is told one token per
 * sequence learns slowly. The last target stands at the last position: it is the
 * answer, and the only one that counts towards accuracy, so that problems are
 * independent trials. Targets are never fed in: no answer leaks into a later one.
 *
 * The lab's models answer at once, so all four modes are written alike.
 */
import type { Problem, Prompt, Task } from "../task.ts";

export interface Sequence {
  /** What goes in, as words of the vocabulary. */
  readonly words: readonly string[];
  /** Index of the first word of the question; the words before it are its context. */
  readonly question: number;
  /** The word that is asked for behind each of these positions, ascending; the last is the answer, behind the last word. */
  readonly targets: readonly Target[];
}

export interface Target {
  readonly position: number;
  readonly word: string;
}

export interface SequenceTask<P extends Problem = Problem> extends Task<P> {
  /** A token's id is its index; index 0 is `padding`, which no problem holds. */
  readonly vocabulary: readonly string[];
  /** Words of the longest sequence. */
  readonly length: number;
  /** What the problem is, as a model reads it and is taught. */
  sequence(problem: P): Sequence;
}

/** Fills batches up behind shorter sequences; nothing is asked there. */
export const padding = "_";

/** A sequence as a prompt: nothing is thought, the answer is the next word. */
export function promptOf({ words, question }: Sequence): Prompt {
  return { context: words.slice(0, question).join(" "), question: words.slice(question).join(" "), thinking: { kind: "none" }, cue: "" };
}

/** Ids of words. */
export type Encoder = (words: readonly string[]) => number[];

/** @throws RangeError where a word is not in the vocabulary */
export function encoder({ id, vocabulary }: Pick<SequenceTask, "id" | "vocabulary">): Encoder {
  const ids = new Map(vocabulary.map((word, i) => [word, i]));
  return (words) =>
    words.map((word) => {
      const found = ids.get(word);
      if (found === undefined) throw new RangeError(`${id}: expected words of the vocabulary ${vocabulary.slice(1).join(" ")}, got ${JSON.stringify(word)}; write such a word`);
      return found;
    });
}
