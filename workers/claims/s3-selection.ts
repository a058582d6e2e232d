/**
 * S3: whether selection turns a linear time-invariant system into one that chooses what to keep.
 *
 * Two things are measured. What selection is worth: selective copying by the same Mamba, with
 * Δ, B and C computed from the token, or as parameters. And what kind of system each is:
 *
 *   superposition   ‖f(x + y) − f(x) − f(y)‖ / ‖f(x + y)‖      0 for a linear system
 *   shift           ‖f(Sx) − S f(x)‖ / ‖f(x)‖                   0 for a time-invariant one; S delays by 5
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { parameterCount } from "../lab/sequence-model.ts";
import { dispose, fromTensor, np, toTensor } from "../toys/autodiff.ts";
import { initialMamba, type Mamba, stateSpace } from "../toys/mamba.ts";
import { initialRnn, rnn } from "../toys/rnn.ts";
import { softplus } from "../toys/sigmoid.ts";
import type { Claim, ClaimContext, Evidence, Quantity } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { lineOverSeeds, overSeeds } from "./over-seeds.ts";
import { answers, learner, type Quiz, stateSpaceBlock } from "./sequence-learner.ts";
import { trainIn } from "./training.ts";

const letters = 8;
/** Letters in a sequence. */
const kept = 4;
const sizes = { selective: { channels: 32, stateSize: 4, selective: true }, invariant: { channels: 33, stateSize: 4, selective: false } } as const;

export const claim: Claim = {
  id: "S3",
  system: "mamba",
  title: "Does selection make a linear time-invariant system choose what it keeps?",
  statement: {
    en: "Mamba makes B, C and Δ functions of the input, and so extends the RNN, a linear time-invariant system, to a linear time-varying one.",
    zh: "这将RNN这一线性时不变系统（LTI）扩展为了线性时变系统（LTV）",
  },
  expectation: {
    verdict: "mixed",
    text: "The gain from selection is real: a system that treats every token alike cannot tell letters from noise. But the linear time-invariant system that it extends is S4; an RNN has a tanh or gates and was never linear. And Mamba itself is linear only once Δ, B and C are given.",
    sources: [
      { text: "Gu & Dao 2023, arXiv:2312.00752, table 1: selective copying, S4 18.3 %, S6 97.0 %; in the Mamba block 56.4 % and 99.8 %", recalled: true },
    ],
  },
  data: `Selective copying: ${kept} letters out of ${letters} at random places among dots (16 places, 40 in the full run), then ${kept} marks, at which the letters are to be given in order.`,
  model: "The lab's sequence model, two Mamba blocks of 32 channels with 4 numbers of state each; the invariant form with 33 channels, so that both have as many parameters to within 2 %. Systems on their own, untrained: the scan in both forms, a vanilla and a gated RNN.",
  measurement: "Share of letters right on new sequences; the gap is selective − invariant. Superposition and shift errors on 16 random sequences of 32 tokens; “held” is the selective scan with Δ, B and C as another input gave them.",
  rule: "supports: the gap is at least wide, and the RNN is linear to within exact. refutes: the gap is at most none. mixed otherwise: selection is worth it, but it is not a linear system that it extends.",
  thresholds: {
    wide: { value: 0.5, unit: "1", meaning: "gap in the share of right letters that counts as wide, at least" },
    none: { value: 0.1, unit: "1", meaning: "gap that counts as none, at most" },
    exact: { value: 0.001, unit: "1", meaning: "superposition error that counts as linear, at most" },
  },
  seeds: [1, 2, 3],
  seconds: 60,
  recorded: true,
  doesNotShow: "That an invariant model can never copy: with more layers, more steps or less noise it learns more of it, by guessing places from their distribution. Nor that selection helps where nothing has to be left out.",
  wouldChange: "An invariant model of the same size that copies as well, or an RNN that obeys superposition.",
  sabotage: { what: "Δ, B and C of the selective model are parameters as well.", verdict: "refutes" },

  run: (context) => measure(context, context.size === "full" ? { steps: 1200, batch: 16, places: 40, test: 256 } : { steps: 400, batch: 16, places: 16, test: 200 }),

  judge(evidence, { wide = NaN, none = NaN, exact = NaN }) {
    const [gap, rnnError] = [valueOf(evidence, "gap"), valueOf(evidence, "rnn-superposition")];
    const numbers = `selection is worth ${gap.toFixed(2)} of the letters (${valueOf(evidence, "selective").toFixed(2)} against ${valueOf(evidence, "invariant").toFixed(2)}); the RNN misses superposition by ${rnnError.toFixed(2)}, the invariant scan by ${valueOf(evidence, "invariant-superposition").toExponential(0)}`;
    if (gap <= none) return { verdict: "refutes", reason: `Selection is worth nothing here: ${numbers}.` };
    if (gap >= wide && rnnError <= exact) return { verdict: "supports", reason: `Selection turns a linear system into one that chooses: ${numbers}.` };
    return { verdict: "mixed", reason: `${gap >= wide ? "Selection is worth much" : "Selection is worth something"}${rnnError <= exact ? "" : ", but the RNN was never linear"}: ${numbers}.` };
  },
};

export interface Sizes {
  readonly steps: number;
  readonly batch: number;
  /** Places for letters and dots. */
  readonly places: number;
  /** Sequences in the test. */
  readonly test: number;
}

/** Ids: letters 0 … 7, dot 8, mark 9. */
export function selectiveCopying(places: number): Quiz {
  const length = places + kept;
  return {
    vocabSize: letters + 2,
    length,
    draw(random, n) {
      const tokens = new Int32Array(n * length).fill(letters);
      const asked = Array.from({ length: n }, (_, b) => {
        const at = random.shuffle(Array.from({ length: places }, (__, t) => t)).slice(0, kept).sort((x, y) => x - y);
        return at.map((place, i) => {
          const letter = random.integer(letters);
          tokens[b * length + place] = letter;
          tokens[b * length + places + i] = letters + 1;
          return { at: b * length + places + i, answer: letter, group: i };
        });
      }).flat();
      return { tokens, asked };
    },
  };
}

interface Run {
  readonly share: number;
  readonly byLetter: readonly number[];
  readonly losses: readonly number[];
  readonly size: number;
}

/** Points of a loss curve. */
const curve = 20;

export async function measure(context: ClaimContext, { steps, batch, places, test }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const quiz = selectiveCopying(places);
  const runs = { selective: [] as Run[], invariant: [] as Run[] };
  const systems = seeds.map((seed) => systemErrors(new Random(seed).fork("systems")));
  for (const [s, seed] of seeds.entries()) {
    for (const [f, form] of (["selective", "invariant"] as const).entries()) {
      const architecture = stateSpaceBlock(sabotaged ? sizes.invariant : sizes[form]);
      const training = learner(architecture, quiz, { steps, batch, rate: 1e-2 }, seed + (sabotaged ? f : 0) * 1000);
      const part = (2 * s + f) / (2 * seeds.length);
      try {
        const losses = await trainIn(context, training, steps, [part, part + 0.95 / (2 * seeds.length)], `${form}, seed ${seed}`);
        const questions = quiz.draw(new Random(seed).fork("test"), test);
        const right = answers(architecture, training.parameters, quiz, questions);
        runs[form].push({
          share: mean(right.map(Number)),
          byLetter: Array.from({ length: kept }, (_, i) => mean(right.map((ok, a) => (questions.asked[a]!.group === i ? Number(ok) : NaN)))),
          losses: Array.from({ length: curve }, (_, c) => mean(losses.slice(Math.floor((c * steps) / curve), Math.max(Math.floor((c * steps) / curve) + 1, Math.floor(((c + 1) * steps) / curve))))),
          size: parameterCount(training.parameters),
        });
      } finally {
        training.dispose();
      }
    }
  }
  await context.progress(1, "done");
  return evidenceOf(steps, test, runs, systems);
}

const systemNames = ["invariant scan", "selective scan, held", "selective scan", "vanilla RNN", "gated RNN"] as const;
type Errors = readonly { readonly superposition: number; readonly shift: number }[];

/** The two errors of each system, in the order of `systemNames`. */
export function systemErrors(random: Random): Errors {
  const [B, T, E, N, delay] = [16, 32, 8, 4, 5];
  const signal = (name: string): Tensor => {
    const draw = random.fork(name);
    return tensor([B, T, E], Float32Array.from({ length: B * T * E }, () => draw.normal()));
  };
  const [x, y, other] = [signal("x"), signal("y"), signal("other")];
  const scan = (selective: boolean, p: Mamba) => (u: Tensor, held: Tensor = u): Tensor => {
    const [of, by] = [fromTensor(u), fromTensor(held)];
    const { delta, B: inward, C } = "selective" in p && selective
      ? {
          delta: softplus(np.matmul(np.matmul(by.ref, p.selective.deltaDown.ref), p.selective.deltaUp.ref).add(p.deltaBias.ref)),
          B: np.matmul(by.ref, p.selective.B.ref),
          C: np.matmul(by.ref, p.selective.C.ref),
        }
      : { delta: np.broadcastTo(softplus(p.deltaBias.ref), [B, T, E]), B: (p as Extract<Mamba, { invariant: unknown }>).invariant.B.ref, C: (p as Extract<Mamba, { invariant: unknown }>).invariant.C.ref };
    by.dispose();
    const { y: out, state } = stateSpace(of, delta, np.exp(p.logA.ref).mul(-1), inward, C);
    state.dispose();
    return toTensor(out);
  };
  const recurrent = (form: "vanilla" | "gated") => {
    const p = initialRnn(random.fork(form), E, E, form);
    const run = (u: Tensor): Tensor => {
      const { hidden, gates } = rnn({ input: p.input.ref, recurrent: p.recurrent.ref, bias: p.bias.ref, recurrentBias: p.recurrentBias.ref }, fromTensor(u), { form });
      dispose(gates);
      return toTensor(hidden);
    };
    return { run, free: () => dispose(p) };
  };
  const selective = initialMamba(random.fork("selective"), { hiddenSize: E, channels: E, stateSize: N, selective: true });
  const invariant = initialMamba(random.fork("invariant"), { hiddenSize: E, channels: E, stateSize: N, selective: false });
  const [vanilla, gated] = [recurrent("vanilla"), recurrent("gated")];
  const [varying, fixed] = [scan(true, selective), scan(false, invariant)];
  const systems: readonly ((u: Tensor) => Tensor)[] = [(u) => fixed(u), (u) => varying(u, other), (u) => varying(u), vanilla.run, gated.run];
  const errors = systems.map((f) => {
    const [fx, fy, both, late] = [f(x), f(y), f(sum(x, y)), f(delayed(x, delay))];
    return { superposition: distance(both, sum(fx, fy)) / size(both), shift: distance(late, delayed(fx, delay)) / size(fx) };
  });
  dispose([selective, invariant]);
  vanilla.free();
  gated.free();
  return errors;
}

function sum(a: Tensor, b: Tensor): Tensor {
  return tensor(a.shape, a.data.map((v, i) => v + b.data[i]!));
}

/** [B, T, E] so many tokens later, zeros before. */
function delayed({ shape, data }: Tensor, by: number): Tensor {
  const [B, T, E] = shape as [number, number, number];
  const out = tensor(shape);
  for (let b = 0; b < B; b++) out.data.set(data.subarray(b * T * E, (b * T + T - by) * E), (b * T + by) * E);
  return out;
}

function size({ data }: Tensor): number {
  return Math.sqrt(data.reduce((square, v) => square + v * v, 0));
}

function distance(a: Tensor, b: Tensor): number {
  return size(tensor(a.shape, a.data.map((v, i) => v - b.data[i]!)));
}

function evidenceOf(steps: number, test: number, { selective, invariant }: Readonly<Record<"selective" | "invariant", readonly Run[]>>, systems: readonly Errors[]): Evidence {
  const of = (system: number, kind: "superposition" | "shift"): number[] => systems.map((errors) => errors[system]![kind]);
  const places = Array.from({ length: kept }, (_, i) => ["first", "second", "third", "fourth"][i] ?? String(i + 1));
  const byLetter = (runs: readonly Run[]): number[] => places.map((_, i) => mean(runs.map((run) => run.byLetter[i]!)));
  const errors: Quantity[] = [
    overSeeds({ id: "rnn-superposition", label: "superposition error, vanilla RNN", unit: "1", reference: { value: 0, source: "a linear system" } }, of(3, "superposition")),
    overSeeds({ id: "invariant-superposition", label: "superposition error, invariant scan", unit: "1", reference: { value: 0, source: "a linear system" } }, of(0, "superposition")),
    overSeeds({ id: "held-superposition", label: "superposition error, selective scan with Δ, B, C held", unit: "1", reference: { value: 0, source: "a linear system" } }, of(1, "superposition")),
    overSeeds({ id: "selective-superposition", label: "superposition error, selective scan", unit: "1" }, of(2, "superposition")),
    overSeeds({ id: "invariant-shift", label: "shift error, invariant scan", unit: "1", reference: { value: 0, source: "a time-invariant system" } }, of(0, "shift")),
    overSeeds({ id: "held-shift", label: "shift error, selective scan with Δ, B, C held", unit: "1" }, of(1, "shift")),
  ];
  const steppedAt = Array.from({ length: curve }, (_, c) => Math.round(((c + 0.5) * steps) / curve));
  return {
    quantities: [
      overSeeds({ id: "gap", label: "letters right, selective − invariant", unit: "1", reference: { value: "0.79 without a gate, 0.43 with", source: "Gu & Dao 2023, table 1, 4,096 tokens [recalled]" } }, selective.map(({ share }, s) => share - invariant[s]!.share)),
      overSeeds({ id: "selective", label: "letters right, selective", unit: "1" }, selective.map(({ share }) => share)),
      overSeeds({ id: "invariant", label: "letters right, invariant", unit: "1", reference: { value: 0.344, source: "who knows the letters and not their order" } }, invariant.map(({ share }) => share)),
      ...errors,
      overSeeds({ id: "size", label: "parameters, selective over invariant", unit: "1" }, selective.map((run, s) => run.size / invariant[s]!.size)),
    ],
    figures: [
      {
        kind: "bars",
        title: "Letters given back, by their place in the order",
        y: { label: "share right", unit: "1" },
        categories: places,
        bars: [
          { name: "selective", values: byLetter(selective) },
          { name: "invariant", values: byLetter(invariant) },
          { name: "knows the letters, not their order", role: "null", values: places.map(() => 0.344) },
        ],
      },
      {
        kind: "grid",
        title: "What kind of system each is",
        rowLabel: "system",
        columnLabel: "error",
        rows: systemNames,
        columns: ["superposition (0: linear)", "shift (0: time-invariant)"],
        values: systemNames.flatMap((_, i) => [mean(of(i, "superposition")), mean(of(i, "shift"))]),
        unit: "share of the signal",
      },
      {
        kind: "lines",
        title: "Loss in training",
        x: { label: "steps", unit: "" },
        y: { label: "loss", unit: "nats" },
        lines: [
          lineOverSeeds("selective", steppedAt, selective.map(({ losses }) => losses)),
          lineOverSeeds("invariant", steppedAt, invariant.map(({ losses }) => losses)),
          { name: "blind guess", role: "null", x: steppedAt, y: steppedAt.map(() => Math.log(letters)) },
        ],
      },
    ],
    remarks: [`Each seed's test has ${test} sequences. Linear and time-invariant at once is the invariant scan alone; with Δ, B and C held the selective scan is linear and changes with time; left to itself it is not linear.`],
  };
}
