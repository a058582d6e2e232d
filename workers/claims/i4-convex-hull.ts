/**
 * I4: does in-context learning stay in the convex hull of what was trained on?
 *
 * A transformer is trained to continue y = w · x + noise from examples, each sequence
 * with a task w from a pool of M; so "the hull of pre-training" is an exact thing here,
 * conv{w_1 … w_M}. Then it gets examples of tasks outside of the hull. What it answers
 * to queries x is fitted by a linear map, f(x) ≈ ŵ · x, and ŵ's distance to the hull
 * is measured (Wolfe's algorithm), beside two estimators that are known:
 * dMMSE, which is in the hull by construction, and ridge regression, which is not.
 *
 * Tokens: one for each example, (x_j, x_{j−1}, y_{j−1}), so that a query carries the
 * example before it; Raventós et al. 2023 give x and y tokens of their own.
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { ridge } from "../../probes/statistics/ridge.ts";
import { matrix, tensor, type Tensor } from "../../probes/tensor.ts";
import { hullDistance } from "../../probes/thoughts/hull-distance.ts";
import { dispose, fromTensor, jit, keep, np, toTensor, type OwnedFunction } from "../toys/autodiff.ts";
import { glorot } from "../toys/initialise.ts";
import { adam, cosine, warmup } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import { initialTransformer, transformer, type Transformer } from "../toys/transformer.ts";
import type { Claim, ClaimContext, Evidence } from "./claim.ts";
import { dot, drawExamples, normalVector, poolEstimate, ridgeEstimate, type Examples } from "./apparatus/in-context-regression.ts";
import { lineOverSeeds, overSeeds, ratioLineOverSeeds } from "./apparatus/over-seeds.ts";

export interface I4Size {
  /** D */
  readonly dimension: number;
  /** M */
  readonly pools: readonly number[];
  readonly hiddenSize: number;
  readonly layers: number;
  readonly batch: number;
  readonly steps: number;
  readonly rate: number;
  /** Contexts in the test. */
  readonly tests: number;
}

export const sizes: Record<"live" | "full", I4Size> = {
  live: { dimension: 3, pools: [4, 128], hiddenSize: 32, layers: 2, batch: 64, steps: 350, rate: 0.005, tests: 64 },
  full: { dimension: 4, pools: [4, 256], hiddenSize: 32, layers: 2, batch: 64, steps: 1300, rate: 0.005, tests: 128 },
};

const heads = 2;
/** K */
const examples = 8;
const queryCount = 16;
/** σ² */
const variance = 0.25;
/** How far the tasks of the test are from the hull, at least. */
const beyond = 0.5;

/** Answers f(x) of an estimator after examples, to each query [D]. */
type Answers = (contexts: readonly Examples[], queries: readonly (readonly Float64Array[])[]) => number[][];

/** What one pool, one seed gave. */
interface Result {
  /** Mean distance to the hull of ŵ: of the model, of dMMSE, of ridge, and of the tasks themselves. */
  readonly distance: { readonly model: number; readonly pool: number; readonly ridge: number; readonly task: number };
  /** Δ: mean square of the difference of answers, over D, to dMMSE and to ridge; on tasks of the pool and outside. */
  readonly toPool: { readonly inside: number; readonly outside: number };
  readonly toRidge: { readonly inside: number; readonly outside: number };
  /** Share of the variance of the answers that a linear map ŵ explains. */
  readonly linear: number;
  /** Distances to the hull, context by context. */
  readonly each: { readonly model: readonly number[]; readonly ridge: readonly number[] };
}

export const claim: Claim = {
  id: "I4",
  system: "icl",
  title: "Does in-context learning stay in the convex hull of what was trained on?",
  statement: {
    en: "In-context learning creates no new knowledge: it can only interpolate within the convex hull of the pre-training manifold, or near it.",
    zh: "ICL无法进行真正的推理或创造新知识。它只能在预训练流形的凸包内或邻域进行插值",
  },
  expectation: {
    verdict: "refutes",
    text: "With few tasks in training the model behaves like dMMSE and stays in their hull; above some number of tasks it behaves like ridge regression and solves tasks that are outside. In more than about 100 dimensions even ordinary test points almost surely lie outside of the hull.",
    sources: [{ text: "Raventós et al. 2023, arXiv:2306.15063 (a threshold between 2¹⁴ and 2¹⁵ tasks for D = 8, K = 16)" }, { text: "Balestriero, Pesenti & LeCun 2021, arXiv:2110.09485" }],
  },
  data: `y = w · x + noise of variance ${variance}, x ~ N(0, I), D = ${sizes.full.dimension} (live ${sizes.live.dimension}), ${examples} examples. Training: w from a pool of M = ${sizes.full.pools.join(", ")} tasks drawn from N(0, I) (live: ${sizes.live.pools.join(", ")}). Test: tasks from N(0, I) that lie at least ${beyond} outside of the pool's hull.`,
  model: `Transformer, ${sizes.full.layers} blocks, hidden size ${sizes.full.hiddenSize}, ${heads} heads, one token (xⱼ, xⱼ₋₁, yⱼ₋₁) for each example; Adam, learning rate ${sizes.full.rate} falling along a cosine, ${sizes.full.steps} steps with ${sizes.full.batch} sequences (live ${sizes.live.steps}).`,
  measurement: "ŵ: least-squares fit of the answers to 16 queries after all examples. How far out: mean distance of the model's ŵ to the hull over that of ridge regression's ŵ from the same examples; 0 for dMMSE by construction, 1 for ridge. Beside it Δ = E(f − f')² / D to both.",
  rule: "For each pool: the model stays where its mean over seeds is at most `inside` of ridge's way out and the interval ends below `outside`; it leaves where the mean is at least `outside` and the interval begins above `inside`. Refutes if it leaves at the largest pool; supports if it stays at every pool; otherwise mixed. If at some pool it is further than `learnt` from both estimators on tasks of that pool, it has not learnt to regress, and nothing is decided: mixed.",
  thresholds: {
    inside: { value: 0.25, unit: "1", meaning: "share of ridge regression's distance to the hull up to which the model counts as inside or near" },
    outside: { value: 0.5, unit: "1", meaning: "share from which it counts as outside" },
    learnt: { value: 0.2, unit: "1", meaning: "largest Δ, on tasks of the pool, to the nearer of the two estimators; answering 0 gives about 1" },
  },
  seeds: [1, 2, 3],
  seconds: 54,
  recorded: true,
  doesNotShow: "That a language model leaves the hull of its training data: there nobody can draw the hull. The test is on a family of linear tasks; tasks of another kind (other functions, other ranges of x) fail, hull or not.",
  wouldChange: "A shorter training, or fewer tasks: at the live size the model is still on its way out of the hull, and may count as mixed. A model that answers by choosing among the tasks it knows: in the sabotaged run dMMSE answers in its place, and it stays inside at every pool.",
  sabotage: { what: "The answers of dMMSE are taken in place of the model's.", verdict: "supports" },

  run: (context) => experiment(context, sizes[context.size]),

  judge(evidence, { inside = NaN, outside = NaN, learnt = NaN }) {
    const all = (name: string) => evidence.quantities.filter(({ id }) => id.startsWith(name)).map(({ id, value, low = value, high = value }) => ({ pool: id.slice(name.length), value, low, high }));
    const [ways, untrue] = [all("way-out-"), all("off-").filter(({ value }) => !(value <= learnt))];
    const last = ways.at(-1)!;
    if (untrue.length > 0) return { verdict: "mixed", reason: `The model has not learnt to regress, so nothing is decided: on tasks of its pool it is off the nearer estimator by Δ = ${untrue.map(({ pool, value }) => `${value.toFixed(2)} (${pool} tasks)`).join(", ")}; up to ${learnt} counts as learnt.` };
    const leaves = last.value >= outside && last.low > inside;
    const verdict = leaves ? "refutes" : ways.every(({ value, high }) => value <= inside && high < outside) ? "supports" : "mixed";
    return { verdict, reason: `Of the way that ridge regression goes out of the hull the model goes ${ways.map(({ pool, value, low, high }) => `${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] (${pool} tasks)`).join(", ")}; up to ${inside} counts as inside, from ${outside} as outside.` };
  },
};

export async function experiment({ seeds, sabotaged, progress }: Pick<ClaimContext, "seeds" | "sabotaged" | "progress">, size: I4Size): Promise<Evidence> {
  const { pools } = size;
  const runs: Result[][] = [];
  for (const [s, seed] of seeds.entries()) {
    const results: Result[] = [];
    for (const [m, M] of pools.entries()) {
      results.push(await onePool(seed, M, size, sabotaged, (done, what) => progress((s + (m + done) / pools.length) / seeds.length, `seed ${seed}, ${M} tasks: ${what}`)));
    }
    runs.push(results);
  }
  await progress(1, "done");
  const line = (name: string, of: (result: Result) => number, role: "measured" | "theory" = "measured") => lineOverSeeds(name, pools, runs.map((results) => results.map(of)), role);
  const at = (m: number, of: (result: Result) => number): number[] => runs.map((results) => of(results[m]!));
  const wayOut = ({ distance }: Result): number => distance.model / distance.ridge;
  const both = pools.map((M, m) => ({ M, m }));
  const shown = [runs[0]![0]!, runs[0]!.at(-1)!];
  const furthest = Math.max(...shown.flatMap(({ each }) => each.ridge));
  const diagonal = Array.from({ length: 41 }, (_, i) => (i / 40) * furthest);
  return {
    quantities: [
      ...both.map(({ M, m }) => overSeeds({ id: `way-out-${M}`, label: `distance of ŵ to the hull, of ridge's distance, ${M} tasks`, unit: "1", reference: { value: "0 dMMSE, 1 ridge", source: "by construction" } }, at(m, wayOut))),
      ...both.map(({ M, m }) => overSeeds({ id: `to-dmmse-${M}`, label: `Δ to dMMSE, tasks outside, ${M} tasks`, unit: "1" }, at(m, ({ toPool }) => toPool.outside))),
      ...both.map(({ M, m }) => overSeeds({ id: `to-ridge-${M}`, label: `Δ to ridge, tasks outside, ${M} tasks`, unit: "1" }, at(m, ({ toRidge }) => toRidge.outside))),
      ...both.map(({ M, m }) => overSeeds({ id: `off-${M}`, label: `Δ to the nearer estimator, tasks of the pool, ${M} tasks`, unit: "1" }, at(m, ({ toPool, toRidge }) => Math.min(toPool.inside, toRidge.inside)))),
      overSeeds({ id: "linear", label: "share of the answers' variance that ŵ explains, largest pool", unit: "1" }, at(pools.length - 1, ({ linear }) => linear)),
    ],
    figures: [
      {
        kind: "lines",
        title: "How far outside of the hull the answers lie",
        x: { label: "tasks in training M", unit: "", log: true },
        y: { label: "mean distance of ŵ to the hull", unit: "" },
        lines: [
          line("transformer", ({ distance }) => distance.model),
          line("ridge regression", ({ distance }) => distance.ridge, "theory"),
          line("dMMSE: a mixture of the tasks", ({ distance }) => distance.pool, "theory"),
          line("the tasks themselves", ({ distance }) => distance.task, "theory"),
        ],
      },
      {
        kind: "scatter",
        title: `Each context: how far out ridge goes, how far the transformer goes, seed ${seeds[0]}`,
        x: { label: "distance of ridge's ŵ to the hull", unit: "" },
        y: { label: "distance of the transformer's ŵ to the hull", unit: "" },
        groups: [
          ...shown.map(({ each }, i) => ({ name: `${pools.at(-i)!} tasks in training`, role: "measured" as const, x: each.ridge, y: each.model })),
          { name: "as ridge", role: "theory", x: diagonal, y: diagonal },
          { name: "as dMMSE", role: "theory", x: diagonal, y: diagonal.map(() => 0) },
        ],
      },
      {
        kind: "lines",
        title: "Whom the answers are like, tasks outside of the hull",
        x: { label: "tasks in training M", unit: "", log: true },
        y: { label: "Δ: mean square difference of answers / D", unit: "", log: true },
        lines: [
          ratioLineOverSeeds("to dMMSE", pools, runs.map((results) => results.map(({ toPool }) => toPool.outside))),
          ratioLineOverSeeds("to ridge regression", pools, runs.map((results) => results.map(({ toRidge }) => toRidge.outside))),
        ],
      },
    ],
    remarks: [`D = ${size.dimension}, ${examples} examples, ${size.steps} steps with ${size.batch} sequences, ${size.tests} contexts in the test.`],
  };
}

async function onePool(seed: number, M: number, size: I4Size, sabotaged: boolean, progress: (done: number, what: string) => Promise<void>): Promise<Result> {
  const { dimension: D, tests } = size;
  const random = new Random(seed);
  const poolRandom = random.fork("pool");
  // Smaller pools are the first tasks of larger ones.
  const pool = Array.from({ length: M }, () => normalVector(poolRandom, D));
  const rows = matrix(pool.map((task) => Array.from(task)));
  const draw = random.fork(`test ${M}`);
  const outsideTask = (): Float64Array => {
    for (;;) {
      const task = normalVector(draw, D);
      if (hullDistance(task, rows).distance >= beyond) return task;
    }
  };
  const tasks = Array.from({ length: tests }, outsideTask);
  const contexts = tasks.map((task) => drawExamples(draw, task, examples, variance));
  const queries = contexts.map(() => Array.from({ length: queryCount }, () => normalVector(draw, D)));
  const known = Array.from({ length: tests }, () => drawExamples(draw, draw.pick(pool), examples, variance));

  const estimates = (all: readonly Examples[]) => ({ pool: all.map((one) => poolEstimate(pool, one, variance)), ridge: all.map((one) => ridgeEstimate(one, variance, D)) });
  const answersOf = (weights: readonly Float64Array[]): number[][] => weights.map((w, i) => queries[i]!.map((x) => dot(w, x)));
  const [theirs, own] = [estimates(contexts), estimates(known)];
  const dmmse: Answers = (all) => answersOf(all.map((one) => poolEstimate(pool, one, variance)));
  const trained = sabotaged ? { answers: dmmse, dispose: () => undefined } : await train(seed, pool, size, progress);
  const [outsideAnswers, insideAnswers] = [trained.answers(contexts, queries), trained.answers(known, queries)];
  trained.dispose();
  const fits = outsideAnswers.map((values, i) => linearFit(queries[i]!, values));
  const apart = (a: readonly number[][], b: readonly number[][]): number => mean(a.flatMap((values, i) => values.map((value, q) => (value - b[i]![q]!) ** 2))) / D;
  const distances = (points: readonly Float64Array[]): number[] => points.map((point) => hullDistance(point, rows).distance);
  const each = { model: distances(fits.map(({ weights }) => weights)), ridge: distances(theirs.ridge) };
  return {
    distance: { model: mean(each.model), pool: mean(distances(theirs.pool)), ridge: mean(each.ridge), task: mean(distances(tasks)) },
    toPool: { inside: apart(insideAnswers, answersOf(own.pool)), outside: apart(outsideAnswers, answersOf(theirs.pool)) },
    toRidge: { inside: apart(insideAnswers, answersOf(own.ridge)), outside: apart(outsideAnswers, answersOf(theirs.ridge)) },
    linear: mean(fits.map(({ explained }) => explained)),
    each,
  };
}

/** ŵ with f(x) ≈ ŵ · x, by least squares, and the share of the square of f that it explains. */
export function linearFit(x: readonly Float64Array[], values: readonly number[]): { readonly weights: Float64Array; readonly explained: number } {
  const weights = Float64Array.from(ridge(x, values.map((value) => [value]), 0), ([w]) => w!);
  const left = values.reduce((sum, value, q) => sum + (value - dot(weights, x[q]!)) ** 2, 0);
  return { weights, explained: 1 - left / values.reduce((sum, value) => sum + value ** 2, 0) };
}

type Model = { read: np.Array; transformer: Transformer };

async function train(seed: number, pool: readonly Float64Array[], { dimension: D, hiddenSize, layers, batch, steps, rate }: I4Size, progress: (done: number, what: string) => Promise<void>): Promise<{ readonly answers: Answers; dispose(): void }> {
  const random = new Random(seed).fork(`model ${pool.length}`);
  /** An answer for each token, [B, K + 1]. */
  const forward = ({ read, transformer: p }: Model, tokens: np.Array): np.Array => {
    const { output, ...inner } = transformer(p, np.matmul(tokens, read), { heads });
    dispose(inner);
    return output.reshape(output.shape.slice(0, 2));
  };
  const training = new Training({
    parameters: {
      read: glorot(random, [2 * D + 1, hiddenSize]),
      transformer: initialTransformer(random, { vocabSize: 1, hiddenSize, layers, heads, contextLength: examples + 1 }),
    },
    loss: (model: Model, { tokens, values }: { tokens: np.Array; values: np.Array }) => np.square(forward(model, tokens).sub(values)).mean(),
    batch: (random) => {
      const drawn = Array.from({ length: batch }, () => drawExamples(random, random.pick(pool), examples + 1, variance));
      const values = tensor([batch, examples + 1]);
      drawn.forEach(({ y }, b) => values.data.set(y, b * (examples + 1)));
      return { tokens: fromTensor(tokensOf(drawn)), values: fromTensor(values) };
    },
    optimiser: adam({ rate: warmup(rate, Math.min(100, steps / 10), cosine(rate, steps, rate / 20)), beta2: 0.98 }),
    seed: seed + 1000 * pool.length,
    clip: 1,
  });
  for await (const { step, loss } of training.run(steps)) if (step % 20 === 0) await progress(step / steps, `step ${step} of ${steps}, loss ${loss.toFixed(2)}`);
  const measure = jit(forward as never) as unknown as OwnedFunction<typeof forward>;
  return {
    answers: (contexts, queries) => {
      const asked = contexts.flatMap(({ x, y }, i) => queries[i]!.map((query) => ({ x: [...x, query], y: Float64Array.of(...y, 0) })));
      const answers = toTensor(measure(keep(training.parameters), fromTensor(tokensOf(asked)))).data;
      return queries.map((own, i) => own.map((_, q) => answers[(i * queryCount + q + 1) * (examples + 1) - 1]!));
    },
    dispose: () => {
      training.dispose();
      measure.dispose();
    },
  };
}

/** (x_j, x_{j−1}, y_{j−1}) for each example, zeros before the first, [B, K, 2 D + 1]. */
export function tokensOf(all: readonly Examples[]): Tensor {
  const [K, D] = [all[0]!.x.length, all[0]!.x[0]!.length];
  const width = 2 * D + 1;
  const tokens = tensor([all.length, K, width]);
  all.forEach(({ x, y }, b) => {
    for (let j = 0; j < K; j++) {
      const at = (b * K + j) * width;
      tokens.data.set(x[j]!, at);
      if (j === 0) continue;
      tokens.data.set(x[j - 1]!, at + D);
      tokens.data[at + 2 * D] = y[j - 1]!;
    }
  });
  return tokens;
}
