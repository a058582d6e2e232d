/**
 * The convolution: the same small kernel at every place.
 *
 *   y[o, s] = b[o] + Σ_c Σ_k K[o, c, k] x[c, stride · s + dilation · k − before]
 *
 *   x            feature map [B, C, …]: B inputs, C channels, places along one axis or more
 *   K, b         kernel [O, C, taps…] and bias [O]
 *   stride       places from one output to the next
 *   dilation     places from one tap to the next
 *   padding      what lies beyond the edge. zero: zeros, as many places out as in (at stride 1);
 *                circular: the other edge; causal: zeros before the start only; none: no place
 *                beyond, fewer out than in
 *   before       places added in front: half of dilation · (taps − 1), rounded down; all of it where causal
 *
 * At stride 1 with circular padding it commutes with every shift along its axes,
 * exactly; not with rotations.
 *
 * Source: LeCun et al. 1998, Proceedings of the IEEE 86; dilation: Yu & Koltun
 * 2015, arXiv:1511.07122; causal: van den Oord et al. 2016, arXiv:1609.03499.
 * Left out for clarity: groups, padding that differs by axis.
 */
import { dispose, np } from "./autodiff.ts";

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

/** Places added in front of and behind an axis. */
function margins(taps: number, { dilation = 1, padding = "zero" }: Convolution): [before: number, after: number] {
  const reach = dilation * (taps - 1);
  if (padding === "none") return [0, 0];
  if (padding === "causal") return [reach, 0];
  return [Math.floor(reach / 2), Math.ceil(reach / 2)];
}

/** The other edge's places in front of and behind an axis; the margins may be wider than the axis. */
function wrap(x: np.Array, axis: number, [before, after]: readonly [number, number]): np.Array {
  const n = x.shape[axis]!;
  const start = (n - (before % n)) % n;
  const end = start + before + n + after;
  const around = np.concatenate(Array.from({ length: Math.ceil(end / n) }, () => x.ref), axis);
  x.dispose();
  return around.slice(...Array.from({ length: axis }, () => [] as []), [start, end]);
}

/** All places of the kernel: [0, 0], [0, 1], … */
function places(taps: readonly number[]): number[][] {
  return taps.reduce<number[][]>((found, n) => found.flatMap((place) => Array.from({ length: n }, (_, k) => [...place, k])), [[]]);
}

/**
 * The sum over k stands here as such, a product with K[:, :, k] for each tap:
 * the gradient of jax-js's own convolution takes many times as long.
 *
 * @param x  [B, C, …] → [B, O, …]
 */
export function convolution(kernel: np.Array, bias: np.Array, x: np.Array, options: Convolution = {}): np.Array {
  const { stride = 1, dilation = 1, padding } = options;
  const taps = kernel.shape.slice(2);
  const axes = taps.map((_, axis) => axis + 1);
  // Channels last, for the products.
  x = x.transpose([0, ...axes.map((axis) => axis + 1), 1]);
  taps.forEach((k, i) => {
    const margin = margins(k, options);
    x = padding === "circular" ? wrap(x, i + 1, margin) : np.pad(x, { [i + 1]: margin });
  });
  const outputs = taps.map((k, i) => Math.floor((x.shape[i + 1]! - dilation * (k - 1) - 1) / stride) + 1);
  // jax-js has no strided slice: so many places more, and each stretch of `stride` becomes an axis, of which the first is taken.
  if (stride > 1) x = np.pad(x, Object.fromEntries(axes.map((axis) => [axis, [0, stride - 1] as [number, number]])));
  const seenBy = (k: readonly number[]): np.Array => {
    const from = x.ref.slice([], ...k.map((at, i): [number, number] => [dilation * at, dilation * at + stride * outputs[i]!]));
    if (stride === 1) return from;
    const stretches = from.reshape([x.shape[0]!, ...outputs.flatMap((n) => [n, stride]), x.shape.at(-1)!]);
    return stretches.slice([], ...outputs.flatMap((): [[], number] => [[], 0]));
  };
  const terms = places(taps).map((k) => np.matmul(seenBy(k), kernel.ref.slice([], [], ...k).transpose()));
  dispose([x, kernel]);
  const y = terms.reduce((sum, term) => sum.add(term)).add(bias);
  return y.transpose([0, taps.length + 1, ...axes]);
}
