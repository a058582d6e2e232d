/**
 * Measures and projections, off the main thread. The page reaches it through
 * `connectProbes`; tests use it as it is.
 */
import { probe } from "../probes/index.ts";
import type { Measurement, ProbeOptions } from "../probes/probe.ts";
import { alignPca, fitPca, projectPca } from "../probes/projection/pca.ts";
import { pictureTrust } from "../probes/projection/trustworthiness.ts";
import { startUmap } from "../probes/projection/umap.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { Trace } from "../probes/trace.ts";

export interface ProjectRequest {
  /** [n, D]; for several runs in one picture, `jointTrajectory(…).points`. */
  readonly points: Tensor;
  readonly method: "pca" | "umap";
  readonly seed: number;
  /** Size of a neighbourhood, for UMAP and for the trust in the picture; clipped to what n allows. Default 15. */
  readonly neighbours?: number;
  /** Dimensions of the picture. Default 2. */
  readonly k?: number;
  /** UMAP only: passes over the graph; default umap-js's own count. */
  readonly epochs?: number;
  /** PCA only: the components of the picture before, so that a live drawing keeps its signs. */
  readonly earlier?: Tensor;
}

export interface ProjectProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** The layout so far, [n, k]. */
  readonly coordinates: Tensor;
}

export interface Projection {
  readonly method: "pca" | "umap";
  /** [n, k]; NaN for points that are not finite. */
  readonly coordinates: Tensor;
  /** PCA: share of the variance on each axis; NaN where the points do not vary. UMAP: null, its axes mean nothing. */
  readonly explained: readonly number[] | null;
  /** PCA: [k, D], to pass as `earlier` next time. UMAP: null. */
  readonly components: Tensor | null;
  /** In [0, 1] over `trustNeighbours`; NaN below three points. */
  readonly trustworthiness: number;
  readonly continuity: number;
  /** Neighbours that count for the trust, after clipping to below n/2. */
  readonly trustNeighbours: number;
  /** UMAP: n_neighbors after clipping (0: too few points, drawn by PCA). PCA: as `trustNeighbours`. */
  readonly neighbours: number;
  readonly seed: number;
  /** UMAP epochs done; 0 for PCA. */
  readonly epochs: number;
  /** True where `stop` came first; the picture is the one so far. */
  readonly stopped: boolean;
}

/** The longest time without yielding and without progress, ms. */
const batchMilliseconds = 40;

export class ProbeService {
  private round = 0;

  /** Measures a trace with the probe of this id. */
  measure(trace: Trace, probeId: string, options: ProbeOptions): Measurement {
    return probe(probeId).measure(trace, options);
  }

  /** Draws points in k dimensions. UMAP reports progress and can be stopped; PCA is one step. */
  async project(request: ProjectRequest, onProgress?: (progress: ProjectProgress) => unknown): Promise<Projection> {
    checkRequest(request);
    return request.method === "pca" ? pcaProjection(request) : this.umapProjection(request, onProgress);
  }

  /** Stops every layout under way; each resolves with what it has. */
  stop(): void {
    this.round++;
  }

  private async umapProjection(request: ProjectRequest, onProgress?: (progress: ProjectProgress) => unknown): Promise<Projection> {
    const { round } = this;
    const layout = startUmap(request.points, request);
    let more = layout.epochs > 0;
    while (more && round === this.round) {
      const until = performance.now() + batchMilliseconds;
      do more = layout.advance();
      while (more && performance.now() < until);
      // Not awaited: a slow page must not hold up the layout.
      void onProgress?.({ epoch: layout.epoch, epochs: layout.epochs, coordinates: layout.coordinates() });
      // Lets `stop` and other calls in.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    return {
      ...judged(request, layout.coordinates()),
      explained: null,
      components: null,
      neighbours: layout.neighbours,
      epochs: layout.epoch,
      stopped: more,
    };
  }
}

function pcaProjection(request: ProjectRequest): Projection {
  const fit = fitPca(request.points, request.k ?? 2);
  const pca = request.earlier ? alignPca(fit, request.earlier) : fit;
  const judgement = judged(request, projectPca(pca, request.points));
  return {
    ...judgement,
    explained: [...pca.explained],
    components: pca.components,
    neighbours: judgement.trustNeighbours,
    epochs: 0,
    stopped: false,
  };
}

function judged({ points, method, seed, neighbours = 15 }: ProjectRequest, coordinates: Tensor): Pick<Projection, "method" | "coordinates" | "trustworthiness" | "continuity" | "trustNeighbours" | "seed"> {
  const { trustworthiness, continuity, neighbours: trustNeighbours } = pictureTrust(points, coordinates, neighbours);
  return { method, coordinates, trustworthiness, continuity, trustNeighbours, seed };
}

function checkRequest({ points, method, k = 2, neighbours = 15 }: ProjectRequest): void {
  if (method !== "pca" && method !== "umap") throw new RangeError(`project: expected method pca or umap, got ${String(method)}`);
  const [n = 0, hiddenSize = 0] = points.shape;
  if (points.shape.length !== 2 || n * hiddenSize !== points.data.length) {
    throw new RangeError(`project: expected points [n, D], got [${points.shape.join(", ")}] over ${points.data.length} numbers; pass jointTrajectory(…).points`);
  }
  if (!(Number.isInteger(k) && k >= 1)) throw new RangeError(`project: expected k of at least 1, got ${k}`);
  if (!(neighbours >= 1)) throw new RangeError(`project: expected at least 1 neighbour, got ${neighbours}`);
}
