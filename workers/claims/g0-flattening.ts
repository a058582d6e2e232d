/**
 * G0: whether every architecture is a topological transformation from a curled manifold to a
 * flat feature space. All eight of the lab, on the same points, layer by layer.
 *
 * A point of R⁶⁴ is given as 8 tokens of 8 numbers; the last token answers which class it
 * belongs to. Levels: 0 the tokens' embedding (affine in the point), 1 and 2 the residual stream
 * of all tokens behind each block, 3 what the head reads, the last token behind the final norm.
 */
import { embedded, nestedRings, swissRoll, torus } from "../../probes/geometry/manifolds.ts";
import { twoNn } from "../../probes/geometry/two-nn.ts";
import { fitPca } from "../../probes/projection/pca.ts";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { rows, tensor, type Tensor } from "../../probes/tensor.ts";
import { bettiNumbers } from "../../probes/topology/betti-numbers.ts";
import { architectures } from "../lab/architectures.ts";
import type { Architecture } from "../lab/architecture.ts";
import { hiddenSize, initialSequenceModel, layers, sequenceModel, type SequenceParameters } from "../lab/sequence-model.ts";
import { dispose, fromTensor, integers, np } from "../toys/autodiff.ts";
import { glorot, normal } from "../toys/initialise.ts";
import { adam, cosine } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import type { Claim, ClaimContext, Evidence, Figure } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { linearProbe } from "./apparatus/linear-probe.ts";
import { decimals } from "./apparatus/numerals.ts";
import { overSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { agreement, argmaxRows, crossEntropy, evaluate, trainIn } from "./apparatus/training.ts";

const D = 64;
const T = 8;
const levels = layers + 2;
const classes = 4;
const dataNames = ["rings", "roll", "torus"] as const;
type DataName = (typeof dataNames)[number];
const titles: Readonly<Record<DataName, string>> = { rings: "two nested rings", roll: "Swiss roll", torus: "torus" };
/** Dimension of each manifold: of so many directions a flat one would be made. */
const dimensions: Readonly<Record<DataName, number>> = { rings: 1, roll: 2, torus: 2 };

export const claim: Claim = {
  id: "G0",
  system: "general",
  title: "Do all architectures unroll a manifold into a flat space without tearing it?",
  statement: {
    en: "All classical architectures are topological transformations, with different inductive biases, from a curled manifold to a flat feature space.",
    zh: "所有的经典架构都可以被视为带有不同Inductive Bias的从卷曲流形到平坦特征空间的拓扑变换",
  },
  expectation: {
    verdict: "mixed",
    text: "Training makes classes linearly separable and their images flatter in any of them. A topological transformation in the strict sense, one to one and continuous both ways, is another matter: where it pays, networks fold a loop shut.",
    sources: [
      { text: "Brahma, Wu & She 2016, IEEE TNNLS 27: layers flatten and disentangle manifolds" },
      { text: "Naitzat, Zhitnikov & Lim 2020, arXiv:2004.06093: Betti numbers fall through the layers" },
    ],
  },
  data: "Two nested rings (radius 1 and 2, thickness 0.1), a class each, laid into 64 dimensions. The full run adds a Swiss roll in four stripes along it, and a torus in four quarters around its tube.",
  model: "The eight architectures of the lab, two blocks each, about as many parameters, trained to name the class (Adam, the same steps for all).",
  measurement: "Of new points, level by level: accuracy of a linear probe (ridge, half the points held out); curvature left, 1 − share of the variance in as many principal directions as the manifold has dimensions, of all states together and, shown but not judged, of each class alone; TwoNN dimension; loops of each class's states. Of the rings: a loop is kept where each ring has one at the last level, as at the first; that the measure sees loops that are there, the control of claim M6 shows.",
  rule: "An architecture unrolls the rings where the probe at the last level is at least apart and the curvature left has fallen by at least flatter; it does so topologically where it also keeps at least kept of the loops. supports: at least many of the architectures unroll them topologically. refutes: fewer than many unroll them at all. mixed otherwise: they flatten, and they fold.",
  thresholds: {
    apart: { value: 0.95, unit: "1", meaning: "accuracy of the linear probe at the last level, at least" },
    flatter: { value: 0.25, unit: "1", meaning: "fall of the curvature left from first to last level, at least: half of what a ring has, and above what weights before training give" },
    kept: { value: 0.9, unit: "1", meaning: "share of an architecture's loops kept, at least" },
    many: { value: 0.75, unit: "1", meaning: "share of the architectures, at least" },
  },
  seeds: [1, 2, 3],
  seconds: 78,
  recorded: true,
  doesNotShow: "That each ring on its own is laid out straight: the curvature judged is of all states together, and two clusters, each of any shape, lie along one direction. Nor that training is needed to separate: a linear probe divides the rings behind random weights too (the sabotaged run). Nor that loops are torn at every scale: they are gone at the resolution of 45 landmarks (60 in the full run) and of the ring's own thickness. Nor what large, pretrained models do; these have two blocks and one task.",
  wouldChange: "Architectures that separate and flatten the rings and still carry each ring as a ring; or some that cannot flatten them.",
  sabotage: { what: "The networks with weights as before training.", verdict: "refutes" },

  run: (context) => measure(context, context.size === "full" ? { steps: 150, points: 480, data: dataNames } : { steps: 100, points: 360, data: ["rings"] }),

  judge(evidence, { apart = NaN, flatter = NaN, kept = NaN, many = NaN }) {
    const of = (name: string, id: string): number => valueOf(evidence, `${id}-${name}`);
    const names = evidence.quantities.filter(({ id }) => id.startsWith("probe-")).map(({ id }) => id.slice("probe-".length));
    const unrolls = names.filter((id) => of(id, "probe") >= apart && of(id, "flatter") >= flatter);
    const topological = unrolls.filter((id) => of(id, "kept") >= kept);
    const within = mean(names.map((id) => of(id, "within")));
    const numbers = `${unrolls.length} of ${names.length} separate the rings and flatten what they make of both, ${topological.length} of them keep their loops${topological.length > 0 ? ` (${topological.join(", ")})` : ""}; of one ring alone the curvature left falls by ${decimals(within)} on average`;
    if (topological.length >= many * names.length) return { verdict: "supports", reason: `Flattened, and not torn: ${numbers}.` };
    if (unrolls.length < many * names.length) return { verdict: "refutes", reason: `Not flattened: ${numbers}.` };
    return { verdict: "mixed", reason: `Flattened, and folded: ${numbers}.` };
  },
};

export interface Sizes {
  readonly steps: number;
  readonly points: number;
  /** `rings` among them. */
  readonly data: readonly DataName[];
  /** Some of the architectures, for tests; left out: all. */
  readonly only?: readonly string[];
}

/** Points [n, 64] and their classes; where they lie in the 64 dimensions comes from the seed. */
export function drawPoints(name: DataName, seed: number, random: Random, n: number): { readonly points: Tensor; readonly labels: Uint8Array<ArrayBuffer> } {
  const place = (points: Tensor): Tensor => embedded(points, D, new Random(seed).fork("directions"));
  if (name === "rings") {
    const { points, labels } = nestedRings(n, random);
    return { points: place(tensor(points.shape, points.data.map((x) => x + 0.1 * random.normal()))), labels };
  }
  const { points, coordinates } = name === "roll" ? swissRoll(n, random) : torus(n, random);
  const [scale, along] = name === "roll" ? [0.15, (i: number) => coordinates.data[2 * i]! / 90.1] : [0.6, (i: number) => coordinates.data[2 * i + 1]! / (2 * Math.PI)];
  const labels = Uint8Array.from({ length: n }, (_, i) => Math.min(classes - 1, Math.floor(classes * along(i))));
  return { points: place(tensor(points.shape, points.data.map((x) => scale * x))), labels };
}

/** inward [8, D] and offset [T, D] make the tokens; without the offset the blocks' norms would take a point's size away. */
type Model = { inward: np.Array; offset: np.Array; body: SequenceParameters };

/** Logits [n, V], and the states of each level, [n, ...]. */
function forward(architecture: Architecture, p: Model, x: np.Array): { output: np.Array; states: np.Array[]; penalty: np.Array } {
  const tokens = np.matmul(x.reshape([-1, T, D / T]), p.inward).add(p.offset);
  const { logits, residual, final, inner, penalty } = sequenceModel(architecture, p.body, tokens);
  dispose(inner);
  const last = (y: np.Array): np.Array => y.slice([], T - 1);
  return { output: last(logits), states: [...residual.map((y) => y.reshape([-1, T * hiddenSize])), last(final)], penalty };
}

interface Seen {
  readonly accuracy: number;
  readonly probe: readonly number[];
  readonly curvature: readonly number[];
  /** The same of one class's states, mean over the classes. */
  readonly within: readonly number[];
  readonly dimension: readonly number[];
  /** Mean over the classes, by level. */
  readonly loops: readonly number[];
}

export async function measure(context: ClaimContext, { steps, points, data, only }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const chosen = architectures.filter(({ id }) => only?.includes(id) ?? true);
  const seen = new Map<string, Seen[]>();
  const parts = data.length * seeds.length * chosen.length;
  let part = 0;
  for (const name of data) {
    for (const seed of seeds) {
      for (const architecture of chosen) {
        const random = new Random(seed).fork(`${name} ${architecture.id}`);
        const training = new Training<Model, { x: np.Array; y: np.Array }>({
          parameters: { inward: glorot(random, [D / T, hiddenSize]), offset: normal(random, [T, hiddenSize], 0.5), body: initialSequenceModel(architecture, { vocabSize: classes, contextLength: T }, seed) },
          loss: (p, { x, y }) => {
            const { output, states, penalty } = forward(architecture, p, x);
            dispose(states);
            return crossEntropy(output, y).add(penalty);
          },
          batch: (draw) => {
            const { points: x, labels } = drawPoints(name, seed, draw, 32);
            return { x: fromTensor(x), y: integers(labels) };
          },
          optimiser: adam({ rate: cosine(1e-2, steps, 5e-4) }),
          seed,
          clip: 1,
        });
        try {
          if (!sabotaged) await trainIn(context, training, steps, [part / parts, (part + 0.7) / parts], `${architecture.id} on ${titles[name]}, seed ${seed}`);
          const key = `${name} ${architecture.id}`;
          seen.set(key, [...(seen.get(key) ?? []), look(training.parameters, architecture, drawPoints(name, seed, random.fork("test"), points), name, random.fork("probe"))]);
        } finally {
          training.dispose();
        }
        part++;
      }
    }
  }
  await context.progress(1, "done");
  return evidenceOf(chosen.map(({ id }) => id), data, seen);
}

function look(parameters: Model, architecture: Architecture, { points, labels }: ReturnType<typeof drawPoints>, name: DataName, random: Random): Seen {
  const [output, ...states] = evaluate(parameters, (p, x) => {
    const after = forward(architecture, p, x);
    after.penalty.dispose();
    return [after.output, ...after.states];
  }, fromTensor(points));
  const groups = [...new Set(labels)].map((label) => Array.from(labels.keys()).filter((i) => labels[i] === label));
  const curvatureLeft = (points: Tensor): number => 1 - fitPca(points, dimensions[name]).explained.reduce((sum, share) => sum + share, 0);
  return {
    accuracy: agreement(argmaxRows(output!), labels),
    probe: states.map((level) => linearProbe(level, labels, random.fork("halves"))),
    curvature: states.map(curvatureLeft),
    within: states.map((level) => mean(groups.map((group) => curvatureLeft(rows(level, group))))),
    dimension: states.map((level) => twoNn(level).fit),
    loops: states.map((level) => mean(groups.map((group) => bettiNumbers(rows(level, group), 80).loops))),
  };
}

function evidenceOf(ids: readonly string[], data: readonly DataName[], seen: ReadonlyMap<string, readonly Seen[]>): Evidence {
  const of = (id: string, name: DataName = "rings"): readonly Seen[] => seen.get(`${name} ${id}`)!;
  const last = levels - 1;
  const axis = Array.from({ length: levels }, (_, level) => level);
  const kept = ({ loops }: Seen): number => (loops[0]! > 0 ? Math.min(1, loops[last]! / loops[0]!) : NaN);
  const overSeedsAt = (name: DataName, id: string, value: (run: Seen) => readonly number[], level: number): number => mean(of(id, name).map((run) => value(run)[level]!));
  const measures = [
    { title: "Accuracy of a linear probe", value: ({ probe }: Seen) => probe },
    { title: "Curvature left", value: ({ curvature }: Seen) => curvature },
    { title: "Curvature left within a class", value: ({ within }: Seen) => within },
    { title: "Loops of a class", value: ({ loops }: Seen) => loops },
    { title: "TwoNN dimension", value: ({ dimension }: Seen) => dimension },
  ];
  const together = (name: DataName): Figure => ({
    kind: "lines",
    title: `On the way through ${ids.length} architectures: ${titles[name]}`,
    x: { label: "level (0 is the input, 3 what the head reads)", unit: "" },
    y: { label: "mean of the architectures; the bands hold them all", unit: "1" },
    lines: measures.slice(0, 4).map(({ title, value }) => {
      const at = axis.map((level) => ids.map((id) => overSeedsAt(name, id, value, level)));
      return { name: title.toLowerCase(), x: axis, y: at.map((values) => mean(values)), low: at.map((values) => Math.min(...values)), high: at.map((values) => Math.max(...values)) };
    }),
  });
  const grid = (name: DataName, { title, value }: (typeof measures)[number]): Figure => ({
    kind: "grid",
    title: `${title}: ${titles[name]}`,
    rowLabel: "architecture",
    columnLabel: "level",
    rows: ids,
    columns: axis.map(String),
    values: ids.flatMap((id) => axis.map((level) => overSeedsAt(name, id, value, level))),
    unit: "1",
  });
  return {
    quantities: ids.flatMap((id) => [
      shareOverSeeds({ id: `probe-${id}`, label: `linear probe at the last level, ${id}`, unit: "1" }, of(id).map(({ probe }) => probe[last]!)),
      overSeeds({ id: `flatter-${id}`, label: `fall of the curvature left, ${id}`, unit: "1" }, of(id).map(({ curvature }) => curvature[0]! - curvature[last]!)),
      overSeeds({ id: `within-${id}`, label: `fall of the curvature left within a ring, ${id}`, unit: "1" }, of(id).map(({ within }) => within[0]! - within[last]!)),
      shareOverSeeds({ id: `kept-${id}`, label: `loops kept, ${id}`, unit: "1", reference: { value: 1, source: "a topological transformation" } }, of(id).map(kept)),
      shareOverSeeds({ id: `accuracy-${id}`, label: `accuracy, ${id}`, unit: "1" }, of(id).map(({ accuracy }) => accuracy)),
    ]),
    figures: [
      ...data.map(together),
      ...data.flatMap((name) => measures.map((one) => grid(name, one))),
    ],
    remarks: [`At the input a linear probe is right in ${mean(ids.flatMap((id) => of(id).map(({ probe }) => probe[0]!))).toFixed(2)}, the curvature left is ${mean(ids.flatMap((id) => of(id).map(({ curvature }) => curvature[0]!))).toFixed(2)}, and each ring has ${mean(ids.flatMap((id) => of(id).map(({ loops }) => loops[0]!))).toFixed(2)} loops.`],
  };
}
