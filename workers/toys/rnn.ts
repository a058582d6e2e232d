/**
 * The recurrent network, in three forms of one step.
 *
 *   u = xₜ U + b,   v = hₜ₋₁ W + c
 *
 *   vanilla    hₜ = tanh(u + v)
 *   residual   hₜ = hₜ₋₁ + Δ tanh(u + v)            an Euler step of size Δ of ḣ = tanh(x U + h W + b + c)
 *   gated      r = σ(uᵣ + vᵣ),   z = σ(u_z + v_z)
 *              n = tanh(uₙ + r ⊙ vₙ)
 *              hₜ = (1 − z) ⊙ n + z ⊙ hₜ₋₁          z = 1 keeps the state as it is
 *
 *   x     input [B, T, D]: B sequences of T tokens
 *   h     hidden state [B, N], all that the network knows of the past
 *   U, W  input weight [D, G·N] and recurrent weight [N, G·N]; G = 3 in the gated form (for r, z, n), else 1
 *   b, c  biases [G·N]; it matters which of the two only in n, where r scales c
 *   r, z  reset and update gate [B, N], in (0, 1)
 *   n     candidate [B, N]
 *
 * Source: Elman 1990, Cognitive Science 14; He et al. 2015, arXiv:1512.03385, for
 * the residual step, Chen et al. 2018, arXiv:1806.07366, for its reading as Euler's
 * method; Cho et al. 2014, arXiv:1406.1078, for the gates, in PyTorch's form, which
 * resets after the product with W.
 * Left out for clarity: several layers, LSTM's second state.
 */
import type { Random } from "../../probes/random.ts";
import { stack, unstack } from "./along-time.ts";
import { dispose, np } from "./autodiff.ts";
import { glorot, orthogonal, zeros } from "./initialise.ts";
import { sigmoid } from "./sigmoid.ts";

export type Rnn = { input: np.Array; recurrent: np.Array; bias: np.Array; recurrentBias: np.Array };

export type RnnForm = "vanilla" | "residual" | "gated";

export interface RnnOptions {
  readonly form: RnnForm;
  /** Δ of the residual form. Default 1. */
  readonly stepSize?: number;
  /** h₀ [B, N]; left out: zero. */
  readonly start?: np.Array;
}

type Gates = { [name: string]: np.Array };

/** u, v and hₜ₋₁ → hₜ, and the gates by name. */
type Cell = (u: np.Array, v: np.Array, h: np.Array, stepSize: number) => { h: np.Array; gates: Gates };

const cells: Readonly<Record<RnnForm, Cell>> = {
  vanilla(u, v, h) {
    h.dispose();
    return { h: np.tanh(u.add(v)), gates: {} };
  },
  residual: (u, v, h, stepSize) => ({ h: h.add(np.tanh(u.add(v)).mul(stepSize)), gates: {} }),
  gated(u, v, h) {
    const [ur, uz, un] = np.split(u, 3, -1) as [np.Array, np.Array, np.Array];
    const [vr, vz, vn] = np.split(v, 3, -1) as [np.Array, np.Array, np.Array];
    const reset = sigmoid(ur.add(vr));
    const update = sigmoid(uz.add(vz));
    const candidate = np.tanh(un.add(reset.ref.mul(vn)));
    return { h: np.subtract(1, update.ref).mul(candidate).add(update.ref.mul(h)), gates: { reset, update } };
  },
};

/** Recurrent weights are orthogonal, so that a state neither grows nor fades at first. */
export function initialRnn(random: Random, inputSize: number, stateSize: number, form: RnnForm): Rnn {
  const G = form === "gated" ? 3 : 1;
  const parts = <T>(draw: () => T): T[] => Array.from({ length: G }, draw);
  return {
    input: np.concatenate(parts(() => glorot(random, [inputSize, stateSize])), -1),
    recurrent: np.concatenate(parts(() => orthogonal(random, stateSize)), -1),
    bias: zeros([G * stateSize]),
    recurrentBias: zeros([G * stateSize]),
  };
}

/**
 * Unrolled over time: what is compiled grows with T.
 *
 * @param x   [B, T, D]
 * @returns   `hidden` [B, T, N], the state after each token; `gates`: `reset` and `update` [B, T, N] in the gated form, else none
 */
export function rnn(p: Rnn, x: np.Array, { form, stepSize = 1, start }: RnnOptions): { hidden: np.Array; gates: Gates } {
  const B = x.shape[0]!;
  const driven = unstack(np.matmul(x, p.input).add(p.bias));
  let h = start ?? np.zeros([B, p.recurrent.shape[0]!]);
  const hidden: np.Array[] = [];
  const gates: Record<string, np.Array[]> = {};
  for (const u of driven) {
    const v = np.matmul(h.ref, p.recurrent.ref).add(p.recurrentBias.ref);
    const next = cells[form](u, v, h, stepSize);
    h = next.h;
    hidden.push(h.ref);
    for (const [name, gate] of Object.entries(next.gates)) (gates[name] ??= []).push(gate);
  }
  dispose([h, p.recurrent, p.recurrentBias]);
  return { hidden: stack(hidden), gates: Object.fromEntries(Object.entries(gates).map(([name, steps]) => [name, stack(steps)])) };
}
