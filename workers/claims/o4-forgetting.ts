/**
 * O4: whether further training on one task destroys another.
 *
 * Two tasks that do not contradict each other: in each, which of three spiral arms a
 * point lies on, the spirals in a plane of their own in R¹⁶, with θ between the two
 * planes; an arm of B bears the name of the next arm of A. A network is trained on A, then
 * on B alone, and forgets F = a_A(before B) − a_A(after B).
 *
 *   plain      all weights, nothing else
 *   replay     half of each batch are examples of A, always the same few
 *   penalty    + λ/2 Σᵢ Fᵢ (θᵢ − θ*ᵢ)²: weights that A depends on are held (EWC), Fᵢ the
 *              mean of (∂ log p(label) / ∂θᵢ)² over examples of A
 *   adapter    W + U V of rank 2 instead of W, only U and V trained (LoRA)
 *   together   A and B in one training from the start: what the network could do
 *
 * Source: Kirkpatrick et al. 2016, arXiv:1612.00796, equations 1 to 3; Hu et al. 2021, arXiv:2106.09685.
 */
import { embedded } from "../../probes/geometry/manifolds.ts";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { concatenate, rows, tensor, type Tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, grad, integers, jit, keep, np, type OwnedFunction, toTensor, tree } from "../toys/autodiff.ts";
import { normal, zeros } from "../toys/initialise.ts";
import { initialMlp, mlp, type Mlp } from "../toys/mlp.ts";
import { adam } from "../toys/optimiser.ts";
import { Training } from "../toys/training.ts";
import type { Claim, ClaimContext, Evidence, Line } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { digits } from "./apparatus/numerals.ts";
import { overSeeds, shareBarOverSeeds, shareLineOverSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { agreement, argmaxRows, crossEntropy, Owned } from "./apparatus/training.ts";

const dimensions = 16;
const widths = [dimensions, 64, 64, 3];
const methods = ["plain", "replay", "penalty", "adapter"] as const;
type Method = (typeof methods)[number];
const names: Readonly<Record<Method, string>> = { plain: "B alone", replay: "with 60 examples of A", penalty: "with a penalty (EWC)", adapter: "in a low-rank adapter (LoRA)" };
/** Examples of A that replay keeps. */
const kept = 60;
/** λ of the penalty: of the powers of ten the largest under which B is still learnt. It is large because a network that is sure of its answers has a small Fisher information. */
const strength = 1_000_000;
const rank = 2;
/** Between the planes of the tasks, in degrees; judged at half a right angle. */
const angles = [15, 30, 45, 60, 90];
const judged = 45;

export interface Sizes {
  /** Of each training. */
  readonly steps: number;
  readonly batch: number;
  /** Points of each task's test. */
  readonly test: number;
  /** Between the planes; the judged one among them. */
  readonly between: readonly number[];
  /** Left out: true. */
  readonly remedies?: boolean;
}

const sizes: Record<"live" | "full", Sizes> = {
  live: { steps: 400, batch: 96, test: 900, between: [judged, 90] },
  full: { steps: 400, batch: 96, test: 900, between: angles },
};

export const claim: Claim = {
  id: "O4",
  system: "limits",
  title: "Does further training destroy what a network knew?",
  statement: {
    en: "Retraining and fine-tuning cause catastrophic forgetting, which remains an obstacle hard to overcome.",
    zh: "重训和微调造成的灾难性遗忘仍然是难以跨越的阻碍",
  },
  expectation: {
    verdict: "mixed",
    text: "Training on B alone moves weights that A needs, and nothing in B's loss says so: the forgetting is real. Whether it is hard to overcome is another matter: a few kept examples of A usually hold most of it, where one has them.",
    sources: [
      { text: "Kirkpatrick et al. 2016, arXiv:1612.00796: forgetting, and a penalty against it" },
      { text: "McCloskey & Cohen 1989: catastrophic interference", recalled: true },
      { text: "Rolnick et al. 2018, arXiv:1811.11682: replay all but removes it", recalled: true },
    ],
  },
  data: `Two tasks: three spiral arms in a plane of ${dimensions} dimensions, noise 0.03; the plane of B is turned out of that of A by ${judged}°, and in further runs by ${angles.filter((angle) => angle !== judged).join(", ")}° (live: 90° only). The planes meet in one point only, so no point has two answers; an arm of B bears the name of A's next one, so that B's names are wrong on A.`,
  model: "The lab's perceptron, two hidden layers of 64, trained on A, then copies of it on B, in four ways. A fifth is trained on both together: it shows that there is room for both.",
  measurement: `Accuracy on 900 new points of each task. Forgetting F: accuracy on A before training on B, minus after. Judged at ${judged}°.`,
  rule: "supports: training on B alone forgets at least `lost`, and even the best remedy that learns B forgets more than `held`. mixed: it forgets at least `lost`, and a remedy that learns B forgets at most `held`: real, and not hard to overcome here. refutes: it forgets at most `spared`. B is learnt, and both tasks can be done together, where the accuracy is at least `learnt`; without that, and between the thresholds, mixed. Means over seeds.",
  thresholds: {
    lost: { value: 0.2, unit: "1", meaning: "forgetting by training on B alone that counts as catastrophic, at least" },
    held: { value: 0.1, unit: "1", meaning: "forgetting under a remedy that counts as overcome, at most" },
    spared: { value: 0.05, unit: "1", meaning: "forgetting that counts as none, at most" },
    learnt: { value: 0.9, unit: "1", meaning: "accuracy on a task that counts as learnt, at least" },
  },
  seeds: [1, 2, 3],
  seconds: 21,
  recorded: true,
  doesNotShow: "How much large models forget, which have more room. Nor that kept examples are always to be had: where A's data are gone, or tasks are many, the remedies cost more than here.",
  wouldChange: "Training on B alone that leaves A as it was; or no remedy that holds A while B is learnt.",
  sabotage: { what: "What is called training on B alone is training on A and B together.", verdict: "refutes" },

  run: (context) => measure(context, sizes[context.size]),

  judge(evidence, { lost = NaN, held = NaN, spared = NaN, learnt = NaN }) {
    const forgets = (method: Method): number => valueOf(evidence, `${method}-forgets`);
    const remedies = (["replay", "penalty", "adapter"] as const).filter((method) => valueOf(evidence, `${method}-b`) >= learnt);
    const best = remedies.toSorted((a, b) => forgets(a) - forgets(b))[0];
    const numbers = `training on B alone lowers the accuracy on A by ${digits(forgets("plain"))}; ${best ? `${names[best]} it is ${digits(forgets(best))}` : "no remedy learns B"}`;
    if (Math.min(valueOf(evidence, "together-a"), valueOf(evidence, "together-b"), valueOf(evidence, "plain-b")) < learnt) return { verdict: "mixed", reason: `The network cannot do both tasks, so it has no choice but to forget: ${numbers}.` };
    if (forgets("plain") <= spared) return { verdict: "refutes", reason: `Nothing is forgotten: ${numbers}.` };
    if (forgets("plain") < lost) return { verdict: "mixed", reason: `Something is forgotten: ${numbers}.` };
    if (best && forgets(best) <= held) return { verdict: "mixed", reason: `Catastrophic, but not hard to overcome: ${numbers}.` };
    return { verdict: "supports", reason: `Catastrophic, and not overcome: ${numbers}.` };
  },
};

interface Task {
  draw(random: Random, n: number): { readonly points: Tensor; readonly labels: Uint8Array<ArrayBuffer> };
}

/** Three spiral arms in the plane, a class each, points in turn: radius 0.2 … 1.2, one third of a turn apart, turning by 3.5 rad as they go out. */
export function spirals(random: Random, n: number, noise = 0.03): { readonly points: Tensor; readonly labels: Uint8Array<ArrayBuffer> } {
  const points = tensor([n, 2]);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const along = random.uniform();
    const angle = (2 * Math.PI * (labels[i] = i % 3)) / 3 + 3.5 * along;
    points.data.set([(0.2 + along) * Math.cos(angle) + noise * random.normal(), (0.2 + along) * Math.sin(angle) + noise * random.normal()], 2 * i);
  }
  return { points, labels };
}

/** A, and B turned out of A's plane; where both lie in R¹⁶ is drawn from the seed. */
export function taskOf(seed: number, name: "A" | "B", angle: number): Task {
  const turn = name === "A" ? 0 : (angle * Math.PI) / 180;
  return {
    draw(random, n) {
      const { points, labels } = spirals(random, n);
      const turned = tensor([n, 4]);
      for (let i = 0; i < n; i++) {
        for (let d = 0; d < 2; d++) {
          turned.data[4 * i + d] = Math.cos(turn) * points.data[2 * i + d]!;
          turned.data[4 * i + d + 2] = Math.sin(turn) * points.data[2 * i + d]!;
        }
      }
      // The same directions at every draw.
      return { points: embedded(turned, dimensions, new Random(seed).fork("planes")), labels: name === "A" ? labels : labels.map((label) => (label + 1) % 3) };
    },
  };
}

/** All that a step may need besides its examples; what a method does not use is left out. */
type Batch = { x: np.Array; y: np.Array; base?: Mlp; fisher?: Mlp };
type Adapter = { layers: { down: np.Array; up: np.Array }[] };

const logits = (p: Mlp, x: np.Array): np.Array => {
  const { output, hidden } = mlp(p, x);
  dispose(hidden);
  return output;
};

interface Course {
  /** Accuracy on A after so many steps on B. */
  readonly a: number[];
  readonly b: number;
}

/** What one seed gives: at each angle, and how each method fares at the judged one. */
interface Seen {
  readonly angles: readonly { readonly forgets: number; readonly a: number; readonly b: number }[];
  readonly courses: Readonly<Partial<Record<Method, Course>>>;
}

export async function measure({ seeds, sabotaged, progress }: ClaimContext, sizes: Sizes): Promise<Evidence> {
  const { steps, between, remedies = true } = sizes;
  const every = Math.max(1, Math.round(steps / 20));
  // A, both ways at each angle, and the three remedies.
  const parts = seeds.length * (1 + 2 * between.length + (remedies ? 3 : 0));
  let part = 0;
  const seen: Seen[] = [];
  for (const seed of seeds) {
    const train: Train = async (training, what, look) => {
      for (let step = 0; step <= steps; step++) {
        if (look && step % every === 0) look();
        await progress(Math.min(1, (part + step / (steps + 1)) / parts), `${what}, seed ${seed}`);
        if (step < steps) training.advance();
      }
      part++;
    };
    seen.push(await oneSeed(seed, sabotaged, { ...sizes, remedies }, train));
  }
  await progress(1, "done");
  return evidenceOf(Array.from({ length: Math.floor(steps / every) + 1 }, (_, i) => i * every), between, seen);
}

/** Trains to the end; `look` is called now and then, before the first step and after the last too. */
type Train = (training: Pick<Training<Mlp | Adapter, Batch>, "advance">, what: string, look?: () => void) => Promise<void>;

async function oneSeed(seed: number, sabotaged: boolean, { batch, test, between, remedies }: Required<Sizes>, train: Train): Promise<Seen> {
  const random = new Random(seed);
  const owned = new Owned();
  try {
    const compiled = owned.own(jit(logits as never) as unknown as OwnedFunction<typeof logits>);
    const accuracy = (p: Mlp, { points, labels }: ReturnType<Task["draw"]>): number => agreement(argmaxRows(toTensor(compiled(keep(p), fromTensor(points)))), labels);
    const A = taskOf(seed, "A", 0);
    const testA = A.draw(random.fork("test A"), test);
    const first = owned.own(plainTraining(initialMlp(random.fork("weights"), widths), only(A, batch), seed));
    await train(first, "A");
    const start = first.parameters;
    const before = accuracy(start, testA);
    const found: { forgets: number; a: number; b: number }[] = [];
    const courses: Partial<Record<Method, Course>> = {};
    for (const angle of between) {
      const B = taskOf(seed, "B", angle);
      const testB = B.draw(random.fork("test B"), test);
      const both = (draw: Random): Batch => {
        const [one, other] = [A.draw(draw, batch / 2), B.draw(draw, batch / 2)];
        return examples(concatenate([one.points, other.points]), [...one.labels, ...other.labels]);
      };
      const joint = owned.own(plainTraining(initialMlp(random.fork("weights"), widths), both, seed));
      await train(joint, `A and B together, ${angle}°`);
      const alone = owned.own(plainTraining(keep(start), sabotaged ? both : only(B, batch), seed + 1));
      const a: number[] = [];
      await train(alone, `B alone, ${angle}°`, angle === judged ? () => a.push(accuracy(alone.parameters, testA)) : undefined);
      found.push({ forgets: before - accuracy(alone.parameters, testA), a: accuracy(joint.parameters, testA), b: accuracy(joint.parameters, testB) });
      if (angle !== judged) continue;
      courses.plain = { a, b: accuracy(alone.parameters, testB) };
      if (!remedies) continue;
      for (const [method, { training, now }] of Object.entries(remediesFor(start, A, B, batch, seed, random, owned))) {
        const tested = (data: typeof testA): number => {
          const p = now();
          const share = accuracy(p, data);
          dispose(p);
          return share;
        };
        const shares: number[] = [];
        await train(training, names[method as Method], () => shares.push(tested(testA)));
        courses[method as Method] = { a: shares, b: tested(testB) };
      }
    }
    return { angles: found, courses };
  } finally {
    owned.dispose();
  }
}

/** Each remedy's training, and its weights as they are now. */
function remediesFor(start: Mlp, A: Task, B: Task, batch: number, seed: number, random: Random, owned: Owned): Record<Exclude<Method, "plain">, { training: Parameters<Train>[0]; now: () => Mlp }> {
  const old = A.draw(random.fork("kept"), kept);
  const replayed = (draw: Random): Batch => {
    const fresh = B.draw(draw, batch / 2);
    const again = Array.from({ length: batch / 2 }, () => draw.integer(kept));
    return examples(concatenate([fresh.points, rows(old.points, again)]), [...fresh.labels, ...again.map((i) => old.labels[i]!)]);
  };
  const fisher = fisherOf(start, A.draw(random.fork("fisher"), 200));
  owned.own({ dispose: () => dispose(fisher) });
  const replay = owned.own(plainTraining(keep(start), replayed, seed + 1));
  const penalty = owned.own(penaltyTraining(start, fisher, only(B, batch), seed));
  const adapter = owned.own(adapterTraining(start, only(B, batch), seed, random.fork("adapter")));
  return {
    replay: { training: replay, now: () => keep(replay.parameters) },
    penalty: { training: penalty, now: () => keep(penalty.parameters) },
    adapter: { training: adapter, now: () => adapted(keep(start), keep(adapter.parameters)) },
  };
}

function only(task: Task, batch: number): (random: Random) => Batch {
  return (random) => {
    const { points, labels } = task.draw(random, batch);
    return examples(points, labels);
  };
}

function examples(points: Tensor, labels: ArrayLike<number>): Batch {
  return { x: fromTensor(points), y: integers(labels) };
}

function plainTraining(parameters: Mlp, batch: (random: Random) => Batch, seed: number): Training<Mlp, Batch> {
  return new Training<Mlp, Batch>({ parameters, loss: (p, { x, y }) => crossEntropy(logits(p, x), y), batch, optimiser: adam({ rate: 3e-3 }), seed });
}

function penaltyTraining(start: Mlp, fisher: Mlp, batch: (random: Random) => Batch, seed: number): Training<Mlp, Batch> {
  return new Training<Mlp, Batch>({
    parameters: keep(start),
    loss: (p, { x, y, base, fisher: weights }) => {
      const held = tree.leaves<np.Array>(base!);
      const by = tree.leaves<np.Array>(weights!);
      const moved = tree.leaves<np.Array>(p).map((now, i) => np.square(now.ref.sub(held[i]!)).mul(by[i]!).sum());
      return crossEntropy(logits(p, x), y).add(moved.reduce((sum, term) => sum.add(term)).mul(strength / 2));
    },
    batch: (draw) => ({ ...batch(draw), base: keep(start), fisher: keep(fisher) }),
    optimiser: adam({ rate: 3e-3 }),
    seed: seed + 1,
  });
}

function adapterTraining(start: Mlp, batch: (random: Random) => Batch, seed: number, random: Random): Training<Adapter, Batch> {
  return new Training<Adapter, Batch>({
    // Up is zero at first: the adapted network begins as the old one.
    parameters: { layers: widths.slice(1).map((width, l) => ({ down: normal(random, [widths[l]!, rank], widths[l]! ** -0.5), up: zeros([rank, width]) })) },
    loss: (p, { x, y, base }) => crossEntropy(logits(adapted(base!, p), x), y),
    batch: (draw) => ({ ...batch(draw), base: keep(start) }),
    optimiser: adam({ rate: 1e-2 }),
    seed: seed + 1,
  });
}

/** W + U V in each layer. Consumes both. */
function adapted({ layers }: Mlp, adapter: Adapter): Mlp {
  return { layers: layers.map(({ weight, bias }, l) => ({ weight: weight.add(np.matmul(adapter.layers[l]!.down, adapter.layers[l]!.up)), bias })) };
}

/** The diagonal of the empirical Fisher information: mean square of each example's gradient. */
export function fisherOf(parameters: Mlp, { points, labels }: { readonly points: Tensor; readonly labels: Uint8Array }): Mlp {
  const slopes = jit(grad(((p: Mlp, x: np.Array, y: np.Array) => crossEntropy(logits(p, x), y)) as never) as never) as unknown as OwnedFunction<(p: Mlp, x: np.Array, y: np.Array) => Mlp>;
  let sums: np.Array[] | null = null;
  const n = labels.length;
  for (let i = 0; i < n; i++) {
    const squares = tree.leaves<np.Array>(slopes(keep(parameters), fromTensor(rows(points, [i])), integers([labels[i]!]))).map((g) => np.square(g).mul(1 / n));
    sums = sums ? sums.map((sum, s) => sum.add(squares[s]!)) : squares;
  }
  slopes.dispose();
  const [values, form] = tree.flatten<np.Array>(parameters);
  if (values.length !== sums!.length) throw new RangeError(`fisher: expected ${values.length} gradients, got ${sums!.length}`);
  return tree.unflatten(form, sums!) as Mlp;
}

function evidenceOf(marks: readonly number[], between: readonly number[], seen: readonly Seen[]): Evidence {
  const of = (method: Method): Course[] => seen.flatMap(({ courses }) => courses[method] ?? []);
  const courses = { plain: of("plain"), replay: of("replay"), penalty: of("penalty"), adapter: of("adapter") };
  const forgot = (method: Method): number[] => courses[method].map(({ a }) => a[0]! - a.at(-1)!);
  const at = (angle: number): Seen["angles"] => seen.map(({ angles: found }) => found[between.indexOf(angle)]!);
  const together = at(judged);
  const overAngles = (name: string, value: (of: Seen["angles"][number]) => number): Line => shareLineOverSeeds(name, between, seen.map(({ angles: found }) => found.map(value)));
  return {
    quantities: [
      ...methods.map((method) => overSeeds({ id: `${method}-forgets`, label: `accuracy on A lost, ${names[method]}`, unit: "1" }, forgot(method))),
      ...methods.map((method) => shareOverSeeds({ id: `${method}-b`, label: `accuracy on B, ${names[method]}`, unit: "1" }, courses[method].map(({ b }) => b))),
      shareOverSeeds({ id: "before", label: "accuracy on A before B", unit: "1" }, courses.plain.map(({ a }) => a[0]!)),
      shareOverSeeds({ id: "together-a", label: "accuracy on A, both trained together", unit: "1" }, together.map(({ a }) => a)),
      shareOverSeeds({ id: "together-b", label: "accuracy on B, both trained together", unit: "1" }, together.map(({ b }) => b)),
    ],
    figures: [
      {
        kind: "lines",
        title: "What is left of A while B is learnt",
        x: { label: "steps of training on B", unit: "" },
        y: { label: "accuracy on A", unit: "1" },
        lines: [
          ...methods.map((method) => shareLineOverSeeds(names[method], marks, courses[method].map(({ a }) => a))),
          { name: "blind guess", role: "null" as const, x: marks, y: marks.map(() => 1 / 3) },
        ],
      },
      {
        kind: "lines",
        title: "Forgetting by the angle between the tasks",
        x: { label: "angle between the planes of A and B", unit: "°" },
        y: { label: "accuracy", unit: "1" },
        lines: [overAngles("lost on A by training on B alone", ({ forgets }) => forgets), overAngles("on both, trained together", ({ a, b }) => (a + b) / 2)],
      },
      {
        kind: "bars",
        title: "In the end, both tasks",
        y: { label: "accuracy", unit: "1" },
        categories: [...methods.map((method) => names[method]), "A and B together"],
        bars: [
          shareBarOverSeeds("A", [...methods.map((method) => courses[method].map(({ a }) => a.at(-1)!)), together.map(({ a }) => a)]),
          shareBarOverSeeds("B", [...methods.map((method) => courses[method].map(({ b }) => b)), together.map(({ b }) => b)]),
          { name: "blind guess", role: "null", values: [...methods, "together"].map(() => 1 / 3) },
        ],
      },
    ],
    remarks: [`How much is lost is a matter of geometry: ${between.map((angle) => `${mean(at(angle).map(({ forgets }) => forgets)).toFixed(2)} at ${angle}°`).join(", ")} between the planes.`],
  };
}
