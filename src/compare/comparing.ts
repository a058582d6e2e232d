/**
 * The state of the compare page: two ways of answering one question, what came of
 * each, and both over many problems. Fires `change` after each change.
 */
import { apart } from "../../probes/comparison/bend.ts";
import { jointTrajectory } from "../../probes/joint.ts";
import { nearestLayer } from "../../probes/kept-layers.ts";
import { task as findTask, tasksFor } from "../../probes/tasks/index.ts";
import type { Problem, Task } from "../../probes/tasks/task.ts";
import { type Thought, type Trace, trainedForLatent } from "../../probes/trace.ts";
import { type ProbeHandle, connectProbes } from "../../workers/connect-probes.ts";
import { requestFor } from "../../workers/decoding/request.ts";
import type { LoadProgress, LoadReport, RunRequest } from "../../workers/engine.ts";
import type { Projection, RunsCompared } from "../../workers/probe-service.ts";
import { BackgroundEngine, type LoadedEngine } from "../models/background-engine.ts";
import { CompareCount, type CountedSide } from "./compare-count.ts";
import { type CompareSettings, decodeComparison, encodeComparison, initialComparison, isEmbedded, type SideChoice, sideLabels, type SideName, sideNames } from "./compare-settings.ts";
import { messageOf } from "../models/engine-host.ts";
import { tracksOf } from "../picture/joint-tracks.ts";
import { LiveRun } from "../live-run.ts";
import { type Files, sameModel } from "../models/model-choice.ts";
import { originOf, type Selection } from "../selection.ts";
import { fitToTask, type Settings } from "../settings.ts";
import { openTraceFile, settingsFor } from "../trace-files.ts";
import type { JudgedPicture } from "../views/picture/picture-quality.ts";
import type { PlotTrack } from "../views/picture/trajectory-plot.ts";

/** One side of the page. */
export interface Side {
  readonly loading: LoadProgress | null;
  readonly busy: boolean;
  readonly report: LoadReport | null;
  readonly run: LiveRun | null;
  readonly error: string;
}

/** A picture of one run or of both. */
export interface ComparePicture extends JudgedPicture {
  readonly tracks: readonly PlotTrack[];
}

const nothing: Side = { loading: null, busy: false, report: null, run: null, error: "" };
/** Before a model is loaded, the page shows the embedded model's tasks. */
const embeddedSpec = { source: "embedded", vocabSize: 0 } as const;

export class Comparing extends EventTarget {
  settings: CompareSettings = initialComparison;
  sides: Readonly<Record<SideName, Side>> = { a: nothing, b: nothing };
  /** One picture of both; two where their states have different axes. */
  pictures: readonly ComparePicture[] = [];
  pair: RunsCompared | null = null;
  /** Both over many problems. */
  readonly many = new CompareCount(() => this.changed());
  notice = "";

  private readonly engines: Readonly<Record<SideName, BackgroundEngine>> = { a: new BackgroundEngine(), b: new BackgroundEngine() };
  private readonly files: Record<SideName, Files | null> = { a: null, b: null };
  private probes: ProbeHandle | null = null;
  private round = 0;
  private drawn = "";

  get task(): Task {
    return findTask(this.settings.question.task);
  }

  get problem(): Problem {
    const { seed, difficulty, shots, variant } = this.settings.question;
    return this.task.draw(seed, { difficulty, shots, variant });
  }

  get selection(): Selection {
    return this.settings.question.selection;
  }

  get labels(): Record<SideName, string> {
    const labels = sideLabels(this.settings.sides);
    const name = (side: SideName): string => {
      const file = this.sides[side].run?.openedFrom ?? null;
      return file === null ? labels[side] : `${side.toUpperCase()}: ${file}`;
    };
    return { a: name("a"), b: name("b") };
  }

  get address(): string {
    return encodeComparison(this.settings);
  }

  /** Layers that both have. */
  get layers(): number {
    const counts = sideNames.flatMap((name) => this.sides[name].run?.trace?.model.layers ?? this.sides[name].report?.spec.layers ?? []);
    return counts.length > 0 ? Math.min(...counts) : 0;
  }

  /** First and last step of either run, from the question on, relative to the end of the prompt. */
  get stepRange(): { first: number; last: number } {
    const runs = sideNames.flatMap((name) => this.sides[name].run ?? []);
    return { first: Math.min(0, ...runs.map((run) => run.questionStart() - originOf(run))), last: Math.max(0, ...runs.map((run) => run.steps.length - 1 - originOf(run))) };
  }

  /** Whether both sides are models, and can be asked more. */
  get canCount(): boolean {
    return sideNames.every((name) => this.sides[name].run?.openedFrom === null && this.sides[name].run.trace !== null);
  }

  // ——— what is compared ———

  /** Shows what an address says; the embedded model at once over some problems too. */
  async open(query: URLSearchParams): Promise<void> {
    this.settings = decodeComparison(query);
    await this.ask(sideNames);
  }

  /** Follows an address that is not the present one. */
  async follow(query: URLSearchParams): Promise<void> {
    const next = decodeComparison(query);
    if (encodeComparison(next) !== this.address) await this.become(next);
  }

  async changeQuestion(part: Partial<Settings>): Promise<void> {
    await this.become({ ...this.settings, question: fitToTask({ ...this.settings.question, ...part }) });
  }

  async changeSide(name: SideName, part: Partial<SideChoice>, files: Files | null = null): Promise<void> {
    if (part.model) this.files[name] = files;
    this.drop(name);
    await this.become({ ...this.settings, sides: { ...this.settings.sides, [name]: { ...this.settings.sides[name], ...part } } }, [name]);
  }

  async changeSides(sides: CompareSettings["sides"]): Promise<void> {
    for (const name of sideNames) {
      this.files[name] = null;
      this.drop(name);
    }
    await this.become({ ...this.settings, sides });
  }

  select(part: Partial<Selection>): void {
    const { question } = this.settings;
    const selection = { ...question.selection, ...part };
    this.settings = { ...this.settings, question: { ...question, selection: { ...selection, layer: this.layers > 0 ? Math.min(Math.max(selection.layer, 0), this.layers) : selection.layer } } };
    this.changed();
    void this.draw();
  }

  /** A saved run takes a side, and brings its question along. */
  async openFile(name: SideName, bytes: Uint8Array, file: string): Promise<void> {
    try {
      const { run, trace } = openTraceFile(bytes, file);
      this.many.forget();
      this.put(name, { ...nothing, run });
      const other = name === "a" ? "b" : "a";
      const question = settingsFor(trace, this.settings.question);
      const asks = question !== null && question !== this.settings.question;
      if (question) this.settings = { ...this.settings, question };
      this.notice = "";
      this.changed();
      // The other side is asked the same, unless it came from a file as well.
      if (asks && this.sides[other].run?.openedFrom === null) await this.ask([other]);
      else await this.draw();
    } catch (error) {
      this.notice = messageOf(error);
      this.changed();
    }
  }

  private async become(next: CompareSettings, asked: readonly SideName[] = sideNames): Promise<void> {
    this.settings = next;
    this.changed();
    await this.ask(asked);
  }

  /** A file that stood there makes way. */
  private drop(name: SideName): void {
    this.put(name, { ...this.sides[name], run: null });
  }

  private put(name: SideName, side: Side): void {
    this.sides = { ...this.sides, [name]: side };
  }

  // ——— running ———

  private engineOf(name: SideName): BackgroundEngine {
    const { a, b } = this.settings.sides;
    // One model needs one engine only.
    return sameModel(a.model, b.model) && this.files.a === this.files.b ? this.engines.a : this.engines[name];
  }

  private async loaded(name: SideName): Promise<LoadedEngine> {
    const engine = this.engineOf(name);
    if (name === "b" && engine === this.engines.a) this.engines.b.release();
    return engine.with(this.settings.sides[name].model, this.files[name], (loading) => {
      if (!this.sides[name].busy) return;
      this.put(name, { ...this.sides[name], loading });
      this.changed();
    });
  }

  /** Answers the question on these sides, and draws both; over many problems where they cost no download. */
  private async ask(names: readonly SideName[]): Promise<void> {
    const round = ++this.round;
    this.many.forget();
    this.pair = null;
    this.notice = "";
    const asked = names.filter((name) => (this.sides[name].run?.openedFrom ?? null) === null);
    for (const name of asked) this.put(name, { ...nothing, busy: true });
    this.changed();
    const ready: { readonly name: SideName; readonly loaded: LoadedEngine }[] = [];
    const failed = (name: SideName, error: unknown): void => {
      const stopped = error instanceof Error && error.name === "AbortError";
      this.put(name, { ...this.sides[name], loading: null, busy: false, run: null, error: stopped ? "stopped" : messageOf(error) });
      this.changed();
    };
    for (const name of asked) {
      try {
        const loaded = await this.loaded(name);
        if (round !== this.round) return;
        this.put(name, { ...this.sides[name], report: loaded.report });
        ready.push({ name, loaded });
      } catch (error) {
        if (round !== this.round) return;
        failed(name, error);
      }
    }
    if (!this.fitQuestion()) {
      for (const { name } of ready) failed(name, new Error("compare: expected two models that can be asked the same, got one that reads plain English and one that reads the embedded model’s own format; choose two of a kind"));
    } else {
      for (const { name, loaded } of ready) {
        try {
          const { engine, report } = loaded;
          const run = new LiveRun(this.requestOf(name, report, this.problem), { model: report.spec, engine: report.record });
          run.status = "running";
          this.put(name, { ...nothing, busy: true, report, run });
          this.changed();
          const trace = await engine.run(run.request, () => undefined);
          if (round !== this.round) return;
          run.finish(trace);
          this.put(name, { ...nothing, report, run });
          this.changed();
        } catch (error) {
          if (round !== this.round) return;
          failed(name, error);
        }
      }
    }
    await this.draw();
    if (round === this.round && this.canCount && sideNames.every((name) => isEmbedded(this.settings.sides[name]))) await this.count();
  }

  /** The tasks that both models can be asked. */
  get tasks(): readonly Task[] {
    const specs = sideNames.flatMap((name) => this.sides[name].report?.spec ?? []);
    return (specs.length > 0 ? specs : [embeddedSpec]).map(tasksFor).reduce((both, own) => both.filter((task) => own.includes(task)));
  }

  /** Moves the question to a task that both can be asked; false where there is none. */
  private fitQuestion(): boolean {
    const { tasks, task } = this;
    const [first] = tasks;
    if (!first) return false;
    // A saved run keeps its question.
    if (tasks.includes(task) || sideNames.some((name) => this.sides[name].run?.openedFrom)) return true;
    this.settings = { ...this.settings, question: fitToTask({ ...this.settings.question, task: first.id, difficulty: first.difficulty.initial, variant: null, thoughts: null }) };
    return true;
  }

  private requestOf(name: SideName, report: LoadReport, problem: Problem): RunRequest {
    const { mode, thought } = this.settings.sides[name];
    const { shots, thoughts } = this.settings.question;
    const fed: Thought = thought ?? (trainedForLatent(report.spec) ? "hidden" : "rescaled");
    return requestFor(this.task, problem, mode, { thought: fed, noise: 0.5, thoughts, shots, seed: problem.seed, capture: true });
  }

  stop(): void {
    this.round++;
    void this.many.stop();
    for (const name of sideNames) {
      this.engines[name].stop();
      if (this.sides[name].busy) this.put(name, { ...this.sides[name], busy: false, loading: null, error: "stopped" });
    }
    this.changed();
  }

  /** Ends the workers; the page was left. */
  close(): void {
    this.round++;
    this.many.forget();
    for (const name of sideNames) this.engines[name].release();
    this.probes?.terminate();
    this.probes = null;
    this.drawn = "";
  }

  // ——— both beside one another ———

  private traces(): readonly [Trace, Trace] | null {
    const [a, b] = [this.sides.a.run?.trace, this.sides.b.run?.trace];
    return a && b ? [a, b] : null;
  }

  private get measuring(): ProbeHandle {
    return (this.probes ??= connectProbes());
  }

  /** Draws again where a run or the layer has changed. */
  private async draw(): Promise<void> {
    const traces = this.traces();
    const { layer } = this.selection;
    const key = JSON.stringify([this.sides.a.run?.id, this.sides.b.run?.id, layer]);
    if (key === this.drawn) return;
    this.drawn = key;
    if (!traces) {
      this.pictures = [];
      this.pair = null;
      this.changed();
      return;
    }
    try {
      const [a, b] = traces;
      const pair = await this.measuring.compareRuns(a, b, Math.min(layer, a.model.layers));
      const shared = apart(a, b) === null;
      const pictures = await Promise.all((shared ? [["a", "b"] as const] : [["a"] as const, ["b"] as const]).map((names) => this.picture(names, Math.min(layer, this.layers))));
      await this.many.look();
      if (key !== this.drawn) return;
      this.pair = pair;
      this.pictures = pictures;
    } catch (error) {
      if (key !== this.drawn) return;
      this.notice = messageOf(error);
    }
    this.changed();
  }

  /** Thinking begins where both have read the same: at the end of the prompt. */
  private async picture(names: readonly SideName[], layer: number): Promise<ComparePicture> {
    const { labels } = this;
    const runs = names.map((name) => {
      const { trace, mode } = this.sides[name].run!;
      return { mode, trace: trace!, control: name === "b", name: labels[name] };
    });
    // A run from a file may have kept some layers only.
    const at = nearestLayer(runs[0]!.trace.activations, layer);
    const { points, index } = jointTrajectory(runs.map(({ trace }) => trace), at, "thinking");
    const { coordinates, trustNeighbours: neighbours, ...judged }: Projection = await this.measuring.project({ points, method: "pca", seed: 0 });
    return { ...judged, tracks: tracksOf(runs, index, coordinates), neighbours, made: "now", layer: at, states: index.length, runs: names.map((name) => ({ run: this.sides[name].run! })) };
  }

  /** Answers held-out problems on both sides. */
  async count(): Promise<void> {
    if (!this.canCount) return;
    const { difficulty, shots, variant } = this.settings.question;
    const side = async (name: SideName): Promise<CountedSide> => {
      const { engine, report } = await this.loaded(name);
      return { run: async (problem) => engine.run(this.requestOf(name, report, problem), () => undefined), stop: () => engine.stop() };
    };
    await this.many.run(this.measuring, () => this.selection.layer, (seed) => this.task.draw(seed, { difficulty, shots, variant }), async () => [await side("a"), await side("b")]);
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
