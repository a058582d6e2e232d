/**
 * E5: does a representation become linear when a skill emerges?
 *
 * A transformer of one block learns (a + b) mod p from part of the table. It soon
 * knows that part by heart; with weight decay it finds, much later and rather
 * suddenly, what all pairs have in common ("grokking", Power et al. 2022). On the
 * way its embeddings turn into circles: a few frequencies k carry
 *
 *   E[a] ≈ Σ_k u_k cos(2πka/p) + v_k sin(2πka/p)
 *
 * and the sum becomes a rotation (Nanda et al. 2023). So there is a number for "flat":
 * the share of the embedding's power in its strongest frequencies; and for
 * "linearly separable": how well a linear map reads the sum, as a place on a circle,
 * from the hidden state of pairs that it was not fitted to.
 */
import { ridge } from "../../probes/statistics/ridge.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { Random } from "../../probes/random.ts";
import { row, type Tensor } from "../../probes/tensor.ts";
import { dispose, integers, jit, keep, nn, np, toTensor, type OwnedFunction } from "../toys/autodiff.ts";
import { adamW, cosine, warmup } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import { initialTransformer, transformer, type Transformer } from "../toys/transformer.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence } from "./claim.ts";
import { decimals } from "./apparatus/numerals.ts";
import { overSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { argmaxRows, crossEntropy } from "./apparatus/training.ts";

export interface E5Size {
  /** Of the sum; an odd number. */
  readonly modulus: number;
  /** Of all pairs, that the model is trained on. */
  readonly share: number;
  readonly hiddenSize: number;
  readonly steps: number;
  /** Steps from one look at the model to the next. */
  readonly every: number;
}

export const sizes: Record<"live" | "full", E5Size> = {
  live: { modulus: 31, share: 0.5, hiddenSize: 32, steps: 600, every: 10 },
  full: { modulus: 59, share: 0.4, hiddenSize: 32, steps: 1500, every: 25 },
};

const heads = 2;
const strongest = 5;
const decay = 1;

/** One look at the model. */
interface Look {
  readonly step: number;
  /** Accuracy on the pairs that it was trained on, and on the others. */
  readonly train: number;
  readonly test: number;
  /** How well a linear map reads the sum from the hidden state, R² on pairs that the model was not trained on. */
  readonly probe: number;
  /** Power of the embedding by frequency, 1 … (p − 1)/2, in shares of the whole. */
  readonly power: readonly number[];
  readonly embedding: Tensor;
}

export const claim: Claim = {
  id: "E5",
  system: "scaling",
  title: "Does a representation become linear when a skill emerges?",
  statement: {
    en: "Emergence often comes with a reconstruction of the representation: before the transition concepts are entangled and no linear layer separates them, after it the curved manifold is unrolled and they are linearly separable.",
    zh: "涌现往往伴随着表征空间的几何重构（线性化解耦）",
  },
  expectation: {
    verdict: "supports",
    text: "In modular addition the embedding turns into a few circles, and a linear map then reads the sum from the hidden state. The circles form gradually, before accuracy jumps.",
    sources: [{ text: "Nanda et al. 2023, arXiv:2301.05217, abstract: addition as rotation about a circle; memorising, forming of circuits and clean-up follow one another gradually" }, { text: "Power et al. 2022, arXiv:2201.02177, abstract: from chance to perfect well past overfitting" }],
  },
  data: `All pairs (a, b) with their sum modulo ${sizes.full.modulus}; ${100 * sizes.full.share} % of them are trained on (live: modulo ${sizes.live.modulus}, ${100 * sizes.live.share} %).`,
  model: `Transformer, one block, hidden size ${sizes.full.hiddenSize}, ${heads} heads; AdamW, learning rate 0.01 falling to 0 along a cosine, β₂ 0.98, weight decay ${decay}, all training pairs in every step.`,
  measurement: `At each look: accuracy on trained and on other pairs; share of the embedding's power in its ${strongest} strongest frequencies, Σ_d |Ê(k, d)|² with the mean taken out; linear read-out: R² of a ridge regression from the hidden state after the block to (cos 2πkc/p, sin 2πkc/p), c the sum, at its best k, fitted to the trained pairs and tested on the others. Before: the first look at which trained pairs are right to 0.99. After: the last look.`,
  rule: "Emergence is seen where, with every seed, accuracy on other pairs is at most `entangled` before and at least `linear` after. Then: supports if, with every seed, the linear read-out goes the same way and the Fourier share rises by at least `concentrates`; refutes if the means over seeds do neither; mixed otherwise, and where no emergence is seen.",
  thresholds: {
    entangled: { value: 0.5, unit: "1", meaning: "accuracy, and R² of the linear read-out, up to which sums count as not separated" },
    linear: { value: 0.9, unit: "1", meaning: "accuracy, and R², from which they count as separated" },
    concentrates: { value: 0.2, unit: "1", meaning: "least rise of the power share of the strongest frequencies" },
  },
  seeds: [1, 2, 3],
  seconds: 31,
  recorded: true,
  doesNotShow: "That abilities of large language models emerge like this. The task has a symmetry that a circle fits; weight decay and the share of the table were chosen so that there is a transition (with 30 % of the table one of three seeds was still at 0.45 after 1500 steps, though its linear read-out had an R² above 0.9).",
  wouldChange: "A representation that stays as it was while accuracy jumps; the sabotaged run looks at such a one. Without weight decay the table is learnt by heart, nothing emerges, and nothing is decided.",
  sabotage: { what: "The representation is that of the weights as before training; accuracy is the trained model's.", verdict: "refutes" },

  run: (context) => experiment(context, sizes[context.size]),

  judge(evidence, { entangled = NaN, linear = NaN, concentrates = NaN }) {
    const of = (id: string): number => valueOf(evidence, id);
    const [testBefore, testAfter, probeBefore, probeAfter, fourierBefore, fourierAfter] = ["test-before", "test-after", "probe-before", "probe-after", "fourier-before", "fourier-after"].map(of) as [number, number, number, number, number, number];
    const emerged = of("test-before-most") <= entangled && of("test-after-least") >= linear;
    const always = of("probe-before-most") <= entangled && of("probe-after-least") >= linear && of("fourier-rise-least") >= concentrates;
    const onAverage = (probeBefore <= entangled && probeAfter >= linear) || fourierAfter - fourierBefore >= concentrates;
    const reason = `Accuracy on pairs not trained on goes from ${decimals(testBefore)} to ${decimals(testAfter)}, the linear read-out’s R² from ${decimals(probeBefore)} (up to ${decimals(of("probe-before-most"))} with one seed) to ${decimals(probeAfter)}, the power in the ${strongest} strongest frequencies from ${decimals(fourierBefore)} to ${decimals(fourierAfter)}.`;
    if (!emerged) return { verdict: "mixed", reason: `No transition was seen, so nothing is decided. ${reason}` };
    return { verdict: always ? "supports" : onAverage ? "mixed" : "refutes", reason };
  },
};

export async function experiment({ seeds, sabotaged, progress }: Pick<ClaimContext, "seeds" | "sabotaged" | "progress">, size: E5Size): Promise<Evidence> {
  const runs: Look[][] = [];
  for (const [s, seed] of seeds.entries()) {
    runs.push(await looks(seed, size, sabotaged, (done, what) => progress((s + done) / seeds.length, `seed ${seed}: ${what}`)));
  }
  await progress(1, "done");
  const fourier = ({ power }: Look): number => concentration(power, strongest);
  const before = runs.map((run) => run.find(({ train }) => train >= 0.99) ?? run.at(-1)!);
  const after = runs.map((run) => run.at(-1)!);
  const firstFrom = (run: readonly Look[], level: number): number => run.findIndex(({ test }) => test >= level);
  /** How much of the rise of the Fourier share is done when accuracy on other pairs passes one half. */
  const lead = runs.map((run, s) => {
    const at = firstFrom(run, 0.5);
    return at < 0 ? NaN : (fourier(run[at]!) - fourier(before[s]!)) / (fourier(after[s]!) - fourier(before[s]!));
  });
  const chance = scatteredConcentration(size.modulus, size.hiddenSize);
  const steps = runs[0]!.map(({ step }) => step);
  const shown = runs[0]!;
  const share = (id: string, label: string, values: readonly number[], reference?: { value: number; source: string }) => shareOverSeeds({ id, label, unit: "1", ...(reference ? { reference } : {}) }, values);
  const quantity = (id: string, label: string, values: readonly number[], reference?: { value: number; source: string }) => overSeeds({ id, label, unit: "1", ...(reference ? { reference } : {}) }, values);
  return {
    quantities: [
      share("test-before", "accuracy on other pairs when the trained ones are right", before.map(({ test }) => test), { value: 1 / size.modulus, source: "chance" }),
      share("test-after", "accuracy on other pairs at the end", after.map(({ test }) => test)),
      quantity("probe-before", "R² of the linear read-out when the trained pairs are right", before.map(({ probe }) => probe), { value: 0, source: "chance" }),
      quantity("probe-after", "R² of the linear read-out at the end", after.map(({ probe }) => probe)),
      share("fourier-before", `power in the ${strongest} strongest frequencies when the trained pairs are right`, before.map(fourier), { value: chance, source: "embedding drawn at random" }),
      share("fourier-after", `power in the ${strongest} strongest frequencies at the end`, after.map(fourier)),
      { id: "test-before-most", label: "accuracy on other pairs before, the seed where it is highest", unit: "1", value: Math.max(...before.map(({ test }) => test)), n: seeds.length },
      { id: "test-after-least", label: "accuracy on other pairs at the end, the seed where it is lowest", unit: "1", value: Math.min(...after.map(({ test }) => test)), n: seeds.length },
      { id: "probe-before-most", label: "R² of the linear read-out before, the seed where it is highest", unit: "1", value: Math.max(...before.map(({ probe }) => probe)), n: seeds.length },
      { id: "probe-after-least", label: "R² of the linear read-out at the end, the seed where it is lowest", unit: "1", value: Math.min(...after.map(({ probe }) => probe)), n: seeds.length },
      { id: "fourier-rise-least", label: "rise of that power, the seed where it is least", unit: "1", value: Math.min(...after.map((look, s) => fourier(look) - fourier(before[s]!))), n: seeds.length },
      quantity("lead", "share of the rise of that power that is done when accuracy on other pairs passes 1/2", lead),
      overSeeds({ id: "fit-step", label: "step at which the trained pairs are right", unit: "steps" }, before.map(({ step }) => step)),
      overSeeds({ id: "jump-step", label: "step at which accuracy on other pairs passes 0.9", unit: "steps" }, runs.map((run) => run[firstFrom(run, 0.9)]?.step ?? NaN)),
    ],
    figures: [
      {
        kind: "lines",
        title: `What changes when the sum is understood, seed ${seeds[0]}`,
        x: { label: "training step", unit: "" },
        y: { label: "accuracy, R², share of power", unit: "" },
        lines: [
          { name: "accuracy, pairs trained on", x: steps, y: shown.map(({ train }) => train) },
          { name: "accuracy, other pairs", x: steps, y: shown.map(({ test }) => test) },
          { name: "linear read-out R² (0 where negative), other pairs", x: steps, y: shown.map(({ probe }) => Math.max(0, probe)) },
          { name: `power in ${strongest} frequencies`, x: steps, y: shown.map(fourier) },
          { name: "the same, embedding at random", role: "null", x: steps, y: steps.map(() => chance) },
        ],
      },
      circles(before[0]!, after[0]!, size.modulus),
      {
        kind: "lines",
        title: `Power of the embedding by frequency, seed ${seeds[0]}`,
        x: { label: "frequency", unit: "" },
        y: { label: "share of the power", unit: "" },
        lines: [{ name: "when the trained pairs are right", ...byFrequency(before[0]!) }, { name: "at the end", ...byFrequency(after[0]!) }],
      },
      {
        kind: "lines",
        title: "Accuracy on other pairs and the linear read-out, each seed",
        x: { label: "training step", unit: "" },
        y: { label: "accuracy, R²", unit: "" },
        lines: runs.flatMap((run, s) => [
          { name: `accuracy, seed ${seeds[s]!}`, x: steps, y: run.map(({ test }) => test) },
          { name: `linear read-out, seed ${seeds[s]!}`, x: steps, y: run.map(({ probe }) => Math.max(0, probe)) },
        ]),
      },
    ],
    remarks: [`(a + b) mod ${size.modulus}, ${Math.round(100 * size.share)} % of the pairs trained on, hidden size ${size.hiddenSize}, ${size.steps} steps, weight decay ${decay}.`],
  };
}

function byFrequency({ power }: Look): { x: number[]; y: readonly number[] } {
  return { x: power.map((_, k) => k + 1), y: power };
}

/** Trains one model and looks at it every so many steps. */
async function looks(seed: number, { modulus: p, share, hiddenSize, steps, every }: E5Size, sabotaged: boolean, progress: (done: number, what: string) => Promise<void>): Promise<Look[]> {
  const random = new Random(seed);
  const order = random.fork("pairs").shuffle(Array.from({ length: p * p }, (_, i) => i));
  const count = Math.round(share * p * p);
  const [trained, others] = [order.slice(0, count), order.slice(count)];
  const sum = (i: number): number => (Math.floor(i / p) + (i % p)) % p;
  const tokens = (pairs: readonly number[]): np.Array => integers(pairs.flatMap((i) => [Math.floor(i / p), i % p]), [pairs.length, 2]);
  const data = { tokens: tokens(trained), sums: integers(trained.map(sum)) };
  const initial = (): Transformer => initialTransformer(random.fork("weights"), { vocabSize: p, hiddenSize, layers: 1, heads, contextLength: 2 });
  const training = new Training({
    parameters: initial(),
    loss: (model: Transformer, { tokens, sums }: typeof data) => {
      const { logits, hidden } = atEnd(model, tokens);
      hidden.dispose();
      return crossEntropy(logits, sums);
    },
    batch: () => keep(data),
    optimiser: adamW({ rate: warmup(0.01, 10, cosine(0.01, steps)), beta2: 0.98, decay }),
    seed,
  });
  const measure = jit(atEnd as never) as unknown as OwnedFunction<typeof atEnd>;
  const all = tokens([...trained, ...others]);
  const truth = [...trained, ...others].map(sum);
  const untrained = sabotaged ? initial() : null;
  const look = (step: number): Look => {
    const state = measure(keep(training.parameters), all.ref);
    const logits = toTensor(state.logits);
    if (untrained) {
      const before = measure(keep(untrained), all.ref);
      dispose([state.hidden, before.logits]);
      state.hidden = before.hidden;
    }
    const hidden = toTensor(state.hidden);
    const given = argmaxRows(logits);
    const right = truth.map((c, i) => Number(given[i] === c));
    const part = (from: number, to: number) => ({ x: truth.slice(from, to).map((_, i) => row(hidden, from + i)), sums: truth.slice(from, to) });
    const embedding = toTensor((untrained ?? training.parameters).embedding.ref);
    return {
      step,
      train: mean(right.slice(0, count)),
      test: mean(right.slice(count)),
      probe: circleFit(part(0, count), part(count, truth.length), p, probePenalty * count),
      power: fourierPower(embedding),
      embedding,
    };
  };
  const found = [look(0)];
  for await (const { step } of training.run(steps)) {
    if (step % every === 0 || step === steps) {
      found.push(look(step));
      await progress(step / steps, `step ${step} of ${steps}`);
    }
  }
  training.dispose();
  measure.dispose();
  dispose([all, data.tokens, data.sums, ...(untrained ? [untrained] : [])]);
  return found;
}

/**
 * How well a linear map reads the sum c as a place on a circle, (cos 2πkc/p, sin 2πkc/p):
 * the share of the variance that it explains on pairs that it was not fitted to, for
 * the frequency k at which it reads best. 1: exactly; 0 or less: no better than the mean.
 *
 * @param fit, test  hidden states and their sums
 * @param penalty    of the ridge regression
 */
export function circleFit(fit: States, test: States, p: number, penalty: number): number {
  const waves = (c: number): number[] => Array.from({ length: p - 1 }, (_, i) => (i % 2 === 0 ? Math.cos : Math.sin)((2 * Math.PI * ((i >> 1) + 1) * c) / p));
  const withOne = (x: ArrayLike<number>): number[] => [...Array.from(x), 1];
  const weights = ridge(fit.x.map(withOne), fit.sums.map(waves), penalty);
  const error = new Float64Array((p - 1) / 2);
  test.x.forEach((x, n) => {
    const [features, target] = [withOne(x), waves(test.sums[n]!)];
    target.forEach((y, i) => (error[i >> 1]! += (features.reduce((sum, value, d) => sum + value * weights[d]![i]!, 0) - y) ** 2));
  });
  // cos² + sin² = 1 at every pair.
  return 1 - Math.min(...error) / test.x.length;
}

interface States {
  readonly x: readonly ArrayLike<number>[];
  readonly sums: readonly number[];
}

/** Per fitted pair, of hidden states of mean square 1. */
const probePenalty = 1e-3;

/** Logits [B, p] and hidden state [B, D], both at the last token; each hidden state is brought to mean square 1, as the unembedding sees it. */
function atEnd(model: Transformer, tokens: np.Array): { logits: np.Array; hidden: np.Array } {
  const { output, residual, patterns, heads: brought, caches } = transformer(model, np.take(model.embedding.ref, tokens, 0), { heads });
  dispose([residual[0]!, patterns, brought, caches]);
  const last = (x: np.Array): np.Array => x.slice([], -1);
  return { logits: last(output), hidden: nn.standardize(last(residual[1]!), -1, { epsilon: 1e-5 }) };
}

/**
 * The power of each column of [p, D] at the frequencies 1 … (p − 1)/2, summed over
 * columns, in shares of the whole; the mean (frequency 0) is left out.
 */
export function fourierPower({ shape, data }: Tensor): number[] {
  const [p = 0, D = 0] = shape;
  const power = Array.from({ length: (p - 1) / 2 }, (_, f) => {
    const [cos, sin] = [new Float64Array(D), new Float64Array(D)];
    for (let a = 0; a < p; a++) {
      const angle = (2 * Math.PI * (((f + 1) * a) % p)) / p;
      for (let d = 0; d < D; d++) {
        cos[d]! += Math.cos(angle) * data[a * D + d]!;
        sin[d]! += Math.sin(angle) * data[a * D + d]!;
      }
    }
    return cos.reduce((sum, c, d) => sum + c * c + sin[d]! ** 2, 0);
  });
  const whole = power.reduce((sum, x) => sum + x, 0);
  return power.map((x) => x / whole);
}

/** The share in the `count` strongest. */
export function concentration(power: readonly number[], count: number): number {
  return [...power].sort((a, b) => b - a).slice(0, count).reduce((sum, x) => sum + x, 0);
}

/** What an embedding of independent normal entries gives, mean of 20 draws. */
function scatteredConcentration(p: number, D: number): number {
  const random = new Random(0);
  return mean(Array.from({ length: 20 }, () => concentration(fourierPower({ shape: [p, D], data: Float32Array.from({ length: p * D }, () => random.normal()) }), strongest)));
}

/** The embeddings in the plane of the strongest frequency at the end: along Σ cos(2πka/p) E[a] and Σ sin(2πka/p) E[a]. */
function circles(before: Look, after: Look, p: number) {
  const k = after.power.indexOf(Math.max(...after.power)) + 1;
  const group = (name: string, { embedding }: Look) => {
    const D = embedding.shape[1]!;
    const along = (wave: (angle: number) => number): Float64Array => {
      const axis = new Float64Array(D);
      for (let a = 0; a < p; a++) for (let d = 0; d < D; d++) axis[d]! += wave((2 * Math.PI * k * a) / p) * embedding.data[a * D + d]!;
      const length = Math.hypot(...axis);
      return axis.map((x) => x / length);
    };
    const centre = new Float64Array(D);
    for (let a = 0; a < p; a++) for (let d = 0; d < D; d++) centre[d]! += embedding.data[a * D + d]! / p;
    const size = Math.sqrt(mean(Array.from({ length: p }, (_, a) => row(embedding, a).reduce((sum, x, d) => sum + (x - centre[d]!) ** 2, 0))));
    const place = (axis: Float64Array): number[] => Array.from({ length: p }, (_, a) => axis.reduce((sum, x, d) => sum + x * (embedding.data[a * D + d]! - centre[d]!), 0) / size);
    return { name, x: place(along(Math.cos)), y: place(along(Math.sin)) };
  };
  return {
    kind: "scatter" as const,
    title: `The numbers 0 … ${p - 1} in the plane of frequency ${k}`,
    x: { label: "cosine direction", unit: "" },
    y: { label: "sine direction", unit: "" },
    groups: [group("when the trained pairs are right", before), group("at the end", after)],
  };
}
