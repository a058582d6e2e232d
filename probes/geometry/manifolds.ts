/**
 * Samples of known manifolds, each point with its coordinates on the manifold: the
 * inputs of experiments on how a network sees a curved space, and of tests of
 * measures that must find its dimension, its loops or its distances.
 *
 *   ring           circle in the plane         1 dimension   β = (1, 1)
 *   nested rings   one around the other        1             (1, 1) each
 *   linked rings   a Hopf link in space        1             (1, 1) each
 *   Swiss roll     a rectangle rolled up       2             (1, 0)
 *   torus          surface of a ring           2             (1, 2)
 *   plane          a square                    2             (1, 0)
 *
 * All are uniform in area or length but the roll, uniform in its angle as usual. `embedded`
 * turns any of them into D dimensions without a change of distances.
 *
 * Source: the roll is that of Tenenbaum et al. 2000 in the parameters of scikit-learn.
 */
import type { Random } from "../random.ts";
import { tensor, type Tensor } from "../tensor.ts";

export interface Sample {
  /** [n, D] */
  readonly points: Tensor;
  /** [n, d] where each point lies on its manifold; in the unit of `points` where the manifold is flat inside, else radians. */
  readonly coordinates: Tensor;
  /** [n] which of several manifolds; 0 where there is one. */
  readonly labels: Uint8Array<ArrayBuffer>;
}

const turn = 2 * Math.PI;

/** Circles around the origin of the plane, one for each radius, points in turn; coordinates are angles. */
export function nestedRings(n: number, random: Random, radii: readonly number[] = [1, 2]): Sample {
  return sample(n, 2, 1, (i) => {
    const angle = turn * random.uniform();
    const label = i % radii.length;
    const radius = radii[label]!;
    return { point: [radius * Math.cos(angle), radius * Math.sin(angle)], at: [angle], label };
  });
}

/** A circle of this radius around the origin of the plane. */
export function ring(n: number, random: Random, radius = 1): Sample {
  return nestedRings(n, random, [radius]);
}

/** Two unit circles in space, each through the centre of the other; points in turn. */
export function linkedRings(n: number, random: Random): Sample {
  return sample(n, 3, 1, (i) => {
    const angle = turn * random.uniform();
    const label = i % 2;
    return { point: label === 0 ? [Math.cos(angle), Math.sin(angle), 0] : [1 + Math.cos(angle), 0, Math.sin(angle)], at: [angle], label };
  });
}

/** (t cos t, height, t sin t) with t in 1.5π … 4.5π and height in 0 … 21; coordinates are the length along the spiral and the height: unrolled. */
export function swissRoll(n: number, random: Random): Sample {
  const along = (t: number): number => (t * Math.sqrt(1 + t * t) + Math.asinh(t)) / 2;
  const start = along(1.5 * Math.PI);
  return sample(n, 3, 2, () => {
    const t = 1.5 * Math.PI * (1 + 2 * random.uniform());
    const height = 21 * random.uniform();
    return { point: [t * Math.cos(t), height, t * Math.sin(t)], at: [along(t) - start, height] };
  });
}

/** A tube of radius `tube` around a circle of radius `radius` in space; coordinates are the angles around the circle and around the tube. */
export function torus(n: number, random: Random, radius = 2, tube = 1): Sample {
  return sample(n, 3, 2, () => {
    for (;;) {
      const [a, b] = [turn * random.uniform(), turn * random.uniform()];
      const out = radius + tube * Math.cos(b);
      // The outer side has more area: keep a point as often as its circle is long.
      if (random.uniform() * (radius + tube) < out) return { point: [out * Math.cos(a), out * Math.sin(a), tube * Math.sin(b)], at: [a, b] };
    }
  });
}

/** A square of this side around the origin of the plane. */
export function plane(n: number, random: Random, side = 2): Sample {
  return sample(n, 2, 2, () => {
    const at = [side * (random.uniform() - 0.5), side * (random.uniform() - 0.5)];
    return { point: at, at };
  });
}

/**
 * The points in D dimensions: in a subspace that is drawn at random, distances unchanged.
 *
 * @throws RangeError where D is less than they have
 */
export function embedded(points: Tensor, D: number, random: Random): Tensor {
  const [n = 0, d = 0] = points.shape;
  if (D < d) throw new RangeError(`embedded: expected at least ${d} dimensions, got ${D}`);
  const axes = orthonormal(d, D, random);
  const out = tensor([n, D]);
  for (let i = 0; i < n; i++) for (let a = 0; a < d; a++) for (let b = 0; b < D; b++) out.data[i * D + b]! += points.data[i * d + a]! * axes[a]![b]!;
  return out;
}

/** d directions of D dimensions at right angles, drawn uniformly (Gram and Schmidt on normal vectors, twice for the digits). */
function orthonormal(d: number, D: number, random: Random): Float64Array[] {
  const axes: Float64Array[] = [];
  for (let a = 0; a < d; a++) {
    const x = Float64Array.from({ length: D }, () => random.normal());
    for (let pass = 0; pass < 2; pass++) {
      for (const axis of axes) {
        const along = axis.reduce((sum, v, i) => sum + v * x[i]!, 0);
        for (let i = 0; i < D; i++) x[i]! -= along * axis[i]!;
      }
    }
    const norm = Math.hypot(...x);
    axes.push(x.map((v) => v / norm));
  }
  return axes;
}

function sample(n: number, D: number, d: number, draw: (i: number) => { readonly point: readonly number[]; readonly at: readonly number[]; readonly label?: number }): Sample {
  const points = tensor([n, D]);
  const coordinates = tensor([n, d]);
  const labels = new Uint8Array(n);
  for (let i = 0; i < n; i++) {
    const { point, at, label = 0 } = draw(i);
    points.data.set(point, i * D);
    coordinates.data.set(at, i * d);
    labels[i] = label;
  }
  return { points, coordinates, labels };
}
