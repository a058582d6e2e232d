/**
 * Cups: a ball under one of five cups, and swaps of two cups at a time. Where is it now?
 *
 *   3  12  35  14  35 …        the ball's cup, then swaps: 35 exchanges what is under cups 3 and 5
 *      ↑   ↑   ↑   ↑           behind each swap stands the cup where the ball is
 *
 * The swaps generate S₅, whose word problem is complete for NC¹: there is no way around
 * taking them in turn but a circuit whose depth grows. The first swap moves the ball
 * with probability 4/5, to any of the other cups: after it the ball is under each of the
 * five alike, so neither the first cup nor any cup of the last swap is a better guess
 * than another (from two swaps on): 1 time in 5. What is left is half the work: the ball
 * stays where it was at the swap before 3 times in 5.
 *
 * Source: Liu et al. 2022, arXiv:2210.10749; Merrill, Petty & Sabharwal 2024, arXiv:2404.08819;
 * here one ball is asked for and not the whole permutation.
 */
import { Random } from "../../random.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem } from "../task.ts";
import { padding, promptOf, type Sequence, type SequenceTask } from "./sequence-task.ts";

export interface CupsProblem extends Problem {
  readonly start: string;
  readonly swaps: readonly (readonly [string, string])[];
  /** The ball's cup after each swap. */
  readonly path: readonly string[];
}

const cupsInAll = ["1", "2", "3", "4", "5"];
const pairs = cupsInAll.flatMap((a, i) => cupsInAll.slice(i + 1).map((b) => [a, b] as const));
const maximum = 8;

export const cups: SequenceTask<CupsProblem> = {
  id: "cups",
  title: "Cups",
  explanation:
    "A ball lies under one of five cups, and cups are swapped two at a time: where is the ball? " +
    "What a swap does depends on all swaps before it, so they have to be taken in turn. " +
    "Behind each swap the model says where the ball is; the last one counts. A blind guess is right 1 time in 5.",
  difficulty: { name: "swaps", minimum: 1, maximum, initial: 6 },
  shots: null,
  variants: [],
  maxThoughts: 0,
  vocabulary: [padding, ...cupsInAll, ...pairs.map(([a, b]) => a + b)],
  length: 1 + maximum,

  draw(seed: number, options: DrawOptions): CupsProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const start = random.pick(cupsInAll);
    let at = start;
    const path: string[] = [];
    const swaps = Array.from({ length: options.difficulty }, (_, i) => {
      const moves = i > 0 ? null : random.uniform() < 1 - 1 / cupsInAll.length;
      const [a, b] = random.pick(moves === null ? pairs : pairs.filter((pair) => pair.includes(at) === moves));
      at = at === a ? b : at === b ? a : at;
      path.push(at);
      return [a, b] as const;
    });
    return { task: this.id, seed, difficulty: options.difficulty, variant, answer: at, chance: 1 / cupsInAll.length, start, swaps, path };
  },

  sequence({ start, swaps, path }: CupsProblem): Sequence {
    return { words: [start, ...swaps.map(([a, b]) => a + b)], question: swaps.length, targets: path.map((word, i) => ({ position: i + 1, word })) };
  },

  prompt(problem: CupsProblem) {
    return promptOf(this.sequence(problem));
  },

  sentence({ start, swaps }: CupsProblem): string {
    return `The ball was under cup ${start}. Where is it after ${swaps.length} ${swaps.length === 1 ? "swap" : "swaps"}?`;
  },
};
