/**
 * The multilayer perceptron.
 *
 *   hˡ = φ(hˡ⁻¹ Wˡ + bˡ)      for l = 1 … L−1, with h⁰ = x
 *   y  = hᴸ⁻¹ Wᴸ + bᴸ
 *
 * Of a sequence it sees a window: the last K tokens side by side, as one vector.
 *
 *   x     input [..., D]
 *   W, b  weight [in, out] and bias [out] of a layer
 *   φ     activation, the same for every unit
 *   h     hidden states [..., F], F as wide as the layer
 *   y     output [..., out]
 *   K     width of the window
 *
 * Source: Rumelhart, Hinton & Williams 1986, Nature 323; the window: Bengio et
 * al. 2003, "A neural probabilistic language model", JMLR 3.
 * Left out for clarity: dropout, normalisation, residual connections.
 */
import type { Random } from "../../probes/random.ts";
import { nn, np } from "./autodiff.ts";
import { glorot, he, zeros } from "./initialise.ts";
import { silu } from "./sigmoid.ts";

export type Mlp = { layers: { weight: np.Array; bias: np.Array }[] };

/** φ by name. `leaky-relu` has slope 0.2 below 0: with square weights of full rank the network is then invertible. */
export const activations = {
  identity: (x: np.Array) => x,
  relu: (x: np.Array) => nn.relu(x),
  "leaky-relu": (x: np.Array) => nn.leakyRelu(x, 0.2),
  gelu: (x: np.Array) => nn.gelu(x, { approximate: false }),
  silu,
  tanh: (x: np.Array) => np.tanh(x),
} satisfies Record<string, (x: np.Array) => np.Array>;

export type Activation = keyof typeof activations;

/** @param widths  of input, hidden layers and output: at least two */
export function initialMlp(random: Random, widths: readonly number[], activation: Activation = "relu"): Mlp {
  if (widths.length < 2) throw new RangeError(`mlp: expected the widths of input and output at least, got [${widths}]`);
  const draw = activation === "tanh" || activation === "identity" ? glorot : he;
  const layers = widths.slice(1).map((width, l) => ({ weight: (l === widths.length - 2 ? glorot : draw)(random, [widths[l]!, width]), bias: zeros([width]) }));
  return { layers };
}

/**
 * @param x   [..., D]
 * @returns   `output` [..., out], and `hidden`, the states [..., F] of each layer but the last, after φ
 */
export function mlp({ layers }: Mlp, x: np.Array, activation: Activation = "relu"): { output: np.Array; hidden: np.Array[] } {
  const hidden: np.Array[] = [];
  layers.forEach(({ weight, bias }, l) => {
    const sum = np.matmul(x, weight).add(bias);
    x = l < layers.length - 1 ? activations[activation](sum) : sum;
    if (l < layers.length - 1) hidden.push(x.ref);
  });
  return { output: x, hidden };
}

/**
 * The last tokens up to each, oldest first; zeros before the start.
 *
 * @param x   [B, T, D]
 * @returns   [B, T, width · D]
 */
export function window(x: np.Array, width: number): np.Array {
  const T = x.shape[1]!;
  const padded = np.pad(x, { 1: [width - 1, 0] });
  const shifted = Array.from({ length: width }, (_, k) => padded.ref.slice([], [k, k + T]));
  padded.dispose();
  return np.concatenate(shifted, -1);
}
