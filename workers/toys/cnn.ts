/**
 * The convolutional network: the same small kernel at every place.
 *
 *   y[o, s] = b[o] + Σ_c Σ_k K[o, c, k] x[c, stride · s + dilation · k − before]
 *   xˡ⁺¹ = φ(yˡ)                               in each layer, φ = ReLU but after the last
 *
 *   x            feature map [B, C, …]: B inputs, C channels, places along one axis or more
 *   K, b         kernel [O, C, taps…] and bias [O]
 *   stride       places from one output to the next
 *   dilation     places from one tap to the next
 *   padding      what lies beyond the edge. zero: zeros, as many places out as in (at stride 1);
 *                circular: the other edge; causal: zeros before the start only; none: no place
 *                beyond, fewer out than in
 *   before       places added in front: half of dilation · (taps − 1), rounded down; all of it where causal
 *   receptive field   from the first to the last place of the input that one output sees
 *
 * At stride 1 with circular padding the layer commutes with every shift along
 * its axes, exactly; not with rotations.
 *
 * Source: LeCun et al. 1998, Proceedings of the IEEE 86; dilation: Yu & Koltun
 * 2015, arXiv:1511.07122; causal: van den Oord et al. 2016, arXiv:1609.03499.
 * Left out for clarity: pooling, normalisation, residual connections, groups.
 */
import type { Random } from "../../probes/random.ts";
import { size } from "../../probes/tensor.ts";
import { lax, nn, np } from "./autodiff.ts";
import { normal, zeros } from "./initialise.ts";

export type Cnn = { layers: { kernel: np.Array; bias: np.Array }[] };

export type Padding = "zero" | "circular" | "causal" | "none";

/** Of one layer, the same along every axis. */
export interface Convolution {
  /** Default 1. */
  readonly stride?: number;
  /** Default 1. */
  readonly dilation?: number;
  /** Default zero. */
  readonly padding?: Padding;
}

/**
 * Kernels as He et al. draw them (arXiv:1502.01852), biases zero.
 *
 * @param channels   of the input and of each layer's output
 * @param taps       along each axis: [3] for sequences, [3, 3] for images
 */
export function initialCnn(random: Random, channels: readonly number[], taps: readonly number[]): Cnn {
  const layer = (input: number, output: number) => ({ kernel: normal(random, [output, input, ...taps], Math.sqrt(2 / (input * size(taps)))), bias: zeros([output]) });
  return { layers: channels.slice(1).map((output, l) => layer(channels[l]!, output)) };
}

/** Places added in front of and behind each axis. */
function margins(taps: number, { dilation = 1, padding = "zero" }: Convolution): [before: number, after: number] {
  const reach = dilation * (taps - 1);
  if (padding === "none") return [0, 0];
  if (padding === "causal") return [reach, 0];
  return [Math.floor(reach / 2), Math.ceil(reach / 2)];
}

/** The other edge's places before and after an axis. */
function wrap(x: np.Array, axis: number, [before, after]: readonly [number, number]): np.Array {
  const n = x.shape[axis]!;
  // By index, since the margin may be wider than the axis.
  const from = Int32Array.from({ length: before + n + after }, (_, i) => (((i - before) % n) + n) % n);
  return np.take(x, np.array(from), axis);
}

/** @param x  [B, C, …] → [B, O, …] */
export function convolution(kernel: np.Array, bias: np.Array, x: np.Array, options: Convolution = {}): np.Array {
  const taps = kernel.shape.slice(2);
  let pads = taps.map((k) => margins(k, options));
  if (options.padding === "circular") {
    pads.forEach((pad, axis) => (x = wrap(x, axis + 2, pad)));
    pads = pads.map(() => [0, 0]);
  }
  const all = (n = 1): number[] => taps.map(() => n);
  const y = lax.convGeneralDilated(x, kernel, all(options.stride), pads, { rhsDilation: all(options.dilation) });
  return y.add(bias.reshape([1, -1, ...all()]));
}

/**
 * @param x        [B, C, …]
 * @param layers   how each layer convolves; one for all, or one each
 * @returns        `output` [B, O, …] of the last layer, and `features`, the maps [B, C, …] after each layer but the last
 */
export function cnn(p: Cnn, x: np.Array, layers: Convolution | readonly Convolution[] = {}): { output: np.Array; features: np.Array[] } {
  const features: np.Array[] = [];
  p.layers.forEach(({ kernel, bias }, l) => {
    x = convolution(kernel, bias, x, layerOptions(layers, l));
    if (l === p.layers.length - 1) return;
    x = nn.relu(x);
    features.push(x.ref);
  });
  return { output: x, features };
}

function layerOptions(layers: Convolution | readonly Convolution[], l: number): Convolution {
  return "length" in layers ? (layers[l] ?? {}) : layers;
}

/**
 * How far one output of each layer sees into the input, from the first place to the last, along an axis:
 * r ← r + (taps − 1) · dilation · (product of the strides before). Araujo et al. 2019, Distill 4(11).
 */
export function receptiveFields(taps: readonly number[], layers: Convolution | readonly Convolution[] = {}): number[] {
  let [field, jump] = [1, 1];
  return taps.map((k, l) => {
    const { stride = 1, dilation = 1 } = layerOptions(layers, l);
    field += (k - 1) * dilation * jump;
    jump *= stride;
    return field;
  });
}
