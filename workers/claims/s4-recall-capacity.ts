/**
 * S4: whether a state space model's compression is lossy, and weaker than attention where
 * single items have to be found again. Multi-query recall: pairs of key and value, then all keys
 * in another order, each to be answered with its value.
 */
import { Random } from "../../probes/random.ts";
import { wilson } from "../../probes/statistics/wilson.ts";
import type { Architecture } from "../lab/architecture.ts";
import { parameterCount } from "../lab/sequence-model.ts";
import type { Claim, ClaimContext, Evidence, Line, Quantity } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { decimals } from "./apparatus/numerals.ts";
import { overSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { answers, attentionBlock, learner, type Quiz, stateSpaceBlock } from "./apparatus/sequence-learner.ts";
import { trainIn } from "./apparatus/training.ts";

const keys = 16;
const values = 8;
const most = 8;
const tested = [1, 2, 4, 6, 8];
const models = [
  { id: "attention", name: "attention", architecture: attentionBlock(2), rate: 5e-3 },
  { id: "large", name: "state space, 4 numbers per channel", architecture: stateSpaceBlock({ channels: 32, stateSize: 4, selective: true }), rate: 1e-2 },
  { id: "small", name: "state space, 1 number per channel", architecture: stateSpaceBlock({ channels: 32, stateSize: 1, selective: true }), rate: 1e-2 },
] as const;
type ModelId = (typeof models)[number]["id"];

export const claim: Claim = {
  id: "S4",
  system: "mamba",
  title: "Does a fixed state forget where attention finds?",
  statement: {
    en: "The compression of information is still lossy; on tasks of discrete graph matching a state space model often does worse than a transformer.",
    zh: "整个系统的信息压缩依然是有损的，如果不考虑线性复杂度的优势的话，其在处理离散图匹配类型任务时往往效果不如Transformer",
  },
  expectation: {
    verdict: "supports",
    text: "Attention keeps every pair in its cache and looks the key up. A state of fixed size has to hold all pairs at once, so it should fall behind as pairs are added, the later the larger the state.",
    sources: [
      { text: "Arora et al. 2023 (Zoology), arXiv:2312.04927: recall explains most of the gap between attention and gated convolutions" },
      { text: "Jelassi et al. 2024, arXiv:2402.01032: copying beyond the state's size fails" },
      { text: "in-context learning of functions, where Mamba does about as well: Park et al. 2024, arXiv:2402.03170" },
    ],
  },
  data: `1 to ${most} pairs of one of ${keys} keys, all different, and one of ${values} values; then all keys again in random order. Every key is asked.`,
  model: "The lab's sequence model with two layers of one mixing part: causal attention of 2 heads, or Mamba of 32 channels with 1 or 4 numbers of state each. About as many parameters in all; the same steps for all.",
  measurement: `Share of right values on new sequences of ${tested.join(", ")} pairs. The gap is attention − the state space model with the larger state, at ${most} pairs.`,
  rule: "supports: attention is right in at least finds at all numbers of pairs, the gap is at least behind, and the larger state is right more often than the smaller. refutes: the gap is at most level. mixed otherwise.",
  thresholds: {
    finds: { value: 0.9, unit: "1", meaning: "share of right values with attention, at every number of pairs, at least" },
    behind: { value: 0.2, unit: "1", meaning: "gap at the largest number of pairs, at least" },
    level: { value: 0.05, unit: "1", meaning: "gap that counts as none, at most" },
  },
  seeds: [1, 2, 3],
  seconds: 131,
  recorded: true,
  doesNotShow: "That the fall is a matter of bits: a state of 32 numbers could hold eight pairs, and a longer training uses it better, as the full run shows. What it shows is that keeping pairs in a state is hard to learn where looking them up is easy. Nor anything about tasks that need no recall.",
  wouldChange: "A state space model of fixed state that recalls eight pairs as well as attention, after as many steps.",
  sabotage: { what: "Attention is replaced by the state space model with the smaller state.", verdict: "refutes" },

  run: (context) => measure(context, context.size === "full" ? { steps: 1200, batch: 16, test: 200 } : { steps: 600, batch: 16, test: 100 }),

  judge(evidence, { finds = NaN, behind = NaN, level = NaN }) {
    const [worst, gap, large, small] = ["worst", "gap", "large", "small"].map((id) => valueOf(evidence, id)) as [number, number, number, number];
    const numbers = `at ${most} pairs attention is ahead of the larger state by ${decimals(gap)}; the larger state is right in ${decimals(large)}, the smaller in ${decimals(small)}, attention nowhere in less than ${decimals(worst)}`;
    if (gap <= level) return { verdict: "refutes", reason: `Attention is not ahead: ${numbers}.` };
    if (worst >= finds && gap >= behind && large > small) return { verdict: "supports", reason: `What a fixed state loses, attention finds: ${numbers}.` };
    return { verdict: "mixed", reason: `Attention is ahead, not as the rule asks: ${numbers}.` };
  },
};

export interface Sizes {
  readonly steps: number;
  readonly batch: number;
  /** Sequences for each number of pairs. */
  readonly test: number;
}

const length = 3 * most;

/** Ids: keys 0 … 15, values 16 … 23, nothing 24. @param pairs  how many; left out: 1 … 8, each as often */
export function recall(pairs?: number): Quiz {
  return {
    vocabSize: keys + values + 1,
    length,
    draw(random, n) {
      const tokens = new Int32Array(n * length).fill(keys + values);
      const asked = Array.from({ length: n }, (_, b) => {
        const k = pairs ?? 1 + random.integer(most);
        const held = random.shuffle(Array.from({ length: keys }, (__, key) => key)).slice(0, k).map((key) => ({ key, value: keys + random.integer(values) }));
        held.forEach(({ key, value }, i) => tokens.set([key, value], b * length + 2 * i));
        return random.shuffle(held).map(({ key, value }, i) => {
          const at = b * length + 2 * k + i;
          tokens[at] = key;
          return { at, answer: value, group: k };
        });
      }).flat();
      return { tokens, asked };
    },
  };
}

interface Run {
  /** Right and asked, by number of pairs. */
  readonly counts: readonly (readonly [right: number, asked: number])[];
  readonly size: number;
}

export async function measure(context: ClaimContext, { steps, batch, test }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const runs: Record<ModelId, Run[]> = { attention: [], large: [], small: [] };
  // Relative times of a step.
  const weights = [1, 3, 2];
  const total = seeds.length * weights.reduce((sum, w) => sum + w, 0);
  let done = 0;
  for (const seed of seeds) {
    for (const [m, model] of models.entries()) {
      const spoiled = sabotaged && model.id === "attention";
      const architecture: Architecture = spoiled ? models[2].architecture : model.architecture;
      const training = learner(architecture, recall(), { steps, batch, rate: spoiled ? models[2].rate : model.rate }, seed + (spoiled ? 1000 : 0));
      const until = Math.min(1, done + weights[m]! / total);
      try {
        await trainIn(context, training, steps, [done, until], `${model.name}, seed ${seed}`);
        const counts = tested.map((pairs) => {
          const quiz = recall(pairs);
          const right = answers(architecture, training.parameters, quiz, quiz.draw(new Random(seed).fork(`test ${pairs}`), test));
          return [right.filter(Boolean).length, right.length] as const;
        });
        runs[model.id].push({ counts, size: parameterCount(training.parameters) });
      } finally {
        training.dispose();
      }
      done = until;
    }
  }
  await context.progress(1, "done");
  return evidenceOf(runs);
}

function evidenceOf(runs: Readonly<Record<ModelId, readonly Run[]>>): Evidence {
  const share = ({ counts }: Run, i: number): number => counts[i]![0] / counts[i]![1];
  const last = tested.length - 1;
  const at = (id: ModelId, i: number): number[] => runs[id].map((run) => share(run, i));
  const atMost = (id: ModelId): Quantity => shareOverSeeds({ id, label: `right values at ${most} pairs, ${models.find((model) => model.id === id)!.name}`, unit: "1" }, at(id, last));
  return {
    quantities: [
      overSeeds({ id: "gap", label: `attention − the larger state, at ${most} pairs`, unit: "1" }, runs.attention.map((run, s) => share(run, last) - share(runs.large[s]!, last))),
      atMost("attention"),
      atMost("large"),
      atMost("small"),
      shareOverSeeds({ id: "worst", label: "right values with attention, at the number of pairs where it is worst", unit: "1", reference: { value: 1, source: "a key that is looked up" } }, runs.attention.map((run) => Math.min(...tested.map((_, i) => share(run, i))))),
      ...models.map(({ id, name }) => ({ id: `size-${id}`, label: `parameters, ${name}`, value: runs[id][0]!.size, unit: "1" })),
    ],
    figures: [
      {
        kind: "lines",
        title: "Recall by the number of pairs",
        x: { label: "pairs to keep", unit: "" },
        y: { label: "share of values right", unit: "1" },
        lines: [
          ...models.map(({ id, name }) => pooled(name, runs[id])),
          { name: "a guess among the values seen", role: "null", x: tested, y: tested.map((pairs) => 1 / pairs + (1 - 1 / pairs) / values) },
        ],
      },
    ],
    remarks: ["The bands are Wilson's, over the questions of all seeds."],
  };
}

/** All seeds' questions together, with Wilson's intervals. */
function pooled(name: string, runs: readonly Run[]): Line {
  const counts = tested.map((_, i) => runs.reduce(([right, asked], run) => [right + run.counts[i]![0], asked + run.counts[i]![1]] as const, [0, 0] as readonly [number, number]));
  const intervals = counts.map(([right, asked]) => wilson(right, asked));
  return { name, x: tested, y: counts.map(([right, asked]) => right / asked), low: intervals.map(([low]) => low), high: intervals.map(([, high]) => high) };
}
