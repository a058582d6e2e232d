/**
 * Multi-query associative recall (MQAR): pairs of key and value, then all keys again.
 *
 *   k₁ v₁ … kₙ vₙ ?  k₃ k₁ …        behind each key that comes again stands its value
 *
 * Keys differ, and so do values, so one who knows which values there were, and not
 * whose they are, is right 1 time in n: that is the chance stated. What has to be kept
 * grows with n, whatever the size of a model's state.
 *
 * Source: Arora et al. 2023 (Zoology), arXiv:2312.04927, with the queries next to one
 * another instead of spread out.
 */
import { Random } from "../../random.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem } from "../task.ts";
import { padding, promptOf, type Sequence, type SequenceTask } from "./sequence-task.ts";

export interface MultiQueryRecallProblem extends Problem {
  /** [key, value], in the order in which they are written. */
  readonly pairs: readonly (readonly [string, string])[];
  /** All keys in the order in which they are asked for. */
  readonly queries: readonly string[];
}

const keys = [..."abcdefghijkl"];
const values = [..."01234567"];
const maximum = 8;

export const multiQueryRecall: SequenceTask<MultiQueryRecallProblem> = {
  id: "multi-query-recall",
  title: "Multi-query recall",
  explanation:
    "Pairs of a letter and a digit, then all letters again in another order: which digit belonged to each? " +
    "A model that looks back finds them there; one that reads once must have kept all pairs in its state. " +
    "The last query counts. With n pairs, a guess among the digits shown is right 1 time in n.",
  difficulty: { name: "pairs", minimum: 2, maximum, initial: 6 },
  shots: null,
  variants: [],
  maxThoughts: 0,
  vocabulary: [padding, ...keys, ...values, "?"],
  length: 3 * maximum + 1,

  draw(seed: number, options: DrawOptions): MultiQueryRecallProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const n = options.difficulty;
    const drawn = random.shuffle(values);
    const pairs = random.shuffle(keys).slice(0, n).map((key, i) => [key, drawn[i]!] as const);
    const queries = random.shuffle(pairs.map(([key]) => key));
    const answer = pairs.find(([key]) => key === queries.at(-1))![1];
    return { task: this.id, seed, difficulty: n, variant, answer, chance: 1 / n, pairs, queries };
  },

  sequence({ pairs, queries }: MultiQueryRecallProblem): Sequence {
    const value = new Map(pairs);
    const words = [...pairs.flat(), "?"];
    const targets = queries.map((key) => ({ position: words.push(key) - 1, word: value.get(key)! }));
    return { words, question: 2 * pairs.length, targets };
  },

  prompt(problem: MultiQueryRecallProblem) {
    return promptOf(this.sequence(problem));
  },

  sentence({ queries }: MultiQueryRecallProblem): string {
    return `Which digit belongs to ${queries.at(-1)!}?`;
  },
};
