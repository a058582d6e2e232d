/**
 * L4: does the dimension of the data set the exponent of a scaling law?
 *
 * Data on a flat d-dimensional manifold in 16 coordinates, x = s z R, z uniform in
 * [−1, 1]^d, R orthogonal, s such that the mean square of a coordinate is 1. Targets
 * are random waves whose wave vectors all have the length r (the roughness):
 *
 *   f(z) = √(2/F) Σ cos(ω_i · z + φ_i),   ‖ω_i‖ = r
 *
 * Two exponents. Of covering: the distance to the nearest of n samples falls as
 * n^(−1/d), so (1/ε)^d samples come within ε. Of the scaling law: L ∝ N^(−α) for
 * students with N parameters; a network that cuts the manifold into N linear pieces
 * has pieces of size N^(−1/d) and, where the target is smooth, the error size² on
 * each, so that α = 4/d for the squared error (Sharma & Kaplan 2020).
 */
import { Random } from "../../probes/random.ts";
import { leastSquares } from "../../probes/statistics/residuals.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, jit, keep, np, toTensor } from "../toys/autodiff.ts";
import { orthogonal } from "../toys/initialise.ts";
import { initialMlp, mlp, type Mlp } from "../toys/mlp.ts";
import { adam, cosine, warmup } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import { valueOf, type Claim } from "./claim.ts";
import { decimals } from "./apparatus/numerals.ts";
import { ratioLineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";

const dimensions = [2, 4, 8, 16];
const D = 16;
/** r: about a third of a period, and two thirds of one, from the middle of the data to a face. */
const roughness = [{ name: "smooth", r: 2 }, { name: "rough", r: 4 }] as const;
const waves = 32;
const samples = [64, 128, 256, 512, 1024, 2048, 4096];

export interface L4Size {
  readonly widths: readonly number[];
  readonly steps: number;
  readonly batch: number;
}

export const sizes: Record<"live" | "full", L4Size> = {
  live: { widths: [4, 6, 8, 12, 16, 24], steps: 1200, batch: 128 },
  full: { widths: [4, 6, 8, 12, 16, 24, 32], steps: 3000, batch: 128 },
};

/** One target on one manifold, one seed. */
interface Setting {
  readonly seed: number;
  readonly d: number;
  readonly rough: (typeof roughness)[number];
}

export const claim: Claim = {
  id: "L4",
  system: "scaling",
  title: "Does the dimension of the data set the exponent of a scaling law?",
  statement: {
    en: "By the theory of covering numbers, covering a d-dimensional manifold to precision ε takes M ∝ (1/ε)^d samples; a scaling law shows how fast, for that d, the error of approximation falls as samples become denser.",
    zh: "所需样本数 M∝(1/ϵ)^d 。Scaling Law 实际上揭示了在特定的 d 下，逼近误差随样本密度增加的衰减速率",
  },
  expectation: {
    verdict: "supports",
    text: "Covering: exact. The exponent of L(N): about 4/d or above for the squared error of a piecewise linear network, with equality only for targets that are rough enough; a target of low degree, or one that depends on few coordinates, has a larger one. The rule asks for 4/d of both targets, which is more than the theory says of the smooth one.",
    sources: [{ text: "Sharma & Kaplan 2020, arXiv:2004.10802: α ≈ 4/d, teacher and student" }, { text: "Bahri et al. 2021, arXiv:2102.06701, abstract: where resolution is the limit, as if models resolved a smooth data manifold" }],
  },
  data: "Points on a flat manifold of d = 2, 4, 8, 16 dimensions, turned into 16 coordinates; targets are sums of 32 random waves, smooth (wave vectors of length 2) and rough (4). Fresh points at every step.",
  model: `Students: perceptrons with two hidden ReLU layers of equal width (${sizes.full.widths.join(", ")}; live up to 24), trained with Adam, learning rate 0.01 falling to 0 along a cosine.`,
  measurement: "α̂: slope of −log L over log N, L the squared error on 2048 fresh points over the variance of the target, N = (d + 1) w + (w + 1) w + w + 1 for width w (of the first layer only the d directions of the manifold count). Covering: slope of the log of the mean distance to the nearest of n samples over log n, times d.",
  rule: "Supports if the mean α̂ · d / 4 lies within a factor of `near` of 1 for each d and both targets, and the covering slope times d within `covering` of −1 for each d. Refutes if for neither target α̂ at d = 2 is at least `falls` times that at d = 16. Otherwise mixed.",
  thresholds: {
    near: { value: 2, unit: "1", meaning: "factor within which α̂ counts as 4/d" },
    covering: { value: 0.25, unit: "1", meaning: "how far the covering slope times d may be from −1" },
    falls: { value: 2, unit: "1", meaning: "least ratio of α̂ at d = 2 to α̂ at d = 16 for an exponent that falls with d; theory: 8" },
  },
  seeds: [1, 2, 3],
  seconds: 24,
  recorded: true,
  doesNotShow: "That the exponents of language or image models come from the dimension of their data: here it is known, the manifold is flat, and only the width grows. Nothing follows for images against text; published exponents do not order so.",
  wouldChange: "Targets that need less than the manifold: in the sabotaged run they depend on two of its directions only, and the exponent no longer falls with d. Students that are trained too briefly have too small an exponent at small d.",
  sabotage: { what: "The target depends on the first two coordinates of the manifold alone, whatever d is.", verdict: "refutes" },

  run: ({ seeds, size, sabotaged, progress }) => experiment(seeds, sizes[size], sabotaged, progress),

  judge(evidence, { near = NaN, covering = NaN, falls = NaN }) {
    const alpha = (name: string, d: number): number => valueOf(evidence, `alpha-${name}-${d}`);
    const offs = roughness.flatMap(({ name }) => dimensions.map((d) => Math.abs(Math.log((alpha(name, d) * d) / 4))));
    const ratios = roughness.map(({ name }) => alpha(name, 2) / alpha(name, 16));
    const covered = dimensions.map((d) => valueOf(evidence, `covering-${d}`));
    const [worst, uncovered, least] = [Math.max(...offs), Math.max(...covered.map((slope) => Math.abs(slope + 1))), Math.max(...ratios)];
    const verdict = !(least >= falls) ? "refutes" : Math.exp(worst) <= near && uncovered <= covering ? "supports" : "mixed";
    return {
      verdict,
      reason: `From d = 2 to d = 16 the exponent falls from ${roughness.map(({ name }) => `${decimals(alpha(name, 2))} to ${decimals(alpha(name, 16))} (${name})`).join(", ")}; it is off 4/d by a factor of up to ${decimals(Math.exp(worst), 1)} (at most ${near} counts as equal); covering slopes times d are off −1 by up to ${decimals(uncovered)}.`,
    };
  },
};

/** Parameters that act on the manifold. */
export function parametersOf(width: number, d: number): number {
  return (d + 1) * width + (width + 1) * width + width + 1;
}

export async function experiment(seeds: readonly number[], { widths, steps, batch }: L4Size, sabotaged: boolean, progress: (done: number, what: string) => Promise<void>) {
  await progress(0, "distances to the nearest sample");
  const distances = seeds.map((seed) => dimensions.map((d) => nearestDistances(d, samples, new Random(seed).fork(`cover ${d}`))));
  const settings: Setting[] = seeds.flatMap((seed) => roughness.flatMap((rough) => dimensions.map((d) => ({ seed, d, rough }))));
  const losses = await studentErrors(settings, { widths, steps, batch }, sabotaged, (done) => progress(0.02 + 0.97 * done, `${settings.length * widths.length} students, step ${Math.round(done * steps)} of ${steps}`));
  await progress(1, "done");
  const of = (name: string, d: number): number[][] => losses.filter((_, s) => settings[s]!.rough.name === name && settings[s]!.d === d);
  const sizesAt = (d: number): number[] => widths.map((width) => parametersOf(width, d));
  const alphas = (name: string, d: number): number[] => of(name, d).map((loss) => -logSlope(sizesAt(d), loss));
  const alphaLine = (name: string): readonly number[][] => seeds.map((_, s) => dimensions.map((d) => alphas(name, d)[s]!));
  return {
    quantities: [
      ...roughness.flatMap(({ name }) => dimensions.map((d) => overSeeds({ id: `alpha-${name}-${d}`, label: `exponent α̂ of L ∝ N^−α, ${name} target, d = ${d}`, unit: "1", reference: { value: 4 / d, source: "4/d, arXiv:2004.10802" } }, alphas(name, d)))),
      ...dimensions.map((d, i) => overSeeds({ id: `covering-${d}`, label: `slope of the distance to the nearest of n samples, times d, d = ${d}`, unit: "1", reference: { value: -1, source: "covering number, exact for large n" } }, distances.map((bySeed) => d * logSlope(samples, bySeed[i]!)))),
    ],
    figures: [
      {
        kind: "lines" as const,
        title: "Exponent of the scaling law, by dimension of the data",
        x: { label: "dimension d of the manifold", unit: "", log: true },
        y: { label: "exponent α̂ of L ∝ N^−α", unit: "", log: true },
        lines: [
          ...roughness.map(({ name, r }) => ratioLineOverSeeds(`${name} target, wave vectors of length ${r}`, dimensions, alphaLine(name))),
          { name: "4/d", role: "theory" as const, x: dimensions, y: dimensions.map((d) => 4 / d) },
        ],
      },
      ...roughness.map(({ name }) => ({
        kind: "lines" as const,
        title: `Error by size of the student, ${name} target`,
        x: { label: "parameters N that act on the manifold", unit: "", log: true },
        y: { label: "squared error / variance of the target", unit: "", log: true },
        lines: dimensions.flatMap((d) => {
          const [N, line] = [sizesAt(d), ratioLineOverSeeds(`d = ${d}`, sizesAt(d), of(name, d))];
          const centre = Math.exp(mean(line.y.map(Math.log)) + (4 / d) * mean(N.map(Math.log)));
          return [{ name: line.name, role: "measured" as const, x: line.x, y: line.y }, { name: `slope −4/${d}`, role: "theory" as const, x: N, y: N.map((n) => centre * n ** (-4 / d)) }];
        }),
      })),
      {
        kind: "lines" as const,
        title: "Distance to the nearest sample",
        x: { label: "samples n", unit: "", log: true },
        y: { label: "mean distance, side of the cube = 1", unit: "", log: true },
        lines: dimensions.flatMap((d, i) => {
          const line = ratioLineOverSeeds(`d = ${d}`, samples, distances.map((bySeed) => bySeed[i]!));
          const centre = Math.exp(mean(line.y.map(Math.log)) + mean(samples.map(Math.log)) / d);
          return [line, { name: `n^(−1/${d})`, role: "theory" as const, x: samples, y: samples.map((n) => centre * n ** (-1 / d)) }];
        }),
      },
    ],
    remarks: [`${steps} steps with ${batch} points each; widths ${widths.join(", ")}.`],
  };
}

/** The slope of log y over log x. */
export function logSlope(x: readonly number[], y: readonly number[]): number {
  return leastSquares(x.map(Math.log), y.map(Math.log)).slope;
}

/**
 * The mean distance of 128 points of the unit cube to the nearest of n others, for
 * each n. On a torus: without faces, at which there are fewer neighbours.
 */
export function nearestDistances(d: number, counts: readonly number[], random: Random): number[] {
  const draw = (n: number): Float64Array[] => Array.from({ length: n }, () => Float64Array.from({ length: d }, () => random.uniform()));
  const [points, queries] = [draw(Math.max(...counts)), draw(128)];
  const nearest = queries.map((query) => {
    let least = Infinity;
    return points.map((point) => {
      let square = 0;
      for (let k = 0; k < d; k++) {
        const apart = Math.abs(point[k]! - query[k]!);
        square += Math.min(apart, 1 - apart) ** 2;
      }
      return (least = Math.min(least, square));
    });
  });
  return counts.map((n) => mean(nearest.map((squares) => Math.sqrt(squares[n - 1]!))));
}

type Batch = { z: np.Array; frequencies: np.Array; phases: np.Array; turn: np.Array; centre: np.Array; scale: np.Array };

/** The error of each student, [settings][widths]; all are trained side by side, as one batched product per layer. */
async function studentErrors(settings: readonly Setting[], { widths, steps, batch }: L4Size, sabotaged: boolean, progress: (done: number) => Promise<void>): Promise<number[][]> {
  const targets = stackedTargets(settings, sabotaged);
  const draw = (n: number, randoms: readonly Random[]): np.Array => fromTensor(stacked(settings.map(({ d }, s) => cube(n, d, randoms[s]!))));
  const forks = (name: string): Random[] => settings.map((setting) => randomOf(setting).fork(name));
  const test = forks("test");
  const held = draw(2048, test);
  const values = toTensor(target({ z: held.ref, ...keep(targets), centre: np.array(0), scale: np.array(1) }));
  const moments = settings.map((_, s) => {
    const own = values.data.subarray(s * 2048, (s + 1) * 2048);
    const centre = mean(own);
    return { centre, scale: Math.sqrt(mean(own.map((y) => (y - centre) ** 2))) };
  });
  const each = (numbers: readonly number[]): np.Array => np.array(Float32Array.from(numbers), { shape: [settings.length, 1, 1] });
  const constants = { ...targets, centre: each(moments.map(({ centre }) => centre)), scale: each(moments.map(({ scale }) => scale)) };
  const training = new Training({
    parameters: { students: widths.map((width) => stackedStudents(settings, width)) },
    loss: (p: { students: Mlp[] }, batch: Batch) => errors(p.students, batch).map((error) => error.sum()).reduce((sum, error) => sum.add(error)),
    batch: (_, step): Batch => ({ z: draw(batch, forks(`step ${step}`)), ...keep(constants) }),
    optimiser: adam({ rate: warmup(0.01, Math.min(100, steps / 10), cosine(0.01, steps)) }),
    seed: 0,
  });
  for await (const { step } of training.run(steps)) if (step % 10 === 0) await progress(step / steps);
  const measure = jit((p: { students: Mlp[] }, batch: Batch) => errors(p.students, batch));
  const found = measure(keep(training.parameters), { z: held, ...constants }).map((error) => Array.from(toTensor(error).data));
  training.dispose();
  measure.dispose();
  return settings.map((_, s) => found.map((error) => error[s]!));
}

/** The squared error of each width's students over the variance of the target, [S] each. */
function errors(students: Mlp[], batch: Batch): np.Array[] {
  const x = np.matmul(batch.z.ref, batch.turn.ref);
  const y = target(batch);
  const all = students.map((student) => {
    const { output, hidden } = mlp(student, x.ref, "relu");
    dispose(hidden);
    return np.square(output.sub(y.ref)).mean([1, 2]);
  });
  dispose([x, y]);
  return all;
}

/** f(z), [S, B, 1]: mean 0 and variance 1 with the right centre and scale. */
function target({ z, frequencies, phases, turn, centre, scale }: Batch): np.Array {
  turn.dispose();
  const wave = np.cos(np.matmul(z, frequencies).add(phases)).sum(-1, { keepdims: true }).mul(Math.sqrt(2 / waves));
  return wave.sub(centre).div(scale);
}

function randomOf({ seed, d, rough: { name } }: Setting): Random {
  return new Random(seed).fork(`${name} ${d}`);
}

/** n points in [−1, 1]^d, [n, 16]: the coordinates beyond d are 0. */
function cube(n: number, d: number, random: Random): Tensor {
  const z = tensor([n, D]);
  for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) z.data[i * D + k] = 2 * random.uniform() - 1;
  return z;
}

function stacked(parts: readonly Tensor[]): Tensor {
  const all = tensor([parts.length, ...parts[0]!.shape]);
  parts.forEach(({ data }, s) => all.data.set(data, s * data.length));
  return all;
}

/** Wave vectors [S, 16, F], phases [S, 1, F], and the turn s R [S, 16, 16]. */
function stackedTargets(settings: readonly Setting[], sabotaged: boolean): { frequencies: np.Array; phases: np.Array; turn: np.Array } {
  const parts = settings.map((setting) => {
    const random = randomOf(setting).fork("target");
    const directions = sabotaged ? 2 : setting.d;
    const frequencies = tensor([D, waves]);
    for (let f = 0; f < waves; f++) {
      const omega = Array.from({ length: directions }, () => random.normal());
      omega.forEach((x, k) => (frequencies.data[k * waves + f] = (setting.rough.r * x) / Math.hypot(...omega)));
    }
    const phases = tensor([1, waves], Float32Array.from({ length: waves }, () => 2 * Math.PI * random.uniform()));
    const turn = toTensor(orthogonal(random, D).mul(Math.sqrt((3 * D) / setting.d)));
    return { frequencies, phases, turn };
  });
  const all = (name: "frequencies" | "phases" | "turn"): np.Array => fromTensor(stacked(parts.map((part) => part[name])));
  return { frequencies: all("frequencies"), phases: all("phases"), turn: all("turn") };
}

/** One student of this width for each setting, as one perceptron with a leading axis. */
function stackedStudents(settings: readonly Setting[], width: number): Mlp {
  const students = settings.map((setting) => initialMlp(randomOf(setting).fork(`student ${width}`), [D, width, width, 1], "relu"));
  const layers = students[0]!.layers.map((_, l) => ({
    weight: np.stack(students.map(({ layers }) => layers[l]!.weight)),
    bias: np.stack(students.map(({ layers }) => layers[l]!.bias)).reshape([settings.length, 1, -1]),
  }));
  return { layers };
}
