/**
 * Pointer chase, small: follow one or two arrows on a ring of six letters.
 *
 *   A c  D a  C f …  ?  2  F A C D …        the arrows u → v in random order, A c for a → c; then how many
 *                          ↑ ↑ ↑ ↑          to follow, and all letters in random order: behind each, where they lead
 *
 * A letter is written large where an arrow begins and small where it ends, so that one
 * arrow is a lookup and no more; to follow a second one, a model has to look up what
 * it found. Every letter has one arrow in and one out, so nothing but the walk tells
 * the answer, and a blind guess among the other letters is right 1 time in 5. One who
 * can follow one arrow and no more may exclude it, and is right 1 time in 4 at two.
 *
 * Source: p-hop induction, Sanford, Hsu & Telgarsky 2024, arXiv:2402.09268, on one ring.
 */
import { Random } from "../../random.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem } from "../task.ts";
import { padding, promptOf, type Sequence, type SequenceTask } from "./sequence-task.ts";

export interface SmallPointerChaseProblem extends Problem {
  /** The letters in the order of the arrows; the last points to the first. */
  readonly cycle: readonly string[];
  /** [from, to] */
  readonly edges: readonly (readonly [string, string])[];
  /** All letters in the order in which they are asked for; the last one is the problem's own. */
  readonly starts: readonly string[];
}

const letters = [..."abcdefghij"];
const nodes = 6;
const maximum = 2;

export const smallPointerChase: SequenceTask<SmallPointerChaseProblem> = {
  id: "small-pointer-chase",
  title: "Pointer chase, small",
  explanation:
    "Six arrows join six letters in one ring, written down in random order. Which letter lies k arrows after x? " +
    "One arrow is a lookup; each further one needs the result of the one before, so k arrows are k lookups in a row. " +
    "A blind guess among the other letters is right 1 time in 5.",
  difficulty: { name: "arrows", minimum: 1, maximum, initial: 1 },
  shots: null,
  variants: [],
  maxThoughts: 0,
  vocabulary: [padding, ...letters, ...letters.map((letter) => letter.toUpperCase()), ...Array.from({ length: maximum }, (_, i) => String(i + 1)), "?"],
  length: 3 * nodes + 2,

  draw(seed: number, options: DrawOptions): SmallPointerChaseProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const graph = random.fork("graph");
    const cycle = graph.shuffle(letters).slice(0, nodes);
    const edges = graph.shuffle(cycle.map((letter, i) => [letter, cycle[(i + 1) % nodes]!] as const));
    const starts = random.fork("question").shuffle(cycle);
    return { task: this.id, seed, difficulty: options.difficulty, variant, answer: after(cycle, starts.at(-1)!, options.difficulty), chance: 1 / (nodes - 1), cycle, edges, starts };
  },

  sequence({ cycle, edges, starts, difficulty }: SmallPointerChaseProblem): Sequence {
    const words = [...edges.flatMap(([from, to]) => [from.toUpperCase(), to]), "?", String(difficulty)];
    const question = words.length - 2;
    const targets = starts.map((start) => ({ position: words.push(start.toUpperCase()) - 1, word: after(cycle, start, difficulty) }));
    return { words, question, targets };
  },

  prompt(problem: SmallPointerChaseProblem) {
    return promptOf(this.sequence(problem));
  },

  sentence({ starts, difficulty }: SmallPointerChaseProblem): string {
    return `Which letter lies ${difficulty} ${difficulty === 1 ? "arrow" : "arrows"} after ${starts.at(-1)!}?`;
  },
};

/** The letter so many arrows on. */
function after(cycle: readonly string[], start: string, hops: number): string {
  return cycle[(cycle.indexOf(start) + hops) % nodes]!;
}
