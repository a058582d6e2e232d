/** K1: whether a chain of thought splits a map that hangs on much of its input into steps that hang on little of it. */
import { logSoftmax } from "../../probes/lens/softmax.ts";
import { Random } from "../../probes/random.ts";
import { localLipschitz } from "../../probes/sensitivity/local-lipschitz.ts";
import { bootstrapInterval } from "../../probes/statistics/bootstrap.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { quantile } from "../../probes/statistics/quantile.ts";
import { pointerChase, type PointerChaseProblem } from "../../probes/tasks/pointer-chase.ts";
import { row, tensor } from "../../probes/tensor.ts";
import { largest } from "../decoding/readout.ts";
import type { Decoder } from "../engine.ts";
import { type Claim, type ClaimContext, type Evidence, type Quantity, valueOf } from "./claim.ts";
import { digits, percent } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";
import { firstProblem, rate } from "./apparatus/problem-sets.ts";

const nodes = 16;
const allHops = [1, 2, 3, 4, 5, 6];
/** Tried directions for the local gain: 16 give a lower bound, the same in both maps. */
const directions = 16;
/** Length of a step over the embedding's, for differences in float64. */
const step = 1e-2;

export const claim: Claim = {
  id: "K1",
  system: "cot",
  title: "Does a chain of thought split a steep map into gentle steps?",
  statement: {
    en: "CoT decomposes a hard global map into a series of local maps of low Lipschitz constant, and so removes uncertainty explicitly.",
    zh: "将一个极其困难的全局映射问题，分解为一系列低Lipschitz常数的局部映射问题，显式地消除了不确定性。",
  },
  expectation: {
    verdict: "supports",
    text: "The answer after k hops hangs on k arrows, a step of the chain on one: so the whole map's average sensitivity grows with k, a step's does not. And transformers learn maps of low sensitivity more easily. Steps that are learnt well should also be flat around real inputs.",
    sources: [
      { text: "Counting: the whole map changes with probability 1 − (16 − k)(15 − k)/240 when the ends of two arrows are swapped, a step with 1/8" },
      { text: "Hahn & Rofin 2024, arXiv:2402.09963: average sensitivity, and why transformers find sensitive functions hard" },
    ],
  },
  data: "Pointer chase of 1 to 6 hops. An edit swaps the ends of two arrows, so that every letter still has one arrow in and one out; eight edits of a graph swap each arrow once.",
  model: "nano in float64, by the reference decoder.",
  measurement: "Average sensitivity: mean total variation, ½ Σ |p − p′|, between the model's predictions before and after an edit; of the direct answer, and of each step of the chain given the same steps before it. Beside it how often the true answer changes. Local gain: the largest singular value, or a lower bound of it from 16 directions, of the Jacobian of the prediction (probabilities) in the embedding of the arrow end that decides: of the last step, and of the direct answer at 6 hops. Worst case: the largest ½ Σ |p − p′| that was met.",
  rule: "At 6 hops a step's average sensitivity is at most `fewer` times the true answer's, and the median local gain of a step at most `flatter` times the direct answer's. supports: both, and at least `solved` of the chains are right. refutes: neither, or fewer chains are right. mixed: one of the two.",
  thresholds: {
    fewer: { value: 0.5, unit: "1", meaning: "average sensitivity of a step over that of the whole, at most" },
    flatter: { value: 0.2, unit: "1", meaning: "local gain of a step over that of the direct answer, at most" },
    solved: { value: 0.9, unit: "1", meaning: "share of chains whose every step is right, at least" },
  },
  seeds: [1, 2, 3],
  seconds: 9,
  recorded: true,
  usesEmbeddedModel: true,
  doesNotShow: "That steps are gentle in the worst case: where an edit hits the arrow that a step reads, the prediction turns over altogether, as a lookup must. That the direct map is steep in nano: it never learnt it, and guesses alike whatever the edit; it is the task's map that is steep. Nothing about chains of words.",
  wouldChange: "A chain whose steps each hang on the whole graph, or direct answers that are right and yet flat.",
  sabotage: { what: "The same model with weights as before training.", verdict: "refutes" },

  run: (context) => measure(context, context.size === "full" ? { graphs: 50, edits: 8, gains: 12, hops: allHops } : { graphs: 4, edits: 8, gains: 3, hops: allHops }),

  judge(evidence, { fewer = NaN, flatter = NaN, solved = NaN }) {
    const [stepAt, whole, gainStep, gainDirect, right] = ["step-last", "true-last", "gain-step", "gain-direct", "solved"].map((id) => valueOf(evidence, id)) as [number, number, number, number, number];
    const yes = [stepAt <= fewer * whole, gainStep <= flatter * gainDirect];
    const numbers = `an edit changes the answer after 6 hops in ${percent(whole)} of cases and a step in ${percent(stepAt)}; around real inputs a step magnifies ${digits(gainStep / gainDirect)} times as much as the direct answer does; ${percent(right)} of the chains are right`;
    if (right < solved || !yes.some(Boolean)) return { verdict: "refutes", reason: `${right < solved ? "The steps do not solve it" : "The steps are no gentler"}: ${numbers}.` };
    if (yes.every(Boolean)) return { verdict: "supports", reason: `Steps hang on less and are flatter: ${numbers}.` };
    return { verdict: "mixed", reason: `Steps ${yes[0] ? "hang on less but are not flatter" : "are flatter but hang on as much"}: ${numbers}.` };
  },
};

export interface Sizes {
  /** Of each seed. */
  readonly graphs: number;
  /** Of each graph; 8 swap each arrow once. */
  readonly edits: number;
  /** Graphs of each seed whose local gain is measured. */
  readonly gains: number;
  /** Rising. */
  readonly hops: readonly number[];
}

/** Of one seed, by number of hops. */
interface Sums {
  readonly direct: number[][];
  readonly step: number[][];
  readonly truth: number[][];
}

export async function measure(context: ClaimContext, { graphs, edits, gains, hops }: Sizes): Promise<Evidence> {
  const { seeds, progress, sabotaged } = context;
  const decoder = await context.embeddedModel({ engine: "reference", untrained: sabotaged });
  const all: Sums[] = [];
  const gain = { step: [] as number[], direct: [] as number[] };
  const worst = { step: 0, direct: 0 };
  const chains = { correct: 0, answered: 0 };
  for (const [s, seed] of seeds.entries()) {
    const perHops = (): number[][] => hops.map(() => []);
    const sums: Sums = { direct: perHops(), step: perHops(), truth: perHops() };
    const random = new Random(seed).fork("edits");
    for (let g = 0; g < graphs; g++) {
      await progress((s + g / graphs) / seeds.length, `graph ${s * graphs + g + 1} of ${seeds.length * graphs}`);
      const problem = pointerChase.draw(firstProblem(seed) + g, { difficulty: hops.at(-1)!, shots: 0, variant: null });
      const before = await predictions(decoder, problem.edges, problem, hops);
      for (const { chain } of before) {
        chains.answered++;
        if (chain.every(({ right }) => right)) chains.correct++;
      }
      // In pairs, so that no arrow is swapped twice and, with 8 edits, each one once.
      const order = random.shuffle(problem.edges.map((_, i) => i));
      for (let e = 0; e < edits; e++) {
        const edited = swapped(problem.edges, order[2 * e]!, order[2 * e + 1]!);
        const after = await predictions(decoder, edited, problem, hops);
        for (const [h, k] of hops.entries()) {
          const direct = variation(before[h]!.direct, after[h]!.direct);
          const steps = before[h]!.chain.map(({ p }, i) => variation(p, after[h]!.chain[i]!.p));
          sums.direct[h]!.push(direct);
          sums.step[h]!.push(mean(steps));
          sums.truth[h]!.push(walk(problem.edges, problem.start, k).at(-1) === walk(edited, problem.start, k).at(-1) ? 0 : 1);
          worst.direct = Math.max(worst.direct, direct);
          worst.step = Math.max(worst.step, ...steps);
        }
      }
      if (g >= gains) continue;
      await progress((s + (g + 0.5) / graphs) / seeds.length, `graph ${s * graphs + g + 1} of ${seeds.length * graphs}, local gain`);
      const path = walk(problem.edges, problem.start, hops.at(-1)!);
      const last = path.at(-2) ?? problem.start;
      gain.step.push(await localGain(decoder, problem, last, `<cot> ${path.length} ${[problem.start, ...path.slice(0, -1)].join(" ")}`));
      gain.direct.push(await localGain(decoder, problem, last, `<direct> ${path.length} ${problem.start} <ans>`));
    }
    all.push(sums);
  }
  await progress(1, "counting");
  const last = hops.length - 1;
  const n = seeds.length * graphs * edits;
  const line = (name: string, what: keyof Sums): ReturnType<typeof lineOverSeeds> => lineOverSeeds(name, hops, all.map((sums) => sums[what].map((values) => mean(values))));
  const at = (id: string, label: string, what: keyof Sums, reference?: { value: number; source: string }): ReturnType<typeof overSeeds> & { n: number } => ({ ...overSeeds({ id, label, unit: "1", ...(reference ? { reference } : {}) }, all.map((sums) => mean(sums[what][last]!))), n });
  const k = hops[last]!;
  return {
    quantities: [
      at("step-last", `average sensitivity of a step, chain of ${k} hops`, "step", { value: changed(1), source: "one arrow is read: 1/8" }),
      at("true-last", `how often the true answer changes, ${k} hops`, "truth", { value: changed(k), source: `1 − (16 − k)(15 − k)/240 at k = ${k}` }),
      at("direct-last", `average sensitivity of nano's direct answer, ${k} hops`, "direct"),
      medianOf("gain-step", "local gain of the last step, median", gain.step),
      medianOf("gain-direct", `local gain of the direct answer, ${k} hops, median`, gain.direct),
      rate("solved", "chains whose every step is right", chains),
      { id: "worst-step", label: "largest change of a step by one edit", value: worst.step, unit: "1", n, reference: { value: 1, source: "a lookup whose entry is edited" } },
      { id: "worst-direct", label: "largest change of a direct answer by one edit", value: worst.direct, unit: "1", n },
    ],
    figures: [
      {
        kind: "lines",
        title: "How much does an edit of two arrows change?",
        x: { label: "hops", unit: "" },
        y: { label: "change of the prediction, total variation", unit: "" },
        lines: [
          line("a step of the chain", "step"),
          line("the direct answer, as nano gives it", "direct"),
          line("the true answer: the whole map", "truth"),
          { name: "whole map, counted", role: "theory", x: hops, y: hops.map(changed) },
          { name: "one lookup, counted", role: "theory", x: hops, y: hops.map(() => changed(1)) },
        ],
      },
      {
        kind: "bars",
        title: "Local gain: how much does the deciding embedding move the prediction? Median, smallest and largest",
        y: { label: "probability per unit of embedding", unit: "", log: true },
        categories: ["last step of the chain", `direct answer, ${k} hops`],
        bars: [{ name: "gain", values: [gain.step, gain.direct].map((values) => quantile(values, 0.5)), low: [gain.step, gain.direct].map((values) => quantile(values, 0)), high: [gain.step, gain.direct].map((values) => quantile(values, 1)) }],
      },
    ],
  };
}

/** A median with its bootstrap interval. */
function medianOf(id: string, label: string, values: readonly number[]): Quantity {
  const median = (sample: ArrayLike<number>): number => quantile(sample, 0.5);
  const [low, high] = bootstrapInterval(values, new Random(1), median);
  return { id, label, value: median(values), low, high, unit: "probability per unit of embedding", n: values.length };
}

/** How often swapping two arrow ends changes a walk of k hops: unless neither of the two arrows is on it. */
export function changed(k: number): number {
  return 1 - ((nodes - k) * (nodes - 1 - k)) / (nodes * (nodes - 1));
}

type Edges = PointerChaseProblem["edges"];

function walk(edges: Edges, start: string, hops: number): string[] {
  const next = new Map(edges);
  const path: string[] = [];
  for (let at = start; path.length < hops; path.push(at)) at = next.get(at)!;
  return path;
}

/** The arrows with the ends of these two swapped. */
function swapped(edges: Edges, i: number, j: number): Edges {
  return edges.map(([from, to], e) => [from, e === i ? edges[j]![1] : e === j ? edges[i]![1] : to]);
}

interface Predictions {
  readonly direct: Float64Array;
  /** Of each step, given the steps of the unedited path before it. */
  readonly chain: readonly { readonly p: Float64Array; readonly right: boolean }[];
}

/** What the model says on these arrows, for each number of hops; the chain is that of the problem as it was drawn. */
async function predictions(decoder: Decoder, edges: Edges, problem: PointerChaseProblem, hops: readonly number[]): Promise<Predictions[]> {
  const { tokenizer } = decoder;
  await decoder.rewind(0);
  await decoder.forward(tokenizer.encode(`<bos> <hop> ${edges.flat().join(" ")}`));
  const context = decoder.length;
  const found: Predictions[] = [];
  for (const k of hops) {
    const path = walk(problem.edges, problem.start, k);
    await decoder.rewind(context);
    const direct = await decoder.forward(tokenizer.encode(`<direct> ${k} ${problem.start} <ans>`));
    await decoder.rewind(context);
    const chain = await decoder.forward(tokenizer.encode(`<cot> ${k} ${[problem.start, ...path.slice(0, -1)].join(" ")}`));
    found.push({
      direct: probabilities(row(direct.logits, 3)),
      // Behind the mode and the number of hops come the letters, each of which asks for the next.
      chain: path.map((letter, i) => {
        const logits = row(chain.logits, 2 + i);
        return { p: probabilities(logits), right: tokenizer.text(largest(logits, 1)[0]!) === letter };
      }),
    });
  }
  return found;
}

/** σ₁ of the prediction behind `tail` in the embedding of the end of the arrow that leaves `from`, or a lower bound of it. */
async function localGain(decoder: Decoder, { edges }: PointerChaseProblem, from: string, tail: string): Promise<number> {
  const tokens = decoder.tokenizer.encode(`<bos> <hop> ${edges.flat().join(" ")} ${tail}`);
  // The arrows stand behind two markers, two letters each.
  const at = 2 + 2 * edges.findIndex(([source]) => source === from) + 1;
  await decoder.rewind(0);
  await decoder.forward(tokens.slice(0, at));
  const rest = tokens.slice(at + 1);
  const predict = async (vector: Float64Array): Promise<Float64Array> => {
    await decoder.rewind(at);
    await decoder.forward(tensor([1, vector.length], Float32Array.from(vector)));
    const { logits } = await decoder.forward(rest);
    return probabilities(row(logits, rest.length - 1));
  };
  const { data } = await decoder.embed([tokens[at]!]);
  return (await localLipschitz(predict, data, new Random(1), { products: directions, step })).value;
}

function probabilities(logits: ArrayLike<number>): Float64Array {
  return Float64Array.from(logSoftmax(logits), Math.exp);
}

/** Total variation, in [0, 1]. */
function variation(p: Float64Array, q: Float64Array): number {
  return p.reduce((sum, value, i) => sum + Math.abs(value - q[i]!), 0) / 2;
}
