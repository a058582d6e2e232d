/**
 * Selective copying: pick the letters out of the noise and give them back in order.
 *
 *   . b . . a . . . c . . . . a . .  > > > >      letters at random places among dots, then as many marks
 *                                    ↑ ↑ ↑ ↑      behind the i-th mark stands the i-th letter: b a c a
 *
 * Letters are drawn evenly and with repetition, so one says nothing about another,
 * and a blind guess is right 1 time in 8. One who knows which letters there were, but
 * not their order, does better: with four letters it is right 1 time in 3 (0.344).
 * The spacing is random: what has to be kept depends on what is read, which a
 * system that treats every position alike (linear and time-invariant) cannot do.
 *
 * Source: Gu & Dao 2023, arXiv:2312.00752, figure 2; after the copying task of
 * Arjovsky, Shah & Bengio 2016, arXiv:1511.06464.
 */
import { Random } from "../../random.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem } from "../task.ts";
import { padding, promptOf, type Sequence, type SequenceTask } from "./sequence-task.ts";

export interface SelectiveCopyingProblem extends Problem {
  /** The letters, in order. */
  readonly letters: readonly string[];
  /** Where each stands, ascending. */
  readonly places: readonly number[];
}

const letters = [..."abcdefgh"];
const body = 16;
const maximum = 6;

export const selectiveCopying: SequenceTask<SelectiveCopyingProblem> = {
  id: "selective-copying",
  title: "Selective copying",
  explanation:
    "A few letters stand at random places among dots. After the dots the model must give them back in order. " +
    "It has to tell letters from noise as it reads and to keep the one and not the other; how far back each letter lies differs from problem to problem. " +
    "The last letter counts. A blind guess is right 1 time in 8.",
  difficulty: { name: "letters", minimum: 1, maximum, initial: 4 },
  shots: null,
  variants: [],
  maxThoughts: 0,
  vocabulary: [padding, ...letters, ".", ">"],
  length: body + maximum,

  draw(seed: number, options: DrawOptions): SelectiveCopyingProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const places = random.shuffle(Array.from({ length: body }, (_, i) => i)).slice(0, options.difficulty).sort((a, b) => a - b);
    const drawn = places.map(() => random.pick(letters));
    return { task: this.id, seed, difficulty: options.difficulty, variant, answer: drawn.at(-1)!, chance: 1 / letters.length, letters: drawn, places };
  },

  sequence({ letters: kept, places }: SelectiveCopyingProblem): Sequence {
    const words = Array.from({ length: body }, (_, i) => kept[places.indexOf(i)] ?? ".");
    return { words: [...words, ...kept.map(() => ">")], question: body, targets: kept.map((word, i) => ({ position: body + i, word })) };
  },

  prompt(problem: SelectiveCopyingProblem) {
    return promptOf(this.sequence(problem));
  },

  sentence({ letters: kept }: SelectiveCopyingProblem): string {
    return `Which letter is number ${kept.length} among the dots?`;
  },
};
