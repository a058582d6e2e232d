/**
 * Late-query reachability: which of two letters lies h levels below a root?
 *
 *   context   <bos> <reach> u₁ v₁ … u₁₆ v₁₆                        the arrows u → v of two trees, in random order
 *   direct    <direct> h r <ans> c₁ c₂                              → y
 *   icl       <icl> h₁ r₁ <ans> c₁ c₂ y₁ | … | h r <ans> c₁ c₂      → y
 *   cot       <cot> h r                                             → level₁ … levelₕ <ans>, then c₁ c₂ is given, → y
 *   latent    <latent> h r [h thoughts] <ans> c₁ c₂                 → y
 *
 * The candidates come after the thinking, so that a thought has to carry the
 * whole frontier: a single path from the root ends at the right candidate at most half the time.
 * Source: the superposition task of Zhu et al. 2025, arXiv:2505.12514, made
 * leak-free: two trees drawn alike, labels redrawn, the query last.
 */
import { Random } from "../random.ts";
import type { DecodingMode } from "../trace.ts";
import { checkedVariant } from "./options.ts";
import type { DrawOptions, Problem, Prompt, Task } from "./task.ts";

export interface ReachabilityProblem extends Problem {
  readonly depth: number;
  /** Two trees, each a list of levels; level 0 is [root], the others hold two letters. */
  readonly trees: readonly (readonly (readonly string[])[])[];
  /** The arrows [parent, child] of both trees, in the order in which they are written. */
  readonly edges: readonly (readonly [string, string])[];
  /** Root of the tree that is asked about. */
  readonly root: string;
  readonly candidates: readonly [string, string];
  /** Levels 1 … depth of the asked tree. */
  readonly frontier: readonly (readonly string[])[];
  /** Solved questions on the same graph, of any level and either root. */
  readonly shots: readonly { readonly depth: number; readonly root: string; readonly candidates: readonly [string, string]; readonly answer: string }[];
}

const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const levels = 4;
const width = 2;
const nodesPerTree = 1 + levels * width;

interface Graph {
  readonly trees: readonly (readonly (readonly string[])[])[];
  readonly edges: readonly (readonly [string, string])[];
}

function drawGraph(random: Random): Graph {
  const names = random.shuffle(letters);
  const trees = [0, 1].map((tree) => {
    const own = names.slice(tree * nodesPerTree, (tree + 1) * nodesPerTree);
    return [own.slice(0, 1), ...Array.from({ length: levels }, (_, l) => own.slice(1 + l * width, 1 + (l + 1) * width))];
  });
  const edges = trees.flatMap((tree) =>
    tree.slice(1).flatMap((level, above) => level.map((node) => [random.pick(tree[above]!), node] as const)),
  );
  return { trees, edges: random.shuffle(edges) };
}

function question(depth: number, root: string, candidates: readonly [string, string]): string {
  return `${depth} ${root} <ans> ${candidates.join(" ")}`;
}

export const reachability: Task<ReachabilityProblem> = {
  id: "reachability",
  title: "Reachability, asked late",
  explanation:
    "Sixteen arrows form two trees: a root, then four levels of two letters, each hanging from a letter of the level above. Which of two candidates lies h levels below root r? " +
    "The wrong candidate stands on the same level of the other tree, so counting arrows or ancestors does not help. " +
    "The levels must be found one after the other, and a forward pass of three layers has room for very few: nano, though trained on direct answers too, learnt one level in a pass, and guesses from two on. " +
    "Direct sees root and candidates and answers at once. ICL first sees up to four solved questions on the same graph, none of which shows a letter of the final question's candidates. " +
    "CoT lists every level, two letters each in either order. Latent thinks h vectors. " +
    "In these two the candidates are given only after the thinking, so a thought has to hold both letters of its level at once. " +
    "A blind guess is right 1 time in 2; following a single path down, and guessing where it does not end at a candidate, is right at most 3 times in 4.",
  difficulty: { name: "levels", minimum: 1, maximum: levels, initial: 3 },
  shots: { minimum: 0, maximum: 4, initial: 4 },
  variants: [],
  maxThoughts: 5,

  draw(seed: number, options: DrawOptions): ReachabilityProblem {
    const variant = checkedVariant(this, seed, options);
    const random = new Random(seed).fork(this.id);
    // The graph has a generator of its own: the same seed gives the same trees, whatever is asked about them.
    const { trees, edges } = drawGraph(random.fork("graph"));
    const questions = random.fork("question");
    const depth = options.difficulty;
    // A level is asked at most twice, with the other letters of both trees the second time:
    // no letter is a candidate twice, so no answer can be copied.
    const mixed = trees.map((tree) => tree.slice(1).map((level) => questions.shuffle(level)));
    const asks = questions.shuffle(Array.from({ length: levels * width }, (_, slot) => ({ depth: 1 + Math.floor(slot / width), use: slot % width })));
    const query = asks.findIndex((ask) => ask.depth === depth);
    const order = [asks[query]!, ...asks.filter((_, i) => i !== query).slice(0, options.shots)];
    const [asked, ...shots] = order.map((ask) => {
      const side = questions.integer(2);
      const answer = mixed[side]![ask.depth - 1]![ask.use]!;
      const wrong = mixed[1 - side]![ask.depth - 1]![ask.use]!;
      const candidates: readonly [string, string] = questions.integer(2) === 0 ? [answer, wrong] : [wrong, answer];
      return { side, shot: { depth: ask.depth, root: trees[side]![0]![0]!, candidates, answer } };
    });
    const { side, shot: { root, candidates, answer } } = asked!;
    return {
      task: this.id, seed, difficulty: depth, variant, answer, chance: 1 / 2,
      depth, trees, edges, root, candidates, frontier: trees[side]!.slice(1, 1 + depth), shots: shots.map(({ shot }) => shot),
    };
  },

  prompt(problem: ReachabilityProblem, mode: DecodingMode): Prompt {
    const { depth, root, candidates } = problem;
    const context = `<bos> <reach> ${problem.edges.flat().join(" ")}`;
    if (mode === "direct") return { context, question: `<direct> ${question(depth, root, candidates)}`, thinking: { kind: "none" }, cue: "" };
    if (mode === "icl") {
      const solved = problem.shots.map((shot) => `${question(shot.depth, shot.root, shot.candidates)} ${shot.answer} | `).join("");
      return { context: `${context} <icl> ${solved}`.trim(), question: question(depth, root, candidates), thinking: { kind: "none" }, cue: "" };
    }
    const cue = `<ans> ${candidates.join(" ")}`;
    if (mode === "latent") return { context, question: `<latent> ${depth} ${root}`, thinking: { kind: "latent", steps: depth }, cue };
    const thinking = { kind: "text", stop: "<ans>", maxTokens: depth * width + 2, reference: problem.frontier } as const;
    return { context, question: `<cot> ${depth} ${root}`, thinking, cue };
  },

  sentence({ depth, root, candidates }: ReachabilityProblem): string {
    return `Which of ${candidates[0]} and ${candidates[1]} lies ${depth} ${depth === 1 ? "level" : "levels"} below ${root}?`;
  },
};
