/**
 * O5: does a static model fail once its data drift?
 *
 * Two rings of radius 1 and 2 in the first plane of R⁴, a class each. A drift by θ
 * turns them into the second plane,
 *
 *   (r cos φ, r sin φ, 0, 0) → (r cos φ cos θ, r sin φ cos θ, r cos φ sin θ, r sin φ sin θ)
 *
 * so that they leave the manifold that the model knows; the same turn within the
 * first plane moves every point just as far along a ring, and leaves the rings where
 * they are. A model that looks at the first plane only, and draws its line half way,
 * takes the outer ring for the inner one beyond cos θ = 3/4.
 */
import { cloudDistances } from "../../probes/geometry/cloud-distance.ts";
import { Random } from "../../probes/random.ts";
import { correlation } from "../../probes/statistics/correlation.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, integers, keep, np } from "../toys/autodiff.ts";
import { initialMlp, mlp, type Mlp } from "../toys/mlp.ts";
import { adam, cosine } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import { valueOf, type Claim, type ClaimContext, type Evidence } from "./claim.ts";
import { digits } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds, shareLineOverSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { agreement, argmaxRows, crossEntropy, evaluate, trainIn } from "./apparatus/training.ts";

const dimensions = 4;
const widths = [dimensions, 32, 32, 2];
const noise = 0.05;
/** Trained side by side for each seed: what a network does away from its data is much a matter of its first weights. */
const networks = 24;
const test = 400;
const angles = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90];
/** Where the verdict is taken, and the model trained further. */
const far = 60;

/** Where the outer ring, seen in the first plane only, passes half way between the two. */
const lost = (Math.acos(1.5 / 2) * 180) / Math.PI;

/** How the rings move: out of their plane, or within it. */
type Drift = "out" | "along";

interface Rings {
  readonly points: Tensor;
  readonly labels: Uint8Array;
}

export const claim: Claim = {
  id: "O5",
  system: "limits",
  title: "Does a static model fail once its data drift?",
  statement: { en: "A static model runs into the wall of out-of-distribution data once the data manifold changes, unless it is trained again.", zh: "当数据分布（流形结构）变化时，不经历重训或微调仍然会触及OOD的屏障" },
  expectation: {
    verdict: "supports",
    text: "Where the data leave the manifold that the model was trained on, accuracy falls with their distance from it, and further training brings it back. A drift along the manifold, as large point by point, costs nothing: what counts is the distance from the data known, not that something moved.",
    sources: [{ text: "inferred: a network is not bound by its data away from them" }, { text: "accuracy falls with shift: Recht et al. 2019, arXiv:1902.10811; Quiñonero-Candela et al. 2008, Dataset shift in machine learning", recalled: true }],
  },
  data: `Two noisy rings (radius 1 and 2, noise ${noise}) in ${dimensions} dimensions, a class each; ${test} new points per angle and seed, turned by θ = 0 … 90° out of the plane of the rings, or within it.`,
  model: `The lab's perceptron, two hidden layers of 32, ${networks} of them per seed, trained once at θ = 0; then copies trained further on data at θ = 60°.`,
  measurement: "Accuracy, mean over the networks of a seed, and mean distance to the five nearest of 400 training points, by θ. Loss of accuracy at 60° against 0°; correlation of accuracy with distance over all angles.",
  rule: "Supports where the loss at 60° is at least `wall`, and accuracy falls with distance: a correlation of at most −`follows`. Refutes where the loss is at most `none`. Else mixed. Means over seeds.",
  thresholds: {
    wall: { value: 0.2, unit: "1", meaning: "loss of accuracy at 60° that counts as a wall" },
    follows: { value: 0.7, unit: "1", meaning: "size of the correlation of accuracy with distance" },
    none: { value: 0.05, unit: "1", meaning: "loss of accuracy at 60° that counts as none" },
  },
  seeds: [1, 2, 3],
  seconds: 5,
  doesNotShow: "How large models meet drift: theirs may lie within what they have seen. Nor that a context cannot help without training.",
  wouldChange: "A drift that stays on the manifold: the sabotaged run turns the rings within their plane, and nothing is lost.",
  sabotage: { what: "The data drift along the manifold instead of away from it.", verdict: "refutes" },

  run: (context) => measure(context, { steps: 300, further: 150, count: networks }),

  judge(evidence, { wall = NaN, follows = NaN, none = NaN }) {
    const [loss, along] = [valueOf(evidence, "loss"), valueOf(evidence, "correlation")];
    return {
      verdict: loss <= none ? "refutes" : loss >= wall && along <= -follows ? "supports" : "mixed",
      reason: `At 60° accuracy has fallen by ${digits(loss)} (a wall: ${wall}; none: ${none}); accuracy and distance from the training data correlate by ${Number.isNaN(along) ? "nothing that could be measured" : digits(along)}.`,
    };
  },
};

/**
 * @param steps  of training, and further ones on drifted data
 * @param count  of networks per seed
 */
export async function measure(context: ClaimContext, { steps, further, count }: { readonly steps: number; readonly further: number; readonly count: number }): Promise<Evidence> {
  const { seeds, sabotaged, progress } = context;
  const accuracy: Record<Drift, number[][]> = { out: [], along: [] };
  const distance: Record<Drift, number[][]> = { out: [], along: [] };
  const after: number[][] = [];
  const losses: number[] = [];
  for (const [s, seed] of seeds.entries()) {
    const random = new Random(seed);
    const between = (from: number, to: number): [number, number] => [(s + from) / seeds.length, (s + to) / seeds.length];
    const trained = training(sideBySide(Array.from({ length: count }, (_, k) => initialMlp(random.fork(`weights ${k}`), widths))), 0, steps, seed);
    await trainIn(context, trained, steps, between(0, 0.6), `training, seed ${seed}`);
    const known = drawRings(test, random.fork("known"), 0, "out").points;
    const tests = (drift: Drift): Rings[] => angles.map((angle) => drawRings(test, random.fork(`test ${angle}`), angle, drift));
    // In a sabotaged run what is called a drift out of the plane is one within it.
    for (const [drift, data] of [["out", tests(sabotaged ? "along" : "out")], ["along", tests("along")]] as const) {
      const byNetwork = accuracies(trained.parameters, data);
      accuracy[drift].push(means(byNetwork));
      if (drift === "out") losses.push(...byNetwork.map((line) => line[0]! - line[angles.indexOf(far)]!));
      distance[drift].push(data.map(({ points }) => mean(cloudDistances(known, points, 5))));
    }
    const again = training(keep(trained.parameters), far, further, seed);
    trained.dispose();
    await trainIn(context, again, further, between(0.7, 1), `training further at ${far}°, seed ${seed}`);
    after.push(means(accuracies(again.parameters, tests("out"))));
    again.dispose();
  }
  await progress(1, "done");
  const at = (lines: readonly number[][], angle: number): number[] => lines.map((line) => line[angles.indexOf(angle)]!);
  return {
    quantities: [
      overSeeds({ id: "loss", label: "accuracy lost at 60°", unit: "1", reference: { value: 0.5, source: "a model that sees the first plane only" } }, at(accuracy.out, 0).map((value, s) => value - at(accuracy.out, far)[s]!)),
      { id: "least", label: "the same, the network that loses least", unit: "1", value: Math.min(...losses), n: losses.length },
      { id: "most", label: "the same, the network that loses most", unit: "1", value: Math.max(...losses), n: losses.length },
      overSeeds({ id: "correlation", label: "correlation of accuracy with distance from the training data", unit: "1" }, accuracy.out.map((line, s) => correlation(line, distance.out[s]!))),
      shareOverSeeds({ id: "start", label: "accuracy before the drift", unit: "1" }, at(accuracy.out, 0)),
      shareOverSeeds({ id: "far", label: "accuracy at 60°", unit: "1" }, at(accuracy.out, far)),
      shareOverSeeds({ id: "along", label: "accuracy at 60° along the rings", unit: "1" }, at(accuracy.along, far)),
      shareOverSeeds({ id: "again", label: "accuracy at 60° after further training there", unit: "1" }, at(after, far)),
      shareOverSeeds({ id: "back", label: "accuracy at 0° after further training at 60°", unit: "1" }, at(after, 0)),
      overSeeds({ id: "distance", label: "distance from the training data at 60°", unit: "radius of the inner ring", reference: { value: mean([1, 2].map((r) => ringDistance(r, far))), source: "rings without noise, exact" } }, at(distance.out, far)),
    ],
    figures: [
      {
        kind: "lines",
        title: "Accuracy as the data drift",
        x: { label: "drift", unit: "°" },
        y: { label: "accuracy", unit: "" },
        lines: [
          shareLineOverSeeds("out of the plane", angles, accuracy.out),
          shareLineOverSeeds("along the rings", angles, accuracy.along),
          shareLineOverSeeds("trained further at 60°", angles, after),
          { name: "a model that sees the first plane only", role: "theory", x: [0, lost, lost, 90], y: [1, 1, 0.5, 0.5] },
          { name: "chance", role: "null", x: angles, y: angles.map(() => 0.5) },
        ],
      },
      {
        kind: "lines",
        title: "Distance from the training data",
        x: { label: "drift", unit: "°" },
        y: { label: "mean distance to the five nearest", unit: "" },
        lines: [
          lineOverSeeds("out of the plane", angles, distance.out),
          lineOverSeeds("along the rings", angles, distance.along),
          { name: "rings without noise", role: "theory", x: angles, y: angles.map((angle) => mean([1, 2].map((r) => ringDistance(r, angle)))) },
        ],
      },
    ],
    remarks: [`Away from the data, what a network answers hangs on the weights it began with: the accuracy of single networks fell by ${digits(Math.min(...losses))} to ${digits(Math.max(...losses))} at ${far}°.`],
  };
}

/** How far a point of the ring of radius r, turned by θ out of the plane, is from the nearer of the two rings. */
export function ringDistance(r: number, degrees: number): number {
  const angle = (degrees * Math.PI) / 180;
  return Math.min(...[1, 2].map((ring) => Math.hypot(r * Math.cos(angle) - ring, r * Math.sin(angle))));
}

/** Points of both rings in turn, after a drift. */
export function drawRings(n: number, random: Random, degrees: number, drift: Drift): Rings {
  const angle = (degrees * Math.PI) / 180;
  const points = tensor([n, dimensions]);
  const labels = Uint8Array.from({ length: n }, (_, i) => i % 2);
  labels.forEach((label, i) => {
    const around = 2 * Math.PI * random.uniform() + (drift === "along" ? angle : 0);
    const tilt = drift === "out" ? angle : 0;
    const place = [Math.cos(around) * Math.cos(tilt), Math.sin(around) * Math.cos(tilt), Math.cos(around) * Math.sin(tilt), Math.sin(around) * Math.sin(tilt)];
    place.forEach((value, d) => (points.data[i * dimensions + d] = (1 + label) * value + noise * random.normal()));
  });
  return { points, labels };
}

/** Networks of one shape as one, whose arrays have the network as their first axis. */
function sideBySide(parameters: readonly Mlp[]): Mlp {
  const layers = parameters[0]!.layers.map((_, l) => {
    const parts = parameters.map((p) => p.layers[l]!);
    return { weight: np.stack(parts.map(({ weight }) => weight)), bias: np.expandDims(np.stack(parts.map(({ bias }) => bias)), 1) };
  });
  return { layers };
}

function countOf({ layers }: Mlp): number {
  return layers[0]!.weight.shape[0]!;
}

/** All networks see the same points, and learn each on its own: the loss is the sum of theirs. */
function training(parameters: Mlp, degrees: number, steps: number, seed: number): Training<Mlp, { x: np.Array; y: np.Array }> {
  const count = countOf(parameters);
  return new Training({
    parameters,
    loss: (p, { x, y }) => {
      const { output, hidden } = mlp(p, x);
      dispose(hidden);
      return crossEntropy(output, y).mul(count);
    },
    batch: (random) => {
      const { points, labels } = drawRings(64, random, degrees, "out");
      return { x: np.tile(fromTensor(points), [count, 1, 1]), y: np.tile(integers(labels), [count, 1]) };
    },
    optimiser: adam({ rate: cosine(1e-2, steps, 1e-4) }),
    seed,
  });
}

/** Of each network, the share of points whose class it finds, in each set. */
function accuracies(parameters: Mlp, sets: readonly Rings[]): number[][] {
  const count = countOf(parameters);
  const all = tensor([sets.length * test, dimensions]);
  sets.forEach(({ points }, i) => all.data.set(points.data, i * points.data.length));
  const [logits] = evaluate(parameters, (p, x) => {
    const { output, hidden } = mlp(p, x);
    dispose(hidden);
    return [output];
  }, np.tile(fromTensor(all), [count, 1, 1]));
  const answers = argmaxRows(logits!);
  return Array.from({ length: count }, (_, k) => sets.map(({ labels }, i) => agreement(answers.subarray((k * sets.length + i) * test, (k * sets.length + i + 1) * test), labels)));
}

function means(lines: readonly (readonly number[])[]): number[] {
  return lines[0]!.map((_, i) => mean(lines.map((line) => line[i]!)));
}
