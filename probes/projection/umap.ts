/**
 * UMAP: a layout that keeps neighbourhoods and gives up distances.
 *
 * By umap-js, its optimisation, from a random start. The neighbours are ours, since
 * they are exact, and so is the graph, which is the same number for number but
 * made in short steps (`fuzzy-graph.ts`). The layout depends on the seed and on
 * the JavaScript engine (the last digits of its Math.pow grow into another
 * picture): the same seed gives the same picture in one browser only.
 *
 * Source: McInnes, Healy & Melville 2018, arXiv:1802.03426; umap-js 1.4.0.
 *
 * Where it misleads: its global layout is the seed's luck: look at several
 * (`umapSeeds`). Read neighbourhoods and clusters; never distances between
 * clusters, sizes or angles.
 */
import { UMAP } from "umap-js";
import { Random } from "../random.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { finiteRows, takeRows } from "./finite-rows.ts";
import { fuzzyGraph, type FuzzyGraph } from "./fuzzy-graph.ts";
import { smallest, squaredDistances } from "./nearest-neighbours.ts";
import { neighboursFrom } from "./neighbour-graph.ts";
import { pairDistances, type PairDistances } from "./pair-distances.ts";
import { fitPca, projectPca } from "./pca.ts";
import { finish, type Steps } from "./steps.ts";

export interface UmapOptions {
  readonly seed: number;
  /** n_neighbors as in the paper, the point itself included; clipped to 2 … n − 1. */
  readonly neighbours?: number;
  /** Dimensions of the picture. */
  readonly k?: number;
  /** Passes over the graph; by default `umapEpochs` of the finite points. */
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

/**
 * Epochs for n points: umap-learn's 500 up to 800 points, its 200 for large data
 * from 2,000 on, and between them as many as keep n × epochs at 400,000. (umap-js's
 * own 500 up to 2,500 points would take twice the time for the same trust.)
 */
export function umapEpochs(n: number): number {
  return Math.max(200, Math.min(500, Math.floor(400_000 / n)));
}

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
  /** The finite rows. */
  readonly rows: readonly number[];
  /** n_neighbors after clipping; 0 where the points are too few. */
  readonly neighbours: number;
  /** Of the finite rows; null where there are too few of them. */
  readonly graph: FuzzyGraph | null;
  readonly distances: PairDistances | null;
}

/** `startUmap` in steps; then `advance` the layout. */
export function* umapSteps(points: Tensor, options: UmapOptions): Steps<UmapLayout> {
  return umapFrom(points, yield* prepareUmap(points, options), options);
}

/** The exact neighbours of all points, and their graph. */
export function* prepareUmap(points: Tensor, { neighbours = 15 }: Pick<UmapOptions, "neighbours">): Steps<UmapPreparation> {
  const rows = finiteRows(points);
  const n = rows.length;
  if (n <= 3) return { rows, neighbours: 0, graph: null, distances: null };
  const near = Math.max(2, Math.min(Math.floor(neighbours), n - 1));
  yield { phase: "distances", done: 0, total: n };
  const finite = takeRows(points, rows);
  yield { phase: "distances", done: 0, total: n };
  const distances = yield* pairDistances(finite);
  const nearest = yield* neighboursFrom(distances, near - 1);
  return { rows, neighbours: near, graph: yield* fuzzyGraph(nearest, n), distances };
}

/**
 * The curve 1 / (1 + a x²ᵇ) of distances in the picture, for umap-js's default spread
 * (1) and least distance (0.1). umap-js fits it anew for each layout, which takes longer than all
 * the rest of its preparation; these are the numbers that it finds, to the last digit.
 */
const curve = { a: 1.5694704762346365, b: 0.8941996053733949 } as const;

/** What of umap-js is done here in its place: the graph, the curve, and what only its search for the neighbours of new points needs. */
interface Overridden {
  fuzzySimplicialSet(): FuzzyGraph;
  makeSearchFns(): void;
  makeSearchGraph(): null;
  initializeOptimization(): void;
}

/** What of umap-js is read and set for that. */
interface Innards {
  embedding: number[][];
  assignOptimizationStateParameters(state: object): void;
  getNEpochs(): number;
}

/** The layout of one seed over a graph that is there. */
export function umapFrom(points: Tensor, { rows, neighbours, graph }: UmapPreparation, { seed, k = 2, epochs }: UmapOptions): UmapLayout {
  if (!graph) {
    const drawn = projectPca(fitPca(points, k), points);
    return { neighbours, epochs: 0, epoch: 0, advance: () => false, coordinates: () => drawn };
  }
  const random = new Random(seed);
  const umap = new UMAP({ nComponents: k, nNeighbors: neighbours, nEpochs: epochs ? epochs : umapEpochs(rows.length), random: () => random.uniform() });
  const inner = umap as unknown as Innards;
  Object.assign(umap, {
    fuzzySimplicialSet: () => graph,
    makeSearchFns: () => undefined,
    makeSearchGraph: () => null,
    initializeOptimization: () => {
      const { embedding } = inner;
      inner.assignOptimizationStateParameters({ ...curve, headEmbedding: embedding, tailEmbedding: embedding, nEpochs: inner.getNEpochs(), nVertices: graph.nCols });
    },
  } satisfies Overridden);
  // With the graph given, umap-js reads no more of points and neighbours than how many points there are.
  umap.setPrecomputedKNN([], []);
  const total = umap.initializeFit(Array.from({ length: rows.length }, () => []));
  let epoch = 0;
  return {
    neighbours,
    epochs: total,
    get epoch() {
      return epoch;
    },
    advance() {
      if (epoch < total) epoch = umap.step();
      return epoch < total;
    },
    coordinates() {
      const out = tensor([points.shape[0] ?? 0, k]);
      out.data.fill(NaN);
      const embedding = umap.getEmbedding();
      rows.forEach((r, i) => out.data.set(embedding[i]!, r * k));
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
 * Layouts of several seeds over the same neighbours, one after the other: what differs
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

/** A layout and the points it is of, in which new points can be placed. */
export interface FittedUmap {
  /** [n, D] */
  readonly points: Tensor;
  /** [n, k]; rows that are not finite in either are no neighbours. */
  readonly coordinates: Tensor;
  /** n_neighbors of the layout. */
  readonly neighbours: number;
}

/**
 * New points [n, D] in a finished layout, [n, k], which stays as it is: each lies
 * at the mean of its exact nearest fitted points, weighted by one over their
 * distance (Shepard 1968); one that equals fitted points, at their mean.
 *
 * Not umap-js's `transform`: where the neighbours were given, it looks for those of
 * a new point from random starts and may miss the near ones; and it does not end
 * where a third of the epochs is not a whole number.
 *
 * Where it misleads: a point far from all fitted ones is drawn among them all the
 * same; one between two clusters, in the empty space between them.
 *
 * @returns  NaN for rows that are not finite
 * @throws   RangeError where they have another number of dimensions
 */
export function placeInUmap({ points: known, coordinates, neighbours }: FittedUmap, points: Tensor): Tensor {
  const [n = 0, D = 0] = points.shape;
  const k = coordinates.shape[1] ?? 0;
  if (D !== known.shape[1]) throw new RangeError(`placeInUmap: expected points of ${known.shape[1]} dimensions, got ${D}`);
  const drawn = new Set(finiteRows(coordinates));
  const rows = finiteRows(known).filter((r) => drawn.has(r));
  const m = rows.length;
  const out = tensor([n, k]);
  out.data.fill(NaN);
  const near = Math.min(Math.max(1, neighbours), m);
  if (near === 0) return out;
  const both = tensor([m + 1, D]);
  both.data.set(takeRows(known, rows).data);
  const squares = new Float64Array(m + 1);
  const nearest = new Int32Array(near);
  for (const i of finiteRows(points)) {
    both.data.set(points.data.subarray(i * D, (i + 1) * D), m * D);
    squaredDistances(both, m, squares);
    smallest(squares, m, near, nearest, 0);
    const equal = squares[nearest[0]!] === 0;
    const weights = Array.from(nearest, (j) => (equal ? Number(squares[j] === 0) : 1 / Math.sqrt(squares[j]!)));
    const sum = weights.reduce((s, w) => s + w, 0);
    for (let d = 0; d < k; d++) {
      let place = 0;
      nearest.forEach((j, at) => (place += (weights[at]! / sum) * coordinates.data[rows[j]! * k + d]!));
      out.data[i * k + d] = place;
    }
  }
  return out;
}
