/** T2: whether attention learns which edges of its complete graph matter, anew for each graph that it reads. */
import { auroc } from "../../probes/statistics/auroc.ts";
import { pointerChase } from "../../probes/tasks/pointer-chase.ts";
import type { Decoder } from "../engine.ts";
import type { Claim, ClaimContext, Evidence } from "./claim.ts";
import { decimals, percent } from "./apparatus/numerals.ts";
import { overSeeds } from "./apparatus/over-seeds.ts";
import { firstProblem } from "./apparatus/problem-sets.ts";

export const claim: Claim = {
  id: "T2",
  system: "transformer",
  title: "Does attention find the edges of a graph that it has never seen?",
  statement: {
    en: "A transformer treats the data as a complete graph and learns the weights of its edges itself: attention is a dynamic adjacency matrix.",
    zh: "Transformer将“数据流形”视为一个Complete Graph，由模型自己去学习边的权重……实际上是在构建一个……动态邻接矩阵。",
  },
  expectation: {
    verdict: "supports",
    text: "Some head should look from a letter along the arrow that leaves it, in every graph; most heads will do something else. In a 2-layer model of reachability, edges within reach of the root got a summed attention of .25 to 1.81 on average, edges out of reach .07 to .15.",
    sources: [
      { text: "Zhu et al. 2025, arXiv:2505.12514, notebook of the authors' code" },
      { text: "Olsson et al. 2022, arXiv:2209.11895: induction heads, which look at what followed the same token before", recalled: true },
    ],
  },
  data: "Pointer chase with a new ring of sixteen arrows each time. After the arrows each of the sixteen letters is asked in turn. The arrows stand in random order, so position tells nothing.",
  model: "nano in float64, by the reference decoder, which hands out its attention patterns: 3 layers of 3 heads.",
  measurement: "From each letter asked, the attention of each head on the ends of all sixteen arrows. AUC: the chance that the arrow that leaves this letter gets more than another. Beside it the share of the head's whole attention that rests on that end. The head is chosen on the other seeds' graphs, and judged on this seed's.",
  rule: "supports: in the chosen head the AUC is at least `sharp` and the share at least `mass`, both at the lower end of their intervals. refutes: the upper end of the AUC's interval is at most `chance`. mixed otherwise.",
  thresholds: {
    sharp: { value: 0.95, unit: "1", meaning: "AUC of true against other arrows, at least" },
    mass: { value: 0.5, unit: "1", meaning: "share of the head's attention on the true arrow's end, at least" },
    chance: { value: 0.65, unit: "1", meaning: "an AUC as low as this is little better than chance" },
  },
  seeds: [1, 2, 3],
  seconds: 1,
  usesEmbeddedModel: true,
  doesNotShow: "That attention is a metric tensor, as the essay also says. That heads of large models are as clean: nano was trained on this very task. And attention is where a head looks, not what it does with what it sees.",
  wouldChange: "A model in which no single head follows the arrows, because the lookup is spread over several heads or done in the MLPs.",
  sabotage: { what: "The same model with weights as before training.", verdict: "refutes" },

  run: (context) => measure(context, { problems: context.size === "full" ? 100 : 12 }),

  judge(evidence, { sharp = NaN, mass = NaN, chance = NaN }) {
    const [auc, share] = ["auc", "share"].map((id) => evidence.quantities.find((quantity) => quantity.id === id)!);
    const [aucLow, aucHigh, shareLow] = [auc!.low ?? auc!.value, auc!.high ?? auc!.value, share!.low ?? share!.value];
    const numbers = `the chosen head prefers the true arrow with an AUC of ${decimals(auc!.value, 3)} (95\u00a0%: ${decimals(aucLow, 3)} to ${decimals(aucHigh, 3)}) and puts ${percent(share!.value)} of its attention there`;
    if (aucHigh <= chance) return { verdict: "refutes", reason: `No head finds the arrows: ${numbers}.` };
    if (aucLow >= sharp && shareLow >= mass) return { verdict: "supports", reason: `A head follows the arrows of graphs that it never saw: ${numbers}.` };
    return { verdict: "mixed", reason: `A head leans towards the arrows, less than the rule asks: ${numbers}.` };
  },
};

/** Of one problem set: by layer and head, what the queries gave to the true arrow's end and to the others. */
interface Looked {
  readonly own: number[];
  readonly others: number[];
}

/** What one graph looks like to each head: a row for each letter asked, a column for each arrow, both in the order of the ring. */
interface Picture {
  readonly cycle: readonly string[];
  readonly patterns: readonly (readonly number[])[];
}

/** @param problems  of each seed's set */
export async function measure(context: ClaimContext, { problems }: { readonly problems: number }): Promise<Evidence> {
  const { seeds, progress, sabotaged } = context;
  const decoder = await context.embeddedModel({ engine: "reference", untrained: sabotaged });
  const sets: Looked[][] = [];
  let first: Picture | null = null;
  for (const [s, seed] of seeds.entries()) {
    const heads: Looked[] = [];
    for (let i = 0; i < problems; i++) {
      await progress((s + i / problems) / seeds.length, `graph ${s * problems + i + 1} of ${seeds.length * problems}`);
      const seen = await look(decoder, firstProblem(seed) + i, heads);
      first ??= seen;
    }
    sets.push(heads);
  }
  await progress(1, "judging the heads");
  const count = sets[0]!.length;
  const perLayer = count / decoder.spec.layers;
  const name = (head: number): string => `layer ${Math.floor(head / perLayer) + 1}, head ${(head % perLayer) + 1}`;
  const aucs = sets.map((heads) => heads.map(({ own, others }) => auroc(own, others)));
  // By the other sets; where there is one set only, by its own.
  const chosen = sets.map((_, s) => best(aucs.length > 1 ? aucs.filter((_, other) => other !== s) : aucs));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const queries = sets.reduce((sum, heads) => sum + heads[0]!.own.length, 0);
  const head = best(aucs);
  const { cycle, patterns } = first!;
  return {
    quantities: [
      { ...overSeeds({ id: "auc", label: "AUC of the true arrow, chosen head", unit: "1", reference: { value: 0.5, source: "chance" } }, sets.map((_, s) => aucs[s]![chosen[s]!]!)), n: queries },
      { ...overSeeds({ id: "share", label: "share of its attention on the true arrow's end", unit: "1" }, sets.map((heads, s) => mean(heads[chosen[s]!]!.own))), n: queries },
      { ...overSeeds({ id: "share-others", label: "share on the end of another arrow, mean", unit: "1" }, sets.map((heads, s) => mean(heads[chosen[s]!]!.others))), n: queries },
      { ...overSeeds({ id: "auc-median", label: "AUC of the median head", unit: "1", reference: { value: 0.5, source: "chance" } }, aucs.map((set) => set.toSorted((a, b) => a - b)[Math.floor(count / 2)]!)), n: queries },
    ],
    figures: [
      {
        kind: "grid",
        title: `A graph as ${name(head)} sees it: attention of each letter on the end of each arrow, its own on the diagonal`,
        rowLabel: "asked",
        columnLabel: "arrow",
        rows: [...cycle],
        columns: cycle.map((letter, i) => `${letter}→${cycle[(i + 1) % cycle.length]!}`),
        values: [...patterns[head]!],
        unit: "1",
      },
      {
        kind: "grid",
        title: "Which heads follow the arrows? AUC of the true arrow against the others",
        rowLabel: "layer",
        columnLabel: "head",
        rows: Array.from({ length: decoder.spec.layers }, (_, l) => String(l + 1)),
        columns: Array.from({ length: perLayer }, (_, h) => String(h + 1)),
        values: Array.from({ length: count }, (_, h) => mean(aucs.map((set) => set[h]!))),
        unit: "1",
      },
    ],
    remarks: [`Chosen on the other sets: ${[...new Set(chosen.map(name))].join("; ")}.`],
  };
}

/** Adds what each head's queries gave in one problem. @returns the pattern of each head, by letter and arrow in the order of the ring */
async function look(decoder: Decoder, seed: number, heads: Looked[]): Promise<Picture> {
  const problem = pointerChase.draw(seed, { difficulty: 1, shots: 0, variant: null });
  const { cycle, edges } = problem;
  const { context } = pointerChase.prompt(problem, "cot");
  const read = (text: string): number[] => decoder.tokenizer.encode(text);
  await decoder.rewind(0);
  await decoder.forward(read(`${context} <cot> 1`));
  const prompt = decoder.length;
  // The arrows stand behind two markers, two letters each.
  const ends = cycle.map((letter) => 2 + 2 * edges.findIndex(([source]) => source === letter) + 1);
  const patterns: number[][] = [];
  for (const [asked, letter] of cycle.entries()) {
    await decoder.rewind(prompt);
    const { attnPattern } = await decoder.forward(read(letter), { attention: true });
    if (!attnPattern) throw new RangeError(`T2: expected attention patterns, got none from ${decoder.record.name}; use the reference`);
    const [, layers = 0, perLayer = 0, positions = 0] = attnPattern.shape;
    for (let head = 0; head < layers * perLayer; head++) {
      const kept = (heads[head] ??= { own: [], others: [] });
      const row = ends.map((end) => attnPattern.data[head * positions + end]!);
      row.forEach((share, arrow) => (arrow === asked ? kept.own : kept.others).push(share));
      (patterns[head] ??= []).push(...row);
    }
  }
  return { cycle, patterns };
}

/** The head with the largest mean AUC. */
function best(aucs: readonly (readonly number[])[]): number {
  const sums = aucs[0]!.map((_, head) => aucs.reduce((sum, set) => sum + set[head]!, 0));
  return sums.indexOf(Math.max(...sums));
}
