/**
 * R4: does the product of Jacobians grow or shrink exponentially?
 *
 * For the vanilla network h_t = tanh(x_t U + h_{t−1} W + b) a gradient v at step t
 * comes back to step t − 1 as J_t v with J_t = W diag(1 − h_t²) (rows to columns as
 * in `toys/rnn.ts`). At rest h = 0 and J = W, so that after T steps
 *
 *   log ‖J_1 ⋯ J_T v‖ ≈ λ T,   λ = log ρ(W)
 *
 * and a random W of gain g, entries N(0, g²/n), has its eigenvalues in a disc of
 * radius g (Girko's circular law): λ ≈ log g, for n = 100 some 0.05 above it,
 * since the largest of a finite number of eigenvalues sticks out.
 *
 * Source: Pascanu et al. 2013, arXiv:1211.5063; Bengio et al. 1994.
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { leastSquares } from "../../probes/statistics/residuals.ts";
import { tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, jit, keep, type np, toTensor, vjp } from "../toys/autodiff.ts";
import { glorot, normal, zeros } from "../toys/initialise.ts";
import { initialRnn, rnn, type Rnn, type RnnForm } from "../toys/rnn.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence, type Line } from "./claim.ts";
import { decimals, digits } from "./apparatus/numerals.ts";
import { barOverSeeds, lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";

const size = 100;
const inputSize = 10;
const steps = 200;
const gains = [0.5, 0.7, 0.9, 1, 1.1, 1.3, 1.5];
/** Matrices per gain and seed, as the largest eigenvalue of one scatters by 0.04. */
const draws = 3;
const drawn = [0.5, 1, 1.5];
/** For states and gradients of the toy itself. */
const toySteps = 100;
const marks = Array.from({ length: 21 }, (_, i) => i * 10);
/** λ of single matrices, with the table of claims. */
const table: Readonly<Record<number, number>> = { 0.5: -0.62, 0.9: -0.02, 1: 0.02, 1.1: 0.104, 1.5: 0.48 };
const forms: readonly { readonly form: RnnForm; readonly name: string; readonly stepSize: number }[] = [
  { form: "vanilla", name: "vanilla", stepSize: 1 },
  { form: "residual", name: "residual, Δ = 0.1", stepSize: 0.1 },
  { form: "gated", name: "gated", stepSize: 1 },
];

export const claim: Claim = {
  id: "R4",
  system: "rnn",
  title: "Does the product of Jacobians grow or shrink exponentially?",
  statement: { en: "Over a long sequence curvature adds up, and the product of Jacobians makes eigenvalues and gradients explode or vanish exponentially.", zh: "当序列很长时，真实的几何变换（雅可比矩阵的连乘）会因为曲率累积而导致特征值及其梯度的指数级爆炸或衰减" },
  expectation: {
    verdict: "supports",
    text: "The logarithm of a gradient's norm changes by about log g a step, g the gain of the recurrent matrix: exponential for every gain but one. An orthogonal matrix keeps the norm as it is. What does it is the same matrix again and again; no curvature is needed.",
    sources: [{ text: "Pascanu et al. 2013, arXiv:1211.5063" }, { text: "Bengio, Simard & Frasconi 1994, Learning long-term dependencies with gradient descent is difficult", recalled: true }, { text: "the circular law: Girko 1984", recalled: true }],
  },
  data: `None for a network at rest. For a driven one ${toySteps} inputs of ${inputSize} standard normal numbers.`,
  model: `The lab's recurrent network with ${size} units. Recurrent matrices of gain g = 0.5 … 1.5, entries N(0, g²/${size}), ${draws} per gain and seed; an orthogonal matrix; and its vanilla, residual and gated forms as they are before training.`,
  measurement: `λ = slope of log ‖J_1 ⋯ J_t v‖ against t past the first quarter of ${steps} steps (${toySteps} where it is driven), v random of norm 1, in float64; then the slope of λ against log g. For the three forms the Jacobians are taken by differentiation of the toy itself, step by step.`,
  rule: "λ follows log g with a slope within near of 1: supports. Within near of 0, so that the gain does not matter: refutes. Else mixed.",
  thresholds: { near: { value: 0.1, unit: "1", meaning: "distance of the slope of λ against log g from 1, or from 0" } },
  seeds: [1, 2, 3, 4, 5],
  seconds: 3,
  doesNotShow: "What training makes of λ: no network here is trained, and gates, which can learn to hold a state, do not hold it before (third figure; the residual step comes nearest to 0). Nor that curvature of the data has a part in it: at rest the network is linear.",
  wouldChange: "Matrices that keep norms, whatever their gain was: the sabotaged run makes every matrix orthogonal. Saturation changes it as well: driven by inputs, tanh shrinks gradients up to a gain of 1.5 (second figure).",
  sabotage: { what: "Every recurrent matrix is made orthogonal, so that its gain is lost.", verdict: "refutes" },

  run: (context) => measure(context),

  judge(evidence, { near = NaN }) {
    const slope = valueOf(evidence, "slope");
    return {
      verdict: Math.abs(slope - 1) <= near ? "supports" : Math.abs(slope) <= near ? "refutes" : "mixed",
      reason: `The growth of log norm per step follows log g with slope ${decimals(slope, 3)} (1 within ${near}: the gain alone decides); an orthogonal matrix gives ${digits(valueOf(evidence, "orthogonal"), 1)} per step.`,
    };
  },
};

/** @param T  steps of the toy itself */
export async function measure({ seeds, sabotaged, progress }: ClaimContext, T = toySteps): Promise<Evidence> {
  const atRest: number[][] = [];
  const driven: number[][] = [];
  const still: number[] = [];
  const byForm = forms.map(() => [] as number[]);
  const norms = drawn.map(() => [] as number[][]);
  const stillNorms: number[][] = [];
  const states = jit((p: Rnn, x: np.Array): np.Array => rnn(p, x, { form: "vanilla" }).hidden);
  const toys = forms.map(({ form, stepSize }) => toyOf(form, stepSize));
  for (const [s, seed] of seeds.entries()) {
    const random = new Random(seed);
    const restRow: number[] = [];
    const drivenRow: number[] = [];
    for (const [k, gain] of gains.entries()) {
      await progress((s + k / (gains.length + 1)) / seeds.length, `products of ${steps} Jacobians, gain ${gain}, seed ${seed}`);
      const exponents = Array.from({ length: draws }, (_, draw) => {
        const W = sabotaged ? orthonormal(random) : gaussian(random, gain);
        const growth = logNorms(W, random);
        if (draw === 0 && drawn.includes(gain)) norms[drawn.indexOf(gain)]!.push(marks.map((t) => growth[t]!));
        if (draw === 0) drivenRow.push(exponent(logNorms(W, random, slopesWhenDriven(W, random.fork(`inputs ${gain}`), states, T))));
        return exponent(growth);
      });
      restRow.push(mean(exponents));
    }
    atRest.push(restRow);
    driven.push(drivenRow);
    await progress((s + gains.length / (gains.length + 1)) / seeds.length, `three forms of the step, seed ${seed}`);
    const growth = logNorms(orthonormal(random), random);
    still.push(exponent(growth));
    stillNorms.push(marks.map((t) => growth[t]!));
    toys.forEach((toy, f) => byForm[f]!.push(exponent(logNormsOfToy(toy, random.fork(toy.form), T))));
  }
  states.dispose();
  for (const toy of toys) toy.dispose();
  await progress(1, "done");
  const logGains = gains.map(Math.log);
  const last = steps / Math.LN10;
  return {
    quantities: [
      overSeeds({ id: "slope", label: "slope of λ against log g", unit: "1", reference: { value: 1, source: "λ = log g, circular law" } }, atRest.map((row) => leastSquares(logGains, row).slope)),
      overSeeds({ id: "orthogonal", label: "λ of an orthogonal matrix", unit: "1/step", reference: { value: 0, source: "it keeps every norm" } }, still),
      ...gains.map((gain, k) => overSeeds({ id: `rest-${gain}`, label: `λ at rest, gain ${gain} (log g = ${digits(Math.log(gain))})`, unit: "1/step", ...(table[gain] === undefined ? {} : { reference: { value: table[gain], source: "one matrix, computed once for the claims table" } }) }, atRest.map((row) => row[k]!))),
      ...[0.5, 1.5].map((gain) => overSeeds({ id: `driven-${gain}`, label: `λ when driven by inputs, gain ${gain}`, unit: "1/step" }, driven.map((row) => row[gains.indexOf(gain)]!))),
      ...forms.map(({ form, name }, f) => overSeeds({ id: form, label: `λ of the toy before training, ${name}`, unit: "1/step" }, byForm[f]!)),
    ],
    figures: [
      {
        kind: "lines",
        title: "A gradient on its way back through time",
        x: { label: "steps back", unit: "" },
        y: { label: "log₁₀ of its norm", unit: "" },
        lines: [
          ...drawn.map((gain, k) => lineOverSeeds(`gain ${gain}`, marks, norms[k]!.map((line) => line.map((value) => value / Math.LN10)))),
          lineOverSeeds("orthogonal", marks, stillNorms.map((line) => line.map((value) => value / Math.LN10))),
          ...drawn.map((gain): Line => ({ name: `gᵗ, g = ${gain}`, role: "theory", x: [0, steps], y: [0, last * Math.log(gain)] })),
        ],
      },
      {
        kind: "lines",
        title: "Growth by gain",
        x: { label: "gain g", unit: "" },
        y: { label: "λ, growth of log norm per step", unit: "" },
        lines: [lineOverSeeds("at rest", gains, atRest), lineOverSeeds("driven by inputs", gains, driven), { name: "log g", role: "theory", x: gains, y: logGains }, { name: "kept", role: "null", x: gains, y: gains.map(() => 0) }],
      },
      {
        kind: "bars",
        title: "Three forms of the step, before training",
        y: { label: "λ, growth of log norm per step", unit: "" },
        categories: forms.map(({ name }) => name),
        bars: [barOverSeeds("driven by inputs", byForm)],
      },
    ],
  };
}

/** W [n, n] with entries N(0, g²/n). */
function gaussian(random: Random, gain: number): Float64Array {
  return Float64Array.from({ length: size * size }, () => (gain * random.normal()) / Math.sqrt(size));
}

/** A random orthogonal matrix, by Gram and Schmidt in float64. */
function orthonormal(random: Random): Float64Array {
  const W = gaussian(random, 1);
  for (let i = 0; i < size; i++) {
    const row = W.subarray(i * size, (i + 1) * size);
    // Twice is enough: Kahan, in Parlett 1980.
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < i; j++) {
        const other = W.subarray(j * size, (j + 1) * size);
        const along = dot(row, other);
        for (let k = 0; k < size; k++) row[k]! -= along * other[k]!;
      }
      const length = Math.sqrt(dot(row, row));
      for (let k = 0; k < size; k++) row[k]! /= length;
    }
  }
  return W;
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/**
 * log ‖J_1 ⋯ J_t v‖ for t = 0 … T, from a random unit vector.
 *
 * @param slopes  1 − h² of each step, latest first, [T, n]; left out: the network is at rest, and all are 1
 */
function logNorms(W: Float64Array, random: Random, slopes?: Float32Array): number[] {
  let v = Float64Array.from({ length: size }, () => random.normal());
  const scale = (by: number): void => v.forEach((value, i) => (v[i] = value / by));
  scale(Math.sqrt(dot(v, v)));
  const logs = [0];
  const length = slopes ? slopes.length / size : steps;
  for (let t = 0; t < length; t++) {
    if (slopes) v.forEach((value, i) => (v[i] = value * slopes[t * size + i]!));
    v = Float64Array.from({ length: size }, (_, i) => dot(W.subarray(i * size, (i + 1) * size), v));
    const norm = Math.sqrt(dot(v, v));
    logs.push(logs.at(-1)! + Math.log(norm));
    scale(norm);
  }
  return logs;
}

/** Growth per step, past the first quarter, in which the direction settles. */
export function exponent(logs: readonly number[]): number {
  const from = logs.length >> 2;
  return leastSquares(logs.slice(from).map((_, t) => t), logs.slice(from)).slope;
}

/** 1 − h² of the toy with this recurrent matrix on random inputs, latest step first, [T, n]. */
function slopesWhenDriven(W: Float64Array, random: Random, states: (p: Rnn, x: np.Array) => np.Array, T: number): Float32Array {
  const parameters: Rnn = { input: glorot(random, [inputSize, size]), recurrent: fromTensor(tensor([size, size], Float32Array.from(W))), bias: zeros([size]), recurrentBias: zeros([size]) };
  const { data } = toTensor(states(parameters, normal(random, [1, T, inputSize], 1)));
  return Float32Array.from(data, (_, i) => 1 - data[(T - 1 - Math.floor(i / size)) * size + (i % size)]! ** 2);
}

/** One step of a form of the toy, and of a gradient through it, compiled. */
interface Toy {
  readonly form: RnnForm;
  forth(p: Rnn, input: np.Array, start: np.Array): np.Array;
  back(p: Rnn, input: np.Array, start: np.Array, v: np.Array): np.Array;
  dispose(): void;
}

export function toyOf(form: RnnForm, stepSize: number): Toy {
  const step = (p: Rnn, input: np.Array, start: np.Array): np.Array => {
    const { hidden, gates } = rnn(p, input, { form, stepSize, start });
    dispose(gates);
    return hidden.reshape([1, size]);
  };
  const forth = jit(step);
  const back = jit((p: Rnn, input: np.Array, start: np.Array, v: np.Array): np.Array => {
    const [after, pull] = vjp((h: np.Array) => step(p, input, h), [start]);
    after.dispose();
    return pull(v)[0];
  });
  return {
    form,
    forth,
    back,
    dispose() {
      forth.dispose();
      back.dispose();
    },
  };
}

/** The same log norms for a toy as it is initialised, by its own gradient at each step. */
export function logNormsOfToy({ form, forth, back }: Toy, random: Random, T: number): number[] {
  const parameters = initialRnn(random, inputSize, size, form);
  const x = normal(random, [1, T, inputSize], 1);
  const at = (t: number): np.Array => x.ref.slice([], [t, t + 1]);
  // states[t] is what step t starts from.
  const states = [zeros([1, size])];
  for (let t = 0; t < T - 1; t++) states.push(forth(keep(parameters), at(t), states[t]!.ref));
  let v = Float32Array.from({ length: size }, () => random.normal());
  let log = -Math.log(Math.hypot(...v));
  const logs: number[] = [];
  const note = (): number => {
    const norm = Math.hypot(...v);
    logs.push((log += Math.log(norm)));
    return norm;
  };
  for (let t = T - 1; t >= 0; t--) {
    const norm = note();
    v = toTensor(back(keep(parameters), at(t), states[t]!, fromTensor(tensor([1, size], v.map((value) => value / norm))))).data;
  }
  note();
  dispose([x, parameters]);
  return logs;
}
