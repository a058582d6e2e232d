/**
 * UMAP: a layout that keeps neighbourhoods and gives up distances.
 *
 * The graph: each point's nearest, weighted exp(−(d − ρ)/σ), with ρ its distance
 * to the nearest and σ such that the weights sum to log₂ of their number; the
 * two directions of an edge joined by a + b − a b. The layout: from a random
 * start, edges pull in proportion to their weight, five random points push back.
 *
 * It is umap-js 1.4.0's algorithm, edge by edge and draw by draw (the tests hold
 * it against that library), in flat arrays: umap-js's own preparation holds the
 * thread for seconds at 2,000 points, and its epochs take three times as long.
 * Neighbours are exact. Powers come from a table (`power.ts`), so that one seed
 * draws one picture, whatever the browser.
 *
 * Source: McInnes, Healy & Melville 2018, arXiv:1802.03426; umap-js 1.4.0.
 *
 * Where it misleads: its global layout is the seed's luck: look at several
 * (`umapSeeds`). Read neighbourhoods and clusters; never distances between
 * clusters, sizes or angles.
 */
import { Random } from "../random.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { finiteRows, takeRows } from "./finite-rows.ts";
import { smallest, squaredDistances, type Neighbours } from "./nearest-neighbours.ts";
import { neighboursFrom } from "./neighbour-graph.ts";
import { pairDistances, type PairDistances } from "./pair-distances.ts";
import { fitPca, projectPca } from "./pca.ts";
import { tablePower } from "./power.ts";
import { finish, type Steps } from "./steps.ts";

export interface UmapOptions {
  readonly seed: number;
  /** n_neighbors as in the paper, the point itself included; clipped to 2 … n − 1. */
  readonly neighbours?: number;
  /** Dimensions of the picture. */
  readonly k?: number;
  /** Passes over the graph; by default umap-js's own count (500 up to 2500 points, fewer above). */
  readonly epochs?: number;
}

/** A layout under way. */
export interface UmapLayout {
  /** Neighbours used, after clipping; 0 where the points were too few. */
  readonly neighbours: number;
  readonly epochs: number;
  /** Epochs done. */
  readonly epoch: number;
  /** One more epoch; false where the layout is finished. */
  advance(): boolean;
  /** The layout so far, [n, k]; NaN for rows that are not finite. */
  coordinates(): Tensor;
}

/** The weighted graph, an entry for each direction of an edge, by row, then column. */
export interface UmapGraph {
  readonly n: number;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
  readonly weights: Float64Array;
}

/** The curve 1 / (1 + a d^(2b)) for min_dist 0.1 and spread 1, as umap-js fits it. */
const a = 1.5694704762346365;
const b = 0.8941996053733949;
const powerB = tablePower(b);
const negatives = 5;

/**
 * Begins a layout of points [n, D]. Three points or fewer have no
 * neighbourhoods to keep and lie in a plane: they come out as PCA draws them,
 * without loss, finished, with 0 neighbours and 0 epochs.
 */
export function startUmap(points: Tensor, options: UmapOptions): UmapLayout {
  return finish(umapSteps(points, options));
}

/** What a layout of these points needs, whatever the seed. */
export interface UmapPreparation {
  readonly rows: readonly number[];
  readonly neighbours: number;
  readonly graph: UmapGraph;
  /** Of the finite rows; null where there are too few of them. */
  readonly distances: PairDistances | null;
}

/** `startUmap` in steps; then `advance` the layout. */
export function* umapSteps(points: Tensor, options: UmapOptions): Steps<UmapLayout> {
  return umapFrom(points, yield* prepareUmap(points, options), options);
}

export function* prepareUmap(points: Tensor, { neighbours = 15 }: Pick<UmapOptions, "neighbours">): Steps<UmapPreparation> {
  const rows = finiteRows(points);
  const n = rows.length;
  if (n <= 3) return { rows, neighbours: 0, graph: { n, rows: new Int32Array(), columns: new Int32Array(), weights: new Float64Array() }, distances: null };
  const near = Math.max(2, Math.min(Math.floor(neighbours), n - 1));
  const distances = yield* pairDistances(takeRows(points, rows));
  const graph = yield* umapGraphSteps(yield* neighboursFrom(distances, near - 1), n);
  return { rows, neighbours: near, graph, distances };
}

/** The layout of one seed over a graph that is there. */
export function umapFrom(points: Tensor, { rows, neighbours, graph }: UmapPreparation, { seed, k = 2, epochs }: UmapOptions): UmapLayout {
  if (neighbours === 0) {
    const drawn = projectPca(fitPca(points, k), points);
    return { neighbours, epochs: 0, epoch: 0, advance: () => false, coordinates: () => drawn };
  }
  const { n } = graph;
  const random = new Random(seed);
  const picture = new Float64Array(n * k);
  for (let i = 0; i < picture.length; i++) picture[i] = random.uniform() * 20 - 10;
  const total = epochs ? epochs : n <= 2500 ? 500 : n <= 5000 ? 400 : n <= 7500 ? 300 : 200;
  const pulls = pullsOf(graph, total);
  const epochOf = { done: 0 };
  return {
    neighbours,
    epochs: total,
    get epoch() {
      return epochOf.done;
    },
    advance() {
      if (epochOf.done < total) {
        pull(pulls, epochOf.done, 1 - Math.max(0, epochOf.done - 1) / total, picture, picture, k, n, random);
        epochOf.done++;
      }
      return epochOf.done < total;
    },
    coordinates() {
      const out = tensor([points.shape[0] ?? 0, k]);
      out.data.fill(NaN);
      rows.forEach((r, i) => out.data.set(picture.subarray(i * k, (i + 1) * k), r * k));
      return out;
    },
  };
}

/**
 * The finished layout of points [n, D], [n, k].
 *
 * @param onEpoch  called after each epoch; `false` stops the layout where it is
 */
export function umapLayout(points: Tensor, options: UmapOptions, onEpoch?: (epoch: number, epochs: number) => boolean | void): Tensor {
  const layout = startUmap(points, options);
  for (let more = layout.epochs > 0; more; ) {
    more = layout.advance();
    if (onEpoch?.(layout.epoch, layout.epochs) === false) break;
  }
  return layout.coordinates();
}

/**
 * Layouts of several seeds over one graph, one after the other: what differs
 * between them is the seed's luck.
 *
 * @param onEpoch  called after each epoch with the index of the seed; `false` ends all where they are
 * @returns        for each seed [n, k], in their order; seeds not begun are left out
 */
export function umapSeeds(points: Tensor, seeds: readonly number[], options: Omit<UmapOptions, "seed">, onEpoch?: (seedIndex: number, epoch: number, epochs: number) => boolean | void): Tensor[] {
  const prepared = finish(prepareUmap(points, options));
  const out: Tensor[] = [];
  for (const [index, seed] of seeds.entries()) {
    const layout = umapFrom(points, prepared, { ...options, seed });
    let stopped = false;
    for (let more = layout.epochs > 0; more && !stopped; ) {
      more = layout.advance();
      stopped = onEpoch?.(index, layout.epoch, layout.epochs) === false;
    }
    out.push(layout.coordinates());
    if (stopped) break;
  }
  return out;
}

/** ρ and σ of each point: k distances per row, itself not among them; `size` is n_neighbors. */
function bandwidths(lengths: Float64Array, k: number, size: number, connected: boolean): { rho: Float64Array; sigma: Float64Array } {
  const n = k > 0 ? lengths.length / k : 0;
  const rho = new Float64Array(n);
  const sigma = new Float64Array(n);
  const target = Math.log2(size);
  let mean = 0;
  for (let i = 0; i < lengths.length; i++) mean += lengths[i]! / (n * (k + 1));
  for (let i = 0; i < n; i++) {
    const row = lengths.subarray(i * k, (i + 1) * k);
    const nearest = row.find((d) => d > 0) ?? 0;
    rho[i] = connected ? nearest : 0;
    let low = 0;
    let high = Infinity;
    let mid = 1;
    for (let round = 0; round < 64; round++) {
      let sum = 0;
      for (let j = 0; j < k; j++) {
        const d = row[j]! - rho[i]!;
        sum += d > 0 ? Math.exp(-d / mid) : 1;
      }
      if (Math.abs(sum - target) < 1e-5) break;
      if (sum > target) high = mid;
      else low = mid;
      mid = high === Infinity ? 2 * mid : (low + high) / 2;
    }
    let own = 0;
    for (let j = 0; j < k; j++) own += row[j]! / (k + 1);
    sigma[i] = Math.max(mid, 1e-3 * (rho[i]! > 0 ? own : mean));
  }
  return { rho, sigma };
}

function membership(d: number, rho: number, sigma: number): number {
  // Rounded, so that the last digit of an engine's Math.exp is gone.
  return d - rho <= 0 ? 1 : Math.fround(Math.exp(-(d - rho) / sigma));
}

/** The fuzzy union of all neighbourhoods. */
export function umapGraph(neighbours: Neighbours, n: number): UmapGraph {
  return finish(umapGraphSteps(neighbours, n));
}

function* umapGraphSteps({ k, indices, distances }: Neighbours, n: number): Steps<UmapGraph> {
  yield { phase: "graph", done: n, total: n };
  const { rho, sigma } = bandwidths(distances, k, k + 1, true);
  yield { phase: "graph", done: n, total: n };
  const entries: { row: number; column: number; weight: number }[] = [];
  const weight = (i: number, at: number): number => membership(distances[at]!, rho[i]!, sigma[i]!);
  for (let i = 0; i < n; i++) {
    for (let at = i * k; at < (i + 1) * k; at++) {
      const j = indices[at]!;
      const back = indices.subarray(j * k, (j + 1) * k).indexOf(i);
      if (back >= 0 && j < i) continue;
      const there = weight(i, at);
      const here = back >= 0 ? weight(j, j * k + back) : 0;
      const both = there + here - there * here;
      entries.push({ row: i, column: j, weight: both }, { row: j, column: i, weight: both });
    }
  }
  yield { phase: "graph", done: n, total: n };
  entries.sort((x, y) => x.row - y.row || x.column - y.column);
  yield { phase: "graph", done: n, total: n };
  return { n, rows: Int32Array.from(entries, (e) => e.row), columns: Int32Array.from(entries, (e) => e.column), weights: Float64Array.from(entries, (e) => e.weight) };
}

interface Pulls {
  readonly head: Int32Array;
  readonly tail: Int32Array;
  /** Epochs between two pulls of an edge, and the epoch of the next. */
  readonly every: Float64Array;
  readonly next: Float64Array;
  readonly nextNegative: Float64Array;
}

/** An edge of weight w pulls in every (largest w / w)-th epoch; edges that would never pull are left out. */
function pullsOf({ rows, columns, weights }: UmapGraph, epochs: number): Pulls {
  let largest = 0;
  for (let e = 0; e < weights.length; e++) largest = Math.max(largest, weights[e]!);
  const kept: number[] = [];
  for (let e = 0; e < weights.length; e++) if (weights[e]! > 0 && weights[e]! >= largest / epochs) kept.push(e);
  const every = Float64Array.from(kept, (e) => largest / weights[e]!);
  return { head: Int32Array.from(kept, (e) => columns[e]!), tail: Int32Array.from(kept, (e) => rows[e]!), every, next: every.slice(), nextNegative: every.map((x) => x / negatives) };
}

function clipped(x: number): number {
  return x > 4 ? 4 : x < -4 ? -4 : x;
}

/** One epoch. `moving` is what is drawn; `fixed` the picture it is drawn into, the same array where all points move. */
function pull({ head, tail, every, next, nextNegative }: Pulls, epoch: number, rate: number, moving: Float64Array, fixed: Float64Array, k: number, n: number, random: Random): void {
  const together = moving === fixed;
  for (let e = 0; e < every.length; e++) {
    if (next[e]! > epoch) continue;
    const i = head[e]! * k;
    const j = tail[e]! * k;
    let square = 0;
    for (let d = 0; d < k; d++) {
      const difference = moving[i + d]! - fixed[j + d]!;
      square += difference * difference;
    }
    let slope = 0;
    if (square > 0) {
      const power = powerB(square);
      slope = (-2 * a * b * (power / square)) / (a * power + 1);
    }
    for (let d = 0; d < k; d++) {
      const move = clipped(slope * (moving[i + d]! - fixed[j + d]!)) * rate;
      moving[i + d] = moving[i + d]! + move;
      if (together) fixed[j + d] = fixed[j + d]! - move;
    }
    next[e] = next[e]! + every[e]!;
    const between = every[e]! / negatives;
    const pushes = Math.floor((epoch - nextNegative[e]!) / between);
    for (let p = 0; p < pushes; p++) {
      const other = Math.floor(random.uniform() * n) * k;
      let apart = 0;
      for (let d = 0; d < k; d++) {
        const difference = moving[i + d]! - fixed[other + d]!;
        apart += difference * difference;
      }
      if (apart > 0) {
        const push = (2 * b) / ((0.001 + apart) * (a * powerB(apart) + 1));
        for (let d = 0; d < k; d++) moving[i + d] = moving[i + d]! + clipped(push * (moving[i + d]! - fixed[other + d]!)) * rate;
      } else if (!together || i !== other) {
        for (let d = 0; d < k; d++) moving[i + d] = moving[i + d]! + 4 * rate;
      }
    }
    if (pushes > 0) nextNegative[e] = nextNegative[e]! + pushes * between;
  }
}

/** A layout and the points it is of, in which new points can be placed. */
export interface FittedUmap {
  /** [n, D] */
  readonly points: Tensor;
  /** [n, k]; rows that are not finite in either are no neighbours. */
  readonly coordinates: Tensor;
  /** n_neighbors of the layout. */
  readonly neighbours: number;
  readonly seed: number;
}

/**
 * New points [n, D] in a finished layout, [n, k], which stays as it is: each
 * begins at the weighted mean of its nearest fitted points and moves through a
 * third of the epochs. Each point moves on its own: the others do not matter.
 *
 * Source: umap-learn, `transform`.
 *
 * Where it misleads: a point far from all fitted ones is drawn among them all the
 * same.
 *
 * @returns  NaN for rows that are not finite
 * @throws   RangeError where they have another number of dimensions
 */
export function placeInUmap({ points: known, coordinates, neighbours, seed }: FittedUmap, points: Tensor, epochs = 100): Tensor {
  const [n = 0, D = 0] = points.shape;
  const k = coordinates.shape[1] ?? 0;
  if (D !== known.shape[1]) throw new RangeError(`placeInUmap: expected points of ${known.shape[1]} dimensions, got ${D}`);
  const drawn = new Set(finiteRows(coordinates));
  const rows = finiteRows(known).filter((r) => drawn.has(r));
  const m = rows.length;
  const out = tensor([n, k]);
  const near = Math.min(Math.max(1, neighbours), m);
  const both = tensor([m + 1, D]);
  both.data.set(takeRows(known, rows).data);
  const fixed = Float64Array.from(takeRows(coordinates, rows).data);
  const finite = new Set(finiteRows(points));
  const squares = new Float64Array(m + 1);
  const nearest = new Int32Array(near);
  for (let i = 0; i < n; i++) {
    if (!finite.has(i) || near === 0) {
      out.data.fill(NaN, i * k, (i + 1) * k);
      continue;
    }
    both.data.set(points.data.subarray(i * D, (i + 1) * D), m * D);
    squaredDistances(both, m, squares);
    smallest(squares, m, near, nearest, 0);
    const lengths = Float64Array.from(nearest, (j) => Math.sqrt(squares[j]!));
    const { rho, sigma } = bandwidths(lengths, near, Math.max(2, near), false);
    const weights = lengths.map((d) => membership(d, rho[0]!, sigma[0]!));
    const sum = weights.reduce((s, w) => s + w, 0);
    const moving = new Float64Array(k);
    nearest.forEach((j, at) => {
      for (let d = 0; d < k; d++) moving[d] = moving[d]! + (weights[at]! / sum) * fixed[j * k + d]!;
    });
    const pulls = pullsOf({ n: m, rows: nearest.slice(), columns: new Int32Array(near), weights }, epochs);
    const random = new Random(seed);
    for (let epoch = 0; epoch < epochs; epoch++) pull(pulls, epoch, 1 - epoch / epochs, moving, fixed, k, m, random);
    out.data.set(moving, i * k);
  }
  return out;
}
