/**
 * P3: does a window over neighbouring tokens see enough?
 *
 * Two languages that differ in one number, the lag ℓ: the next token is a fixed
 * permutation of the token ℓ places before it, with a little noise,
 *
 *   x_t = π(x_{t−ℓ}) with probability 0.9, else any token
 *
 * One block of dense attention learns each; then every token sees only the last w
 * (itself included). Whoever sees x_{t−ℓ} can be right in 0.9 + 0.1/m of the places,
 * whoever does not, in 1/m: a step at w = ℓ.
 */
import { mean } from "../../probes/statistics/moments.ts";
import { Random } from "../../probes/random.ts";
import { dispose, integers, type np } from "../toys/autodiff.ts";
import { adam, cosine, warmup } from "../toys/optimiser.ts";
import { sparseAttention } from "../toys/sparse-attention.ts";
import { Training } from "../toys/training.ts";
import { initialAttention, type Attention } from "../toys/transformer.ts";
import { attentionModel, initialAttentionModel, plainAttention, type Attended, type AttentionModel } from "./apparatus/attention-model.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence } from "./claim.ts";
import { overSeeds, shareLineOverSeeds } from "./apparatus/over-seeds.ts";
import { argmaxRows, crossEntropy, evaluate } from "./apparatus/training.ts";

export interface P3Size {
  readonly steps: number;
  readonly batch: number;
  readonly tests: number;
  /** The w that are tried; the verdict's and all of the sequence among them. */
  readonly windows: readonly number[];
}

const lags = { near: 3, far: 20 } as const;
type Language = keyof typeof lags;
const languages = Object.keys(lags) as Language[];
/** m */
const tokensCount = 8;
const certain = 0.9;
const T = 40;
const [heads, hiddenSize] = [1, 32];
/** w */
const windows = [1, 2, 3, 4, 6, 8, 12, 16, 19, 20, 24, 32, T];
/** The window that the verdict is about: all that the near language depends on. */
const enough = 3;
/** Of the best possible accuracy: sure of the source, and lucky with the rest. */
export const ceiling = certain + (1 - certain) / tokensCount;

export const sizes: Record<"live" | "full", P3Size> = {
  live: { steps: 150, batch: 32, tests: 64, windows: [1, 2, enough, 8, 19, lags.far, T] },
  full: { steps: 600, batch: 32, tests: 200, windows },
};

export const claim: Claim = {
  id: "P3",
  system: "sparse-attention",
  title: "Does a window over neighbouring tokens see enough?",
  statement: {
    en: "Block-sparse and window attention assume beforehand that neighbours on the manifold are also neighbours in the sequence; this suits local dependency.",
    zh: "块稀疏/局部窗口：先验假设近邻在序列位置上也局部（适合局部依赖）",
  },
  expectation: {
    verdict: "supports",
    text: "With local dependency a window of its range loses nothing; with a dependency at a distance there is a cliff at that distance.",
    sources: [{ text: "exact for these languages: a step at w = lag" }, { text: "Beltagy et al. 2020, arXiv:2004.05150 (window attention)", recalled: true }],
  },
  data: `Sequences of ${T} tokens out of ${tokensCount}: each is a fixed permutation of the one ${lags.near} places before it (near) or ${lags.far} places (far), with probability ${certain}, else any token.`,
  model: `Transformer, one block, hidden size ${hiddenSize}, one head, trained with dense attention on one language (Adam, learning rate 0.01 falling to 0 along a cosine); tested with the last w tokens visible.`,
  measurement: `Accuracy on places whose source lies in the sequence, by w; the best possible is ${ceiling.toFixed(4)} for w ≥ lag and 1/${tokensCount} below.`,
  rule: `At a window of ${enough}, the range of the near language, means over seeds. The window sees enough for local dependency if its accuracy is at most \`drop\` below dense attention; the assumption matters if in the far language it is more than \`cliff\` below. Both: supports. The near language already loses more than \`drop\`: refutes. Neither loses: mixed, the window was no restriction. If dense attention is more than \`learnt\` below the best possible accuracy in either language, nothing is decided: mixed.`,
  thresholds: {
    drop: { value: 0.03, unit: "1", meaning: "largest loss of accuracy that counts as none" },
    cliff: { value: 0.3, unit: "1", meaning: "loss of accuracy from which the window counts as too narrow" },
    learnt: { value: 0.05, unit: "1", meaning: "how far dense attention may be below the best possible accuracy" },
  },
  seeds: [1, 2, 3],
  seconds: 19,
  recorded: true,
  doesNotShow: "That language is local. A window on a language model also cuts off the first tokens, on which its heads rest, and can fail for that reason alone (Xiao et al. 2023, arXiv:2309.17453); the model here has one head that always has something to look for.",
  wouldChange: "A dependency longer than the window: in the sabotaged run the near language has the lag of the far one, and the window of 3 fails it too.",
  sabotage: { what: "The near language is drawn with the lag of the far one.", verdict: "refutes" },

  run: (context) => experiment(context, sizes[context.size]),

  judge(evidence, { drop = NaN, cliff = NaN, learnt = NaN }) {
    const at = (language: Language, what: string): number => valueOf(evidence, `${language}-${what}`);
    const lost = (language: Language): number => at(language, "dense") - at(language, "window");
    const reason = `A window of ${enough} costs ${lost("near").toFixed(2)} of accuracy where tokens depend on their neighbourhood (${at("near", "dense").toFixed(2)} dense) and ${lost("far").toFixed(2)} where they depend on a far one (${at("far", "dense").toFixed(2)} dense).`;
    if (languages.some((language) => !(ceiling - at(language, "dense") <= learnt))) return { verdict: "mixed", reason: `Not both languages were learnt, so nothing is decided. ${reason}` };
    return { verdict: lost("near") > drop ? "refutes" : lost("far") > cliff ? "supports" : "mixed", reason };
  },
};

/** Accuracy by window, in the order of the size's windows. */
type Result = Readonly<Record<Language, readonly number[]>>;

export async function experiment({ seeds, sabotaged, progress }: Pick<ClaimContext, "seeds" | "sabotaged" | "progress">, size: P3Size): Promise<Evidence> {
  const { windows } = size;
  const lagOf = (language: Language): number => (sabotaged ? lags.far : lags[language]);
  const runs: Result[] = [];
  for (const [s, seed] of seeds.entries()) {
    const part = (l: number) => (done: number, what: string): Promise<void> => progress((s + (l + done) / languages.length) / seeds.length, `seed ${seed}, ${languages[l]} language: ${what}`);
    runs.push({ near: await accuracies(seed, lagOf("near"), size, part(0)), far: await accuracies(seed, lagOf("far"), size, part(1)) });
  }
  await progress(1, "done");
  const at = (language: Language, w: number): number[] => runs.map((run) => run[language][windows.indexOf(w)]!);
  return {
    quantities: languages.flatMap((language) => [
      overSeeds({ id: `${language}-window`, label: `accuracy, ${language} language, window of ${enough}`, unit: "1", reference: { value: lagOf(language) <= enough ? ceiling : 1 / tokensCount, source: "best possible" } }, at(language, enough)),
      overSeeds({ id: `${language}-dense`, label: `accuracy, ${language} language, dense`, unit: "1", reference: { value: ceiling, source: "best possible" } }, at(language, T)),
    ]),
    figures: [
      {
        kind: "lines",
        title: "Accuracy by the width of the window",
        x: { label: "window w", unit: "tokens", log: true },
        y: { label: "share of tokens predicted right", unit: "" },
        lines: [
          ...languages.map((language) => shareLineOverSeeds(`${language}: the token ${lagOf(language)} before decides`, windows, runs.map((run) => run[language]))),
          ...(sabotaged ? (["far"] as const) : languages).map((language) => ({ name: `best possible, ${language}`, role: "theory" as const, x: windows, y: windows.map((w) => (w >= lagOf(language) ? ceiling : 1 / tokensCount)) })),
        ],
      },
    ],
    remarks: [`${size.steps} steps with ${size.batch} sequences for each language and seed, ${size.tests} sequences in the test.`],
  };
}

/** T + 1 tokens; the first `lag` are any. */
export function drawSequence(random: Random, permutation: readonly number[], lag: number): number[] {
  const tokens: number[] = [];
  for (let t = 0; t <= T; t++) tokens.push(t >= lag && random.uniform() < certain ? permutation[tokens[t - lag]!]! : random.integer(tokensCount));
  return tokens;
}

async function accuracies(seed: number, lag: number, { steps, batch, tests, windows }: P3Size, progress: (done: number, what: string) => Promise<void>): Promise<number[]> {
  const random = new Random(seed).fork(`lag ${lag}`);
  const permutation = random.shuffle(Array.from({ length: tokensCount }, (_, i) => i));
  const inputs = (all: readonly number[][]): np.Array => integers(all.flatMap((tokens) => tokens.slice(0, T)), [all.length, T]);
  // The token after place t has its source at t + 1 − lag.
  const logitsOf = (p: AttentionModel<Attention>, tokens: np.Array, attend: (p: Attention, x: np.Array) => Attended): np.Array => {
    const { logits, ...inner } = attentionModel(p, tokens, attend);
    dispose(inner);
    return logits.slice([], [lag - 1, T]);
  };
  const training = new Training({
    parameters: initialAttentionModel(random.fork("weights"), { vocabSize: tokensCount, hiddenSize, layers: 1, contextLength: T }, (random) => initialAttention(random, hiddenSize, heads)),
    loss: (p: AttentionModel<Attention>, { tokens, next }: { tokens: np.Array; next: np.Array }) => crossEntropy(logitsOf(p, tokens, plainAttention(heads)), next),
    batch: (random) => {
      const drawn = Array.from({ length: batch }, () => drawSequence(random, permutation, lag));
      return { tokens: inputs(drawn), next: integers(drawn.flatMap((tokens) => tokens.slice(lag)), [batch, T + 1 - lag]) };
    },
    optimiser: adam({ rate: warmup(0.01, 20, cosine(0.01, steps)), beta2: 0.98 }),
    seed,
  });
  for await (const { step, loss } of training.run(steps)) if (step % 10 === 0) await progress((0.8 * step) / steps, `step ${step} of ${steps}, loss ${loss.toFixed(2)}`);
  const testRandom = random.fork("test");
  const test = Array.from({ length: tests }, () => drawSequence(testRandom, permutation, lag));
  const [tokens, next] = [inputs(test), test.flatMap((sequence) => sequence.slice(lag))];
  const found: number[] = [];
  for (const [i, width] of windows.entries()) {
    await progress(0.8 + (0.2 * i) / windows.length, `window of ${width}`);
    const [logits] = evaluate(training.parameters, (p, x) => [logitsOf(p, x, (p, x) => windowed(p, x, width))], tokens.ref);
    const given = argmaxRows(logits!);
    found.push(mean(next.map((token, n) => Number(given[n] === token))));
  }
  tokens.dispose();
  training.dispose();
  return found;
}

function windowed(p: Attention, x: np.Array, width: number): Attended {
  const { output, pattern, ...rest } = sparseAttention(p, x, { heads, selection: { by: "window", width } });
  return { output, pattern, rest };
}
