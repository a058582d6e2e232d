/**
 * E3: does a model that knows A→B and B→C know A→C?
 *
 * A table of facts: for each entity h and relation r one entity t = r(h), drawn at
 * random. Facts `h r` → r(h) are all trained on; of the compositions `h r₁ r₂` →
 * r₂(r₁(h)) only some. A fact is inside if it occurs in compositions that are
 * trained on, outside if it never does. Two tests, after Wang et al. 2024:
 *
 *   inside:  new compositions of two inside facts
 *   outside: compositions of two outside facts, each known on its own
 */
import { mean } from "../../probes/statistics/moments.ts";
import { Random } from "../../probes/random.ts";
import { dispose, integers, jit, keep, np, toTensor, type OwnedFunction } from "../toys/autodiff.ts";
import { adamW, cosine, warmup } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import { initialTransformer, transformer, type Transformer } from "../toys/transformer.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence } from "./claim.ts";
import { decimals } from "./apparatus/numerals.ts";
import { shareLineOverSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { argmaxRows, crossEntropy } from "./apparatus/training.ts";

export interface E3Size {
  readonly entities: number;
  readonly relations: number;
  readonly layers: number;
  readonly hiddenSize: number;
  readonly batch: number;
  readonly steps: number;
  readonly every: number;
}

export const sizes: Record<"live" | "full", E3Size> = {
  live: { entities: 20, relations: 8, layers: 2, hiddenSize: 32, batch: 256, steps: 800, every: 40 },
  full: { entities: 20, relations: 8, layers: 2, hiddenSize: 32, batch: 256, steps: 3000, every: 100 },
};

const heads = 2;
const rate = 5e-3;
export const decay = 1;
/** Of all facts, outside; of the compositions of inside facts, kept for the test. */
const outsideShare = 0.2;
const testShare = 0.1;

/** A question of three tokens and its answer: `h r ·` or `h r₁ r₂`. */
export interface Question {
  readonly tokens: readonly [number, number, number];
  readonly answer: number;
}

export interface Facts {
  readonly facts: readonly Question[];
  readonly trained: readonly Question[];
  readonly inside: readonly Question[];
  readonly outside: readonly Question[];
}

const kinds = ["facts", "trained", "inside", "outside"] as const;
type Look = { readonly step: number } & Readonly<Record<(typeof kinds)[number], number>>;

export const claim: Claim = {
  id: "E3",
  system: "scaling",
  title: "Does a model that knows A→B and B→C know A→C?",
  statement: {
    en: "After emergence the model composes transitively on the manifold: once told A→B and B→C, the ability A→C emerges.",
    zh: "当获知 A→B 和 B→C 后涌现出了 A→C 的能力",
  },
  expectation: {
    verdict: "mixed",
    text: "Compositions of facts that were seen in other compositions come, late and after the trained ones are known by heart. Compositions of facts that were only ever seen alone do not come, however long one trains: the upper layers never learnt to look these facts up.",
    sources: [{ text: "Wang et al. 2024, arXiv:2405.15071 (Grokked transformers)" }],
  },
  data: `${sizes.full.entities} entities, ${sizes.full.relations} relations, every fact h r → t drawn at random. ${100 * outsideShare} % of the facts are outside: in no composition that is trained on. Of the compositions of two inside facts ${100 * testShare} % are kept for the test. All facts are trained on, one by one.`,
  model: `Transformer, ${sizes.full.layers} blocks, hidden size ${sizes.full.hiddenSize}, ${heads} heads; AdamW, learning rate ${rate} falling to 0 along a cosine, weight decay ${decay}, batches of ${sizes.full.batch} questions.`,
  measurement: "Share of right answers, at the end of training: to single facts, to trained compositions, to new compositions of inside facts, to compositions of two outside facts.",
  rule: "A kind of composition is there where its accuracy (mean over seeds) is at least `there`, absent where it is at most `absent`. Supports if inside and outside are there; refutes if both are absent; otherwise mixed. If single facts are not known to `there`, nothing is decided: mixed.",
  thresholds: {
    there: { value: 0.9, unit: "1", meaning: "accuracy from which a kind of question counts as solved" },
    absent: { value: 0.3, unit: "1", meaning: "accuracy up to which it counts as not solved; guessing gives 1 / entities" },
  },
  seeds: [1, 2, 3],
  seconds: 70,
  recorded: true,
  doesNotShow: "What models do that write the intermediate step down, that read the facts in their context, or whose layers share weights: for those the outside test can come out differently.",
  wouldChange: "Outside facts in some trained compositions make them inside facts. Without any trained composition (the sabotaged run) nothing composes at all.",
  sabotage: { what: "No composition is trained on, only the single facts.", verdict: "refutes" },

  run: (context) => experiment(context, sizes[context.size]),

  judge(evidence, { there = NaN, absent = NaN }) {
    const [facts, inside, outside] = ["facts", "inside", "outside"].map((id) => valueOf(evidence, id)) as [number, number, number];
    const reason = `Single facts are right to ${decimals(facts)}, new compositions of facts seen in compositions to ${decimals(inside)}, of facts only seen alone to ${decimals(outside)} (there from ${there}, absent up to ${absent}).`;
    const verdict = !(facts >= there) ? "mixed" : Math.min(inside, outside) >= there ? "supports" : Math.max(inside, outside) <= absent ? "refutes" : "mixed";
    return { verdict, reason };
  },
};

export async function experiment({ seeds, sabotaged, progress }: Pick<ClaimContext, "seeds" | "sabotaged" | "progress">, size: E3Size): Promise<Evidence> {
  const runs: Look[][] = [];
  for (const [s, seed] of seeds.entries()) runs.push(await looks(seed, size, sabotaged, (done, what) => progress((s + done) / seeds.length, `seed ${seed}: ${what}`)));
  await progress(1, "done");
  const steps = runs[0]!.map(({ step }) => step);
  const labels = { facts: "single facts", trained: sabotaged ? "compositions of inside facts, not trained on" : "trained compositions", inside: "new compositions of inside facts", outside: "compositions of outside facts" };
  const chance = { value: 1 / size.entities, source: "guessing" };
  return {
    quantities: [
      ...kinds.map((kind) => shareOverSeeds({ id: kind, label: `accuracy, ${labels[kind]}`, unit: "1", ...(kind === "inside" || kind === "outside" ? { reference: chance } : {}) }, runs.map((run) => run.at(-1)![kind]))),
      shareOverSeeds({ id: "outside-best", label: "best accuracy at any look, compositions of outside facts", unit: "1", reference: chance }, runs.map((run) => Math.max(...run.map(({ outside }) => outside)))),
    ],
    figures: [
      {
        kind: "lines",
        title: "Which questions are answered, during training",
        x: { label: "training step", unit: "" },
        y: { label: "share of right answers", unit: "" },
        lines: [...kinds.map((kind) => shareLineOverSeeds(labels[kind], steps, runs.map((run) => run.map((look) => look[kind])))), { name: "guessing", role: "null", x: steps, y: steps.map(() => chance.value) }],
      },
      {
        kind: "bars",
        title: "At the end",
        y: { label: "share of right answers", unit: "" },
        categories: kinds.map((kind) => labels[kind]),
        bars: seeds.map((seed, s) => ({ name: `seed ${seed}`, values: kinds.map((kind) => runs[s]!.at(-1)![kind]) })),
      },
    ],
    remarks: [`${size.steps} steps with ${size.batch} questions each.`],
  };
}

/** The table of a seed, and its questions. */
export function drawFacts(random: Random, { entities, relations }: Pick<E3Size, "entities" | "relations">): Facts {
  const end = entities + relations;
  const all = Array.from({ length: entities * relations }, (_, i) => i);
  const target = all.map(() => random.integer(entities));
  const outsideFacts = new Set(random.shuffle(all).slice(0, Math.round(outsideShare * all.length)));
  const fact = (h: number, r: number): number => h * relations + r;
  const [insidePairs, outside]: [Question[], Question[]] = [[], []];
  for (const first of all) {
    const [h, r1, bridge] = [Math.floor(first / relations), first % relations, target[first]!];
    for (let r2 = 0; r2 < relations; r2++) {
      const second = fact(bridge, r2);
      const question: Question = { tokens: [h, entities + r1, entities + r2], answer: target[second]! };
      const count = Number(outsideFacts.has(first)) + Number(outsideFacts.has(second));
      if (count === 0) insidePairs.push(question);
      if (count === 2) outside.push(question);
    }
  }
  const shuffled = random.shuffle(insidePairs);
  const kept = Math.round(testShare * shuffled.length);
  return {
    facts: all.map((i) => ({ tokens: [Math.floor(i / relations), entities + (i % relations), end], answer: target[i]! })),
    trained: shuffled.slice(kept),
    inside: shuffled.slice(0, kept),
    outside,
  };
}

async function looks(seed: number, { entities, relations, layers, hiddenSize, batch, steps, every }: E3Size, sabotaged: boolean, progress: (done: number, what: string) => Promise<void>): Promise<Look[]> {
  const random = new Random(seed);
  const drawn = drawFacts(random.fork("facts"), { entities, relations });
  const pool = sabotaged ? drawn.facts : [...drawn.facts, ...drawn.trained];
  const tokens = (questions: readonly Question[]): np.Array => integers(questions.flatMap((question) => question.tokens), [questions.length, 3]);
  const answers = (model: Transformer, asked: np.Array): np.Array => {
    const { output, ...inner } = transformer(model, np.take(model.embedding.ref, asked, 0), { heads });
    dispose(inner);
    return output.slice([], -1);
  };
  const training = new Training({
    parameters: initialTransformer(random.fork("weights"), { vocabSize: entities + relations + 1, hiddenSize, layers, heads, contextLength: 3 }),
    loss: (model: Transformer, { asked, right }: { asked: np.Array; right: np.Array }) => crossEntropy(answers(model, asked), right),
    batch: (random) => {
      const questions = Array.from({ length: batch }, () => random.pick(pool));
      return { asked: tokens(questions), right: integers(questions.map(({ answer }) => answer)) };
    },
    optimiser: adamW({ rate: warmup(rate, 20, cosine(rate, steps)), beta2: 0.98, decay }),
    seed,
  });
  const measure = jit(answers as never) as unknown as OwnedFunction<typeof answers>;
  // One call of one shape for all kinds: it is compiled once.
  const questions = kinds.flatMap((kind) => drawn[kind]);
  const all = tokens(questions);
  const look = (step: number): Look => {
    const given = argmaxRows(toTensor(measure(keep(training.parameters), all.ref)));
    const right = questions.map(({ answer }, i) => Number(given[i] === answer));
    let from = 0;
    const part = (kind: (typeof kinds)[number]): number => mean(right.slice(from, (from += drawn[kind].length)));
    return { step, facts: part("facts"), trained: part("trained"), inside: part("inside"), outside: part("outside") };
  };
  const found = [look(0)];
  for await (const { step } of training.run(steps)) {
    if (step % every !== 0 && step !== steps) continue;
    found.push(look(step));
    await progress(step / steps, `step ${step} of ${steps}`);
  }
  training.dispose();
  measure.dispose();
  all.dispose();
  return found;
}
