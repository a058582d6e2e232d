/**
 * X1: whether a mixture of experts becomes many local operators and a router.
 *
 * Four manifolds in R⁸ that lie apart, each with a function of its own on it: the sine of
 * a linear function of its coordinates. Three networks of one hidden layer learn them all at once:
 *
 *   mixture        4 experts of F units, one for each point: chosen by the router
 *   dense          as many multiplications for a point as the mixture takes
 *   dense, large   as many parameters as the mixture has
 */
import { embedded, plane, ring, swissRoll, torus, type Sample } from "../../probes/geometry/manifolds.ts";
import { fitPca, projectPca } from "../../probes/projection/pca.ts";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { normalisedMutualInformation } from "../../probes/statistics/mutual-information.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, np, type Parameters } from "../toys/autodiff.ts";
import { initialMlp, mlp, type Mlp } from "../toys/mlp.ts";
import { initialMoe, moe, type Moe } from "../toys/moe.ts";
import { adam, cosine } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import type { Claim, ClaimContext, Evidence } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { overSeeds, ratioLineOverSeeds, ratioOverSeeds } from "./apparatus/over-seeds.ts";
import { argmaxRows, evaluate, trainIn } from "./apparatus/training.ts";

const D = 8;
const F = 24;
const experts = 4;
const names = ["Swiss roll", "ring", "torus", "plane"];
/** Multiplications for a point: router, and one expert; a dense layer of as many, to the nearest unit. */
const active = D * experts + D * F + F;
const equalWork = Math.round(active / (D + 1));
/** Parameters of the mixture, and of a dense network of as many. */
const total = D * experts + experts * (D * F + F + F + 1);
const equalSize = Math.round((total - 1) / (D + 2));

export interface Sizes {
  readonly steps: number;
  readonly points: number;
}

const sizes: Record<"live" | "full", Sizes> = { live: { steps: 800, points: 2000 }, full: { steps: 3000, points: 2000 } };

export const claim: Claim = {
  id: "X1",
  system: "moe",
  title: "Does a mixture of experts become local operators and a router?",
  statement: {
    en: "A dense model learns one operator in one global coordinate system; a mixture of experts learns several local operators, each for a region of sub-manifolds, and a router that knows which region an input belongs to.",
    zh: "一个Dense Model是在学一个全局统一坐标系下的单一算子……而一个MoE 模型更像是在学多个局部算子（分别覆盖不同的子流形区域）外加一个路由",
  },
  expectation: {
    verdict: "supports",
    text: "Where data come in clusters, routers are known to learn the cluster centres, and mixtures to do what a single expert cannot. At equal work for a point the mixture should win; at equal size it need not.",
    sources: [{ text: "Chen et al. 2022, arXiv:2208.02813: routers learn cluster centres, a single expert fails" }],
  },
  data: "A Swiss roll, a ring, a torus and a square, each laid into 8 dimensions along directions of its own, centres 3 from the origin; the value of a point is the sine of a linear function of its coordinates on its manifold, another for each. As many points of each.",
  model: `Mixture of ${experts} experts of ${F} ReLU units, one per point (top-1, weights as they are, load balance 0.01). Dense networks: one of ${equalWork} units, which takes as many multiplications for a point; one of ${equalSize}, which has as many parameters. Adam, learning rate 0.01 falling to 0.0002 along a cosine, ${sizes.full.steps.toLocaleString("en")} steps with 256 points (live ${sizes.live.steps.toLocaleString("en")}).`,
  measurement: "On 2,000 new points: mean square error (the values' own mean square is about 0.5), errors and their ratios as geometric means over seeds, each seed with manifolds and functions of its own; and the normalised mutual information (NMI) of chosen expert and manifold: 1 where each has its own, 0.86 where two share one, 0 by chance.",
  rule: "supports: NMI at least `own`, the mixture's error at most `better` times that of the dense network of equal work, and the interval of that ratio below 1. refutes: NMI at most `chance`, or the interval of the ratio above 1. mixed otherwise.",
  thresholds: {
    own: { value: 0.6, unit: "1", meaning: "mutual information of expert and manifold, at least" },
    chance: { value: 0.2, unit: "1", meaning: "mutual information that counts as none, at most" },
    better: { value: 0.8, unit: "1", meaning: "error of the mixture over that of the dense network of equal work, at most" },
  },
  seeds: [1, 2, 3, 4, 5, 6, 7, 8],
  seconds: 28,
  recorded: true,
  doesNotShow: "That experts of large language models hold topics: there regions overlap, and what experts were seen to divide is more often syntax than subject. Here the manifolds lie apart, so that a linear router can tell them. Nor that a mixture uses its parameters better: it saves work, and at equal size the dense network had the smaller error in our runs.",
  wouldChange: "Experts that each take a share of every manifold, or a dense network of equal work with as small an error.",
  sabotage: { what: "The router's weights held at zero: every point goes to the first expert.", verdict: "refutes" },

  run: (context) => measure(context, sizes[context.size]),

  judge(evidence, { own = NaN, chance = NaN, better = NaN }) {
    const information = valueOf(evidence, "nmi");
    const { value: ratio, low = ratio, high = ratio } = evidence.quantities.find(({ id }) => id === "ratio")!;
    const numbers = `expert and manifold share ${information.toFixed(2)} of their information; the mixture's error is ${ratio.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}] times that of a dense network of equal work, ${valueOf(evidence, "ratio-size").toFixed(2)} times that of one of equal size`;
    if (information <= chance || low > 1) return { verdict: "refutes", reason: `${information <= chance ? "No local operators" : "No use in local operators"}: ${numbers}.` };
    if (information >= own && ratio <= better && high < 1) return { verdict: "supports", reason: `Experts divide the manifolds among them: ${numbers}.` };
    return { verdict: "mixed", reason: `Something of it, not as much as the rule asks: ${numbers}.` };
  },
};

export interface World {
  readonly points: Tensor;
  readonly values: Tensor;
  /** Which manifold. */
  readonly labels: Uint8Array<ArrayBuffer>;
}

/**
 * @param seed    of the manifolds and their functions
 * @param random  of the points
 * @param n       a multiple of four
 */
export function drawWorld(seed: number, random: Random, n: number): World {
  const each = n / names.length;
  const points = tensor([n, D]);
  const values = tensor([n, 1]);
  const labels = new Uint8Array(n);
  // Scaled to a size of about 1; a function makes about one turn over the flat ones, whole turns round the others.
  const made: readonly (readonly [sample: Sample, scale: number, turns: number])[] = [[swissRoll(each, random), 0.1, 0.2], [ring(each, random), 1, 0], [torus(each, random), 0.4, 0], [plane(each, random), 1, 3]];
  made.forEach(([sample, scale, turns], label) => {
    const fixed = new Random(seed).fork(`manifold ${label}`);
    const placed = embedded(sample.points, D, fixed.fork("directions"));
    const centre = Array.from({ length: D }, () => fixed.normal());
    const away = 3 / Math.hypot(...centre);
    const d = sample.coordinates.shape[1]!;
    const slopes = Array.from({ length: d }, () => (turns === 0 ? 1 + fixed.integer(3) : turns * fixed.normal()));
    const phase = 2 * Math.PI * fixed.uniform();
    for (let i = 0; i < each; i++) {
      const at = names.length * i + label;
      labels[at] = label;
      for (let j = 0; j < D; j++) points.data[at * D + j] = scale * placed.data[i * D + j]! + away * centre[j]!;
      values.data[at] = Math.sin(phase + slopes.reduce((sum, slope, a) => sum + slope * sample.coordinates.data[i * d + a]!, 0));
    }
  });
  return { points, values, labels };
}

interface Answer {
  readonly output: np.Array;
  readonly router?: np.Array;
  readonly balance?: np.Array;
}

function mixture(p: Moe, x: np.Array, blind: boolean): Required<Answer> {
  const { output, router, selected, weights, load, balance } = moe(blind ? { ...p, router: p.router.mul(0) } : p, np.expandDims(x, 0));
  dispose([selected, weights, load]);
  return { output: output.reshape([-1, 1]), router: router.reshape([-1, experts]), balance };
}

function dense(p: Mlp, x: np.Array): Answer {
  const { output, hidden } = mlp(p, x);
  dispose(hidden);
  return { output };
}

interface Seen {
  /** Mean square error of each manifold, by network. */
  readonly errors: Readonly<Record<"mixture" | "work" | "size", readonly number[]>>;
  readonly nmi: number;
  readonly chosen: Int32Array;
  readonly world: World;
}

export async function measure(context: ClaimContext, { steps, points }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const seen: Seen[] = [];
  for (const [s, seed] of seeds.entries()) {
    const random = new Random(seed);
    const world = drawWorld(seed, random.fork("test"), points);
    const learn = async <P extends Parameters>(parameters: P, forward: (p: P, x: np.Array) => Answer, part: number, what: string): Promise<Tensor[]> => {
      const training = new Training<P, { x: np.Array; y: np.Array }>({
        parameters,
        loss: (p, { x, y }) => {
          const { output, router, balance } = forward(p, x);
          if (router) dispose(router);
          const error = np.square(output.sub(y)).mean();
          return balance ? error.add(balance.mul(0.01)) : error;
        },
        batch: (draw) => {
          const drawn = drawWorld(seed, draw, 256);
          return { x: fromTensor(drawn.points), y: fromTensor(drawn.values) };
        },
        optimiser: adam({ rate: cosine(1e-2, steps, 2e-4) }),
        seed,
      });
      try {
        await trainIn(context, training, steps, [(s + part / 3) / seeds.length, (s + (part + 1) / 3) / seeds.length], `${what}, seed ${seed}`);
        return evaluate(training.parameters, (p, x) => {
          const { output, router, balance } = forward(p, x);
          if (balance) dispose(balance);
          return router ? [output, router] : [output];
        }, fromTensor(world.points));
      } finally {
        training.dispose();
      }
    };
    const [output, router] = await learn(initialMoe(random.fork("mixture"), { inputSize: D, hiddenSize: F, outputSize: 1, experts }), (p, x) => mixture(p, x, sabotaged), 0, "mixture of experts");
    const [work] = await learn(initialMlp(random.fork("work"), [D, equalWork, 1]), dense, 1, "dense network of equal work");
    const [size] = await learn(initialMlp(random.fork("size"), [D, equalSize, 1]), dense, 2, "dense network of equal size");
    const chosen = argmaxRows(router!);
    seen.push({ errors: { mixture: errors(output!, world), work: errors(work!, world), size: errors(size!, world) }, nmi: normalisedMutualInformation(chosen, world.labels), chosen, world });
  }
  await context.progress(1, "done");
  return evidenceOf(seen);
}

/** The mean square error on each manifold. */
function errors({ data }: Tensor, { values, labels }: World): number[] {
  return names.map((_, label) => mean(Array.from(data, (y, i) => (labels[i] === label ? (y - values.data[i]!) ** 2 : NaN))));
}

function evidenceOf(seen: readonly Seen[]): Evidence {
  const [first] = seen as [Seen];
  const kinds = [["mixture", "mixture of experts"], ["work", "dense, equal work"], ["size", "dense, equal size"]] as const;
  const ratio = (to: "work" | "size"): number[] => seen.map(({ errors: of }) => mean(of.mixture) / mean(of[to]));
  const plane2 = projectPca(fitPca(first.world.points, 2), first.world.points).data;
  const drawn = Array.from({ length: Math.min(800, first.chosen.length) }, (_, i) => i);
  return {
    quantities: [
      overSeeds({ id: "nmi", label: "normalised mutual information of expert and manifold", unit: "1", reference: { value: 0, source: "a router that does not look" } }, seen.map(({ nmi }) => nmi)),
      ratioOverSeeds({ id: "ratio", label: "error of the mixture over the dense network of equal work", unit: "1" }, ratio("work")),
      ratioOverSeeds({ id: "ratio-size", label: "error of the mixture over the dense network of equal size", unit: "1" }, ratio("size")),
      ...kinds.map(([kind, name]) => ratioOverSeeds({ id: `error-${kind}`, label: `mean square error, ${name}`, unit: "1" }, seen.map(({ errors: of }) => mean(of[kind])))),
    ],
    figures: [
      {
        kind: "grid",
        title: "Which expert takes which manifold",
        rowLabel: "manifold",
        columnLabel: "expert",
        rows: names,
        columns: Array.from({ length: experts }, (_, e) => String(e + 1)),
        values: names.flatMap((_, label) => Array.from({ length: experts }, (__, expert) => shareOf(first, label, expert))),
        unit: "share of the manifold's points",
      },
      {
        kind: "scatter",
        title: "The points, by the expert that takes them",
        x: { label: "first component", unit: "" },
        y: { label: "second component", unit: "" },
        groups: Array.from({ length: experts }, (_, expert) => {
          const own = drawn.filter((i) => first.chosen[i] === expert);
          return { name: `expert ${expert + 1}`, x: own.map((i) => plane2[2 * i]!), y: own.map((i) => plane2[2 * i + 1]!) };
        }),
      },
      {
        kind: "bars",
        title: "Error on each manifold",
        y: { label: "mean square error", unit: "1", log: true },
        categories: names,
        bars: kinds.map(([kind, name]) => {
          const { y, low, high } = ratioLineOverSeeds(name, [...names.keys()], seen.map(({ errors: of }) => of[kind]));
          return { name, values: y, ...(low && high ? { low, high } : {}) };
        }),
      },
    ],
    remarks: ["The table of experts and the picture of points are of the first seed."],
  };
}

function shareOf({ chosen, world: { labels } }: Seen, label: number, expert: number): number {
  return mean(Array.from(chosen, (e, i) => (labels[i] === label ? (e === expert ? 1 : 0) : NaN)));
}
