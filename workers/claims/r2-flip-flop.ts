/** R2: whether an RNN learns few task directions and lets all else decay. Three bits of memory, and a push along the task or across it. */
import { participationRatio } from "../../probes/geometry/participation-ratio.ts";
import { fitPca, projectPca } from "../../probes/projection/pca.ts";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { rows, tensor, type Tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, jit, keep, np, type OwnedFunction, toTensor } from "../toys/autodiff.ts";
import { glorot, zeros } from "../toys/initialise.ts";
import { adam, cosine } from "../toys/optimiser.ts";
import { initialRnn, rnn, type Rnn, type RnnForm } from "../toys/rnn.ts";
import { Training } from "../toys/training.ts";
import type { Claim, ClaimContext, Evidence, Figure } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { decimals, percent } from "./apparatus/numerals.ts";
import { countOverSeeds, lineOverSeeds, overSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { evaluate, trainIn } from "./apparatus/training.ts";

export const claim: Claim = {
  id: "R2",
  system: "rnn",
  title: "Does an RNN learn few directions for its task and let the rest decay?",
  statement: {
    en: "An RNN learns a state manifold on which the task's variables form low-dimensional, predictable trajectories, while irrelevant perturbations are pressed into normal directions and decay.",
    zh: "使得任务相关变量在 S 上形成低维、可预测的轨迹，且不相关扰动被压到法向方向并逐步衰减",
  },
  expectation: {
    verdict: "supports",
    text: "Networks trained on the flip-flop were opened up before: of some hundred units they use about three directions, hold the eight memories as eight stable fixed points, and return to them after a push.",
    sources: [
      { text: "Sussillo & Barak 2013, Neural Computation 25, abstract: a trained 3-bit flip-flop, read by its fixed points" },
      { text: "about three directions and eight stable points: the same paper", recalled: true },
      { text: "Maheswaranathan et al. 2019, arXiv:1907.08549, abstract: the topology of fixed points is often the same across architectures, the geometry is not" },
    ],
  },
  data: "3-bit flip-flop: three inputs, each silent but for pulses of +1 or −1 (with probability 0.15 at each token); output i is the sign of the last pulse on input i.",
  model: "Gated RNN of 64 units with a linear output, trained on 20 tokens (mean square error, Adam). The full run adds the essay's form hₜ = tanh(W h + U x).",
  measurement: "Participation ratio of the states on new sequences. Memories: the states after 400 silent tokens; two within a tenth of the mean distance are one. A push of 0.6 times the distance to the memory with one bit changed, either straight towards it (along the task) or at right angles to the hull of all memories (across); what remains is the distance to the memory after 20 silent tokens, over the push.",
  rule: "supports: the networks give the right bits (share at least learnt), use at most low directions, at most faded of a push across remains, and at least stays of a push along. refutes: they give the right bits, and use more directions than low or keep more than faded of a push across. mixed otherwise. How many memories there are is shown and not judged: the essay does not speak of it.",
  thresholds: {
    learnt: { value: 0.95, unit: "1", meaning: "share of right bits, at least" },
    low: { value: 6, unit: "1", meaning: "participation ratio, at most: twice the bits" },
    faded: { value: 0.5, unit: "1", meaning: "what remains of a push across the task after 20 tokens, at most" },
    stays: { value: 1, unit: "1", meaning: "what remains of a push along the task after 20 tokens, at least" },
  },
  seeds: [1, 2, 3],
  seconds: 38,
  recorded: true,
  doesNotShow: "That a small push along the task persists: memories are stable, so one that falls short of half the way dies out as well, if later: the line at 0.3 of the way. Nor that RNNs do so on tasks that need more than a few numbers.",
  wouldChange: "Networks that solve the task with states spread over many directions, or whose pushes across the task do not decay.",
  sabotage: { what: "The network with weights as before training.", verdict: "mixed" },

  run: (context) => measure(context, context.size === "full" ? { steps: 1500, forms: ["gated", "vanilla"], sequences: 300 } : { steps: 350, forms: ["gated"], sequences: 200 }),

  judge(evidence, { learnt = NaN, low = NaN, faded = NaN, stays = NaN }) {
    const [right, directions, memories, across, along] = ["right", "directions", "memories", "across", "along"].map((id) => valueOf(evidence, id)) as [number, number, number, number, number];
    const numbers = `${percent(right, 1)} of the bits are right, the states use ${decimals(directions, 1)} directions and hold ${decimals(memories, 1)} memories; of a push across the task ${decimals(across)} remains, along it ${decimals(along)}`;
    if (!(right >= learnt)) return { verdict: "mixed", reason: `The networks did not learn the task, so their states say nothing: ${numbers}.` };
    if (directions > low || across > faded) return { verdict: "refutes", reason: `Not low-dimensional, or what is irrelevant stays: ${numbers}.` };
    if (along >= stays) return { verdict: "supports", reason: `Few directions for the task, and what lies across it decays: ${numbers}.` };
    return { verdict: "mixed", reason: `Low-dimensional and stable, but not as the rule asks: ${numbers}.` };
  },
};

export interface Sizes {
  readonly steps: number;
  /** The first is judged. */
  readonly forms: readonly RnnForm[];
  readonly sequences: number;
  readonly units?: number;
}

export type Memory = { rnn: Rnn; weight: np.Array; bias: np.Array };

const length = 20;
const bits = 3;
/** Silent tokens that a push is followed for. */
const followed = 20;
/** Silent tokens after which a state counts as at rest. */
const settled = 400;
/** Sizes of a push, as shares of the way to the next memory. */
const pushes = [0.3, 0.6] as const;

/** Inputs [n, T, 3], and the bits to be given [n, T, 3]; the first token sets all three. */
export function flipFlops(n: number, random: Random, T = length): { readonly inputs: Tensor; readonly targets: Tensor } {
  const inputs = tensor([n, T, bits]);
  const targets = tensor([n, T, bits]);
  for (let i = 0; i < n; i++) {
    for (let bit = 0; bit < bits; bit++) {
      let kept = 0;
      for (let t = 0; t < T; t++) {
        const at = (i * T + t) * bits + bit;
        if (t === 0 || random.uniform() < 0.15) inputs.data[at] = kept = random.uniform() < 0.5 ? 1 : -1;
        targets.data[at] = kept;
      }
    }
  }
  return { inputs, targets };
}

export interface Seen {
  readonly right: number;
  readonly directions: number;
  readonly memories: number;
  /** By size of the push and way, what remains after 1 … `followed` tokens. */
  readonly along: readonly (readonly number[])[];
  readonly across: readonly (readonly number[])[];
  readonly spectrum: readonly number[];
  readonly states: Tensor;
  readonly targets: Tensor;
}

export async function measure(context: ClaimContext, { steps, forms, sequences, units = 64 }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const seen = forms.map((): Seen[] => []);
  for (const [s, seed] of seeds.entries()) {
    for (const [f, form] of forms.entries()) {
      const random = new Random(seed).fork(form);
      const part = (s * forms.length + f) / (seeds.length * forms.length);
      const training = flipFlopTraining(form, units, steps, seed, random.fork("weights"));
      try {
        if (!sabotaged) await trainIn(context, training, steps, [part, part + 0.95 / (seeds.length * forms.length)], `${form} RNN, seed ${seed}: training`);
        seen[f]!.push(look(training.parameters, form, sequences, random));
      } finally {
        training.dispose();
      }
    }
  }
  await context.progress(1, "pushes followed");
  return evidenceOf(forms, seen);
}

function flipFlopTraining(form: RnnForm, units: number, steps: number, seed: number, random: Random): Training<Memory, { x: np.Array; y: np.Array }> {
  const rate = form === "gated" ? 1e-2 : 3e-3;
  return new Training<Memory, { x: np.Array; y: np.Array }>({
    parameters: { rnn: initialRnn(random, bits, units, form), weight: glorot(random, [units, bits]), bias: zeros([bits]) },
    loss: (p, { x, y }) => {
      const { hidden, output } = follow(p, x, form);
      hidden.dispose();
      return np.square(output.sub(y)).mean();
    },
    batch: (draw) => {
      const { inputs, targets } = flipFlops(32, draw);
      return { x: fromTensor(inputs), y: fromTensor(targets) };
    },
    optimiser: adam({ rate: cosine(rate, steps, rate / 50) }),
    seed,
    clip: 1,
  });
}

function follow(p: Memory, x: np.Array, form: RnnForm, start?: np.Array): { hidden: np.Array; output: np.Array } {
  const { hidden, gates } = rnn(p.rnn, x, start ? { form, start } : { form });
  dispose(gates);
  return { hidden: hidden.ref, output: np.matmul(hidden, p.weight).add(p.bias) };
}

/** What is measured of one network. */
export function look(parameters: Memory, form: RnnForm, sequences: number, random: Random): Seen {
  const { inputs, targets } = flipFlops(sequences, random.fork("test"));
  const [hidden, output] = evaluate(parameters, (p, x) => {
    const after = follow(p, x, form);
    return [after.hidden, after.output];
  }, fromTensor(inputs)) as [Tensor, Tensor];
  const N = hidden.shape[2]!;
  const states = tensor([sequences * length, N], hidden.data);
  const last = Array.from({ length: sequences }, (_, i) => i * length + length - 1);
  const rest = silence(parameters, form, rows(states, last), settled, settled)[0]!;
  const words = last.map((at) => wordOf(targets, at));
  return {
    right: mean(Array.from(output.data, (x, i) => (Math.sign(x) === targets.data[i] ? 1 : 0))),
    directions: participationRatio(states),
    memories: distinct(rest),
    ...pushed(parameters, form, rest, words, random.fork("pushes")),
    spectrum: Array.from(fitPca(states, 10).explained),
    states,
    targets: tensor([sequences * length, bits], targets.data),
  };
}

/** The three bits at a row of [n, T, 3] or [n T, 3], as a number 0 … 7. */
function wordOf({ data }: Tensor, at: number): number {
  return [0, 1, 2].reduce((word, bit) => word + (data[at * bits + bit]! > 0 ? 1 << bit : 0), 0);
}

/** The states [n, N] after every `every`-th of so many silent tokens. */
function silence(parameters: Memory, form: RnnForm, start: Tensor, tokens: number, every: number): Tensor[] {
  const [n, N] = start.shape as [number, number];
  // In pieces of one length, compiled once.
  const piece = jit(((p: Memory, x: np.Array, from: np.Array) => {
    const { hidden, output } = follow(p, x, form, from);
    output.dispose();
    return hidden;
  }) as never) as unknown as OwnedFunction<(p: Memory, x: np.Array, from: np.Array) => np.Array>;
  const after: Tensor[] = [];
  let states = start;
  for (let done = 0; done < tokens; done += followed) {
    const hidden = toTensor(piece(keep(parameters), fromTensor(tensor([n, followed, bits])), fromTensor(states)));
    const at = (t: number): Tensor => rows(tensor([n * followed, N], hidden.data), Array.from({ length: n }, (_, i) => i * followed + t));
    for (let t = 0; t < followed; t++) if ((done + t + 1) % every === 0) after.push(at(t));
    states = at(followed - 1);
  }
  piece.dispose();
  return after;
}

/** How many different states there are, those nearer than a tenth of the mean distance being one. */
export function distinct(states: Tensor): number {
  const least = 0.1 * usualDistance(states);
  const kept: number[] = [];
  for (let i = 0; i < states.shape[0]!; i++) if (kept.every((j) => apart(states, i, states, j) > least)) kept.push(i);
  return kept.length;
}

/** Mean distance between neighbouring rows, which are drawn independently. */
function usualDistance(states: Tensor): number {
  const n = states.shape[0]!;
  return mean(Array.from({ length: n }, (_, i) => apart(states, i, states, (i + 1) % n)));
}

/** NaN where no two memories that differ in one bit lie apart: then there is no way from one to the next. */
function pushed(parameters: Memory, form: RnnForm, rest: Tensor, words: readonly number[], random: Random): Pick<Seen, "along" | "across"> {
  const N = rest.shape[1]!;
  const places = Array.from({ length: 8 }, (_, word) => words.indexOf(word));
  const least = 0.1 * usualDistance(rest);
  // [from, to]: memories that differ in one bit and are not the same.
  const ways = words.flatMap((word, i) => [0, 1, 2].flatMap((bit) => {
    const to = places[word ^ (1 << bit)]!;
    return to >= 0 && apart(rest, i, rest, to) > least ? [[i, to] as const] : [];
  }));
  if (ways.length === 0) return { along: pushes.map(() => Array.from({ length: followed }, () => NaN)), across: pushes.map(() => Array.from({ length: followed }, () => NaN)) };
  const hull = spanOf(rest, places.filter((place) => place >= 0));
  const drawn = Array.from({ length: 64 }, () => random.pick(ways));
  const from = drawn.map(([i]) => i);
  const resting = rows(rest, from);
  const remains = (directions: readonly Float64Array[], size: number): number[] => {
    const start = tensor([from.length, N], Float32Array.from(resting.data, (x, at) => x + size * directions[Math.floor(at / N)]![at % N]!));
    return silence(parameters, form, start, followed, 1).map((states) => mean(directions.map((way, k) => apart(states, k, resting, k) / (size * Math.hypot(...way)))));
  };
  const along = drawn.map(([i, to]) => Float64Array.from({ length: N }, (_, d) => rest.data[to * N + d]! - rest.data[i * N + d]!));
  const across = along.map((way) => {
    const normal = Float64Array.from({ length: N }, () => random.normal());
    for (const axis of hull) subtractAlong(normal, axis);
    const scale = Math.hypot(...way) / Math.hypot(...normal);
    return normal.map((x) => x * scale);
  });
  return { along: pushes.map((size) => remains(along, size)), across: pushes.map((size) => remains(across, size)) };
}

/** Orthonormal directions of the hull of these rows. */
function spanOf(states: Tensor, indices: readonly number[]): Float64Array[] {
  const N = states.shape[1]!;
  const axes: Float64Array[] = [];
  for (const i of indices.slice(1)) {
    const way = Float64Array.from({ length: N }, (_, d) => states.data[i * N + d]! - states.data[indices[0]! * N + d]!);
    const before = Math.hypot(...way);
    for (let pass = 0; pass < 2; pass++) for (const axis of axes) subtractAlong(way, axis);
    const after = Math.hypot(...way);
    if (after > 1e-6 * before) axes.push(way.map((x) => x / after));
  }
  return axes;
}

function subtractAlong(x: Float64Array, axis: Float64Array): void {
  const along = axis.reduce((sum, v, d) => sum + v * x[d]!, 0);
  for (let d = 0; d < x.length; d++) x[d]! -= along * axis[d]!;
}

function apart(a: Tensor, i: number, b: Tensor, j: number): number {
  const N = a.shape[1]!;
  let square = 0;
  for (let d = 0; d < N; d++) square += (a.data[i * N + d]! - b.data[j * N + d]!) ** 2;
  return Math.sqrt(square);
}

function evidenceOf(forms: readonly RnnForm[], seen: readonly (readonly Seen[])[]): Evidence {
  const [first] = seen as [readonly Seen[]];
  const large = pushes.indexOf(0.6);
  const tokens = Array.from({ length: followed + 1 }, (_, t) => t);
  const decay = (curves: readonly (readonly number[])[]): number[][] => curves.map((curve) => [1, ...curve]);
  const name = (form: RnnForm): string => (form === "gated" ? "gated RNN" : `${form} RNN`);
  const quantities = forms.flatMap((form, f) => {
    const of = seen[f]!;
    // The judged form's ids are plain.
    const prefix = f === 0 ? "" : `${form}-`;
    return [
      shareOverSeeds({ id: `${prefix}right`, label: `share of right bits, ${name(form)}`, unit: "1" }, of.map(({ right }) => right)),
      overSeeds({ id: `${prefix}directions`, label: `participation ratio of the states, ${name(form)}`, unit: "1", reference: { value: "about 3", source: "Sussillo & Barak 2013 [recalled]" } }, of.map(({ directions }) => directions)),
      countOverSeeds({ id: `${prefix}memories`, label: `memories after 400 silent tokens, ${name(form)}`, unit: "1", reference: { value: 8, source: "three bits" } }, of.map(({ memories }) => memories)),
      overSeeds({ id: `${prefix}across`, label: `what remains of a push across the task, ${name(form)}`, unit: "1" }, of.map(({ across }) => across[large]!.at(-1)!)),
      overSeeds({ id: `${prefix}along`, label: `what remains of a push along the task, ${name(form)}`, unit: "1", reference: { value: (1 / 0.6).toFixed(2), source: "the whole way to the next memory, over the push" } }, of.map(({ along }) => along[large]!.at(-1)!)),
    ];
  });
  return {
    quantities,
    figures: [
      {
        kind: "lines",
        title: "What remains of a push, token by token",
        x: { label: "silent tokens since the push", unit: "" },
        y: { label: "distance to the memory, over the push", unit: "1" },
        lines: [
          lineOverSeeds("along the task, 0.6 of the way", tokens, decay(first.map(({ along }) => along[large]!))),
          lineOverSeeds("along the task, 0.3 of the way", tokens, decay(first.map(({ along }) => along[0]!))),
          lineOverSeeds("across the task, as far as 0.6", tokens, decay(first.map(({ across }) => across[large]!))),
        ],
      },
      corners("States while it remembers, by its first two bits", first[0]!),
      {
        kind: "bars",
        title: "Share of the variance, direction by direction",
        y: { label: "share of the variance", unit: "1" },
        categories: Array.from({ length: 10 }, (_, i) => String(i + 1)),
        bars: forms.map((form, f) => ({ name: name(form), values: Array.from({ length: 10 }, (_, i) => mean(seen[f]!.map(({ spectrum }) => spectrum[i] ?? 0))) })),
      },
    ],
    remarks: ["The picture of states is of the first seed, in their two widest directions; the eight memories are the corners of a box, seen from one side."],
  };
}

/** A group for each word of the first two bits: more than six groups cannot be told apart. */
function corners(title: string, { states, targets }: Seen): Figure {
  const shown = Array.from({ length: Math.min(800, states.shape[0]!) }, (_, i) => i);
  const plane = projectPca(fitPca(states, 2), rows(states, shown)).data;
  return {
    kind: "scatter",
    title,
    x: { label: "first component", unit: "" },
    y: { label: "second component", unit: "" },
    groups: Array.from({ length: 4 }, (_, word) => {
      const indices = shown.filter((i) => (wordOf(targets, i) & 3) === word);
      return { name: `bits ${[0, 1].map((bit) => (word & (1 << bit) ? "+" : "−")).join("")}`, x: indices.map((i) => plane[2 * i]!), y: indices.map((i) => plane[2 * i + 1]!) };
    }),
  };
}
