/**
 * S3: whether selection turns a linear time-invariant system into one that chooses what to keep.
 *
 * Two things are measured. What selection is worth: selective copying by the same scan, with
 * Δ, B and C computed from the token, or as parameters; without Mamba's gate, convolution and
 * activation, which can choose as well. And what kind of system each is:
 *
 *   superposition   ‖f(x + y) − f(x) − f(y)‖ / ‖f(x + y)‖      0 for a linear system
 *   shift           ‖f(Sx) − S f(x)‖ / ‖f(x)‖                   0 for a time-invariant one; S delays by 5
 */
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { parameterCount } from "../lab/sequence-model.ts";
import { dispose, fromTensor, jit, keep, type np, type OwnedFunction, type Parameters, toTensor } from "../toys/autodiff.ts";
import { initialMamba, type Mamba } from "../toys/mamba.ts";
import { initialRnn, rnn, type Rnn, type RnnForm } from "../toys/rnn.ts";
import type { Claim, ClaimContext, Evidence, Quantity } from "./claim.ts";
import { valueOf } from "./claim.ts";
import { decimals, digits } from "./apparatus/numerals.ts";
import { lineOverSeeds, overSeeds, shareOverSeeds } from "./apparatus/over-seeds.ts";
import { answers, bareScanBlock, learner, type Quiz, scan } from "./apparatus/sequence-learner.ts";
import { trainIn } from "./apparatus/training.ts";

const letters = 8;
const forms = ["selective", "invariant"] as const;
/** The invariant form has a channel more, which makes up for what it does not compute from the token. */
const channels = { selective: 32, invariant: 33 } as const;

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
      { text: "Gu & Dao 2023, arXiv:2312.00752, table 1: selective copying, S4 18.3 %, S6 97.0 %; in the Mamba block 56.4 % and 99.8 %" },
    ],
  },
  data: `Selective copying: 4 letters out of ${letters} at random places among 12 dots, then 4 marks, at which the letters are to be given in order. In the full run among 36 dots.`,
  model: "The lab's sequence model, two layers of Mamba's scan on its own, 32 channels with 4 numbers of state each (8 in the full run): linear maps and norms around it, no gate, no convolution, no activation. The invariant form has 33 channels, so that both have as many parameters to within 2 %. Systems on their own, untrained: the scan in both forms, a vanilla and a gated RNN.",
  measurement: "Share of letters right on new sequences; the gap is selective − invariant. Beside it the share of sequences with every letter right, which is not judged. Superposition and shift errors on 8 random sequences of 24 tokens; “held” is the selective scan with Δ, B and C as another input gave them.",
  rule: "supports: the gap is at least wide, and the RNN is linear to within exact. refutes: the gap is at most none. mixed otherwise: selection is worth it, but it is not a linear system that it extends.",
  thresholds: {
    wide: { value: 0.5, unit: "1", meaning: "gap in the share of right letters that counts as wide, at least" },
    none: { value: 0.1, unit: "1", meaning: "gap that counts as none, at most" },
    exact: { value: 0.001, unit: "1", meaning: "superposition error that counts as linear, at most" },
  },
  seeds: [1, 2, 3],
  seconds: 61,
  recorded: true,
  doesNotShow: "That an invariant model can never copy: with more layers, more steps or less noise it learns more of it. A gate chooses, too: in the whole Mamba block, with gate, convolution and activation, the gap was smaller, 0.24, when it was tried once (0.94 against 0.71; 6 letters in 18 places, 2,000 steps, three seeds); that is not part of this run. Nor that selection helps where nothing has to be left out.",
  wouldChange: "An invariant model of the same size that copies as well, or an RNN that obeys superposition.",
  sabotage: { what: "Δ, B and C of the selective model are parameters as well.", verdict: "refutes" },

  run: (context) => measure(context, context.size === "full" ? { steps: 1800, batch: 16, kept: 4, places: 40, stateSize: 8, test: 300 } : { steps: 450, batch: 16, kept: 4, places: 16, stateSize: 4, test: 200 }),

  judge(evidence, { wide = NaN, none = NaN, exact = NaN }) {
    const [gap, rnnError] = [valueOf(evidence, "gap"), valueOf(evidence, "rnn-superposition")];
    const numbers = `selection is worth ${decimals(gap)} of the letters (${decimals(valueOf(evidence, "selective"))} against ${decimals(valueOf(evidence, "invariant"))}); the RNN misses superposition by ${decimals(rnnError)}, the invariant scan by ${digits(valueOf(evidence, "invariant-superposition"), 1)}`;
    if (gap <= none) return { verdict: "refutes", reason: `Selection is worth nothing here: ${numbers}.` };
    if (gap >= wide && rnnError <= exact) return { verdict: "supports", reason: `Selection turns a linear system into one that chooses: ${numbers}.` };
    return { verdict: "mixed", reason: `${gap >= wide ? "Selection is worth much" : "Selection is worth something"}${rnnError <= exact ? "" : ", but the RNN was never linear"}: ${numbers}.` };
  },
};

export interface Sizes {
  readonly steps: number;
  readonly batch: number;
  /** Letters in a sequence. */
  readonly kept: number;
  /** Places for letters and dots. */
  readonly places: number;
  /** Numbers of state in each channel. */
  readonly stateSize: number;
  /** Sequences in the test. */
  readonly test: number;
}

/** Ids: letters 0 … 7, dot 8, mark 9. */
export function selectiveCopying(kept: number, places: number): Quiz {
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
  /** Sequences of which every letter is right. */
  readonly whole: number;
  readonly byLetter: readonly number[];
  readonly losses: readonly number[];
  readonly size: number;
}

/** Points of a loss curve. */
const curve = 20;

export async function measure(context: ClaimContext, { steps, batch, kept, places, stateSize, test }: Sizes): Promise<Evidence> {
  const { seeds, sabotaged } = context;
  const quiz = selectiveCopying(kept, places);
  const runs = { selective: [] as Run[], invariant: [] as Run[] };
  const systems = seeds.map((seed) => systemErrors(new Random(seed).fork("systems")));
  for (const [s, seed] of seeds.entries()) {
    for (const [f, form] of forms.entries()) {
      const selects = form === "selective" && !sabotaged;
      const architecture = bareScanBlock({ channels: selects ? channels.selective : channels.invariant, stateSize, selective: selects });
      const training = learner(architecture, quiz, { steps, batch, rate: 1e-2 }, seed + (sabotaged ? f : 0) * 1000);
      const part = (2 * s + f) / (2 * seeds.length);
      try {
        const losses = await trainIn(context, training, steps, [part, part + 0.95 / (2 * seeds.length)], `${form}, seed ${seed}`);
        const questions = quiz.draw(new Random(seed).fork("test"), test);
        const right = answers(architecture, training.parameters, quiz, questions);
        runs[form].push({
          share: mean(right.map(Number)),
          whole: mean(Array.from({ length: test }, (_, i) => Number(right.slice(i * kept, (i + 1) * kept).every(Boolean)))),
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
  return evidenceOf({ steps, kept, test }, runs, systems);
}

const systemNames = ["invariant scan", "selective scan, held", "selective scan", "vanilla RNN", "gated RNN"] as const;
type Errors = readonly { readonly superposition: number; readonly shift: number }[];

/** The two errors of each system, in the order of `systemNames`. */
export function systemErrors(random: Random): Errors {
  const [B, T, E, N, delay] = [8, 24, 8, 4, 5];
  const signal = (name: string): Tensor => {
    const draw = random.fork(name);
    return tensor([B, T, E], Float32Array.from({ length: B * T * E }, () => draw.normal()));
  };
  const [x, y, other] = [signal("x"), signal("y"), signal("other")];
  const shape = { hiddenSize: E, channels: E, stateSize: N };
  const errors = (parameters: Parameters, of: (p: never, u: np.Array, held: np.Array) => np.Array, held?: Tensor): Errors[number] => {
    const compiled = jit(of as never) as unknown as OwnedFunction<(p: Parameters, u: np.Array, held: np.Array) => np.Array>;
    const f = (u: Tensor): Tensor => toTensor(compiled(keep(parameters), fromTensor(u), fromTensor(held ?? u)));
    const [fx, fy, both, late] = [f(x), f(y), f(sum(x, y)), f(delayed(x, delay))];
    compiled.dispose();
    return { superposition: distance(both, sum(fx, fy)) / size(both), shift: distance(late, delayed(fx, delay)) / size(fx) };
  };
  const fixed = initialMamba(random.fork("invariant"), { ...shape, selective: false });
  const varying = initialMamba(random.fork("selective"), { ...shape, selective: true });
  const [vanilla, gated] = (["vanilla", "gated"] as const).map((form) => initialRnn(random.fork(form), E, E, form));
  const found = [errors(fixed, scanOnly), errors(varying, scanOnly, other), errors(varying, scanOnly), errors(vanilla!, recurrent("vanilla")), errors(gated!, recurrent("gated"))];
  dispose([fixed, varying, vanilla!, gated!]);
  return found;
}

/** The scan alone, of u; Δ, B and C computed from `held`. */
function scanOnly({ input, gate, convolution, convolutionBias, skip, output, ...p }: Mamba, u: np.Array, held: np.Array): np.Array {
  dispose([input, gate, convolution, convolutionBias, skip, output]);
  const { y, state } = scan(p, u, held);
  state.dispose();
  return y;
}

function recurrent(form: RnnForm): (p: Rnn, u: np.Array, held: np.Array) => np.Array {
  return (p, u, held) => {
    held.dispose();
    const { hidden, gates } = rnn(p, u, { form });
    dispose(gates);
    return hidden;
  };
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

function evidenceOf({ steps, kept, test }: Pick<Sizes, "steps" | "kept" | "test">, { selective, invariant }: Readonly<Record<"selective" | "invariant", readonly Run[]>>, systems: readonly Errors[]): Evidence {
  const of = (system: number, kind: "superposition" | "shift"): number[] => systems.map((errors) => errors[system]![kind]);
  const places = Array.from({ length: kept }, (_, i) => ["first", "second", "third", "fourth", "fifth", "sixth"][i] ?? String(i + 1));
  // Guesses one of the letters that it knows.
  const unordered = 1 / kept + (1 - 1 / kept) / letters;
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
      overSeeds({ id: "gap", label: "letters right, selective − invariant", unit: "1", reference: { value: "0.79 without a gate, 0.43 with", source: "Gu & Dao 2023, table 1, 4,096 tokens" } }, selective.map(({ share }, s) => share - invariant[s]!.share)),
      shareOverSeeds({ id: "selective", label: "letters right, selective", unit: "1" }, selective.map(({ share }) => share)),
      shareOverSeeds({ id: "invariant", label: "letters right, invariant", unit: "1", reference: { value: Number(unordered.toFixed(3)), source: "who knows the letters and not their order" } }, invariant.map(({ share }) => share)),
      overSeeds({ id: "gap-whole", label: "sequences wholly right, selective − invariant", unit: "1" }, selective.map(({ whole }, s) => whole - invariant[s]!.whole)),
      shareOverSeeds({ id: "selective-whole", label: "sequences wholly right, selective", unit: "1" }, selective.map(({ whole }) => whole)),
      shareOverSeeds({ id: "invariant-whole", label: "sequences wholly right, invariant", unit: "1" }, invariant.map(({ whole }) => whole)),
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
          { name: "knows the letters, not their order", role: "null", values: places.map(() => unordered) },
        ],
      },
      {
        kind: "grid",
        title: "What kind of system each is: no error in superposition is linear, none in shift time-invariant",
        rowLabel: "system",
        columnLabel: "error",
        rows: systemNames,
        columns: ["superposition", "shift"],
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
