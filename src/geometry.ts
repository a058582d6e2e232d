/**
 * What the page draws of the runs' hidden states: one joint projection of all
 * runs, and one measure per small multiple. Computed in the probe worker; the
 * latest request wins, so that drawing keeps up with decoding.
 */
import { jointTrajectory } from "../probes/joint.ts";
import type { Measurement } from "../probes/probe.ts";
import { tensor, type Tensor } from "../probes/tensor.ts";
import type { Trace } from "../probes/trace.ts";
import { connectProbes, type ProbeHandle } from "../workers/connect-probes.ts";
import { messageOf } from "./engine-host.ts";
import { tracksOf } from "./joint-tracks.ts";
import type { LiveRun } from "./live-run.ts";
import { originOf } from "./selection.ts";
import type { Session } from "./session.ts";
import type { MetricSeries } from "./views/metric-chart.ts";
import type { PlotTrack } from "./views/trajectory-plot.ts";

export interface JointProjection {
  readonly tracks: readonly PlotTrack[];
  readonly method: "pca" | "umap";
  readonly layer: number;
  readonly seed: number;
  readonly explained: readonly number[] | null;
  readonly trustworthiness: number;
  readonly continuity: number;
  readonly neighbours: number;
  /** UMAP: passes over the graph that were done; 0 for PCA. */
  readonly epochs: number;
  /** The layout was stopped before it had settled. */
  readonly stopped: boolean;
}

/** The small multiples, by probe id. */
export const charted = ["entropy", "answer-probability", "step-length", "turning-angle"] as const;

/** Rest between two drawings while steps arrive, ms. */
const drawingPause = 160;

export class Geometry extends EventTarget {
  projection: JointProjection | null = null;
  measures: ReadonlyMap<string, readonly MetricSeries[]> = new Map();
  /** Epochs of a UMAP layout under way. */
  progress: { readonly done: number; readonly total: number } | null = null;
  notice = "";

  readonly probes: ProbeHandle = connectProbes();
  private busy = false;
  private again = false;
  private shown = "";
  /** Axes of the last PCA, so that a growing picture keeps its orientation. */
  private components: Tensor | null = null;

  constructor(private readonly session: Session) {
    super();
    session.addEventListener("change", () => this.follow());
  }

  /** Starts the worker, so that it is there when the first steps arrive. */
  warm(): void {
    void this.probes.project({ points: tensor([1, 1]), method: "pca", seed: 0 }).catch(() => undefined);
  }

  stop(): void {
    this.probes.stop();
  }

  /** Draws again where something that matters has changed. */
  private follow(): void {
    const { settings, activeRuns } = this.session;
    // While steps are still arriving, PCA keeps up; UMAP waits for the whole picture.
    if (settings.projection === "umap" && this.session.running) return;
    const key = JSON.stringify([activeRuns.map((run) => [run.id, run.mode, run.thought, run.revision, run.openedFrom, run.request.question, run.request.seed]), settings.projection, settings.layoutSeed, settings.extent, settings.selection.layer, this.session.load.status]);
    if (key === this.shown) return;
    this.shown = key;
    if (this.busy) {
      this.again = true;
      if (settings.projection === "umap" || this.progress) this.stop();
      return;
    }
    void this.draw();
  }

  private async draw(): Promise<void> {
    this.busy = true;
    try {
      do {
        this.again = false;
        await this.compute();
        this.dispatchEvent(new Event("change"));
        // Decoding has the processor first; the last picture is drawn at once.
        if (this.session.running) await new Promise((resolve) => setTimeout(resolve, drawingPause));
      } while (this.again);
    } finally {
      this.busy = false;
      this.progress = null;
      this.dispatchEvent(new Event("change"));
    }
  }

  private async compute(): Promise<void> {
    const { settings, activeRuns } = this.session;
    const pairs = activeRuns.flatMap((run) => {
      const trace = run.snapshot();
      if (!trace) return [];
      // An altered run is drawn from the step before its branch; one that nothing came of is the unaltered one.
      const altered = run === this.session.runs.altered;
      return altered && trace.branch === null ? [] : [{ run, trace, altered, least: altered ? Math.max(0, (trace.branch ?? 0) - 1) : 0 }];
    });
    this.notice = "";
    try {
      const measured = await Promise.all(charted.map(async (id) => [id, await this.measure(id, pairs, settings.selection.layer)] as const));
      this.measures = new Map(measured);
      this.projection = await this.project(pairs);
    } catch (error) {
      if (!(error instanceof Error && error.name === "AbortError")) this.notice = messageOf(error);
    }
  }

  private async measure(id: string, pairs: readonly Drawn[], layer: number): Promise<MetricSeries[]> {
    const out: MetricSeries[] = [];
    for (const { run, trace, altered, least } of pairs) {
      const measurement: Measurement = await this.probes.measure(trace, id, { layer: Math.min(layer, trace.model.layers), from: trace.questionStart });
      if (measurement.kind !== "series") continue;
      const origin = originOf(trace);
      const drawn = measurement.steps.flatMap((step, i) => (step >= least ? [i] : []));
      out.push({ mode: run.mode, ...lookOf(run, altered), steps: drawn.map((i) => measurement.steps[i]! - origin), values: Float32Array.from(drawn, (i) => measurement.values[i]!) });
    }
    return out;
  }

  private async project(pairs: readonly Drawn[]): Promise<JointProjection | null> {
    const { projection: method, layoutSeed, extent, selection } = this.session.settings;
    if (pairs.length === 0) return null;
    const layers = Math.min(...pairs.map(({ trace }) => trace.model.layers));
    const layer = Math.min(selection.layer, layers);
    const joint = jointTrajectory(pairs.map(({ trace }) => trace), layer, extent, pairs.map(({ least }) => least));
    const { points, index } = joint;
    const runs = pairs.map(({ run, trace, altered }) => ({ mode: run.mode, trace, ...lookOf(run, altered) }));
    const toTracks = (coordinates: Tensor): PlotTrack[] => tracksOf(runs, index, coordinates);
    const earlier = method === "pca" && this.components?.shape[1] === points.shape[1] ? this.components : null;
    let settled = false;
    const result = await this.probes.project({ points, method, seed: layoutSeed, ...(earlier ? { earlier } : {}) }, ({ epoch, epochs, coordinates }) => {
      // Progress has a channel of its own; its last message may come after the result.
      if (settled) return;
      this.progress = { done: epoch, total: epochs };
      // The layout as it unfolds; its trust is known when it has settled.
      this.projection = { tracks: toTracks(coordinates), method, layer, seed: layoutSeed, explained: null, trustworthiness: Number.NaN, continuity: Number.NaN, neighbours: 0, epochs: epoch, stopped: false };
      this.dispatchEvent(new Event("change"));
    });
    settled = true;
    this.progress = null;
    this.components = result.components;
    const { explained, trustworthiness, continuity, trustNeighbours: neighbours, epochs, stopped } = result;
    return { tracks: toTracks(result.coordinates), method, layer, seed: layoutSeed, explained, trustworthiness, continuity, neighbours, epochs, stopped };
  }
}

/** A run, and what is drawn of it. */
interface Drawn {
  readonly run: LiveRun;
  readonly trace: Trace;
  /** The reader altered it. */
  readonly altered: boolean;
  /** First step that is drawn. */
  readonly least: number;
}

function lookOf(run: LiveRun, altered: boolean): Pick<PlotTrack, "control" | "name"> {
  return altered ? { control: true, name: "altered" } : { control: run.isControl };
}
