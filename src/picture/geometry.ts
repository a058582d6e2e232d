/**
 * What the page draws of the runs' hidden states: one joint picture of all runs (or
 * one for each of several seeds), and one measure per small multiple. Computed in
 * the probe worker; the latest request wins, so that drawing keeps up with decoding.
 */
import { stepLength } from "../../probes/geometry/step-length.ts";
import { turningAngle } from "../../probes/geometry/turning-angle.ts";
import { answerProbability } from "../../probes/lens/answer-probability.ts";
import { entropyProbe } from "../../probes/lens/entropy.ts";
import type { Measurement, Probe } from "../../probes/probe.ts";
import type { StepProgress } from "../../probes/projection/steps.ts";
import { readsLayers } from "../../probes/run-measure.ts";
import type { RunPicture } from "../../probes/run-picture.ts";
import { tensor, type Tensor } from "../../probes/tensor.ts";
import { nearestLayer } from "../../probes/kept-layers.ts";
import { connectProbes, type ProbeHandle } from "../../workers/connect-probes.ts";
import type { ProjectProgress } from "../../workers/probe-service.ts";
import { messageOf } from "../models/engine-host.ts";
import { type Drawn, type JointProjection, type JointStates, jointStates, lookOf, pictureOf, placedPicture, projectRequest, savedFits, savedPicture, settledPicture, unfolding } from "./joint-picture.ts";
import type { LiveRun } from "../live-run.ts";
import { probeNumber } from "../measures/run-provenance.ts";
import { originOf } from "../selection.ts";
import type { Session } from "../session.ts";
import type { MetricSeries } from "../views/measures/metric-chart.ts";
import type { PlotTrack } from "../views/picture/trajectory-plot.ts";

export type { JointProjection } from "./joint-picture.ts";

/** The small multiples. One by one: the list of all probes would bring all of their code. */
export const charted: readonly Probe[] = [entropyProbe, answerProbability, stepLength, turningAngle];

/** Rest between two drawings while steps arrive, ms. */
const drawingPause = 160;
/** Work that takes no longer than this is not told of, ms. */
const patience = 250;
/** The fitted picture's name in the probe worker. */
const kept = "shown";
/** A fit of more states is not kept: Isomap's takes 8 bytes for each pair of them. */
const mostKept = 2000;

export class Geometry extends EventTarget {
  projection: JointProjection | null = null;
  /** The same picture with further seeds. */
  others: readonly JointProjection[] = [];
  measures: ReadonlyMap<string, readonly MetricSeries[]> = new Map();
  /** A layout, or anything else that takes its time. */
  progress: { readonly label: string; readonly done: number; readonly total: number } | null = null;
  notice = "";
  /** The picture that new runs are placed in; null where each has its own. */
  held: JointProjection | null = null;

  readonly probes: ProbeHandle = connectProbes();
  private busy = false;
  private again = false;
  private shown = "";
  /** Axes of the last PCA, so that a growing picture keeps its orientation. */
  private components: Tensor | null = null;
  /** The saved picture on show, by its name; and those that were shown once without being asked for. */
  private saved: string | null = null;
  private readonly offered = new Set<string>();
  private asked = "";

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

  /** Keeps the picture as it is: runs that come are placed in it. */
  hold(): void {
    if (!this.canHold) return;
    this.held = this.projection;
    this.changed();
  }

  /** Draws each question's own picture again. */
  release(): void {
    this.held = null;
    this.shown = "";
    this.follow();
    this.changed();
  }

  /** Not while another picture is being drawn: its axes would get this one's name. */
  get canHold(): boolean {
    const { projection } = this;
    return !this.busy && projection !== null && projection.made === "now" && !projection.stopped && projection.fit !== "" && projection.states <= mostKept && this.others.length === 0;
  }

  /** The saved pictures that runs on the page came with. */
  get savedPictures(): readonly RunPicture[] {
    return [...savedFits(this.pairs()).values()];
  }

  /** Shows a saved picture, or the present runs' own. */
  showSaved(fit: string | null): void {
    this.saved = fit;
    this.shown = "";
    this.follow();
  }

  /** The pictures on show, as far as they are this run's, to be saved with it. */
  picturesOf(run: LiveRun): RunPicture[] {
    const now = [this.projection, ...this.others].flatMap((projection) => (projection ? (pictureOf(projection, run) ?? []) : []));
    const before = run.trace?.pictures ?? [];
    return [...before.filter(({ fit }) => !now.some((picture) => picture.fit === fit)), ...now];
  }

  /** Draws again where something that matters has changed. */
  private follow(): void {
    const { settings, activeRuns } = this.session;
    // While steps are still arriving, PCA keeps up; the others wait for the whole picture.
    if (settings.projection !== "pca" && this.session.running) return;
    const how = JSON.stringify([settings.projection, settings.layoutSeed, settings.seeds, settings.extent, settings.selection.layer, settings.projection === "plane" ? [settings.plane, settings.plane.length === 0 && settings.selection.mode] : null]);
    if (how !== this.asked) {
      // Another way of drawing was chosen: what is held or saved was drawn in this one.
      if (this.asked !== "") this.saved = null;
      this.held = null;
      this.asked = how;
    }
    const key = JSON.stringify([activeRuns.map((run) => [run.id, run.mode, run.thought, run.revision, run.openedFrom, run.request.question, run.request.seed]), how, this.session.load.status, this.saved]);
    if (key === this.shown) return;
    this.shown = key;
    if (this.busy) {
      this.again = true;
      if (settings.projection !== "pca" || this.progress) this.stop();
      return;
    }
    void this.draw();
  }

  private async draw(): Promise<void> {
    this.busy = true;
    this.changed();
    try {
      do {
        this.again = false;
        await this.compute();
        this.changed();
        // Decoding has the processor first; the last picture is drawn at once.
        if (this.session.running) await new Promise((resolve) => setTimeout(resolve, drawingPause));
      } while (this.again);
    } finally {
      this.busy = false;
      this.progress = null;
      this.changed();
    }
  }

  private pairs(): Drawn[] {
    return this.session.activeRuns.flatMap((run) => {
      const trace = run.snapshot();
      if (!trace) return [];
      // An altered run is drawn from the step before its branch; one that nothing came of is the unaltered one.
      const altered = run === this.session.runs.altered;
      return altered && trace.branch === null ? [] : [{ run, trace, altered, least: altered ? Math.max(0, (trace.branch ?? 0) - 1) : 0 }];
    });
  }

  private async compute(): Promise<void> {
    const { settings } = this.session;
    const pairs = this.pairs();
    this.notice = "";
    try {
      const measured = await Promise.all(charted.map(async (probe) => [probe.id, await this.measure(probe, pairs, settings.selection.layer)] as const));
      this.measures = new Map(measured);
      await this.project(pairs);
    } catch (error) {
      if (!(error instanceof Error && error.name === "AbortError")) this.notice = messageOf(error);
    }
  }

  private async measure(probe: Probe, pairs: readonly Drawn[], layer: number): Promise<MetricSeries[]> {
    const out: MetricSeries[] = [];
    for (const { run, trace, altered, least } of pairs) {
      const at = nearestLayer(trace.activations, Math.min(layer, trace.model.layers));
      const measurement: Measurement = await this.probes.measure(trace, probe.id, { layer: at, from: trace.questionStart });
      if (measurement.kind !== "series") continue;
      const origin = originOf(trace);
      const drawn = measurement.steps.flatMap((step, i) => (step >= least ? [i] : []));
      out.push({ mode: run.mode, ...lookOf(run, altered), steps: drawn.map((i) => measurement.steps[i]! - origin), values: Float32Array.from(drawn, (i) => measurement.values[i]!), origin: (step) => probeNumber(probe, trace, `${readsLayers(probe) ? `layer ${at}, ` : ""}step ${step}`) });
    }
    return out;
  }

  private async project(pairs: readonly Drawn[]): Promise<void> {
    const { settings } = this.session;
    if (pairs.length === 0) {
      [this.projection, this.others] = [null, []];
      return;
    }
    // A run that was just opened with a picture is shown in it.
    const fresh = [...savedFits(pairs).keys()].filter((fit) => !this.offered.has(fit));
    for (const fit of fresh) this.offered.add(fit);
    if (fresh.length > 0) this.saved = fresh.at(-1)!;
    const saved = this.saved === null ? null : savedPicture(pairs, this.saved);
    if (saved) {
      [this.projection, this.others] = [saved, []];
      return;
    }
    this.saved = null;
    const joint = jointStates(pairs, settings);
    if (this.held && this.held.layer === joint.layer) {
      this.projection = placedPicture(joint, settings, await this.probes.place(kept, joint.points), this.held);
      return;
    }
    this.held = null;
    if (settings.projection === "umap" && settings.seeds > 1) await this.projectSeeds(joint);
    else await this.projectOne(joint);
  }

  private async projectOne(joint: JointStates): Promise<void> {
    const { settings } = this.session;
    const earlier = settings.projection === "pca" && this.components?.shape[1] === joint.points.shape[1] ? this.components : null;
    const told = this.teller();
    const request = { ...projectRequest(joint, settings), ...(earlier ? { earlier } : {}), ...(joint.index.length <= mostKept ? { keep: kept } : {}) };
    const result = await this.probes.project(request, (progress) => told.picture(progress, () => (this.projection = unfolding(joint, settings, progress.coordinates, progress.epoch))), told.step).finally(told.end);
    this.components = result.method === "pca" ? result.components : null;
    [this.projection, this.others] = [settledPicture(joint, settings, result), []];
  }

  private async projectSeeds(joint: JointStates): Promise<void> {
    const { settings } = this.session;
    const seeds = Array.from({ length: settings.seeds }, (_, i) => settings.layoutSeed + i);
    const told = this.teller();
    let pictures: JointProjection[] = [];
    const show = (): void => void ([this.projection = null, ...this.others] = pictures);
    const results = await this.probes.projectSeeds(projectRequest(joint, settings), seeds, (seed, progress) => told.picture(progress, () => {
      pictures = [...pictures.filter((picture) => picture.seed !== seed), unfolding(joint, settings, progress.coordinates, progress.epoch, seed)].sort((a, b) => a.seed - b.seed);
      show();
    }), told.step).finally(told.end);
    this.components = null;
    pictures = results.map((result) => settledPicture(joint, settings, result));
    show();
  }

  /** Tells of progress until the end; its last messages may come after the result, on channels of their own. */
  private teller(): { picture: (progress: ProjectProgress, show: () => unknown) => void; step: (progress: StepProgress) => void; end: () => void } {
    const begun = performance.now();
    let settled = false;
    return {
      picture: ({ epoch, epochs }, show) => {
        if (settled || epochs === 0) return;
        this.progress = { label: "UMAP epochs", done: epoch, total: epochs };
        // The layout as it unfolds.
        show();
        this.changed();
      },
      step: ({ phase, done, total }) => {
        if (settled || phase === "layout" || performance.now() - begun < patience) return;
        this.progress = { label: phases[phase], done, total };
        this.changed();
      },
      end: () => {
        settled = true;
        this.progress = null;
      },
    };
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

const phases: Readonly<Record<StepProgress["phase"], string>> = {
  distances: "distances between states",
  measures: "measures",
  layers: "layers beside one another",
  components: "principal components",
  graph: "graph of neighbours",
  geodesics: "ways along the cloud",
  layout: "UMAP epochs",
  trust: "how far the picture can be trusted",
};

export type { PlotTrack };
