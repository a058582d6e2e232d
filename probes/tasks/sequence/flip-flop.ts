/**
 * Flip-flop: one bit of memory, written, read and to be kept while nothing of it happens.
 *
 *   w 1  i 0  r 1  w 0  i 1  i 1  i 0  r        w writes the bit behind it, i is to be ignored,
 *                                      ↑        r is followed by the bit that was written last
 *
 * Bits are drawn evenly, those written and those ignored, so no bit but the right one
 * says anything: a blind guess is right 1 time in 2. (The bit that occurs most often is
 * right 0.64 times, since the right one is among those counted.) The difficulty is the number of
 * ignored instructions between the last write and the last read. Reads on the way
 * tell the stored bit, as in the paper, but none stands behind the last write.
 *
 * Source: Liu et al. 2023 (attention glitches), arXiv:2306.00946; here with
 * 10 instructions instead of 512, one in two of them ignored before the last write.
 */
import { Random } from "../../random.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem } from "../task.ts";
import { padding, promptOf, type Sequence, type SequenceTask } from "./sequence-task.ts";

export interface FlipFlopProblem extends Problem {
  /** [instruction, bit]; the last is a read, and its bit the answer. */
  readonly instructions: readonly (readonly ["w" | "i" | "r", string])[];
}

const count = 10;
const maximum = 8;

export const flipFlop: SequenceTask<FlipFlopProblem> = {
  id: "flip-flop",
  title: "Flip-flop",
  explanation:
    "Instructions, each with a bit: w writes it, i is to be ignored, r asks for the bit that was written last. " +
    "One bit has to be kept over any distance, while bits that look just like it go by. " +
    "A blind guess is right 1 time in 2.",
  difficulty: { name: "ignored", minimum: 0, maximum, initial: 6 },
  shots: null,
  variants: [],
  maxThoughts: 0,
  vocabulary: [padding, "w", "i", "r", "0", "1"],
  length: 2 * count - 1,

  draw(seed: number, options: DrawOptions): FlipFlopProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const lastWrite = count - 2 - options.difficulty;
    let stored = "";
    const instructions = Array.from({ length: count }, (_, i): readonly ["w" | "i" | "r", string] => {
      const kind = i === 0 || i === lastWrite ? "w" : i === count - 1 ? "r" : i > lastWrite ? "i" : random.pick(["w", "r", "i", "i"] as const);
      const bit = kind === "r" ? stored : String(random.integer(2));
      if (kind === "w") stored = bit;
      return [kind, bit];
    });
    return { task: this.id, seed, difficulty: options.difficulty, variant, answer: stored, chance: 1 / 2, instructions };
  },

  sequence({ instructions }: FlipFlopProblem): Sequence {
    const words = instructions.flat().slice(0, -1);
    const targets = instructions.flatMap(([kind, word], i) => (kind === "r" ? [{ position: 2 * i, word }] : []));
    return { words, question: words.length - 1, targets };
  },

  prompt(problem: FlipFlopProblem) {
    return promptOf(this.sequence(problem));
  },

  sentence(): string {
    return "Which bit was written last?";
  },
};
