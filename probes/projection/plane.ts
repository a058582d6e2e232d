/**
 * The plane through three chosen states a, b, c: the only flat picture in which
 * the distances between the three are exact. First axis from a to b, second in
 * their plane towards c; a is drawn at 0.
 *
 * Where it misleads: all else is seen in projection; three states out of
 * thousands may hold next to none of the variance (read the share).
 */
import { row, tensor, type Tensor } from "../tensor.ts";
import { fitPca, type LinearMap } from "./pca.ts";
import { finiteRows } from "./finite-rows.ts";

export interface LinearPicture extends LinearMap {
  /** [k] share of the points' total variance (about their own mean) along each axis; NaN where they do not vary. */
  readonly explained: Float64Array<ArrayBuffer>;
}

export interface ThreeStatePlane extends LinearPicture {
  /** The three lie on a line: the second axis is the leading component of all points beside it. */
  readonly collinear: boolean;
}

/** Below this share of the longest side, the third state is on the line. */
const onLine = 1e-6;

/**
 * @param points  [n, D]
 * @param states  rows of the three states
 * @throws        RangeError where a row does not exist or is not finite, or the three are one point
 */
export function planeThrough(points: Tensor, states: readonly [number, number, number]): ThreeStatePlane {
  const finite = new Set(finiteRows(points));
  for (const state of states) if (!finite.has(state)) throw new RangeError(`planeThrough: expected finite rows of ${points.shape[0]} points, got ${state}; choose another state`);
  const [a, b, c] = states.map((state) => Float64Array.from(row(points, state))) as [Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>, Float64Array<ArrayBuffer>];
  const towardsB = minus(b, a);
  const towardsC = minus(c, a);
  const longest = Math.max(norm(towardsB), norm(towardsC));
  if (!(longest > 0)) throw new RangeError("planeThrough: expected three states apart, got one point three times; choose others");
  const first = norm(towardsB) > onLine * longest ? unit(towardsB) : unit(towardsC);
  const beside = without(without(towardsC, first), first);
  const collinear = !(norm(beside) > onLine * longest);
  return { ...linearPicture(points, a, first, collinear ? null : [unit(beside)], 2), collinear };
}

/** A picture along `first`, then the given further axes or the leading components of what is left beside it. */
export function linearPicture(points: Tensor, mean: Float64Array<ArrayBuffer>, first: Float64Array, further: readonly Float64Array[] | null, k: number): LinearPicture {
  const D = points.shape[1] ?? 0;
  const components = tensor([k, D]);
  components.data.set(first);
  if (further) {
    further.forEach((axis, i) => components.data.set(axis, (i + 1) * D));
  } else if (k > 1) {
    const left = tensor(points.shape, points.data.slice());
    for (let i = 0; i < (points.shape[0] ?? 0); i++) {
      const h = row(left, i);
      h.set(without(Float64Array.from(h), first));
    }
    const rest = fitPca(left, k - 1).components;
    for (let c = 0; c < k - 1; c++) {
      // float32 leaves a trace of the first axis behind.
      const axis = without(Float64Array.from(row(rest, c)), first);
      if (norm(axis) > 0.5) components.data.set(unit(axis), (c + 1) * D);
    }
  }
  return { mean, components, explained: sharesAlong(points, components) };
}

/** Variance along each row of `components` over the total. */
function sharesAlong(points: Tensor, components: Tensor): Float64Array<ArrayBuffer> {
  const rows = finiteRows(points);
  const [k = 0, D = 0] = components.shape;
  const mean = new Float64Array(D);
  for (const r of rows) for (let d = 0; d < D; d++) mean[d] = mean[d]! + points.data[r * D + d]! / rows.length;
  const out = new Float64Array(k);
  let total = 0;
  for (const r of rows) {
    const x = Float64Array.from(row(points, r), (value, d) => value - mean[d]!);
    total += norm(x) ** 2;
    for (let c = 0; c < k; c++) out[c] = out[c]! + dot(x, row(components, c)) ** 2;
  }
  return out.map((share) => (total > 0 ? share / total : NaN));
}

export function dot(x: ArrayLike<number>, y: ArrayLike<number>): number {
  let sum = 0;
  for (let d = 0; d < x.length; d++) sum += x[d]! * y[d]!;
  return sum;
}

export function norm(x: ArrayLike<number>): number {
  return Math.sqrt(dot(x, x));
}

export function unit(x: Float64Array): Float64Array<ArrayBuffer> {
  const length = norm(x);
  return Float64Array.from(x, (value) => value / length);
}

function minus(x: Float64Array, y: Float64Array): Float64Array {
  return x.map((value, d) => value - y[d]!);
}

function without(x: Float64Array, axis: Float64Array): Float64Array {
  const share = dot(x, axis);
  return x.map((value, d) => value - share * axis[d]!);
}
