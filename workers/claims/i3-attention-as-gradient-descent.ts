/**
 * I3: is a forward pass over examples a step of gradient descent?
 *
 * Tokens e_j = (x_j, y_j) for the examples and (q, 0) for the query. One layer of
 * attention changes the last entry of every token:
 *
 *   y ← y − (η/n) Σ_j s(x, x_j) y_j        s(x, x_j) = x · x_j                      linear
 *                                          s(x, x_j) = n softmax_j(β x · x_j)       softmax
 *
 * Gradient descent from w = 0 on ½ Σ_j (w · x_j − y_j)² / n gives w ← w + (η/n) Σ_j (y_j − w · x_j) x_j.
 * With linear attention the last entry holds y_j − w · x_j after every layer, and
 * −w · q at the query: the same numbers, by another way.
 *
 * Source: von Oswald et al. 2023, arXiv:2212.07677, proposition 1 and appendix A.1.
 */
import { Random } from "../../probes/random.ts";
import { linearAttention } from "../toys/linear-attention.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence } from "./claim.ts";
import { digits, percent } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";

const dimensions = 8;
const examples = 20;
const layers = 4;
const rate = 0.4;
/** Of the softmax; 1/√dimensions is what a transformer takes. */
const sharpness = [0.03, 0.1, 0.2, 1 / Math.sqrt(dimensions), 0.6, 1, 2];
const usual = sharpness.indexOf(1 / Math.sqrt(dimensions));

/** A linear task in context: y_j = w · x_j, and a query. */
interface Task {
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly q: readonly number[];
  readonly truth: number;
}

export const claim: Claim = {
  id: "I3",
  system: "icl",
  title: "Is a forward pass over examples a step of gradient descent?",
  statement: { en: "The forward pass of a transformer is, in its mathematical form, an update by gradient descent on a loss that the examples in the context define.", zh: "在数学形式上等价于在参数空间或激活空间上，针对上下文示例定义的损失函数 进行的梯度下降更新" },
  expectation: {
    verdict: "mixed",
    text: "One layer of linear attention with the right weights is one step of gradient descent on a linear regression, to the last digit, and training finds these weights. Softmax attention, which transformers have, is another function; that trained language models descend gradients is contested.",
    sources: [{ text: "von Oswald et al. 2023, arXiv:2212.07677" }, { text: "the trained layer, in closed form: Ahn et al. 2023, arXiv:2306.00297" }, { text: "against, for language models: Shen et al. 2023, arXiv:2310.08540" }],
  },
  data: `Linear regression in context: ${examples} examples y = w · x in ${dimensions} dimensions, x and w standard normal, a new w for each task; 200 tasks per seed.`,
  model: `${layers} layers of attention in float64 with the weights of the construction, linear and softmax; and one linear layer whose ${dimensions} × ${dimensions} query-key matrix is trained from nothing on ${examples}-example tasks.`,
  measurement: "Prediction of the attention layers beside the prediction of as many steps of gradient descent, computed on w. Linear: largest difference. Softmax: root mean square of the difference over that of gradient descent, after the one output scale that makes it smallest. Trained layer: ‖P − η* I‖ / ‖η* I‖ with the best step η* = 1/(1 + (d + 1)/n).",
  rule: "The linear layers are gradient descent where they differ by at most `exact`, the softmax layer where its relative difference at β = 1/√d is at most `close`, mean over seeds. Both: supports. Neither: refutes. One of them: mixed.",
  thresholds: {
    exact: { value: 1e-12, unit: "1", meaning: "largest difference of predictions that is rounding" },
    close: { value: 0.1, unit: "1", meaning: "relative difference up to which softmax attention counts as gradient descent" },
  },
  seeds: [1, 2, 3],
  seconds: 1,
  doesNotShow: "What a large language model does in context. The construction shows that attention can descend a gradient, the training that a linear layer will; neither shows that a model trained on text does.",
  wouldChange: "A softmax layer that comes near to gradient descent at the sharpness transformers have. Two heads that subtract from one another come nearer the flatter they are (second figure), at the price of attending to everything alike.",
  sabotage: { what: "The linear layers hand on y without taking the prediction from it (the residual stream is cut), so that every layer repeats the first step.", verdict: "refutes" },

  run: (context) => measure(context, 200),

  judge(evidence, { exact = NaN, close = NaN }) {
    const [linear, softmax] = [valueOf(evidence, "linear"), valueOf(evidence, "softmax")];
    const equal = [linear <= exact, softmax <= close].filter(Boolean).length;
    return {
      verdict: equal === 2 ? "supports" : equal === 0 ? "refutes" : "mixed",
      reason: `Linear attention and gradient descent differ by at most ${digits(linear)} (rounding: up to ${digits(exact)}), softmax attention by ${percent(softmax)} (close: up to ${percent(close)}).`,
    };
  },
};

/** @param count  tasks per seed */
export async function measure({ seeds, sabotaged, progress }: ClaimContext, count: number, trainingSteps = 600): Promise<Evidence> {
  const linear: number[] = [];
  const after = Array.from({ length: layers }, () => [] as number[]);
  const soft: number[][] = [];
  const twoHeads: number[][] = [];
  const trainedGap: number[][] = [];
  const learned: number[] = [];
  const pairs = { descent: [] as number[], linear: [] as number[], softmax: [] as number[] };
  const marks = Array.from({ length: 11 }, (_, i) => (i * trainingSteps) / 10);
  for (const [s, seed] of seeds.entries()) {
    await progress(s / seeds.length, `predictions of attention and of gradient descent, seed ${seed}`);
    const random = new Random(seed);
    const tasks = Array.from({ length: count }, () => draw(random));
    const gaps = tasks.map((task) => {
      const [attention, descent] = [attentionLayers(task, layers, !sabotaged), gradientDescent(task, layers)];
      return attention.map((prediction, layer) => Math.abs(prediction - descent[layer]!));
    });
    linear.push(Math.max(...gaps.flat()));
    after.forEach((list, layer) => list.push(Math.max(...gaps.map((gap) => gap[layer]!))));
    const descent = tasks.map((task) => gradientDescent(task, 1)[0]!);
    const fits = sharpness.map((beta) => bestFit(tasks.map((task) => softmaxAttention(task, beta)), descent));
    soft.push(fits.map(({ gap }) => gap));
    // The flatter the softmax, the more one head gives the mean of y; two heads of opposite sign take it away.
    twoHeads.push(sharpness.map((beta) => bestFit(tasks.map((task) => softmaxAttention(task, beta) - softmaxAttention(task, -beta)), descent).gap));
    if (s === 0) {
      pairs.descent.push(...descent);
      pairs.linear.push(...tasks.map((task) => attentionLayers(task, 1, !sabotaged)[0]!));
      pairs.softmax.push(...fits[usual]!.scaled);
    }
    trainedGap.push(trainedLayerGap(random.fork("training"), marks));
    learned.push(trainedGap.at(-1)!.at(-1)!);
  }
  await progress(1, "done");
  const [least, most] = [Math.min(...pairs.descent), Math.max(...pairs.descent)];
  const diagonal = Array.from({ length: 61 }, (_, i) => least + ((most - least) * i) / 60);
  return {
    quantities: [
      { id: "linear", label: `largest difference, ${layers} layers of linear attention and ${layers} steps of gradient descent`, unit: "1", value: Math.max(...linear), n: seeds.length * count, reference: { value: 2.2e-16, source: "one step, computed once for the claims table" } },
      ...after.map((gaps, layer) => ({ id: `linear-${layer + 1}`, label: `the same after ${layer + 1} of them`, unit: "1", value: Math.max(...gaps), n: seeds.length * count })),
      overSeeds({ id: "softmax", label: "relative difference, one softmax layer at β = 1/√d and one step", unit: "1", reference: { value: 0, source: "were it gradient descent" } }, soft.map((line) => line[usual]!)),
      overSeeds({ id: "trained", label: "‖P − η* I‖ / ‖η* I‖ of the trained linear layer", unit: "1", reference: { value: 0, source: "one step of gradient descent with the best step size" } }, learned),
    ],
    figures: [
      {
        kind: "scatter",
        title: "Two ways to the same prediction",
        x: { label: "one step of gradient descent", unit: "" },
        y: { label: "one layer of attention", unit: "" },
        groups: [
          { name: "linear attention", role: "measured", x: pairs.descent, y: pairs.linear },
          { name: "softmax attention, best scale", role: "measured", x: pairs.descent, y: pairs.softmax },
          { name: "equal", role: "theory", x: diagonal, y: diagonal },
        ],
      },
      {
        kind: "lines",
        title: "Softmax attention beside gradient descent",
        x: { label: "sharpness β of the softmax", unit: "", log: true },
        y: { label: "relative difference, best scale", unit: "" },
        lines: [lineOverSeeds("one softmax head", sharpness, soft), lineOverSeeds("two softmax heads, β and −β", sharpness, twoHeads), { name: "linear attention", role: "theory", x: sharpness, y: sharpness.map(() => 0) }, { name: "a constant", role: "null", x: sharpness, y: sharpness.map(() => 1) }],
      },
      {
        kind: "lines",
        title: "A linear layer in training finds gradient descent",
        x: { label: "training steps", unit: "" },
        y: { label: "distance from η* I", unit: "" },
        lines: [lineOverSeeds("trained layer", marks, trainedGap), { name: "gradient descent", role: "theory", x: marks, y: marks.map(() => 0) }],
      },
    ],
  };
}

function draw(random: Random, n = examples, d = dimensions): Task {
  const normals = (): number[] => Array.from({ length: d }, () => random.normal());
  const [w, q] = [normals(), normals()];
  const x = Array.from({ length: n }, normals);
  return { x, y: x.map((row) => dot(w, row)), q, truth: dot(w, q) };
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * The prediction after each layer of the lab's linear attention, every token attending to the examples.
 *
 * @param residual  whether a layer's result is taken from what the tokens hold
 */
export function attentionLayers({ x, y, q }: Task, depth: number, residual = true): number[] {
  const tokens = [...x.map((position, j) => ({ position, value: y[j]! })), { position: q, value: 0 }];
  return Array.from({ length: depth }, () => {
    const held = x.map((_, j) => [residual ? tokens[j]!.value : y[j]!]);
    const updates = tokens.map(({ position }) => (rate / x.length) * linearAttention(position, x, held)[0]!);
    tokens.forEach((token, i) => (token.value -= updates[i]!));
    return -tokens.at(-1)!.value;
  });
}

/** The prediction w · q after each step of gradient descent on the examples, from w = 0. */
export function gradientDescent({ x, y, q }: Task, steps: number): number[] {
  const w = q.map(() => 0);
  return Array.from({ length: steps }, () => {
    const gradient = w.map(() => 0);
    x.forEach((row, j) => {
      const error = dot(w, row) - y[j]!;
      row.forEach((value, i) => (gradient[i]! += (error * value) / x.length));
    });
    gradient.forEach((slope, i) => (w[i]! -= rate * slope));
    return dot(w, q);
  });
}

/** The query's result of one softmax layer over the examples. */
export function softmaxAttention({ x, y, q }: Task, beta: number): number {
  const scores = x.map((key) => beta * dot(q, key));
  const top = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - top));
  return dot(weights, y) / weights.reduce((sum, weight) => sum + weight, 0);
}

/** The scale that brings one list nearest to another, and what is then left, relative to the other. */
export function bestFit(values: readonly number[], target: readonly number[]): { readonly gap: number; readonly scaled: number[] } {
  const scale = dot(values, target) / dot(values, values);
  const scaled = values.map((value) => scale * value);
  const rest = scaled.map((value, i) => value - target[i]!);
  return { gap: Math.sqrt(dot(rest, rest) / dot(target, target)), scaled };
}

/**
 * Trains ŷ = qᵀ P (1/n) Σ y_j x_j from P = 0 by stochastic gradient descent.
 *
 * @returns  ‖P − η* I‖ / ‖η* I‖ after each of the marked steps
 */
function trainedLayerGap(random: Random, marks: readonly number[]): number[] {
  const [d, batch] = [dimensions, 16];
  const best = 1 / (1 + (d + 1) / examples);
  const P = Array.from({ length: d * d }, () => 0);
  const steps = marks.at(-1)!;
  const gaps: number[] = [];
  for (let step = 0; step <= steps; step++) {
    if (marks.includes(step)) gaps.push(Math.sqrt(P.reduce((sum, p, i) => sum + (p - (i % (d + 1) === 0 ? best : 0)) ** 2, 0) / (d * best ** 2)));
    const gradient = P.map(() => 0);
    for (let b = 0; b < batch; b++) {
      const { x, y, q, truth } = draw(random);
      const moment = q.map((_, i) => x.reduce((sum, row, j) => sum + row[i]! * y[j]!, 0) / y.length);
      let error = -truth;
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) error += q[i]! * P[i * d + j]! * moment[j]!;
      for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) gradient[i * d + j]! += (error * q[i]! * moment[j]!) / batch;
    }
    // A falling step size averages the noise of the batches out.
    const stepSize = 0.08 / (1 + step / 20);
    gradient.forEach((slope, i) => (P[i]! -= stepSize * slope));
  }
  return gaps;
}
