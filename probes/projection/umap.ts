/**
 * UMAP: a layout that keeps neighbourhoods and gives up distances.
 *
 * By umap-js over exact neighbours, from a random start. The layout depends on
 * the seed and on the JavaScript engine (the last digits of its Math.pow grow
 * into another picture): the same seed gives the same picture in one browser
 * only. Read neighbourhoods and clusters; never distances between clusters,
 * sizes or angles; and look at more than one seed.
 *
 * Source: McInnes, Healy & Melville 2018, arXiv:1802.03426; umap-js 1.4.0.
 */
import { UMAP } from "umap-js";
import { Random } from "../random.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { finiteRows, takeRows } from "./finite-rows.ts";
import { nearestNeighbours } from "./nearest-neighbours.ts";
import { fitPca, projectPca } from "./pca.ts";

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

/**
 * Begins a layout of points [n, D]. Three points or fewer have no
 * neighbourhoods to keep and lie in a plane: they come out as PCA draws them,
 * without loss, finished, with 0 neighbours and 0 epochs.
 */
export function startUmap(points: Tensor, options: UmapOptions): UmapLayout {
  const { seed, neighbours = 15, k = 2, epochs } = options;
  const rows = finiteRows(points);
  const n = rows.length;
  const finite = takeRows(points, rows);
  if (n <= 3) {
    const drawn = projectPca(fitPca(points, k), points);
    return { neighbours: 0, epochs: 0, epoch: 0, advance: () => false, coordinates: () => drawn };
  }
  const near = Math.max(2, Math.min(Math.floor(neighbours), n - 1));
  const random = new Random(seed);
  const umap = new UMAP({ nComponents: k, nNeighbors: near, random: () => random.uniform(), ...(epochs ? { nEpochs: epochs } : {}) });
  const exact = nearestNeighbours(finite, near - 1);
  const indices: number[][] = [];
  const distances: number[][] = [];
  for (let i = 0; i < n; i++) {
    // umap-js expects each point as its own first neighbour.
    const from = i * exact.k;
    indices.push([i, ...exact.indices.subarray(from, from + exact.k)]);
    distances.push([0, ...exact.distances.subarray(from, from + exact.k)]);
  }
  umap.setPrecomputedKNN(indices, distances);
  // With the neighbours given, umap-js reads no more of the points than their number.
  const total = umap.initializeFit(indices);
  let epoch = 0;
  return {
    neighbours: near,
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
