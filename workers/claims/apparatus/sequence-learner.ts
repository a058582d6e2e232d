/**
 * Small sequence models for claims about memory: the lab's sequence model around one mixing
 * layer, alone and of a size to be chosen, taught to answer at some positions.
 */
import type { Random } from "../../../probes/random.ts";
import { tensor } from "../../../probes/tensor.ts";
import type { Architecture } from "../../lab/architecture.ts";
import { initialSequenceModel, sequenceLoss, sequenceModel, type SequenceParameters } from "../../lab/sequence-model.ts";
import { dispose, fromTensor, integers, np } from "../../toys/autodiff.ts";
import { initialNorm, layerNorm, type Norm } from "../../toys/layer-norm.ts";
import { initialMamba, mamba, type Mamba, stateSpace } from "../../toys/mamba.ts";
import { adamW, cosine, warmup } from "../../toys/optimiser.ts";
import { softplus } from "../../toys/sigmoid.ts";
import { Training } from "../../toys/training.ts";
import { attention, type Attention, initialAttention } from "../../toys/transformer.ts";
import { argmaxRows, evaluate } from "./training.ts";

/** Sequences of one length, and what is asked of them. */
export interface Questions {
  /** Ids, [n, T] */
  readonly tokens: Int32Array<ArrayBuffer>;
  readonly asked: readonly Asked[];
}

export interface Asked {
  /** row · T + position */
  readonly at: number;
  /** The id that is right. */
  readonly answer: number;
  /** By which answers are counted: which letter, how many pairs. */
  readonly group: number;
}

export interface Quiz {
  readonly vocabSize: number;
  /** T */
  readonly length: number;
  draw(random: Random, n: number): Questions;
}

type Layer<P> = { norm: Norm; mixer: P };
type Selective = Extract<Mamba, { selective: unknown }>["selective"];
type Invariant = Extract<Mamba, { invariant: unknown }>["invariant"];

/** x + mamba(norm(x)). */
export function stateSpaceBlock(size: { readonly channels: number; readonly stateSize: number; readonly selective: boolean }): Architecture {
  return {
    id: "mamba",
    positions: false,
    reach: null,
    inner: {},
    initial: (random, D) => ({ norm: initialNorm(D), mixer: initialMamba(random, { hiddenSize: D, ...size }) }),
    block(parameters, x) {
      const { norm, mixer } = parameters as Layer<Mamba>;
      const { output, ...inner } = mamba(mixer, layerNorm(norm, x.ref));
      dispose(inner);
      return { stream: x.add(output), inner: {} };
    },
  };
}

/** What the bare scan has of Mamba: no gate, no convolution, no activation. */
type Scan = Pick<Mamba, "input" | "logA" | "deltaBias" | "skip" | "output"> & ({ selective: Selective } | { invariant: Invariant });

/**
 * x + (scan(u) + D ⊙ u) W_O with u = norm(x) W_x: between norms everything is linear but what
 * Δ, B and C do where they are computed from the token.
 */
export function bareScanBlock({ channels, stateSize, selective }: { readonly channels: number; readonly stateSize: number; readonly selective: boolean }): Architecture {
  return {
    id: "mamba",
    positions: false,
    reach: null,
    inner: {},
    initial(random, D) {
      const { gate, convolution, convolutionBias, ...mixer } = initialMamba(random, { hiddenSize: D, channels, stateSize, selective });
      dispose([gate, convolution, convolutionBias]);
      return { norm: initialNorm(D), mixer };
    },
    block(parameters, x) {
      const { norm, mixer } = parameters as Layer<Scan>;
      const u = np.matmul(layerNorm(norm, x.ref), mixer.input);
      const { y, state } = scan(mixer, u.ref, u.ref);
      state.dispose();
      return { stream: x.add(np.matmul(y.add(u.mul(mixer.skip)), mixer.output)), inner: {} };
    },
  };
}

/**
 * The scan of u, with Δ, B and C computed from `from`; without the skip. Consumes both and what it uses of p.
 *
 * @param u   [B, T, E]
 */
export function scan(p: Pick<Mamba, "logA" | "deltaBias"> & ({ selective: Selective } | { invariant: Invariant }), u: np.Array, from: np.Array): { y: np.Array; state: np.Array } {
  const A = np.exp(p.logA).mul(-1);
  if (!("selective" in p)) {
    from.dispose();
    return stateSpace(u, np.broadcastTo(softplus(p.deltaBias), u.shape), A, p.invariant.B, p.invariant.C);
  }
  const { deltaDown, deltaUp, B, C } = p.selective;
  const delta = softplus(np.matmul(np.matmul(from.ref, deltaDown), deltaUp).add(p.deltaBias));
  return stateSpace(u, delta, A, np.matmul(from.ref, B), np.matmul(from, C));
}

/** x + attention(norm(x)), causal, with positions. */
export function attentionBlock(heads: number): Architecture {
  return {
    id: "transformer",
    positions: true,
    reach: null,
    inner: {},
    initial: (random, D) => ({ norm: initialNorm(D), mixer: initialAttention(random, D, heads) }),
    block(parameters, x) {
      const { norm, mixer } = parameters as Layer<Attention>;
      const { output, pattern, heads: brought, cache } = attention(mixer, layerNorm(norm, x.ref), { heads });
      dispose([pattern, brought, cache]);
      return { stream: x.add(output), inner: {} };
    },
  };
}

export interface LearningOptions {
  readonly steps: number;
  readonly batch: number;
  readonly rate: number;
}

/** AdamW with warm-up and half a cosine, as the lab's lessons. */
export function learner(architecture: Architecture, quiz: Quiz, { steps, batch, rate }: LearningOptions, seed: number): Training<SequenceParameters, { tokens: np.Array; targets: np.Array }> {
  const rising = Math.min(30, Math.ceil(steps / 4));
  return new Training<SequenceParameters, { tokens: np.Array; targets: np.Array }>({
    parameters: initialSequenceModel(architecture, { vocabSize: quiz.vocabSize, contextLength: quiz.length }, seed),
    loss: (p, drawn) => sequenceLoss(architecture, p, drawn),
    batch: (random) => {
      const { tokens, asked } = quiz.draw(random, batch);
      const targets = tensor([batch, quiz.length, quiz.vocabSize]);
      for (const { at, answer } of asked) targets.data[at * quiz.vocabSize + answer] = 1;
      return { tokens: integers(tokens, [batch, quiz.length]), targets: fromTensor(targets) };
    },
    optimiser: adamW({ rate: warmup(rate, rising, cosine(rate, steps - rising, rate / 20)), decay: 0.01 }),
    seed,
    clip: 1,
  });
}

/** Whether each question is answered right. */
export function answers(architecture: Architecture, parameters: SequenceParameters, { length }: Quiz, { tokens, asked }: Questions): boolean[] {
  const [logits] = evaluate(parameters, (p, ids) => {
    const { logits: out, residual, final, inner, penalty } = sequenceModel(architecture, p, np.take(p.embedding.ref, ids, 0));
    dispose([final, penalty, ...residual, ...inner]);
    return [out];
  }, integers(tokens, [tokens.length / length, length]));
  const chosen = argmaxRows(logits!);
  return asked.map(({ at, answer }) => chosen[at] === answer);
}
