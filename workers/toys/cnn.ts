/**
 * The convolutional network: layers of convolution, each looking further than the last.
 *
 *   xˡ⁺¹ = φ(Kˡ ∗ xˡ + bˡ)      in each layer; φ = ReLU, but the identity after the last
 *
 *   x     feature map [B, C, …]: B inputs, C channels, places along one axis or more
 *   ∗     convolution, with stride, dilation and padding as in convolution.ts
 *   K, b  kernel [O, C, taps…] and bias [O]
 *   receptive field   from the first to the last place of the input that one output sees
 *
 * Source: LeCun et al. 1998, Proceedings of the IEEE 86; the receptive field: Araujo
 * et al. 2019, Distill 4(11).
 * Left out for clarity: pooling, normalisation, residual connections.
 */
import type { Random } from "../../probes/random.ts";
import { size } from "../../probes/tensor.ts";
import { nn, type np } from "./autodiff.ts";
import { type Convolution, convolution } from "./convolution.ts";
import { normal, zeros } from "./initialise.ts";

export * from "./convolution.ts";

export type Cnn = { layers: { kernel: np.Array; bias: np.Array }[] };

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
 * r ← r + (taps − 1) · dilation · (product of the strides before).
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
