/** A toy that trains in a worker of its own, for the bench: the step's work is one forward pass, its gradient and Adam. */
import * as Comlink from "comlink";
import { Random } from "../../../probes/random.ts";
import { keep, np, type Parameters } from "../../../workers/toys/autodiff.ts";
import { cnn, initialCnn } from "../../../workers/toys/cnn.ts";
import { gatedAttention, initialGatedAttention } from "../../../workers/toys/gated-attention.ts";
import { normal } from "../../../workers/toys/initialise.ts";
import { initialMamba, mamba } from "../../../workers/toys/mamba.ts";
import { initialMlp, mlp } from "../../../workers/toys/mlp.ts";
import { initialMoe, moe } from "../../../workers/toys/moe.ts";
import { adam } from "../../../workers/toys/optimiser.ts";
import { initialRnn, rnn } from "../../../workers/toys/rnn.ts";
import { sparseAttention } from "../../../workers/toys/sparse-attention.ts";
import { Training } from "../../../workers/toys/training.ts";
import { initialAttention, initialTransformer, transformer } from "../../../workers/toys/transformer.ts";
import { type PackedWeights, packWeights, weightsOf } from "../../../workers/toys/weights.ts";

/** The initial values and the one batch, for another program to do the same work. */
export interface ToyWork {
  readonly toy: string;
  readonly parameters: PackedWeights;
  readonly batch: PackedWeights;
  readonly rate: number;
}

export interface Steps {
  readonly seconds: number;
  /** Of the last step. */
  readonly loss: number;
}

interface Toy {
  readonly parameters: Parameters;
  /** Shapes of the input and of what the output is compared with. */
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly output: (parameters: never, x: np.Array) => np.Array;
}

/** Sizes are repeated in tools/toys/speed.py where they are not those of the parameters: 4 heads, 2 experts, 8 keys. */
function toys(random: Random): Readonly<Record<string, () => Toy>> {
  const [B, T, D, heads] = [32, 32, 64, 4];
  const sequence = { x: [B, T, D], y: [B, T, D] };
  const toy = <P extends Parameters>(parameters: P, shapes: Pick<Toy, "x" | "y">, output: (p: P, x: np.Array) => np.Array): Toy => ({ parameters, ...shapes, output });
  return {
    mlp: () => toy(initialMlp(random, [2, 64, 64, 2]), { x: [512, 2], y: [512, 2] }, (p, x) => mlp(p, x).output),
    cnn: () => toy(initialCnn(random, [1, 16, 8], [3, 3]), { x: [B, 1, 16, 16], y: [B, 8, 16, 16] }, (p, x) => cnn(p, x).output),
    rnn: () => toy(initialRnn(random, D, D, "gated"), sequence, (p, x) => rnn(p, x, { form: "gated" }).hidden),
    mamba: () => toy(initialMamba(random, { hiddenSize: D / 2, stateSize: 8 }), { x: [B / 2, T, D / 2], y: [B / 2, T, D / 2] }, (p, x) => mamba(p, x).output),
    transformer: () => toy(initialTransformer(random, { vocabSize: 32, hiddenSize: D, layers: 2, heads, contextLength: T }), { x: [B, T, D], y: [B, T, 32] }, (p, x) => transformer(p, x, { heads }).output),
    moe: () => toy(initialMoe(random, { inputSize: D, hiddenSize: D, experts: 4 }), sequence, (p, x) => moe(p, x, { selected: 2 }).output),
    "gated-attention": () => toy(initialGatedAttention(random, D, heads, { place: "attention" }), sequence, (p, x) => gatedAttention(p, x, { heads, place: "attention" }).output),
    "sparse-attention": () => toy(initialAttention(random, D, heads), sequence, (p, x) => sparseAttention(p, x, { heads, selection: { by: "score", k: 8 } }).output),
  };
}

let training: Training<Parameters, { x: np.Array; y: np.Array }> | null = null;

const worker = {
  /** Draws the toy and its batch; nothing is compiled yet. */
  open(name: string, rate: number): ToyWork {
    const random = new Random(1);
    const found = toys(random)[name];
    if (!found) throw new RangeError(`bench: expected a toy, got ${name}`);
    const { parameters, x, y, output } = found();
    const batch = { x: normal(random, x, 1), y: normal(random, y, 1) };
    const work = { toy: name, parameters: packWeights(weightsOf(parameters)), batch: packWeights(weightsOf(batch)), rate };
    training = new Training({
      parameters,
      loss: (p, { x, y }) => np.square(output(p as never, x).sub(y)).mean(),
      batch: () => keep(batch),
      optimiser: adam({ rate }),
      seed: 1,
    });
    return work;
  },

  steps(count: number): Steps {
    if (!training) throw new Error("bench: expected an open toy, got none; call open first");
    const start = performance.now();
    let loss = NaN;
    for (let i = 0; i < count; i++) loss = training.advance().loss;
    return { seconds: (performance.now() - start) / 1000, loss };
  },
};
export type ToysWorker = typeof worker;
Comlink.expose(worker);
