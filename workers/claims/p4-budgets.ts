/** P4: whether tokens and stages (prefill, decode) need attention budgets of different sizes. */
import { mean } from "../../probes/statistics/moments.ts";
import { quantile } from "../../probes/statistics/quantile.ts";
import { pointerChase } from "../../probes/tasks/pointer-chase.ts";
import { reachability } from "../../probes/tasks/reachability.ts";
import type { Problem, Task } from "../../probes/tasks/task.ts";
import type { Tensor } from "../../probes/tensor.ts";
import type { Decoder } from "../engine.ts";
import { type Claim, type ClaimContext, type Evidence, valueOf } from "./claim.ts";
import { percent } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";
import { firstProblem } from "./apparatus/problem-sets.ts";

/** The share of a head's attention that has to be kept. */
const kept = 0.95;
/** Of the prompt the last positions only, so that early ones, which see little, do not count as frugal. */
const lastOfPrompt = 16;
const difficulty = 4;

export const claim: Claim = {
  id: "P4",
  system: "sparse-attention",
  title: "Do different tokens and stages need different budgets of attention?",
  statement: {
    en: "Budget-adaptive sparsity: different tokens and different stages (prefill against decode) use different degrees of sparsity.",
    zh: "预算自适应稀疏：不同 token、不同阶段（prefill vs decode）用不同稀疏度。",
  },
  expectation: {
    verdict: "supports",
    text: "Heads that look one thing up need one key; heads that gather need many; and which of the two a token asks for depends on the token. Budgets that adapt to the head and the token lose less than fixed ones of the same size.",
    sources: [
      { text: "Lin et al. 2025, arXiv:2502.02770: top-p attention (Twilight), budgets that follow each head's mass" },
      { text: "Tang et al. 2024, arXiv:2406.10774: Quest, which keys matter depends on the query" },
    ],
  },
  data: "Pointer chase of 4 hops and reachability of 4 levels, each with its right chain of thought written behind the prompt.",
  model: "nano in float64, by the reference decoder, which hands out its attention patterns: 3 layers of 3 heads.",
  measurement: "The budget of a token in a head: how few keys hold 95 % of its attention, over the number of keys that it sees. Spread: the budget's 90th percentile over its 10th, across the tokens of one head and stage, and of these the median over heads and stages. Stages: the mean budget in prefill (the last 16 tokens of the prompt) over the mean budget in decode (the chain of thought), median over heads; inverted where it is below 1.",
  rule: "supports: the spread is at least `wide` and the stages' ratio at least `apart`, by the lower ends of their intervals. refutes: both are below, by the upper ends. mixed otherwise.",
  thresholds: {
    wide: { value: 3, unit: "1", meaning: "spread of the budget across tokens, at least" },
    apart: { value: 1.5, unit: "1", meaning: "ratio of the stages' budgets, at least" },
  },
  seeds: [1, 2, 3],
  seconds: 1,
  usesEmbeddedModel: true,
  doesNotShow: "What a sparse kernel would gain: nothing is left out here, it is only counted what could be. Whether answers survive a fixed budget. And the prompts are 40 tokens long; in long ones budgets may differ more or less.",
  wouldChange: "Heads that all spread their attention alike, or a model whose prompt tokens are as sure of what they look for as its answers are.",
  sabotage: { what: "The same model with weights as before training: every head looks everywhere.", verdict: "refutes" },

  run: (context) => measure(context, { problems: context.size === "full" ? 60 : 10 }),

  judge(evidence, { wide = NaN, apart = NaN }) {
    const [spread, stages] = ["spread", "stages"].map((id) => evidence.quantities.find((quantity) => quantity.id === id)!);
    const yes = [(spread!.low ?? spread!.value) >= wide, (stages!.low ?? stages!.value) >= apart];
    const no = (spread!.high ?? spread!.value) < wide && (stages!.high ?? stages!.value) < apart;
    const numbers = `from token to token a head's budget varies by a factor of ${spread!.value.toFixed(1)}, between the stages by ${stages!.value.toFixed(1)}; on average ${percent(valueOf(evidence, "budget-prefill"))} of the keys are needed in prefill, ${percent(valueOf(evidence, "budget-decode"))} in decode`;
    if (yes.every(Boolean)) return { verdict: "supports", reason: `Budgets differ in both ways: ${numbers}.` };
    if (no) return { verdict: "refutes", reason: `Budgets hardly differ: ${numbers}.` };
    return { verdict: "mixed", reason: `${yes[0] ? "Budgets surely differ between tokens only" : yes[1] ? "Budgets surely differ between stages only" : "Too near the thresholds to tell"}: ${numbers}.` };
  },
};

type Stage = "prefill" | "decode";

/** Of one seed's problems. */
interface Budgets {
  /** By stage, then head: the budget of each token, over the keys that it sees. */
  readonly shares: Readonly<Record<Stage, number[][]>>;
  /** The same as numbers of keys. */
  readonly keys: Readonly<Record<Stage, number[][]>>;
  /** Pointer chase: number of keys by layer and position, mean over heads, summed over so many problems. */
  readonly byPosition: number[][];
  chases: number;
  /** What each token gives to each key, largest first. */
  readonly rows: number[][];
}

/** @param problems  of each task and seed */
export async function measure(context: ClaimContext, { problems }: { readonly problems: number }): Promise<Evidence> {
  const { seeds, progress, sabotaged } = context;
  const decoder = await context.embeddedModel({ engine: "reference", untrained: sabotaged });
  const tasks: readonly Task[] = [pointerChase, reachability];
  const all: Budgets[] = [];
  for (const [s, seed] of seeds.entries()) {
    const budgets: Budgets = { shares: { prefill: [], decode: [] }, keys: { prefill: [], decode: [] }, byPosition: [], chases: 0, rows: [] };
    for (let i = 0; i < problems; i++) {
      await progress((s + i / problems) / seeds.length, `problem ${s * problems + i + 1} of ${seeds.length * problems}, in both tasks`);
      for (const task of tasks) await count(decoder, task, task.draw(firstProblem(seed) + i, { difficulty, shots: 0, variant: null }), budgets);
    }
    all.push(budgets);
  }
  await progress(1, "counting");

  const heads = all[0]!.shares.prefill.length;
  const { layers } = decoder.spec;
  const stages = ["prefill", "decode"] as const;
  const tokens = all.reduce((sum, { shares }) => sum + shares.prefill[0]!.length + shares.decode[0]!.length, 0);
  const medianOverHeads = (of: (head: number) => number): number => quantile(Array.from({ length: heads }, (_, head) => of(head)), 0.5);
  const spreads = all.map(({ shares }) => quantile(stages.flatMap((stage) => shares[stage].map((budgets) => quantile(budgets, 0.9) / quantile(budgets, 0.1))), 0.5));
  const ratios = all.map(({ shares }) => {
    const ratio = medianOverHeads((head) => mean(shares.prefill[head]!) / mean(shares.decode[head]!));
    return Math.max(ratio, 1 / ratio);
  });
  const budget = (stage: Stage): number[] => all.map(({ shares }) => mean(shares[stage].flat()));
  const pooled = (stage: Stage, head: number): number[] => all.flatMap(({ keys }) => keys[stage][head]!);
  const positions = all[0]!.byPosition[0]!.map((_, t) => t);
  return {
    quantities: [
      { ...overSeeds({ id: "spread", label: "spread across tokens, median over heads and stages", unit: "1" }, spreads), n: tokens },
      { ...overSeeds({ id: "stages", label: "prefill against decode, median over heads", unit: "1" }, ratios), n: tokens },
      { ...overSeeds({ id: "budget-prefill", label: "mean budget in prefill, share of the keys seen", unit: "1", reference: { value: kept, source: "attention spread evenly" } }, budget("prefill")), n: tokens },
      { ...overSeeds({ id: "budget-decode", label: "mean budget in decode, share of the keys seen", unit: "1", reference: { value: kept, source: "attention spread evenly" } }, budget("decode")), n: tokens },
      { ...overSeeds({ id: "fixed", label: "attention kept by the mean budget given to every token alike, 10th percentile", unit: "1", reference: { value: kept, source: "what a budget that adapts keeps, by definition" } }, all.map(({ rows, keys }) => keptByFixed(rows, mean(stages.flatMap((stage) => keys[stage].flat()))))), n: tokens },
    ],
    figures: [
      {
        kind: "bars",
        title: "Keys that hold 95 % of a head's attention: median token, and the 10th to 90th percentile of tokens",
        y: { label: "keys", unit: "" },
        categories: Array.from({ length: heads }, (_, head) => `layer ${Math.floor((head * layers) / heads) + 1}, head ${(head % (heads / layers)) + 1}`),
        bars: stages.map((stage) => ({
          name: stage,
          values: Array.from({ length: heads }, (_, head) => quantile(pooled(stage, head), 0.5)),
          low: Array.from({ length: heads }, (_, head) => quantile(pooled(stage, head), 0.1)),
          high: Array.from({ length: heads }, (_, head) => quantile(pooled(stage, head), 0.9)),
        })),
      },
      {
        kind: "lines",
        title: "Keys needed, token by token, in pointer chase: odd positions end an arrow, the chain of thought begins at 37",
        x: { label: "position", unit: "" },
        y: { label: "keys that hold 95 %, mean over heads", unit: "" },
        lines: [
          ...Array.from({ length: layers }, (_, l) => lineOverSeeds(`layer ${l + 1}`, positions, all.map(({ byPosition, chases }) => byPosition[l]!.map((sum) => sum / chases)))),
          { name: "attention spread evenly", role: "null" as const, x: positions, y: positions.map((t) => Math.ceil(kept * (t + 1))) },
        ],
      },
    ],
  };
}

/** Adds the budgets of one problem, with its right chain of thought. */
async function count(decoder: Decoder, task: Task, problem: Problem, budgets: Budgets): Promise<void> {
  const { shares, keys, byPosition, rows } = budgets;
  const { context, question, thinking } = task.prompt(problem, "cot");
  if (thinking.kind !== "text") throw new RangeError(`P4: expected a chain of thought in ${task.id}, got none`);
  const prompt = decoder.tokenizer.encode(`${context} ${question}`);
  await decoder.rewind(0);
  const { attnPattern } = await decoder.forward([...prompt, ...decoder.tokenizer.encode(thinking.reference.flat().join(" "))], { attention: true });
  if (!attnPattern) throw new RangeError(`P4: expected attention patterns, got none from ${decoder.record.name}; use the reference`);
  const [positions = 0, layers = 0, perLayer = 0] = attnPattern.shape;
  if (task.id === pointerChase.id) budgets.chases++;
  for (let t = 0; t < positions; t++) {
    for (let head = 0; head < layers * perLayer; head++) {
      const sorted = rowOf(attnPattern, t, head);
      const budget = keysFor(sorted);
      if (task.id === pointerChase.id) ((byPosition[Math.floor(head / perLayer)] ??= Array.from({ length: positions }, () => 0))[t]! += budget / perLayer);
      const stage = t >= prompt.length ? "decode" : t >= prompt.length - lastOfPrompt ? "prefill" : null;
      if (!stage) continue;
      (shares[stage][head] ??= []).push(budget / (t + 1));
      (keys[stage][head] ??= []).push(budget);
      rows.push(sorted);
    }
  }
}

/** What a token gives to each key that it sees, largest first. */
function rowOf({ shape, data }: Tensor, t: number, head: number): number[] {
  const [, layers = 0, perLayer = 0, positions = 0] = shape;
  const at = (t * layers * perLayer + head) * positions;
  return [...data.subarray(at, at + t + 1)].sort((a, b) => b - a);
}

/** How few of the shares, largest first, hold 95 %. */
function keysFor(sorted: readonly number[]): number {
  let sum = 0;
  for (const [i, share] of sorted.entries()) {
    sum += share;
    // Shares are float32: all of them may sum to a little less than 1.
    if (sum >= kept - 1e-6) return i + 1;
  }
  return sorted.length;
}

/** What so many keys keep of the attention of all but the neediest tenth of tokens. */
function keptByFixed(rows: readonly (readonly number[])[], budget: number): number {
  const whole = Math.round(budget);
  return quantile(rows.map((sorted) => sorted.slice(0, whole).reduce((a, b) => a + b, 0)), 0.1);
}
