/**
 * Isomap: the layout whose distances are those along the cloud. It unrolls a
 * sheet that is bent but not torn.
 *
 * Exact k nearest neighbours, shortest ways G through their graph, then
 * classical scaling: with B = −½ J G² J (J = I − 1/n, G² entry by entry), the
 * coordinates are √λ v of the leading eigenpairs of B.
 *
 * A graph in parts is joined by the shortest edges between them; `joined` says
 * how many. Equal points are drawn on one spot.
 *
 * A new point is drawn by its ways to all fitted ones, through its own k nearest
 * of them (Bengio et al. 2004):  yᵢ = Σⱼ vᵢⱼ (meanₗ G²ⱼₗ − g²ⱼ) / (2 √λᵢ).
 *
 * Source: Tenenbaum, de Silva & Langford 2000, Science 290, 2319; Bengio et al.
 * 2004, NIPS 16, "Out-of-sample extensions".
 *
 * Where it misleads: one short cut between two folds (k too large, noise) ruins
 * the whole picture; parts that were joined lie as far apart as their nearest
 * points, which says little; a closed ring cannot be unrolled.
 */
import { tensor, type Tensor } from "../tensor.ts";
import { finiteRows, takeRows } from "./finite-rows.ts";
import { leadingEigenpairs } from "./leading-eigenpairs.ts";
import { smallest, squaredDistances } from "./nearest-neighbours.ts";
import { joinParts, neighboursFrom, shortestWays, WayHeap, type NeighbourGraph } from "./neighbour-graph.ts";
import { pairDistances } from "./pair-distances.ts";
import { finish, type Steps } from "./steps.ts";

export interface IsomapOptions {
  /** Neighbours per point, itself not counted; clipped to n − 1. Default 12. */
  readonly neighbours?: number;
  /** Dimensions of the picture. Default 2. */
  readonly k?: number;
}

export interface Isomap {
  /** [n, k]; NaN for rows that are not finite. */
  readonly coordinates: Tensor;
  /** Neighbours used, after clipping. */
  readonly neighbours: number;
  /** Edges that had to join parts of the graph; 0 where it held together. */
  readonly joined: number;
  /** [k] eigenvalues of B, over Σ of B's diagonal (negative ones included); NaN where nothing varies. A share above 1 in sum says that the ways fit no flat space. */
  readonly shares: Float64Array<ArrayBuffer>;
  /** What `placeInIsomap` needs. */
  readonly fitted: {
    /** [m, D] the finite points. */
    readonly points: Tensor;
    /** [m, m] squared ways. */
    readonly squares: Float64Array;
    /** [m] the mean of each column of `squares`. */
    readonly means: Float64Array;
    /** [k] λ and [k, m] v. */
    readonly values: Float64Array;
    readonly vectors: Float64Array;
    readonly graph: NeighbourGraph;
  };
}

/** All ways between m points take 8 m² bytes. */
const mostPoints = 6000;

export function fitIsomap(points: Tensor, options: IsomapOptions = {}): Isomap {
  return finish(isomapSteps(points, options));
}

/**
 * The same in steps.
 *
 * @throws RangeError beyond 6,000 points
 */
export function* isomapSteps(points: Tensor, { neighbours = 12, k = 2 }: IsomapOptions = {}): Steps<Isomap> {
  const rows = finiteRows(points);
  const m = rows.length;
  if (m > mostPoints) throw new RangeError(`fitIsomap: expected at most ${mostPoints} points, got ${m}; its table of all ways would not fit: choose fewer runs, or PCA`);
  const finite = takeRows(points, rows);
  const distances = yield* pairDistances(finite);
  const near = yield* neighboursFrom(distances, Math.floor(neighbours));
  const { graph, joined } = yield* joinParts(near, distances);
  const squares = new Float64Array(m * m);
  const heap = new WayHeap(m);
  for (let i = 0; i < m; i++) {
    const ways = squares.subarray(i * m, (i + 1) * m);
    shortestWays(graph, i, ways, heap);
    for (let j = 0; j < m; j++) ways[j] = ways[j]! * ways[j]!;
    if (i % 8 === 7) yield { phase: "geodesics", done: i, total: m };
  }
  const means = new Float64Array(m);
  let mean = 0;
  for (let i = 0; i < m; i++) {
    let sum = 0;
    for (let j = i * m; j < (i + 1) * m; j++) sum += squares[j]!;
    means[i] = sum / m;
    mean += means[i]! / m;
  }
  // The diagonal of B: means[i] − mean/2, in sum m mean / 2.
  const total = (m * mean) / 2;
  const coordinates = tensor([points.shape[0] ?? 0, k]);
  coordinates.data.fill(NaN);
  const shares = new Float64Array(k).fill(total > 0 ? 0 : NaN);
  let values: Float64Array = new Float64Array(k);
  let vectors: Float64Array = new Float64Array(k * m);
  if (total > 0) {
    const found = yield* leadingEigenpairs(m, Math.min(k, m - 1), (x, width, out) => doublyCentred(squares, m, 1 / total, x, width, out));
    values = Float64Array.from({ length: k }, (_, i) => (i < m - 1 ? found.values[i]! * total : 0));
    vectors = new Float64Array(k * m);
    vectors.set(found.vectors);
    for (let i = 0; i < k; i++) signed(vectors.subarray(i * m, (i + 1) * m));
  }
  for (let c = 0; c < k; c++) {
    const length = values[c]! > 1e-9 * total ? Math.sqrt(values[c]!) : 0;
    if (total > 0) shares[c] = length > 0 ? values[c]! / total : 0;
    rows.forEach((r, i) => (coordinates.data[r * k + c] = length * vectors[c * m + i]!));
  }
  return { coordinates, neighbours: near.k, joined, shares, fitted: { points: finite, squares, means, values, vectors, graph } };
}

/** out = −½ J G² J x: with x centred, the row means of G² fall out as one more centring. */
function* doublyCentred(squares: Float64Array, m: number, scale: number, x: Float64Array, width: number, out: Float64Array): Steps<void> {
  for (let c = 0; c < width; c++) {
    const v = Float64Array.from(x.subarray(c * m, (c + 1) * m));
    centreVector(v);
    const target = out.subarray(c * m, (c + 1) * m);
    for (let i = 0; i < m; i++) {
      const ways = squares.subarray(i * m, (i + 1) * m);
      let even = 0;
      let odd = 0;
      let j = 0;
      for (; j + 1 < m; j += 2) {
        even += ways[j]! * v[j]!;
        odd += ways[j + 1]! * v[j + 1]!;
      }
      if (j < m) even += ways[j]! * v[j]!;
      target[i] = -0.5 * scale * (even + odd);
    }
    centreVector(target);
    yield { phase: "components", done: 0, total: 0 };
  }
}

function centreVector(x: Float64Array): void {
  let mean = 0;
  for (let i = 0; i < x.length; i++) mean += x[i]! / x.length;
  for (let i = 0; i < x.length; i++) x[i] = x[i]! - mean;
}

/** The coordinate of largest magnitude (the first such) is positive. */
function signed(x: Float64Array): void {
  let largest = 0;
  for (let i = 0; i < x.length; i++) if (Math.abs(x[i]!) > Math.abs(x[largest]!) * (1 + 1e-9)) largest = i;
  if ((x[largest] ?? 0) < 0) for (let i = 0; i < x.length; i++) x[i] = -x[i]!;
}

/**
 * New points [n, D] in a fitted picture, [n, k]; NaN for rows that are not finite.
 *
 * @throws RangeError where they have another number of dimensions
 */
export function placeInIsomap({ fitted, neighbours }: Isomap, points: Tensor): Tensor {
  const [n = 0, D = 0] = points.shape;
  const { values, vectors, squares, means } = fitted;
  const [m = 0, expected = 0] = fitted.points.shape;
  if (D !== expected) throw new RangeError(`placeInIsomap: expected points of ${expected} dimensions, got ${D}`);
  const k = values.length;
  const out = tensor([n, k]);
  const near = Math.max(1, Math.min(neighbours, m));
  const nearest = new Int32Array(near);
  const toFitted = new Float64Array(m + 1);
  const both = tensor([m + 1, D]);
  both.data.set(fitted.points.data);
  const finite = new Set(finiteRows(points));
  let total = 0;
  for (let j = 0; j < m; j++) total += means[j]! / 2;
  for (let i = 0; i < n; i++) {
    if (!finite.has(i) || m === 0) {
      out.data.fill(NaN, i * k, (i + 1) * k);
      continue;
    }
    both.data.set(points.data.subarray(i * D, (i + 1) * D), m * D);
    squaredDistances(both, m, toFitted);
    smallest(toFitted, m, near, nearest, 0);
    const ways = new Float64Array(m).fill(Infinity);
    for (const a of nearest) {
      const first = Math.sqrt(toFitted[a]!);
      for (let j = 0; j < m; j++) ways[j] = Math.min(ways[j]!, first + Math.sqrt(squares[a * m + j]!));
    }
    for (let c = 0; c < k; c++) {
      if (!(values[c]! > 1e-9 * total)) continue;
      let sum = 0;
      for (let j = 0; j < m; j++) sum += vectors[c * m + j]! * (means[j]! - ways[j]! * ways[j]!);
      out.data[i * k + c] = sum / (2 * Math.sqrt(values[c]!));
    }
  }
  return out;
}
