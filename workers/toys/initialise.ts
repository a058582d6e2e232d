/** Initial values of parameters, drawn from a seeded generator. Matrices are [in, out]: y = x W. */
import type { Random } from "../../probes/random.ts";
import { size, tensor } from "../../probes/tensor.ts";
import { fromTensor, type np } from "./autodiff.ts";

function drawn(shape: readonly number[], draw: () => number): np.Array {
  return fromTensor(tensor(shape, Float32Array.from({ length: size(shape) }, draw)));
}

/** Inputs and outputs of one unit: the last two axes, times all before them (the taps of a kernel [taps…, in, out]). */
function fans(shape: readonly number[]): readonly [fanIn: number, fanOut: number] {
  const [fanIn = 1, fanOut = 1] = shape.slice(-2);
  const taps = size(shape.slice(0, -2));
  return [fanIn * taps, fanOut * taps];
}

export const zeros = (shape: readonly number[]): np.Array => fromTensor(tensor(shape));

export const ones = (shape: readonly number[]): np.Array => drawn(shape, () => 1);

/** Normal with mean 0. */
export const normal = (random: Random, shape: readonly number[], deviation: number): np.Array => drawn(shape, () => deviation * random.normal());

/** Uniform in [low, high). */
export const uniform = (random: Random, shape: readonly number[], low: number, high: number): np.Array => drawn(shape, () => low + (high - low) * random.uniform());

/** Uniform of variance 2/(in + out), for tanh, sigmoid and linear maps. Glorot & Bengio 2010. */
export function glorot(random: Random, shape: readonly number[]): np.Array {
  const [fanIn, fanOut] = fans(shape);
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return uniform(random, shape, -limit, limit);
}

/** Normal of variance 2/in, for ReLU and its kin. He et al. 2015, arXiv:1502.01852, equation 10. */
export function he(random: Random, shape: readonly number[]): np.Array {
  return normal(random, shape, Math.sqrt(2 / fans(shape)[0]));
}

/**
 * A random orthogonal matrix [n, n], uniform over all of them: Gram and Schmidt
 * on Gaussian columns, twice, so that WᵀW = 1 to float32. Mezzadri 2007, arXiv:math-ph/0609050.
 */
export function orthogonal(random: Random, n: number): np.Array {
  const columns: Float64Array[] = [];
  while (columns.length < n) {
    const v = Float64Array.from({ length: n }, () => random.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const u of columns) {
        const along = u.reduce((sum, x, i) => sum + x * v[i]!, 0);
        u.forEach((x, i) => (v[i]! -= along * x));
      }
    }
    const length = Math.hypot(...v);
    columns.push(v.map((x) => x / length));
  }
  const w = tensor([n, n]);
  columns.forEach((column, j) => column.forEach((x, i) => (w.data[i * n + j] = x)));
  return fromTensor(w);
}
