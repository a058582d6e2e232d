/** M6: whether an MLP leaves the topology of its data as it is. Two rings, one around the other, layer by layer. */
import { nestedRings } from "../../probes/geometry/manifolds.ts";
import { fitPca, projectPca } from "../../probes/projection/pca.ts";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { wilson } from "../../probes/statistics/wilson.ts";
import { row, rows, tensor, type Tensor } from "../../probes/tensor.ts";
import { type BettiNumbers, bettiNumbers, lasting } from "../../probes/topology/betti-numbers.ts";
import { fromTensor, integers, type np, type Parameters, dispose } from "../toys/autodiff.ts";
import { initialMlp, mlp } from "../toys/mlp.ts";
import { adam, cosine } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import type { Claim, ClaimContext, Evidence, Figure, Line, Quantity } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { initialInvertibleNet, invertibleNet } from "./apparatus/invertible-net.ts";
import { percent } from "./apparatus/numerals.ts";
import { countOverSeeds, lineOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";
import { agreement, argmaxRows, crossEntropy, evaluate, trainIn } from "./apparatus/training.ts";

export const claim: Claim = {
  id: "M6",
  system: "mlp",
  title: "Does an MLP leave the topology of its data as it is?",
  statement: {
    en: "As a rigid transformation, an MLP does not change the topology of the data.",
    zh: "作为刚性变换算子， MLP不改变数据的拓扑结构",
  },
  expectation: {
    verdict: "refutes",
    text: "A ReLU layer sends whole regions to one point, so it can close a loop; trained networks were seen to do just that, layer by layer, and ReLU sooner than tanh. Only a network of square, invertible layers has to keep every loop. And the essay's other sentence, that an MLP makes any manifold linearly separable, needs such a change.",
    sources: [{ text: "Naitzat, Zhitnikov & Lim 2020, arXiv:2004.06093: Betti numbers fall to β₀ = 1, β₁ = 0 through the layers" }, { text: "Olah 2014, Neural networks, manifolds and topology", recalled: true }],
  },
  data: "Two rings of radius 1 and 2 in the plane, each a class, with a thickness: normal noise of 0.1 on both coordinates. Each ring is one part with one loop, β = (1, 1). Beside it the same rings without thickness.",
  model: "ReLU MLP of 8 layers of 16, and the same with tanh. Control: 6 layers of 3 that are rotations and a leaky ReLU of slope 0.7, on the plane laid into space; it can bend space but not fold or tear it, and changes distances by at most a factor of 8.5. All trained to tell the rings apart (Adam, cross entropy).",
  measurement: "β₀ and β₁ of each ring's hidden states after every layer: Vietoris–Rips persistence of 100 landmarks out of 600 points; a loop counts where it lasts 2.1 times its birth. A loop is lost where the input's ring has one and the last hidden layer's has none.",
  rule: "Nothing is decided, and the verdict mixed, unless the ReLU networks tell the rings apart (accuracy at least learnt) and the invertible control keeps at least kept of the loops, so that the measure is not blind. Then refutes: the ReLU networks lose at least many of the loops. supports: they lose at most few. mixed otherwise.",
  thresholds: {
    many: { value: 0.5, unit: "1", meaning: "share of loops lost in the last ReLU layer, at least" },
    few: { value: 0.1, unit: "1", meaning: "share of loops lost that is as good as none" },
    kept: { value: 0.9, unit: "1", meaning: "share of loops that the invertible control keeps, at least" },
    learnt: { value: 0.95, unit: "1", meaning: "accuracy of the ReLU networks on new points, at least" },
  },
  seeds: [1, 2, 3],
  seconds: 39,
  doesNotShow: "That a loop is gone at every scale. It is gone at the resolution of 100 landmarks and of the ring's own thickness, which is what a next layer with noise could see. A ring without any thickness is a closed curve that wide ReLU layers mostly only press flat: its loops are in the last picture. Nor that every MLP does so: an MLP that is untrained, wide or invertible may keep them.",
  wouldChange: "ReLU networks that separate the rings and still carry both loops in their last layer.",
  sabotage: { what: "The ReLU network replaced by the invertible one.", verdict: "supports" },

  run: (context) => measure(context, context.size === "full" ? { steps: 2000, points: 1600 } : { steps: 500, points: 1200 }),

  judge(evidence, { many = NaN, few = NaN, kept = NaN, learnt = NaN }) {
    const [lost, control, accuracy] = [valueOf(evidence, "relu-lost"), 1 - valueOf(evidence, "control-lost"), valueOf(evidence, "accuracy")];
    const numbers = `${percent(lost)} of the loops are lost by the last layer, the invertible control keeps ${percent(control)}; accuracy ${percent(accuracy)}`;
    if (control < kept) return { verdict: "mixed", reason: `The measure does not see the loops that must be there: ${numbers}.` };
    if (!(accuracy >= learnt)) return { verdict: "mixed", reason: `The networks do not tell the rings apart, so their layers say nothing: ${numbers}.` };
    if (lost <= few) return { verdict: "supports", reason: `The rings stay rings: ${numbers}.` };
    if (lost >= many) return { verdict: "refutes", reason: `The network changes the topology: ${numbers}.` };
    return { verdict: "mixed", reason: `Some loops are lost, not as the rule asks: ${numbers}.` };
  },
};

export interface Sizes {
  readonly steps: number;
  /** On both rings together. */
  readonly points: number;
  readonly landmarks?: number;
  /** Some of the cases by id, for tests; left out: all. */
  readonly only?: readonly string[];
}

/** A network, and how it takes points of the plane. */
interface Net<P extends Parameters> {
  readonly initial: (random: Random) => P;
  readonly forward: (parameters: P, x: np.Array) => { output: np.Array; hidden: np.Array[] };
  /** Dimensions of its input; the plane's two, then zeros. */
  readonly inputs: number;
  readonly rate: number;
}

const widths = [2, ...Array.from({ length: 8 }, () => 16), 2];
const perceptron = (activation: "relu" | "tanh") => ({
  initial: (random: Random) => initialMlp(random, widths, activation),
  forward: (p: ReturnType<typeof initialMlp>, x: np.Array) => mlp(p, x, activation),
  inputs: 2,
  rate: 5e-3,
});
const invertible = {
  initial: (random: Random) => initialInvertibleNet(random, 6, 2),
  forward: invertibleNet,
  inputs: 3,
  rate: 2e-2,
};

/** What is known of one network on one seed's rings. */
interface Seen {
  readonly accuracy: number;
  /** By layer, the input first, of each ring. */
  readonly layers: readonly (readonly BettiNumbers[])[];
  /** States of the input and of the last hidden layer, [n, D]. */
  readonly first: Tensor;
  readonly last: Tensor;
  readonly labels: Uint8Array;
}

export async function measure(context: ClaimContext, sizes: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const cases = [
    { id: "relu", name: "ReLU", net: sabotaged ? invertible : perceptron("relu"), thickness: 0.1 },
    { id: "tanh", name: "tanh", net: perceptron("tanh"), thickness: 0.1 },
    { id: "control", name: "invertible", net: invertible, thickness: 0.1 },
    { id: "thin", name: "ReLU, rings without thickness", net: sabotaged ? invertible : perceptron("relu"), thickness: 0 },
  ].filter(({ id }) => sizes.only?.includes(id) ?? true);
  const seen = new Map<string, Seen[]>(cases.map(({ id }) => [id, []]));
  let part = 0;
  const parts = seeds.length * cases.length;
  for (const seed of seeds) {
    for (const { id, name, net, thickness } of cases) {
      const train = (steps: number, training: Training<Parameters, { x: np.Array; y: np.Array }>): Promise<number[]> => trainIn(context, training, steps, [part / parts, (part + 0.9) / parts], `${name}, seed ${seed}: training`);
      seen.get(id)!.push(await watch(net as unknown as Net<Parameters>, seed, thickness, sizes, train));
      part++;
    }
  }
  await context.progress(1, "loops counted");
  return evidenceOf(seen, cases);
}

async function watch(net: Net<Parameters>, seed: number, thickness: number, { steps, points, landmarks }: Sizes, train: (steps: number, training: Training<Parameters, { x: np.Array; y: np.Array }>) => Promise<unknown>): Promise<Seen> {
  const random = new Random(seed);
  const training = new Training<Parameters, { x: np.Array; y: np.Array }>({
    parameters: net.initial(random.fork("weights")),
    loss: (p, { x, y }) => {
      const { output, hidden } = net.forward(p, x);
      dispose(hidden);
      return crossEntropy(output, y);
    },
    batch: (draw) => {
      const { points: drawn, labels } = thickRings(128, draw, thickness, net.inputs);
      return { x: fromTensor(drawn), y: integers(labels) };
    },
    optimiser: adam({ rate: cosine(net.rate, steps, net.rate / 50) }),
    seed,
    clip: 1,
  });
  try {
    await train(steps, training);
    const { points: first, labels } = thickRings(points, random.fork("test"), thickness, net.inputs);
    const [output, ...hidden] = evaluate(training.parameters, (p, x) => {
      const after = net.forward(p, x);
      return [after.output, ...after.hidden];
    }, fromTensor(first));
    const rings = [0, 1].map((label) => Array.from(labels.keys()).filter((i) => labels[i] === label));
    return {
      accuracy: agreement(argmaxRows(output!), labels),
      layers: [first, ...hidden].map((states) => rings.map((ring) => bettiNumbers(rows(states, ring), landmarks))),
      first,
      last: hidden.at(-1)!,
      labels,
    };
  } finally {
    training.dispose();
  }
}

/** Both rings in the first two of `inputs` dimensions, points in turn. */
export function thickRings(n: number, random: Random, thickness: number, inputs: number): { readonly points: Tensor; readonly labels: Uint8Array<ArrayBuffer> } {
  const { points, labels } = nestedRings(n, random, [1, 2]);
  const out = tensor([n, inputs]);
  for (let i = 0; i < n; i++) for (let d = 0; d < 2; d++) out.data[i * inputs + d] = points.data[2 * i + d]! + thickness * random.normal();
  return { points: out, labels };
}

function evidenceOf(seen: ReadonlyMap<string, readonly Seen[]>, cases: readonly { readonly id: string; readonly name: string }[]): Evidence {
  const of = (id: string): readonly Seen[] => seen.get(id)!;
  const layersOf = (id: string): number[] => of(id)[0]!.layers.map((_, layer) => layer);
  const overRings = (id: string, value: (betti: BettiNumbers) => number): number[][] => of(id).map(({ layers }) => layers.map((rings) => mean(rings.map(value))));
  const reference = { relu: { value: "β₁ to 0", source: "Naitzat et al. 2020, arXiv:2004.06093" }, control: { value: 0, source: "a homeomorphism keeps every loop" } } as const;
  const quantities: Quantity[] = cases.map(({ id, name }) => ({ ...lostLoops(`${id}-lost`, `loops lost by the last hidden layer, ${name}`, of(id)), ...(id in reference ? { reference: reference[id as keyof typeof reference] } : {}) }));
  // Counts of loops are no bell curve: means alone.
  const meanLine = (id: string, name: string, value: (betti: BettiNumbers) => number): Line => {
    const { x, y } = lineOverSeeds(name, layersOf(id), overRings(id, value));
    return { name, x, y };
  };
  const [relu, control] = [of("relu")[0]!, of("control")[0]!];
  return {
    quantities: [
      ...quantities,
      overSeeds({ id: "accuracy", label: "accuracy on new points, ReLU", unit: "1" }, of("relu").map(({ accuracy }) => accuracy)),
      overSeeds({ id: "control-accuracy", label: "accuracy on new points, invertible", unit: "1" }, of("control").map(({ accuracy }) => accuracy)),
      countOverSeeds({ id: "relu-parts", label: "parts of a ring in the last hidden layer (β₀), ReLU", unit: "1" }, overRings("relu", ({ parts }) => parts).map((layers) => layers.at(-1)!)),
      countOverSeeds({ id: "relu-loops", label: "loops of a ring in the last hidden layer (β₁), ReLU", unit: "1", reference: { value: 0, source: "Naitzat et al. 2020, arXiv:2004.06093" } }, overRings("relu", ({ loops }) => loops).map((layers) => layers.at(-1)!)),
    ],
    figures: [
      {
        kind: "lines",
        title: "Loops of a ring, layer by layer",
        x: { label: "layer (0 is the input)", unit: "" },
        y: { label: "β₁, mean over both rings and all seeds", unit: "1" },
        lines: cases.filter(({ id }) => id !== "thin").map(({ id, name }) => meanLine(id, name, ({ loops }) => loops)),
      },
      rings("The two rings as they come in", relu.first, relu.labels),
      rings("After the last ReLU layer, its two widest directions", planeOf(relu.last), relu.labels),
      rings("After the last invertible layer, its two widest directions", planeOf(control.last), control.labels),
      {
        kind: "lines",
        title: "How long the longest loop lasts",
        x: { label: "layer (0 is the input)", unit: "" },
        y: { label: "death / birth", unit: "1", log: true },
        lines: [...cases.map(({ id, name }) => meanLine(id, name, ({ longest }) => longest)), { name: "counts as a loop", role: "null", x: layersOf("relu"), y: layersOf("relu").map(() => lasting) }],
      },
    ],
    remarks: ["The pictures of states are of the first seed; all else is of all seeds. Rings of one network are not independent of each other, so the intervals of shares are a little too narrow."],
  };
}

/** The share of loops that the input has and the last hidden layer has not, with Wilson's interval. */
function lostLoops(id: string, label: string, runs: readonly Seen[]): Quantity {
  let [there, gone] = [0, 0];
  for (const { layers } of runs) {
    layers[0]!.forEach(({ loops }, ring) => {
      if (loops === 0) return;
      there++;
      if (layers.at(-1)![ring]!.loops === 0) gone++;
    });
  }
  const [low, high] = wilson(gone, there);
  return { id, label, value: gone / there, low, high, unit: "1", n: there };
}

function planeOf(states: Tensor): Tensor {
  return projectPca(fitPca(states, 2), states);
}

function rings(title: string, points: Tensor, labels: Uint8Array): Figure {
  const group = (name: string, label: number) => {
    // Every other point: enough to see, and half as much to keep.
    const indices = Array.from(labels.keys()).filter((i) => labels[i] === label && (i >> 1) % 2 === 0);
    return { name, x: indices.map((i) => row(points, i)[0]!), y: indices.map((i) => row(points, i)[1]!) };
  };
  return { kind: "scatter", title, x: { label: "first direction", unit: "" }, y: { label: "second direction", unit: "" }, groups: [group("inner ring", 0), group("outer ring", 1)] };
}
