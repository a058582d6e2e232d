/** R7: whether an RNN's states can only form a simply connected manifold. Networks that keep an angle, or two, in memory. */
import { fitPca, projectPca } from "../../probes/projection/pca.ts";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { wilson } from "../../probes/statistics/wilson.ts";
import type { Tensor } from "../../probes/tensor.ts";
import { type BettiNumbers, bettiNumbers, lasting } from "../../probes/topology/betti-numbers.ts";
import type { RnnForm } from "../toys/rnn.ts";
import { coordinatesOf, drawWalks, integratorTraining, lastStates, type Integrator, type Space } from "./apparatus/angle-integrators.ts";
import type { Claim, ClaimContext, Evidence, Figure, Quantity } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { decimals, percent } from "./apparatus/numerals.ts";
import { countOverSeeds, overSeeds } from "./apparatus/over-seeds.ts";
import { trainIn } from "./apparatus/training.ts";

export const claim: Claim = {
  id: "R7",
  system: "rnn",
  title: "Must the states of an RNN form a manifold without holes?",
  statement: {
    en: "An RNN forces the manifold to be simply connected and sequential.",
    zh: "RNN 强行假设流形是单连通且顺序依赖的",
  },
  expectation: {
    verdict: "refutes",
    text: "Nothing in hₜ = f(hₜ₋₁, xₜ) asks for it: the states take the shape of what has to be remembered. Networks trained to keep a direction were seen to come out like the head direction system of animals, and the fly's compass behaves as a ring attractor.",
    sources: [
      { text: "Cueva et al. 2019, arXiv:1912.10189, abstract: networks trained to add up angular velocity resemble the head direction system" },
      { text: "Kim et al. 2017, Science 356, abstract: evidence of a ring attractor in the fly's brain" },
    ],
  },
  data: "Walks: a first token says where one starts, the others how far one moves (normal of deviation 0.4 rad, or not at all). On a ring (one angle), on a torus (two), and as a control on an interval, which has no hole.",
  model: "Gated RNN of 48 units (64 on the torus), trained to give the position after each of 10 tokens (mean square error, AdamW). The full run adds the essay's own form hₜ = tanh(W h + U x) of 64 units on the ring.",
  measurement: "1,500 new walks, then 20 tokens without movement, so that the state holds the place and not the last movement; β₀ and β₁ of the final states by Vietoris–Rips persistence of 150 landmarks (200 on the torus).",
  rule: "refutes: the networks know where they are (mean error at most learnt), the states have the shape of the task, β = (1, 1) on the ring and (1, 2) on the torus, in a share of at least many of the cases, and the interval shows a loop in at most blind of the cases. supports: they know where they are, and the states have the task's shape in at most few cases. mixed otherwise.",
  thresholds: {
    learnt: { value: 0.35, unit: "rad", meaning: "mean error of the angle, ring and torus, at most" },
    many: { value: 0.65, unit: "1", meaning: "share of networks with the task's Betti numbers, at least" },
    few: { value: 0.1, unit: "1", meaning: "share of networks with the task's Betti numbers that is as good as none" },
    blind: { value: 0.1, unit: "1", meaning: "share of interval networks in which the measure sees a loop, at most" },
  },
  seeds: [1, 2, 3],
  seconds: 97,
  recorded: true,
  doesNotShow: "What the essay's own form does: it is shown beside the gated networks in the full run, and not judged. Nor that RNNs trained on language hold such shapes; only that their form allows them. The essay's other half, that an RNN reads in order, is true by construction and not tested here.",
  wouldChange: "Networks that track the angle to within 0.35 rad while their states form no loop.",
  sabotage: { what: "The networks with weights as before training.", verdict: "mixed" },

  run: (context) => measure(context, context.size === "full"
    ? { ring: 1500, torus: 2500, line: 400, vanilla: 3000, walks: 2000, landmarks: 200 }
    : { ring: 400, torus: 850, line: 150, vanilla: 0, walks: 1500, landmarks: 150 }),

  judge(evidence, { learnt = NaN, many = NaN, few = NaN, blind = NaN }) {
    const [error, shaped, alarms] = ["error", "shaped", "false-loops"].map((id) => valueOf(evidence, id)) as [number, number, number];
    const numbers = `${percent(shaped)} of the networks on ring and torus have states of the same Betti numbers, ${percent(alarms)} of those on the interval have a loop; mean error ${decimals(error)} rad`;
    if (error > learnt) return { verdict: "mixed", reason: `The networks did not learn to track the angle, so their states say nothing: ${numbers}.` };
    if (alarms > blind) return { verdict: "mixed", reason: `The measure sees loops where none can be: ${numbers}.` };
    if (shaped >= many) return { verdict: "refutes", reason: `Memory takes the shape of what it holds, holes and all: ${numbers}.` };
    if (shaped <= few) return { verdict: "supports", reason: `No holes, though the task has them: ${numbers}.` };
    return { verdict: "mixed", reason: `Some have the holes, some not: ${numbers}.` };
  },
};

export interface Sizes {
  /** Training steps on each space; 0 leaves the vanilla form out. */
  readonly ring: number;
  readonly torus: number;
  readonly line: number;
  readonly vanilla: number;
  readonly walks: number;
  readonly landmarks: number;
  /** Tokens without movement before the state is read; left out: 20. */
  readonly still?: number;
}

interface Case {
  readonly id: string;
  readonly name: string;
  readonly space: Space;
  readonly form: RnnForm;
  readonly units: number;
  readonly steps: number;
  readonly landmarks: number;
}

interface Seen {
  readonly betti: BettiNumbers;
  /** Mean over walks and coordinates; rad, or position on the line. */
  readonly error: number;
  readonly states: Tensor;
  readonly ends: Tensor;
}

/** Loops drawn, longest first. */
const ranks = [1, 2, 3, 4, 5];

export async function measure(context: ClaimContext, { ring, torus, line, vanilla, walks, landmarks, still = 20 }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const cases: Case[] = [
    { id: "ring", name: "ring, gated RNN", space: "ring", form: "gated", units: 48, steps: ring, landmarks },
    { id: "torus", name: "torus, gated RNN", space: "torus", form: "gated", units: 64, steps: torus, landmarks: Math.round((landmarks * 4) / 3) },
    { id: "line", name: "interval, gated RNN", space: "line", form: "gated", units: 48, steps: line, landmarks },
    ...(vanilla > 0 ? [{ id: "vanilla", name: "ring, vanilla RNN", space: "ring", form: "vanilla", units: 64, steps: vanilla, landmarks } as const] : []),
  ];
  const seen = new Map<string, Seen[]>(cases.map(({ id }) => [id, []]));
  // A step on the torus takes twice as long as one on the ring.
  const weights = cases.map(({ space, steps }) => steps * coordinatesOf[space]);
  const total = seeds.length * weights.reduce((sum, w) => sum + w, 0);
  let done = 0;
  for (const seed of seeds) {
    for (const [i, setting] of cases.entries()) {
      const until = done + weights[i]! / total;
      const random = new Random(seed).fork(setting.id);
      const training = integratorTraining({ ...setting, seed }, random.fork("weights"));
      try {
        if (!sabotaged) await trainIn(context, training, setting.steps, [done, until], `${setting.name}, seed ${seed}: training`);
        seen.get(setting.id)!.push(look(training.parameters, setting, walks, still, random));
      } finally {
        training.dispose();
      }
      done = until;
    }
  }
  await context.progress(1, "loops counted");
  return evidenceOf(cases, seen);
}

function look(parameters: Integrator, { space, form, landmarks }: Case, walks: number, still: number, random: Random): Seen {
  const { inputs, ends } = drawWalks(space, random.fork("test"), walks, still);
  const { states } = lastStates(parameters, inputs, form);
  // How well it does what it was trained for: without the tokens behind.
  const known = drawWalks(space, random.fork("error"), walks);
  return {
    betti: bettiNumbers(states, landmarks),
    error: meanError(space, lastStates(parameters, known.inputs, form).outputs, known.ends),
    states,
    ends,
  };
}

function meanError(space: Space, outputs: Tensor, ends: Tensor): number {
  return mean(Array.from(ends.data, (end, i) => {
    const [x, y] = [outputs.data[2 * i]!, outputs.data[2 * i + 1]!];
    if (space === "line") return Math.abs(x - end);
    const apart = Math.atan2(y, x) - end;
    return Math.abs(Math.atan2(Math.sin(apart), Math.cos(apart)));
  }));
}

function evidenceOf(cases: readonly Case[], seen: ReadonlyMap<string, readonly Seen[]>): Evidence {
  const of = (id: string): readonly Seen[] => seen.get(id)!;
  const holes = ["ring", "torus"] as const;
  const shaped = holes.flatMap((id) => of(id).map(({ betti }) => betti.parts === 1 && betti.loops === coordinatesOf[id]));
  const ring = of("ring")[0]!;
  return {
    quantities: [
      share("shaped", "networks whose states have the task's Betti numbers, ring and torus", shaped),
      share("false-loops", "networks on the interval with a loop", of("line").map(({ betti }) => betti.loops > 0)),
      overSeeds({ id: "error", label: "mean error of the angle, ring and torus", unit: "rad" }, of("ring").map(({ error }, i) => (error + of("torus")[i]!.error) / 2)),
      ...cases.map(({ id, name, space }) => countOverSeeds({ id: `${id}-loops`, label: `loops of the states (β₁), ${name}`, unit: "1", reference: { value: space === "line" ? 0 : coordinatesOf[space], source: "the task's own manifold" } }, of(id).map(({ betti }) => betti.loops))),
    ],
    figures: [
      quarters("States of a network that keeps one angle", ring),
      {
        kind: "lines",
        title: "How long the longest loops last, mean over the seeds",
        x: { label: "loop, the longest first", unit: "" },
        y: { label: "death / birth", unit: "1", log: true },
        lines: [
          ...cases.map(({ id, name }) => ({ name, x: ranks, y: ranks.map((rank) => mean(of(id).map(({ betti }) => lengthOf(betti, rank)))) })),
          { name: "counts as a loop", role: "null" as const, x: ranks, y: ranks.map(() => lasting) },
        ],
      },
    ],
    remarks: ["The picture of states is of the first seed, in their two widest directions."],
  };
}

function lengthOf({ bars }: BettiNumbers, rank: number): number {
  const bar = bars.loops[rank - 1];
  return bar ? bar.death / bar.birth : 1;
}

function share(id: string, label: string, cases: readonly boolean[]): Quantity {
  const hits = cases.filter(Boolean).length;
  const [low, high] = wilson(hits, cases.length);
  return { id, label, value: hits / cases.length, low, high, unit: "1", n: cases.length };
}

/** The states in their two widest directions, by the quarter in which the angle lies. */
function quarters(title: string, { states, ends }: Seen): Figure {
  const plane = projectPca(fitPca(states, 2), states).data;
  const names = ["0 to 90°", "90 to 180°", "180 to 270°", "270 to 360°"];
  const quarter = (angle: number): number => Math.floor((((angle % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI)) / (Math.PI / 2)) % 4;
  const shown = Math.min(400, ends.data.length);
  return {
    kind: "scatter",
    title,
    x: { label: "first component", unit: "" },
    y: { label: "second component", unit: "" },
    groups: names.map((name, q) => {
      const indices = Array.from({ length: shown }, (_, i) => i).filter((i) => quarter(ends.data[i]!) === q);
      return { name, x: indices.map((i) => plane[2 * i]!), y: indices.map((i) => plane[2 * i + 1]!) };
    }),
  };
}
