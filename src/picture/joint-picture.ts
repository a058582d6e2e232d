/**
 * One picture of all runs on the page: what is asked of the probe worker for it, and
 * what comes back as tracks to draw, with all that says how far it can be trusted.
 */
import { jointTrajectory, type JointTrajectory } from "../../probes/joint.ts";
import { nearestLayer } from "../../probes/kept-layers.ts";
import { fitName, type PictureMethod, type RunPicture } from "../../probes/run-picture.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { decodingModes, type Trace } from "../../probes/trace.ts";
import type { Projection, ProjectRequest } from "../../workers/probe-service.ts";
import { type TrackRun, trackOf, tracksOf } from "./joint-tracks.ts";
import type { LiveRun } from "../live-run.ts";
import { originOf } from "../selection.ts";
import type { Extent, PlanePoint, Settings } from "../settings.ts";
import type { PlotTrack } from "../views/picture/trajectory-plot.ts";

/** A run, and what is drawn of it. */
export interface Drawn {
  readonly run: LiveRun;
  readonly trace: Trace;
  /** The reader altered it. */
  readonly altered: boolean;
  /** First step that is drawn. */
  readonly least: number;
}

/** How far a picture can be trusted. */
export interface PictureQuality {
  /** Shares of the variance; null where axes mean nothing. */
  readonly explained: readonly number[] | null;
  readonly trustworthiness: number;
  readonly continuity: number;
  readonly neighbours: number;
  readonly stress: number;
  /** Rank correlation of ways along the cloud with distances in the picture. */
  readonly geodesic: number;
  readonly remarks: readonly string[];
}

export interface JointProjection extends PictureQuality {
  readonly tracks: readonly PlotTrack[];
  readonly method: PictureMethod;
  readonly layer: number;
  readonly seed: number;
  readonly start: Extent;
  /** States that the picture was made of. */
  readonly states: number;
  /** UMAP: passes over the graph that were done; 0 for the others. */
  readonly epochs: number;
  /** It was stopped before it had settled. */
  readonly stopped: boolean;
  /** `placed`: these runs were put into a picture that was made of others. `saved`: drawn from a file, as it was. */
  readonly made: "now" | "placed" | "saved";
  /** The same for all runs of one picture. */
  readonly fit: string;
  /** Of each track, the run and the first step drawn. */
  readonly runs: readonly { readonly run: LiveRun; readonly first: number }[];
}

/** The states of all runs in one layer, and what each row is. */
export interface JointStates extends JointTrajectory {
  readonly layer: number;
  readonly pairs: readonly Drawn[];
}

/** @throws RangeError where the runs have no common layer or hidden size */
export function jointStates(pairs: readonly Drawn[], { selection, extent }: Pick<Settings, "selection" | "extent">): JointStates {
  const layers = Math.min(...pairs.map(({ trace }) => trace.model.layers));
  const layer = nearestLayer(pairs[0]!.trace.activations, Math.min(selection.layer, layers));
  return { ...jointTrajectory(pairs.map(({ trace }) => trace), layer, extent, pairs.map(({ least }) => least)), layer, pairs };
}

/** What the probe worker is asked for. */
export function projectRequest(joint: JointStates, settings: Settings): ProjectRequest {
  const { points } = joint;
  const { projection: method, layoutSeed: seed } = settings;
  const request = { points, method, seed };
  if (method === "plane") return { ...request, states: planeRows(joint, settings) };
  if (method === "answer-axis") return { ...request, axis: { groups: answerGroups(joint), runs: axisRuns(joint) } };
  return request;
}

/** 1 where the right answer has at least even odds as the next token, 0 where it has less; null where it is not known. */
export function answerGroups({ index, pairs }: Pick<JointStates, "index" | "pairs">): (0 | 1 | null)[] {
  return index.map(({ trace, step }) => {
    const logprob = pairs[trace]!.trace.steps[step]!.answerLogprob;
    return logprob === null ? null : Math.exp(logprob) >= 0.5 ? 1 : 0;
  });
}

/** What is left out together to see whether the axis holds: all runs of a mode, since a control or an altered run may repeat the states of the run that it stands beside. */
function axisRuns({ index }: Pick<JointStates, "index">): number[] {
  return index.map(({ mode }) => decodingModes.indexOf(mode));
}

/** The rows of the three states of the plane. */
function planeRows(joint: JointStates, settings: Settings): [number, number, number] {
  const points = settings.plane.length === 3 ? settings.plane : defaultPlane(joint, settings);
  const rows = points.map(({ mode, step }) => joint.index.findIndex((point) => {
    const { run, trace, altered } = joint.pairs[point.trace]!;
    return run.mode === mode && !run.isControl && !altered && point.step - originOf(trace) === step;
  }));
  const missing = points.find((_, i) => rows[i]! < 0);
  if (rows.length !== 3 || missing) throw new RangeError(`plane: expected three states that are drawn, got ${missing ? `step ${missing.step} of ${missing.mode}` : rows.length}; choose others, or draw from an earlier step`);
  return rows as [number, number, number];
}

/** First, middle and last state of the selected mode. */
export function defaultPlane({ index, pairs }: Pick<JointStates, "index" | "pairs">, { selection }: Pick<Settings, "selection">): PlanePoint[] {
  const own = index.filter(({ trace }) => pairs[trace]!.run.mode === selection.mode && !pairs[trace]!.run.isControl && !pairs[trace]!.altered);
  const longest = own.length >= 3 ? own : index.filter(({ trace }) => trace === mostFrequent(index));
  return [longest[0], longest[longest.length >> 1], longest.at(-1)].flatMap((point) => (point ? [{ mode: pairs[point.trace]!.run.mode, step: point.step - originOf(pairs[point.trace]!.trace) }] : []));
}

function mostFrequent(index: JointStates["index"]): number {
  const counts = new Map<number, number>();
  for (const { trace } of index) counts.set(trace, (counts.get(trace) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 0;
}

/** Every state that is drawn, for a choice: modes in order, without controls. */
export function planePoints(tracks: readonly PlotTrack[]): { readonly mode: PlotTrack["mode"]; readonly step: number; readonly label: string }[] {
  return tracks.filter(({ control }) => !control).flatMap(({ mode, steps, labels }) => steps.map((step, i) => ({ mode, step, label: labels[i] ?? "" })));
}

function trackRun({ run, trace, altered }: Drawn): TrackRun {
  return { mode: run.mode, trace, ...lookOf(run, altered) };
}

function tracks({ index, pairs }: Pick<JointStates, "index" | "pairs">, coordinates: Tensor): PlotTrack[] {
  return tracksOf(pairs.map(trackRun), index, coordinates);
}

export function lookOf(run: LiveRun, altered: boolean): Pick<PlotTrack, "control" | "name"> {
  return altered ? { control: true, name: "altered" } : { control: run.isControl };
}

const unjudged = { trustworthiness: Number.NaN, continuity: Number.NaN, neighbours: 0, stress: Number.NaN, geodesic: Number.NaN, remarks: [] } as const;

/** The picture while it is being made; its trust is known when it has settled. */
export function unfolding(joint: JointStates, settings: Settings, coordinates: Tensor, epochs: number, seed = settings.layoutSeed): JointProjection {
  return { ...base(joint, settings, seed), ...unjudged, tracks: tracks(joint, coordinates), explained: null, epochs, stopped: false, made: "now", fit: "" };
}

export function settledPicture(joint: JointStates, settings: Settings, result: Projection): JointProjection {
  const { method, explained, trustworthiness, continuity, trustNeighbours: neighbours, stress, geodesic, epochs, stopped, remarks, seed, coordinates } = result;
  return {
    ...base(joint, settings, seed),
    tracks: tracks(joint, coordinates),
    explained, trustworthiness, continuity, neighbours, stress, geodesic, epochs, stopped, remarks, method, seed,
    made: "now",
    fit: fitName({ method, layer: joint.layer, seed }, coordinates),
  };
}

/** These runs, put into a picture that stays as it was. */
export function placedPicture(joint: JointStates, settings: Settings, coordinates: Tensor, held: JointProjection): JointProjection {
  return { ...held, ...base(joint, settings, held.seed), states: held.states, tracks: tracks(joint, coordinates), made: "placed", stopped: false };
}

function base({ layer, index, pairs }: JointStates, { projection: method, extent: start }: Settings, seed: number): Pick<JointProjection, "method" | "layer" | "seed" | "start" | "states" | "runs"> {
  return { method, layer, seed, start, states: index.length, runs: pairs.map(({ run }, i) => ({ run, first: index.find((point) => point.trace === i)?.step ?? 0 })) };
}

// ——— pictures that are kept with a run ———

/** The part of a picture that is one run's, to be saved with it; null where the run is not in it. */
export function pictureOf(projection: JointProjection, run: LiveRun): RunPicture | null {
  const i = projection.runs.findIndex((one) => one.run === run);
  const track = projection.tracks[i];
  const [method, made] = [projection.method, projection.made];
  if (!track || !run.trace || made === "placed" || projection.fit === "") return null;
  const { layer, seed, start, fit, states, explained, trustworthiness, continuity, neighbours, stress, geodesic, epochs, remarks } = projection;
  return { method, layer, seed, start, first: projection.runs[i]!.first, coordinates: tensor([track.steps.length, 2], Float32Array.from(track.points)), fit, states, explained, trustworthiness, continuity, neighbours, stress, geodesic, epochs, remarks };
}

/** The pictures that runs on the page were saved with, by their names. */
export function savedFits(pairs: readonly Pick<Drawn, "run" | "trace">[]): Map<string, RunPicture> {
  return new Map(pairs.flatMap(({ trace }) => (trace.pictures ?? []).map((picture) => [picture.fit, picture] as const)));
}

/** A saved picture, as far as its runs are on the page. */
export function savedPicture(pairs: readonly Drawn[], fit: string): JointProjection | null {
  const found = pairs.flatMap((pair) => {
    const picture = pair.trace.pictures?.find((one) => one.fit === fit);
    return picture ? [{ pair, picture }] : [];
  });
  const [first] = found;
  if (!first) return null;
  const { method, layer, seed, start, states, explained, trustworthiness, continuity, neighbours, stress, geodesic, epochs, remarks } = first.picture;
  return {
    method, layer, seed, start, states, explained, trustworthiness, continuity, neighbours, stress, geodesic, epochs, remarks, fit,
    stopped: false,
    made: "saved",
    tracks: found.map(({ pair, picture }) => trackOf(trackRun(pair), Array.from({ length: picture.coordinates.shape[0] ?? 0 }, (_, i) => picture.first + i), Float32Array.from(picture.coordinates.data))),
    runs: found.map(({ pair, picture }) => ({ run: pair.run, first: picture.first })),
  };
}
