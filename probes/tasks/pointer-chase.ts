/**
 * Pointer chase: follow k arrows on one cycle of sixteen letters.
 *
 *   context   <bos> <hop> u₁ v₁ … u₁₆ v₁₆        the arrows u → v in random order
 *   direct    <direct> k x <ans>                  → y
 *   icl       <icl> k x₁ <ans> y₁ | … | k x <ans> → y     (the solved part belongs to the context)
 *   cot       <cot> k x                           → n₁ … nₖ <ans> y
 *   latent    <latent> k x [k thoughts] <ans>     → y
 *
 * Every letter has one arrow in and one out, so nothing but the walk itself tells the answer.
 * Source: p-hop induction, Sanford, Hsu & Telgarsky 2024, arXiv:2402.09268, on one cycle.
 */
import { Random } from "../random.ts";
import type { DecodingMode } from "../trace.ts";
import { checkedVariant } from "./options.ts";
import type { DrawOptions, Problem, Prompt, Task } from "./task.ts";

export interface PointerChaseProblem extends Problem {
  readonly hops: number;
  /** The sixteen letters in the order of the arrows; the last points to the first. */
  readonly cycle: readonly string[];
  /** The arrows [from, to], in the order in which they are written. */
  readonly edges: readonly (readonly [string, string])[];
  readonly start: string;
  /** Solved questions of the same number of hops, from other starts. */
  readonly shots: readonly { readonly start: string; readonly answer: string }[];
}

const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const nodes = 16;

/** The letters 1 … hops arrows after the start. */
function walk(problem: Pick<PointerChaseProblem, "cycle" | "start" | "hops">): string[] {
  const from = problem.cycle.indexOf(problem.start);
  return Array.from({ length: problem.hops }, (_, i) => problem.cycle[(from + i + 1) % problem.cycle.length]!);
}

export const pointerChase: Task<PointerChaseProblem> = {
  id: "pointer-chase",
  title: "Pointer chase",
  explanation:
    "Sixteen arrows join sixteen letters in one ring, written down in random order. Which letter lies k arrows after x? " +
    "Each arrow must be found before the next can be looked up, so k hops are k lookups in a row, and a forward pass of three layers has room for very few: " +
    "nano, though trained on direct answers too, learnt one hop in a pass, and guesses from two hops on. " +
    "Direct reads the question and answers at once. ICL first sees up to four solved questions of the same number of hops on the same ring, which show what is asked but not the way. " +
    "CoT writes each letter on the way. Latent thinks k vectors, its own last hidden state fed back, and writes nothing. " +
    "Every letter has one arrow in and one out, and fewer than sixteen hops never lead back to x, so a blind guess among the other letters is right 1 time in 15. " +
    "With s solved questions in the prompt, their s answers are excluded too, since no two starts share an answer: a guess that knows this is right at most 1 time in 15 − s.",
  difficulty: { name: "hops", minimum: 1, maximum: 6, initial: 4 },
  shots: { minimum: 0, maximum: 4, initial: 4 },
  variants: [],
  maxThoughts: 7,

  draw(seed: number, options: DrawOptions): PointerChaseProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    // The graph has a generator of its own: the same seed gives the same ring, whatever is asked about it.
    const graph = random.fork("graph");
    const cycle = graph.shuffle(letters).slice(0, nodes);
    const edges = graph.shuffle(cycle.map((letter, i) => [letter, cycle[(i + 1) % nodes]!] as const));
    const hops = options.difficulty;
    const positions = random.fork("question").shuffle(cycle.map((_, i) => i)).slice(0, 1 + options.shots);
    const [asked, ...shots] = positions.map((i) => ({ start: cycle[i]!, answer: cycle[(i + hops) % nodes]! }));
    const { start, answer } = asked!;
    return { task: this.id, seed, difficulty: hops, variant, answer, chance: 1 / (nodes - 1), hops, cycle, edges, start, shots };
  },

  prompt(problem: PointerChaseProblem, mode: DecodingMode): Prompt {
    const { hops, start } = problem;
    const context = `<bos> <hop> ${problem.edges.flat().join(" ")}`;
    if (mode === "direct") return { context, question: `<direct> ${hops} ${start} <ans>`, thinking: { kind: "none" }, cue: "" };
    if (mode === "icl") {
      const solved = problem.shots.map((shot) => `${hops} ${shot.start} <ans> ${shot.answer} | `).join("");
      return { context: `${context} <icl> ${solved}`.trim(), question: `${hops} ${start} <ans>`, thinking: { kind: "none" }, cue: "" };
    }
    if (mode === "latent") return { context, question: `<latent> ${hops} ${start}`, thinking: { kind: "latent", steps: hops }, cue: "<ans>" };
    const reference = walk(problem).map((letter) => [letter]);
    return { context, question: `<cot> ${hops} ${start}`, thinking: { kind: "text", stop: "<ans>", maxTokens: hops + 2, reference }, cue: "<ans>" };
  },

  sentence({ hops, start }: PointerChaseProblem): string {
    return `Which letter lies ${hops} ${hops === 1 ? "arrow" : "arrows"} after ${start}?`;
  },
};
