/**
 * What sets the modes apart over many problems: runs held-out problems in the
 * background, has each measured where it runs, and keeps the numbers in a probe
 * worker of its own, so that neither the question on screen nor its picture waits.
 */
import { probes as allProbes } from "../../probes/index.ts";
import type { Clouds } from "../../probes/population/clouds.ts";
import type { PopulationRow } from "../../probes/population/row.ts";
import { hasLayerMap } from "../../probes/run-measure.ts";
import { task as findTask } from "../../probes/tasks/index.ts";
import { decodingModes, type DecodingMode, type EngineRecord, type ModelSpec, type Thought, thoughtControls } from "../../probes/trace.ts";
import { connectProbes, type ProbeHandle } from "../../workers/connect-probes.ts";
import type { EngineHandle } from "../../workers/connect.ts";
import type { PopulationRequest } from "../../workers/engine.ts";
import type { PopulationPart, PopulationView, PopulationViewRequest } from "../../workers/population-views.ts";
import { BackgroundEngine } from "../models/background-engine.ts";
import { BackgroundWork } from "../models/background-work.ts";
import { messageOf } from "../models/engine-host.ts";
import { embeddedModel, type ModelChoice } from "../models/model-choice.ts";
import type { Session } from "../session.ts";
import type { Settings } from "../settings.ts";

/** One way of answering, as it was asked for. */
export interface PopulationCell {
  readonly mode: DecodingMode;
  readonly thought: Thought;
  readonly noise: number;
  readonly thoughts: number | null;
  /** A control beside the latent loop. */
  readonly control: boolean;
}

/** What the numbers in view belong to. */
export interface PopulationOf {
  readonly key: string;
  readonly cells: readonly PopulationCell[];
  readonly start: PopulationRequest["start"];
  readonly task: string;
  readonly difficulty: number;
  readonly model: ModelSpec;
  readonly engine: EngineRecord;
  readonly draws: number;
}

/** First seed of the held-out problems: beyond those that the page offers and those of the accuracy panel. */
export const firstPopulationSeed = 2_000_000;
/** The same model before training. */
const untrainedModel: ModelChoice = { ...embeddedModel, id: "geodesic/nano-untrained" };
/** Bytes of numbers, and of last states, that a population may take. */
const budget = 64e6;
/** Least time between two views while rows arrive, ms. */
const restBetweenViews = 400;

export class PopulationRunner extends BackgroundWork {
  problems = 50;
  start: PopulationRequest["start"] = "question";
  withUntrained = true;
  /** What is under way, in words. */
  phase = "";
  done = 0;
  total = 0;
  of: PopulationOf | null = null;
  view: PopulationView | null = null;
  clouds: Clouds | null = null;

  private readonly untrained = new BackgroundEngine();
  private probes: ProbeHandle | null = null;
  private asked: PopulationViewRequest | null = null;
  private viewing = false;
  private again = false;

  /** Whether the numbers in view belong to these settings. */
  isCurrent(settings: Settings): boolean {
    return this.of?.key === populationKey(settings, this.start);
  }

  async run(session: Pick<Session, "settings" | "thought" | "engine" | "report">): Promise<void> {
    const { settings } = session;
    const probes = (this.probes ??= connectProbes());
    const cells = cellsOf(settings, session.thought);
    const fresh = settings.model.source === "embedded" && this.withUntrained;
    this.view = null;
    this.clouds = null;
    this.done = 0;
    this.phase = "loading a second engine";
    this.total = this.problems * (fresh ? 2 : 1);
    this.of = null;
    await this.begin("population", session, async ({ engine, report: { spec, record } }, current) => {
      const request = requestOf(settings, cells, this.problems, this.start, spec);
      this.of = { key: populationKey(settings, this.start), cells, start: this.start, task: settings.task, difficulty: settings.difficulty, model: spec, engine: record, draws: request.draws };
      await probes.beginPopulation(request.probes, cells.length);
      await this.collect(engine, request, "model", "running held-out problems", current);
      if (!fresh || !current()) return;
      try {
        const { engine: before } = await this.untrained.with(untrainedModel);
        // Its nulls would be nulls of a null.
        if (current()) await this.collect(before, { ...request, draws: 0, keepLast: 0 }, "untrained", "the same problems before training", current);
      } finally {
        // It will hardly be asked for again soon, and holds a runtime in memory.
        if (current()) this.untrained.release();
      }
    });
    if (!this.running) await this.renew();
  }

  private async collect(engine: EngineHandle, request: PopulationRequest, part: PopulationPart, phase: string, current: () => boolean): Promise<void> {
    this.goOnWith(engine);
    this.phase = phase;
    this.changed();
    await engine.population(request, (rows: readonly PopulationRow[]) => {
      if (!current()) return;
      this.done += rows.length;
      this.changed();
      void this.probes!.addToPopulation(part, rows).then(() => this.renew(), (error: unknown) => this.fail(error));
    });
  }

  override stop(): void {
    if (!this.running) return;
    super.stop();
    this.untrained.release();
    void this.renew();
  }

  /** What is to be shown; the view follows. */
  show(request: PopulationViewRequest): void {
    const same = JSON.stringify(request) === JSON.stringify(this.asked);
    this.asked = request;
    if (!same) void this.renew();
  }

  /** The states that the answers are read from, at every layer. */
  async findClouds(): Promise<void> {
    const { of, probes } = this;
    if (!of || !probes) return;
    // The last messages come on a channel of their own, and may be behind the result.
    let settled = false;
    try {
      const found = await probes.populationClouds(Array.from({ length: of.model.layers + 1 }, (_, layer) => layer), ({ done, total }) => {
        if (settled) return;
        this.cloudProgress = { done, total };
        this.changed();
      });
      // Of other problems by now: theirs are not these.
      if (of === this.of) this.clouds = found;
    } catch (error) {
      this.fail(error);
    }
    settled = true;
    this.cloudProgress = null;
    this.changed();
  }

  cloudProgress: { readonly done: number; readonly total: number } | null = null;

  stopClouds(): void {
    this.probes?.stop();
  }

  /** The latest request wins; while rows arrive, a view now and then. */
  private async renew(): Promise<void> {
    if (this.viewing) {
      this.again = true;
      return;
    }
    this.viewing = true;
    try {
      do {
        this.again = false;
        const { asked, probes, of } = this;
        if (!asked || !probes || !of) return;
        this.view = await probes.viewPopulation(asked);
        this.changed();
        if (this.running) await new Promise((resolve) => setTimeout(resolve, restBetweenViews));
      } while (this.again);
    } catch (error) {
      this.fail(error);
    } finally {
      this.viewing = false;
    }
  }

  private fail(error: unknown): void {
    this.error = messageOf(error);
    this.changed();
  }
}

/** Changes whenever the numbers would mean something else. */
export function populationKey({ model, task, difficulty, shots, variant, thoughts, thought, control, noise }: Settings, start: PopulationRequest["start"]): string {
  return JSON.stringify([model, task, difficulty, shots, variant, thoughts, thought, control, control === "noise" ? noise : null, start]);
}

function cellsOf({ control, noise, thoughts }: Settings, thought: Thought): PopulationCell[] {
  const modes = decodingModes.map((mode): PopulationCell => ({ mode, thought: mode === "latent" ? thought : "hidden", noise: 0, thoughts: mode === "latent" ? thoughts : null, control: false }));
  const chosen = thoughtControls.find((one) => one === control);
  return chosen ? [...modes, { mode: "latent", thought: chosen, noise: chosen === "noise" ? noise : 0, thoughts, control: true }] : modes;
}

/** Draws and kept steps as the memory and the time of a large model allow. */
function requestOf(settings: Settings, cells: readonly PopulationCell[], problems: number, start: PopulationRequest["start"], { layers, hiddenSize }: ModelSpec): PopulationRequest {
  const task = findTask(settings.task);
  const perStep = allProbes.filter(hasLayerMap).length * (layers + 1) * 4 * 3;
  return {
    task: task.id,
    variant: settings.variant,
    difficulty: settings.difficulty,
    shots: settings.shots,
    cells: cells.map(({ mode, thought, noise, thoughts }) => ({ mode, thought, noise, thoughts })),
    problems,
    seed: firstPopulationSeed,
    probes: allProbes.map(({ id }) => id),
    start,
    draws: layers * hiddenSize > 8000 ? 1 : 4,
    steps: Math.max(8, Math.min(256, Math.floor(budget / (perStep * cells.length * problems)))),
    keepLast: Math.max(20, Math.floor(budget / (cells.length * (layers + 1) * hiddenSize * 4))),
  };
}
