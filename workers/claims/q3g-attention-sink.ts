/**
 * Q3g: does a gate take away the attention sink?
 *
 * Softmax has to put its weight somewhere. A head that has nothing to look up rests on
 * a token that does no harm, often the first: the attention sink. A gate on what the
 * head brings lets it be silent without one. Text with facts (`facts-and-text.ts`):
 * heads have to look up at questions, and have nothing to do at words.
 *
 * Two measures, since attention on the first token need not be of use any more:
 *
 *   mass        attention of words on ⟨s⟩, mean over layers and heads
 *   dependence  how much more surprised the model is after words when ⟨s⟩ is taken
 *               away, all other tokens keeping their places (as in a stream that has
 *               moved on: Xiao et al. 2023)
 */
import { mean } from "../../probes/statistics/moments.ts";
import { type Claim, type ClaimContext, type Evidence, valueOf } from "./claim.ts";
import { vocabularyOf, type Kind } from "./apparatus/facts-and-text.ts";
import { digits } from "./apparatus/numerals.ts";
import { overSeeds, shareBarOverSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { trainTextModel, type TextModel, type TextModelSize } from "./apparatus/text-model.ts";

export interface Q3gSize extends TextModelSize {
  /** Texts in the test. */
  readonly tests: number;
}

const model = { keys: 6, values: 4, words: 16, questionRate: 0.3, sharpness: 2, length: 24, hiddenSize: 32, heads: 2, layers: 2, rate: 0.01 };

export const sizes: Record<"live" | "full", Q3gSize> = {
  live: { ...model, batch: 24, steps: 250, tests: 128 },
  full: { ...model, batch: 32, steps: 800, tests: 256 },
};
const { live, full } = sizes;

const kinds = ["plain", "gated"] as const;
/** Mean attention on the first token, all layers and heads, 15B mixture of experts. */
const published = { source: "Qiu et al. 2025, arXiv:2505.06708", plain: 0.467, gated: 0.048 };

export const claim: Claim = {
  id: "Q3g",
  system: "gated-attention",
  title: "Does a gate take away the attention sink?",
  statement: {
    en: "With long sequences gated attention adjusts dynamically how fast history decays, and avoids the attention sink.",
    zh: "在处理长序列时，Gated Attention 动态调整历史信息的衰减率且避免了Attention Sink",
  },
  expectation: {
    verdict: "supports",
    text: "In large language models a gate on the attention output brings the attention on the first token from 46.7 % to 4.8 %. In toys a sink may not form: with one layer a head can rest on its own token, which tells it nothing new.",
    sources: [{ text: "Qiu et al. 2025, arXiv:2505.06708" }, { text: "Guo et al. 2024, arXiv:2410.13835: sinks in models of one to three layers" }, { text: "Xiao et al. 2023, arXiv:2309.17453 (StreamingLLM)" }],
  },
  data: `Text with facts: ⟨s⟩, ${model.keys} facts (key, value), then words of a random bigram language with questions about the facts, after ${100 * model.questionRate} % of the words; ${model.length} tokens.`,
  model: `Transformer, ${model.layers} blocks, hidden size ${model.hiddenSize}, ${model.heads} heads; plain, and with an elementwise sigmoid gate on the attention output; Adam, learning rate ${model.rate} falling to 0 along a cosine, ${full.steps} steps with ${full.batch} texts (live: ${live.steps} with ${live.batch}), answers to questions weighing as much as all other tokens together. Same seed and batches for both.`,
  measurement: "Mass: attention of words after the facts on ⟨s⟩, mean over words, layers and heads; for attention spread evenly it is the mean of 1/(t + 1). Dependence: surprise after words without ⟨s⟩ less surprise with it, nats. Beside them the mean gate at words and at questions.",
  rule: "A sink is there if plain attention's mass is at least `sink` times that of even attention. If there is none, mixed. If there is one: supports if the gated model's mass is at most `left` of the plain model's; mixed if the mass stays but the dependence falls to at most `left`; refutes if neither falls. Means over seeds.",
  thresholds: {
    sink: { value: 3, unit: "1", meaning: "least mass on the first token, in units of even attention, for a sink" },
    left: { value: 0.5, unit: "1", meaning: "share of the plain model's mass, or dependence, that may be left with the gate" },
  },
  seeds: [1, 2, 3],
  seconds: 38,
  recorded: true,
  doesNotShow: "What a gate does to a sink that formed over trillions of tokens: there the published figures stand, printed beside. A toy learns gate and sink at the same time, and once the gate is there nothing drives the attention away from the first token. Decay of history is not measured: this gate does not decay it.",
  wouldChange: "A longer training of deeper models, in which the sink becomes costly (large activations), or a gate that starts closed.",
  sabotage: { what: "The gated model is replaced by a plain one: its gate never closes.", verdict: "refutes" },

  run: (context) => experiment(context, sizes[context.size]),

  judge(evidence, { sink = NaN, left = NaN }) {
    const [plain, gated, even, needs, needed] = ["mass-plain", "mass-gated", "mass-even", "dependence-plain", "dependence-gated"].map((id) => valueOf(evidence, id)) as [number, number, number, number, number];
    const shown = (id: string): string => {
      const { value, low, high } = evidence.quantities.find((quantity) => quantity.id === id)!;
      return `${digits(value)}${low === undefined || high === undefined ? "" : ` [${digits(low)}, ${digits(high)}]`}`;
    };
    const reason = `Attention of words on the first token is ${shown("mass-plain")} plain, ${shown("mass-gated")} gated (even ${digits(even)}); taking it away costs ${shown("dependence-plain")} nats plain, ${shown("dependence-gated")} gated.`;
    if (!(plain >= sink * even)) return { verdict: "mixed", reason: `No sink formed, so nothing is decided. ${reason}` };
    return { verdict: gated <= left * plain ? "supports" : needed <= left * needs ? "mixed" : "refutes", reason };
  },
};

/** What one model did, at the tokens after the facts. */
interface Result {
  /** [layer][head] */
  readonly mass: readonly (readonly number[])[];
  /** The same on the token itself. */
  readonly self: readonly (readonly number[])[];
  readonly even: number;
  readonly dependence: number;
  readonly excess: number;
  /** Mean over layers, NaN without a gate. */
  readonly gateAtWords: number;
  readonly gateAtQuestions: number;
  /** Mean pattern of the head with the largest mass, of words of one test text: rows are queries. */
  readonly pattern: readonly number[];
}

export async function experiment({ seeds, sabotaged, progress }: Pick<ClaimContext, "seeds" | "sabotaged" | "progress">, size: Q3gSize): Promise<Evidence> {
  const runs: Record<(typeof kinds)[number], Result>[] = [];
  for (const [s, seed] of seeds.entries()) {
    const results: Partial<Record<(typeof kinds)[number], Result>> = {};
    for (const [i, kind] of kinds.entries()) {
      const place = kind === "plain" || sabotaged ? "plain" : "attention";
      const model = await trainTextModel(seed, place, size, (done, what) => progress((s + (i + done) / 2) / seeds.length, `seed ${seed}, ${kind}: ${what}`));
      results[kind] = resultOf(model, size);
      model.dispose();
    }
    runs.push(results as Record<(typeof kinds)[number], Result>);
  }
  await progress(1, "done");
  const of = (kind: (typeof kinds)[number], value: (result: Result) => number): number[] => runs.map((run) => value(run[kind]));
  const both = (id: string, label: string, unit: string, value: (result: Result) => number, reference?: typeof published) =>
    kinds.map((kind) => (unit === "1" ? shareOverSeeds : overSeeds)({ id: `${id}-${kind}`, label: `${label}, ${kind}`, unit, ...(reference ? { reference: { value: reference[kind], source: `15B mixture of experts, all tokens, ${reference.source}` } } : {}) }, of(kind, value)));
  const heads = runs[0]!.plain.mass.flatMap((row, l) => row.map((_, h) => ({ l, h, name: size.heads > 1 ? `layer ${l + 1}, head ${h + 1}` : `layer ${l + 1}` })));
  const bar = (kind: (typeof kinds)[number], part: "mass" | "self") => shareBarOverSeeds(kind, heads.map(({ l, h }) => of(kind, (result) => result[part][l]![h]!)));
  const ticks = Array.from({ length: size.length }, (_, t) => (t === 0 ? "⟨s⟩" : String(t)));
  return {
    quantities: [
      ...both("mass", "attention of words on the first token, mean over layers and heads", "1", ({ mass }) => mean(mass.flat()), published),
      overSeeds({ id: "mass-even", label: "attention of words on the first token, were it even", unit: "1" }, of("plain", ({ even }) => even)),
      ...both("dependence", "cost of taking the first token away, after words", "nats", ({ dependence }) => dependence),
      ...both("mass-most", "attention of words on the first token, in the head where it is largest", "1", ({ mass }) => Math.max(...mass.flat())),
      ...both("excess", "surprise above the best possible", "nats", ({ excess }) => excess),
      ...(sabotaged ? [] : [
        shareOverSeeds({ id: "gate-words", label: "mean gate at words", unit: "1" }, of("gated", ({ gateAtWords }) => gateAtWords)),
        shareOverSeeds({ id: "gate-questions", label: "mean gate at questions", unit: "1" }, of("gated", ({ gateAtQuestions }) => gateAtQuestions)),
      ]),
    ],
    figures: [
      {
        kind: "bars",
        title: "Attention of words on the first token",
        y: { label: "attention", unit: "" },
        categories: heads.map(({ name }) => name),
        bars: [
          bar("plain", "mass"),
          bar("gated", "mass"),
          { name: "even attention", role: "null", values: heads.map(() => mean(of("plain", ({ even }) => even))) },
        ],
      },
      { kind: "bars", title: "Attention of words on themselves", y: { label: "attention", unit: "" }, categories: heads.map(({ name }) => name), bars: [bar("plain", "self"), bar("gated", "self")] },
      { kind: "bars", title: `Published: attention on the first token (${published.source})`, y: { label: "mean over layers and heads", unit: "" }, categories: ["plain", "gated"], bars: [{ name: "15B mixture of experts", role: "theory", values: [published.plain, published.gated] }] },
      ...kinds.map((kind) => ({ kind: "grid" as const, title: `Who looks where, ${kind}, the head that looks most at the first token, seed ${seeds[0]}`, rowLabel: "token that looks", columnLabel: "token looked at", rows: ticks, columns: ticks, values: [...runs[0]![kind].pattern], unit: "attention" })),
    ],
    remarks: [`${size.steps} steps with ${size.batch} texts, ${size.tests} texts in the test.`],
  };
}

function resultOf(model: TextModel, { length: T, keys, heads, layers, tests }: Q3gSize): Result {
  const { kind } = vocabularyOf(model.language);
  const [seen, hidden] = [model.look(tests), model.look(tests, true)];
  const at = (wanted: Kind) => seen.texts.flatMap(({ tokens }, b) => Array.from({ length: T - keys - 1 }, (_, i) => ({ b, t: keys + 1 + i })).filter(({ t }) => kind(tokens[t]!) === wanted));
  const [words, questions] = [at("word"), at("question")];
  const over = (l: number, h: number, place: (t: number) => number): number => mean(words.map(({ b, t }) => seen.patterns[l]!.data[((b * heads + h) * T + t) * T + place(t)]!));
  const byHead = (place: (t: number) => number): number[][] => Array.from({ length: layers }, (_, l) => Array.from({ length: heads }, (_, h) => over(l, h, place)));
  const gate = (tokens: readonly { b: number; t: number }[]): number => mean(seen.gates.map(({ data }) => mean(tokens.map(({ b, t }) => data[b * T + t]!))));
  const mass = byHead(() => 0);
  const most = mass.flat().indexOf(Math.max(...mass.flat()));
  const [l, h] = [Math.floor(most / heads), most % heads];
  return {
    mass,
    self: byHead((t) => t),
    even: mean(words.map(({ t }) => 1 / (t + 1))),
    dependence: mean(words.map(({ b, t }) => hidden.surprise.data[b * (T - 1) + t - 1]! - seen.surprise.data[b * T + t]!)),
    excess: mean(seen.texts.flatMap(({ probability }, b) => Array.from({ length: T - keys - 1 }, (_, i) => seen.surprise.data[b * T + keys + 1 + i]! + Math.log(probability[keys + 1 + i]!)))),
    gateAtWords: gate(words),
    gateAtQuestions: gate(questions),
    pattern: Array.from(seen.patterns[l]!.data.subarray(h * T * T, (h + 1) * T * T)),
  };
}
