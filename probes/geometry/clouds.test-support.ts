/** Clouds and paths of known shape, and movements that must not change a measure. */
import { Random } from "../random.ts";
import { concatenate, tensor, type Tensor } from "../tensor.ts";
import { swissRoll } from "./manifolds.ts";

/** n points in D dimensions, each by `draw`. */
export function pointsBy(n: number, D: number, draw: (x: Float64Array) => void): Tensor {
  const out = tensor([n, D]);
  const x = new Float64Array(D);
  for (let i = 0; i < n; i++) {
    draw(x.fill(0));
    out.data.set(x, i * D);
  }
  return out;
}

/** Standard normal in d dimensions, placed in the first of D. */
export function gauss(n: number, d: number, seed: number, D = d): Tensor {
  const random = new Random(seed);
  return pointsBy(n, D, (x) => { for (let i = 0; i < d; i++) x[i] = random.normal(); });
}

/** Uniform on the unit sphere S^d in R^(d+1). */
export function sphere(n: number, d: number, seed: number): Tensor {
  const random = new Random(seed);
  return pointsBy(n, d + 1, (x) => {
    let square = 0;
    for (let i = 0; i <= d; i++) square += (x[i] = random.normal()) ** 2;
    for (let i = 0; i <= d; i++) x[i] = x[i]! / Math.sqrt(square);
  });
}

/** Uniform in the unit cube. */
export function cube(n: number, d: number, seed: number): Tensor {
  const random = new Random(seed);
  return pointsBy(n, d, (x) => { for (let i = 0; i < d; i++) x[i] = random.uniform(); });
}

/** The Swiss roll: a plane rolled up in three dimensions. */
export function roll(n: number, seed: number): Tensor {
  return swissRoll(n, new Random(seed)).points;
}

/** `count` of n equal steps round a circle. */
export function circle(n: number, radius = 1, count = n): Tensor {
  let i = 0;
  return pointsBy(count, 2, (x) => {
    x.set([radius * Math.cos((2 * Math.PI * i) / n), radius * Math.sin((2 * Math.PI * i) / n)]);
    i++;
  });
}

/** The running sum of the rows. */
export function walk(steps: Tensor): Tensor {
  const D = steps.shape[1] ?? 0;
  const out = tensor(steps.shape, steps.data.slice());
  for (let i = D; i < out.data.length; i++) out.data[i] = out.data[i]! + out.data[i - D]!;
  return out;
}

/** A rotation as a product of plane rotations, then a scale, then a shift. */
export function moved(points: Tensor, seed: number, scale = 3, shift = 2): Tensor {
  const random = new Random(seed);
  const [n = 0, D = 0] = points.shape;
  const x = Float64Array.from(points.data);
  for (let a = 0; a < D; a++) {
    for (let b = 0; b < a; b++) {
      const angle = 2 * Math.PI * random.uniform();
      const c = Math.cos(angle);
      const s = Math.sin(angle);
      for (let i = 0; i < n; i++) {
        const p = x[i * D + a]!;
        const q = x[i * D + b]!;
        x[i * D + a] = c * p - s * q;
        x[i * D + b] = s * p + c * q;
      }
    }
  }
  return tensor([n, D], Float32Array.from(x, (v) => scale * v + shift));
}

/** Every point twice. */
export function doubled(points: Tensor): Tensor {
  return concatenate([points, points]);
}

/** [T, L, D] of which each layer is one of the paths [T, D]. */
export function layered(paths: readonly Tensor[]): Tensor {
  const [T = 0, D = 0] = paths[0]!.shape;
  const out = tensor([T, paths.length, D]);
  paths.forEach((path, l) => {
    for (let t = 0; t < T; t++) out.data.set(path.data.subarray(t * D, (t + 1) * D), (t * paths.length + l) * D);
  });
  return out;
}
