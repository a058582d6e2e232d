/**
 * Pointer chase, small: follow one to three arrows on a ring of six letters.
 *
 *   u₁ v₁ … u₆ v₆ ?  k x  k x  k x  k x        the arrows u → v in random order, then four questions
 *                      ↑    ↑    ↑    ↑         each answered behind its letter: k arrows after x
 *
 * Every letter has one arrow in and one out, so nothing but the walk tells the
 * answer, and a blind guess among the other letters is right 1 time in 5. One who
 * can follow one arrow and no more may exclude it, and is right 1 time in 4 at
 * two and three arrows.
 *
 * Source: p-hop induction, Sanford, Hsu & Telgarsky 2024, arXiv:2402.09268, on one ring.
 */
import { Random } from "../../random.ts";
import { checkedVariant } from "../options.ts";
import type { DrawOptions, Problem } from "../task.ts";
import { padding, promptOf, type Sequence, type SequenceTask } from "./sequence-task.ts";

interface Query {
  readonly hops: number;
  readonly start: string;
  readonly answer: string;
}

export interface SmallPointerChaseProblem extends Problem {
  /** The letters in the order of the arrows; the last points to the first. */
  readonly cycle: readonly string[];
  readonly edges: readonly (readonly [string, string])[];
  /** From four starts; the last one is the problem's own. */
  readonly queries: readonly Query[];
}

const letters = [..."abcdefghij"];
const nodes = 6;
const asked = 4;
const maximum = 3;

export const smallPointerChase: SequenceTask<SmallPointerChaseProblem> = {
  id: "small-pointer-chase",
  title: "Pointer chase, small",
  explanation:
    "Six arrows join six letters in one ring, written down in random order. Which letter lies k arrows after x? " +
    "One arrow is a lookup; each further one needs the result of the one before, so k arrows are k lookups in a row. " +
    "A blind guess among the other letters is right 1 time in 5.",
  difficulty: { name: "arrows", minimum: 1, maximum, initial: 2 },
  shots: null,
  variants: [],
  maxThoughts: 0,
  vocabulary: [padding, ...letters, ...Array.from({ length: maximum }, (_, i) => String(i + 1)), "?"],
  length: 2 * nodes + 1 + 2 * asked,

  draw(seed: number, options: DrawOptions): SmallPointerChaseProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    const graph = random.fork("graph");
    const cycle = graph.shuffle(letters).slice(0, nodes);
    const edges = graph.shuffle(cycle.map((letter, i) => [letter, cycle[(i + 1) % nodes]!] as const));
    const question = random.fork("question");
    const starts = question.shuffle(cycle.map((_, i) => i)).slice(0, asked);
    const queries = starts.map((at, i): Query => {
      const hops = i === asked - 1 ? options.difficulty : 1 + question.integer(maximum);
      return { hops, start: cycle[at]!, answer: cycle[(at + hops) % nodes]! };
    });
    return { task: this.id, seed, difficulty: options.difficulty, variant, answer: queries.at(-1)!.answer, chance: 1 / (nodes - 1), cycle, edges, queries };
  },

  sequence({ edges, queries }: SmallPointerChaseProblem): Sequence {
    const words = [...edges.flat(), "?"];
    const targets = queries.map(({ hops, start, answer }) => ({ position: words.push(String(hops), start) - 1, word: answer }));
    return { words, question: words.length - 2, targets };
  },

  prompt(problem: SmallPointerChaseProblem) {
    return promptOf(this.sequence(problem));
  },

  sentence({ queries }: SmallPointerChaseProblem): string {
    const { hops, start } = queries.at(-1)!;
    return `Which letter lies ${hops} ${hops === 1 ? "arrow" : "arrows"} after ${start}?`;
  },
};
