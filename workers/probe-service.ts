/**
 * Measures and projections, off the main thread. The page reaches it through
 * `connectProbes`; tests use it as it is.
 */
import { probe } from "../probes/index.ts";
import { bend, type Bend, apart } from "../probes/comparison/bend.ts";
import { Comparison, type ComparisonView } from "../probes/comparison/comparison.ts";
import { type Clouds, cloudsOf } from "../probes/population/clouds.ts";
import type { PopulationRow } from "../probes/population/row.ts";
import type { Measurement, ProbeOptions } from "../probes/probe.ts";
import { type AnswerAxis, answerAxis, type AnswerAxisOptions } from "../probes/projection/answer-axis.ts";
import { isomapSteps, placeInIsomap } from "../probes/projection/isomap.ts";
import { alignPca, pcaSteps, projectPca } from "../probes/projection/pca.ts";
import { judgePicture, type PictureJudgement } from "../probes/projection/picture-trust.ts";
import type { PairDistances } from "../probes/projection/pair-distances.ts";
import { planeThrough } from "../probes/projection/plane.ts";
import type { StepProgress, Steps } from "../probes/projection/steps.ts";
import { placeInUmap, prepareUmap, umapFrom, type UmapLayout, type UmapPreparation } from "../probes/projection/umap.ts";
import { Random } from "../probes/random.ts";
import { runMeasure, type RunMeasure } from "../probes/run-measure.ts";
import { runMeasures, type RunMeasures, type RunMeasuresOptions } from "../probes/run-measures.ts";
import { tensor, type Tensor } from "../probes/tensor.ts";
import type { Trace } from "../probes/trace.ts";
import { type PopulationPart, type PopulationView, type PopulationViewRequest, PopulationViews } from "./population-views.ts";
import { rest } from "./rest.ts";

export type ProjectionMethod = "pca" | "umap" | "isomap" | "plane" | "answer-axis";

export interface ProjectRequest {
  /** [n, D]; for several runs in one picture, `jointTrajectory(…).points`. */
  readonly points: Tensor;
  readonly method: ProjectionMethod;
  readonly seed: number;
  /** Size of a neighbourhood, for UMAP, Isomap and for the trust in the picture; clipped to what n allows. Default 15. */
  readonly neighbours?: number;
  /** Dimensions of the picture. Default 2. */
  readonly k?: number;
  /** UMAP only: passes over the graph; default `umapEpochs`. */
  readonly epochs?: number;
  /** PCA only: the components of the picture before, so that a live drawing keeps its signs. */
  readonly earlier?: Tensor;
  /** `plane` only: the rows of the three states. */
  readonly states?: readonly [number, number, number];
  /** `answer-axis` only. */
  readonly axis?: Pick<AnswerAxisOptions, "direction" | "groups" | "runs" | "shrinkage">;
  /** Keeps the fitted projection under this name, for `place`; a later one of the same name replaces it. */
  readonly keep?: string;
  /** Judges the picture over so many points at most; default as many as take a second or two, all up to 2,000 × 1,024. */
  readonly judged?: number;
}

export interface ProjectProgress {
  readonly epoch: number;
  readonly epochs: number;
  /** The layout so far, [n, k]. */
  readonly coordinates: Tensor;
}

export interface Projection {
  readonly method: ProjectionMethod;
  /** [n, k]; NaN for points that are not finite. */
  readonly coordinates: Tensor;
  /** Linear methods: share of the variance on each axis; NaN where the points do not vary. Else null: the axes mean nothing. */
  readonly explained: readonly number[] | null;
  /** Linear methods: [k, D]; PCA's to pass as `earlier` next time. Else null. */
  readonly components: Tensor | null;
  /** In [0, 1] over `trustNeighbours`; NaN below three points. */
  readonly trustworthiness: number;
  readonly continuity: number;
  /** Neighbours that count for the trust, after clipping to below n/2. */
  readonly trustNeighbours: number;
  /** Kruskal's stress-1 at the best scale, in [0, 1]. */
  readonly stress: number;
  /** Rank correlation of the ways along the cloud with the distances in the picture, the share of pairs that are joined, and the points it starts from. */
  readonly geodesic: number;
  readonly geodesicShare: number;
  readonly geodesicSources: number;
  /** Points that trust, continuity and stress were measured at; fewer than n where all would take too long. */
  readonly judged: number;
  /** UMAP and Isomap: neighbours after clipping (UMAP 0: too few points, drawn by PCA). Else as `trustNeighbours`. */
  readonly neighbours: number;
  readonly seed: number;
  /** UMAP epochs done; 0 for the others. */
  readonly epochs: number;
  /** True where `stop` came first; the picture is the one so far. */
  readonly stopped: boolean;
  /** What a reader of this picture must know; empty where there is nothing. */
  readonly remarks: readonly string[];
}

export interface RunsCompared {
  /** Null where the runs cannot be laid over one another; `view.apart` says why. */
  readonly bend: Bend | null;
  /** Over this one problem. */
  readonly view: ComparisonView;
}

/** The longest time without yielding and without progress, ms, but for single calls that last longer. */
const batchMilliseconds = 25;

type Place = (points: Tensor) => Tensor;

interface Drawn {
  readonly coordinates: Tensor;
  readonly explained?: readonly number[];
  readonly components?: Tensor;
  readonly neighbours?: number;
  readonly distances?: PairDistances | null;
  readonly remarks?: readonly string[];
  readonly place: Place;
}

type Told = (progress: StepProgress) => unknown;

export class ProbeService {
  private round = 0;
  private readonly kept = new Map<string, Place>();
  private populated = new PopulationViews([], 0);
  private parcel: Trace | null = null;
  private compared = new Comparison();

  /** Measures a trace with the probe of this id. */
  measure(trace: Trace, probeId: string, options: ProbeOptions): Measurement {
    return probe(probeId).measure(trace, options);
  }

  /** All measures of one run; null where `stop` came first. */
  runMeasures(trace: Trace, options: RunMeasuresOptions & { readonly seed: number }, onStep?: Told): Promise<RunMeasures | null> {
    return this.drive(runMeasures(trace, new Random(options.seed), options), this.round, onStep);
  }

  /**
   * Takes in a run whose states come in pieces (`addStates`), so that no frame of the
   * page waits for all of them to be copied; the one before is let go.
   */
  beginTrace(trace: Trace, shape: readonly number[]): void {
    this.parcel = { ...trace, activations: { ...trace.activations, residPost: tensor(shape) } };
  }

  /** Numbers of the residual stream from this place on. */
  addStates(offset: number, numbers: Float32Array): void {
    this.parcel?.activations.residPost.data.set(numbers, offset);
  }

  /** All measures of the run that came in pieces. */
  async parcelMeasures(options: RunMeasuresOptions & { readonly seed: number }, onStep?: Told): Promise<RunMeasures | null> {
    const { parcel } = this;
    if (!parcel) throw new RangeError("parcelMeasures: expected a run that was handed over, got none; begin with beginTrace");
    try {
      return await this.runMeasures(parcel, options, onStep);
    } finally {
      if (this.parcel === parcel) this.parcel = null;
    }
  }

  /** A measure at each step and layer of a run. */
  runMeasure(trace: Trace, probeId: string, from: number): RunMeasure {
    return runMeasure(probe(probeId), trace, from);
  }

  /** Two runs of one problem beside one another; measures at this layer of the first. */
  compareRuns(a: Trace, b: Trace, layer: number): RunsCompared {
    const one = new Comparison();
    one.add(a, b);
    return { bend: apart(a, b) === null ? bend(a, b) : null, view: one.view(layer) };
  }

  /** Begins a comparison over many problems; the one before is let go. */
  beginComparison(): void {
    this.compared = new Comparison();
  }

  addToComparison(a: Trace, b: Trace): void {
    this.compared.add(a, b);
  }

  viewComparison(layer: number): ComparisonView {
    return this.compared.view(layer);
  }

  /** Begins a population of problems; the one before is let go. */
  beginPopulation(probes: readonly string[], cells: number): void {
    this.populated = new PopulationViews(probes, cells);
  }

  addToPopulation(part: PopulationPart, rows: readonly PopulationRow[]): void {
    this.populated.add(part, rows);
  }

  viewPopulation(request: PopulationViewRequest): PopulationView {
    return this.populated.view(request);
  }

  /** The states that the answers are read from, over the problems, at these layers; null where `stop` came first. */
  populationClouds(layers: readonly number[], onStep?: Told): Promise<Clouds | null> {
    return this.drive(cloudsOf(this.populated.population, layers), this.round, onStep);
  }

  /**
   * Draws points in k dimensions and judges the picture.
   *
   * @param onProgress  the picture so far: UMAP's from its random start on, the others' as soon as there is one
   * @param onStep      what is being computed, at least every 100 ms
   * @throws            an AbortError where `stop` came before there was a picture
   */
  async project(request: ProjectRequest, onProgress?: (progress: ProjectProgress) => unknown, onStep?: Told): Promise<Projection> {
    checkRequest(request);
    const { round } = this;
    if (request.method !== "umap") {
      const drawn = await this.drive(stepsOf(request), round, onStep);
      if (!drawn) throw aborted();
      return this.judged(request, drawn, round, 0, false, onProgress, onStep);
    }
    const prepared = await this.drive(prepareUmap(request.points, request), round, onStep);
    const drawn = prepared && (await this.umapProjection(request, prepared, round, onProgress, onStep));
    if (!drawn) throw aborted();
    return drawn;
  }

  /**
   * UMAP for several seeds in turn, over the same neighbours: what differs is the seed's luck.
   *
   * @returns  one projection for each seed, in their order; after `stop`, those begun
   * @throws   an AbortError where `stop` came before there was a picture
   */
  async projectSeeds(request: ProjectRequest, seeds: readonly number[], onProgress?: (seed: number, progress: ProjectProgress) => unknown, onStep?: Told): Promise<Projection[]> {
    checkRequest(request);
    if (request.method !== "umap") throw new RangeError(`projectSeeds: expected method umap, got ${request.method}; only its picture depends on the seed`);
    const { round } = this;
    const prepared = await this.drive(prepareUmap(request.points, request), round, onStep);
    if (!prepared) throw aborted();
    const out: Projection[] = [];
    for (const seed of seeds) {
      const drawn = await this.umapProjection({ ...request, seed }, prepared, round, (progress) => onProgress?.(seed, progress), onStep);
      if (drawn) out.push(drawn);
      if (round !== this.round) break;
    }
    if (out.length === 0 && seeds.length > 0) throw aborted();
    return out;
  }

  /**
   * New points [n, D] in a projection that was kept, [n, k]; the picture stays as it is.
   *
   * @throws RangeError where none of this name was kept, or the dimensions differ
   */
  place(name: string, points: Tensor): Tensor {
    const place = this.kept.get(name);
    if (!place) throw new RangeError(`place: expected one of the kept projections (${[...this.kept.keys()].join(", ") || "none"}), got ${JSON.stringify(name)}; project with keep first`);
    return place(points);
  }

  /** Forgets a kept projection and frees its memory. */
  forget(name: string): void {
    this.kept.delete(name);
  }

  /** Stops every projection under way; each resolves with what it has, or rejects with an AbortError where it has no picture. */
  stop(): void {
    this.round++;
  }

  /** Null where `stop` came before there was a picture. */
  private async umapProjection(request: ProjectRequest, prepared: UmapPreparation, round: number, onProgress?: (progress: ProjectProgress) => unknown, onStep?: Told): Promise<Projection | null> {
    // umap-js takes a moment to begin: what is coming is told before it.
    const n = prepared.rows.length;
    void onStep?.({ phase: "graph", done: n, total: n });
    await rest();
    if (round !== this.round) return null;
    const layout = umapFrom(request.points, prepared, request);
    // Not awaited: a slow page must not hold up the layout.
    const tell = (): void => {
      void onProgress?.({ epoch: layout.epoch, epochs: layout.epochs, coordinates: layout.coordinates() });
      void onStep?.({ phase: "layout", done: layout.epoch, total: layout.epochs });
    };
    let more = layout.epochs > 0;
    if (more) {
      // The random start: to begin took nearly as long as one may be silent.
      tell();
      await rest();
    }
    while (more && round === this.round) {
      const until = performance.now() + batchMilliseconds;
      do more = layout.advance();
      while (more && performance.now() < until);
      tell();
      await rest();
    }
    const coordinates = layout.coordinates();
    const { points } = request;
    const place: Place = (added) => placeInUmap({ points, coordinates, neighbours: layout.neighbours }, added);
    return this.judged(request, { coordinates, neighbours: layout.neighbours, distances: prepared.distances, remarks: remarksOfUmap(layout), place }, round, layout.epoch, more, undefined, onStep);
  }

  private async judged(request: ProjectRequest, drawn: Drawn, round: number, epochs: number, stopped: boolean, onProgress?: (progress: ProjectProgress) => unknown, onStep?: Told): Promise<Projection> {
    const { points, method, seed, neighbours = 15, keep, judged: most } = request;
    const { coordinates } = drawn;
    if (keep !== undefined) this.kept.set(keep, drawn.place);
    const judging = judgePicture(points, coordinates, { neighbours, geodesics: true, distances: drawn.distances ?? null, ...(most === undefined ? {} : { most }) });
    // A picture that takes long to judge is shown before it is.
    const told: Told = (progress) => {
      void onProgress?.({ epoch: epochs, epochs, coordinates });
      void onStep?.(progress);
    };
    const judgement = await this.drive(judging, round, told);
    const j: PictureJudgement = judgement ?? unjudged(points.shape[0] ?? 0);
    return {
      method,
      coordinates,
      explained: drawn.explained ?? null,
      components: drawn.components ?? null,
      trustworthiness: j.trustworthiness,
      continuity: j.continuity,
      trustNeighbours: j.neighbours,
      stress: j.stress,
      geodesic: j.geodesic,
      geodesicShare: j.geodesicShare,
      geodesicSources: j.geodesicSources,
      judged: j.judged,
      neighbours: drawn.neighbours ?? j.neighbours,
      seed,
      epochs,
      stopped: stopped || !judgement,
      remarks: [...(drawn.remarks ?? []), ...(judgement && j.judged < j.of ? [`judged at ${j.judged} of ${j.of} points, drawn by chance`] : [])],
    };
  }

  /** Runs the steps with rests between them; null where `stop` came first. */
  private async drive<T>(steps: Steps<T>, round: number, told?: Told): Promise<T | null> {
    let until = performance.now() + batchMilliseconds;
    for (;;) {
      const next = steps.next();
      if (next.done) return next.value;
      if (performance.now() < until) continue;
      void told?.(next.value);
      await rest();
      if (round !== this.round) return null;
      until = performance.now() + batchMilliseconds;
    }
  }
}

function* stepsOf(request: ProjectRequest): Steps<Drawn> {
  const { points, k = 2, seed } = request;
  if (request.method === "isomap") {
    const fit = yield* isomapSteps(points, request);
    const remarks = fit.joined > 0 ? [`the neighbour graph fell into ${fit.joined + 1} parts and was joined by the shortest edges between them`] : [];
    return { coordinates: fit.coordinates, neighbours: fit.neighbours, remarks, place: (added) => placeInIsomap(fit, added) };
  }
  if (request.method === "plane") {
    const plane = planeThrough(points, request.states!);
    const remarks = plane.collinear ? ["the three states lie on a line: the second axis is the leading component beside it"] : [];
    return linear(plane, points, remarks);
  }
  if (request.method === "answer-axis") {
    const axis = answerAxis(points, { ...request.axis, k, seed });
    return linear(axis, points, remarksOfAxis(axis, request.axis?.runs !== undefined));
  }
  const fit = yield* pcaSteps(points, k);
  return linear(request.earlier ? alignPca(fit, request.earlier) : fit, points, []);
}

function linear(fit: { mean: Float64Array<ArrayBuffer>; components: Tensor; explained: Float64Array }, points: Tensor, remarks: readonly string[]): Drawn {
  return { coordinates: projectPca(fit, points), explained: [...fit.explained], components: fit.components, remarks, place: (added) => projectPca(fit, added) };
}

function remarksOfAxis({ heldOut, folds }: AnswerAxis, byRun: boolean): string[] {
  const value = heldOut.toFixed(2);
  if (!byRun) return Number.isNaN(heldOut) ? [] : [`the axis tells states it has not seen apart with AUROC ${value} (${folds} folds)`];
  return [Number.isNaN(heldOut) ? "whether the axis holds for states it has not seen cannot be said: no run beside the others has both kinds" : `learnt without a run, the axis tells that run’s states apart with AUROC ${value} (mean over ${folds} ${folds === 1 ? "run" : "runs"}; ½ is chance)`];
}

function remarksOfUmap(layout: UmapLayout): string[] {
  return layout.neighbours === 0 ? ["too few points for neighbourhoods: drawn by PCA"] : [];
}

function unjudged(of: number): PictureJudgement {
  return { trustworthiness: NaN, continuity: NaN, neighbours: 0, stress: NaN, geodesic: NaN, geodesicShare: NaN, geodesicSources: 0, judged: 0, of };
}

function aborted(): Error {
  const error = new Error("project: stopped before there was a picture");
  error.name = "AbortError";
  return error;
}

const methods: readonly ProjectionMethod[] = ["pca", "umap", "isomap", "plane", "answer-axis"];

function checkRequest({ points, method, k = 2, neighbours = 15, states, axis }: ProjectRequest): void {
  if (!methods.includes(method)) throw new RangeError(`project: expected method ${methods.join(", ")}; got ${String(method)}`);
  const [n = 0, hiddenSize = 0] = points.shape;
  if (points.shape.length !== 2 || n * hiddenSize !== points.data.length) {
    throw new RangeError(`project: expected points [n, D], got [${points.shape.join(", ")}] over ${points.data.length} numbers; pass jointTrajectory(…).points`);
  }
  if (!(Number.isInteger(k) && k >= 1)) throw new RangeError(`project: expected k of at least 1, got ${k}`);
  if (!(neighbours >= 1)) throw new RangeError(`project: expected at least 1 neighbour, got ${neighbours}`);
  if (method === "plane" && (states?.length !== 3 || k !== 2)) throw new RangeError(`project: expected three states and k = 2 for a plane, got ${states?.length ?? 0} and ${k}`);
  if (method === "answer-axis" && !axis) throw new RangeError("project: expected axis (a direction or groups), got none");
}
