/**
 * The state of the page and what can be done to it. Views read it and send
 * events; nothing else changes it. Fires `change` after each change, at most
 * once per animation frame.
 */
import { task as findTask } from "../probes/tasks/index.ts";
import type { Problem, Prompt, Task } from "../probes/tasks/task.ts";
import { decodeTrace, encodeTrace } from "../probes/trace-file.ts";
import { decodingModes, type DecodingMode, type Thought, type Trace } from "../probes/trace.ts";
import type { EngineHandle } from "../workers/connect.ts";
import { requestFor } from "../workers/decoding/request.ts";
import type { LoadProgress, LoadReport, ModelRequest, RunRequest } from "../workers/engine.ts";
import { nextEngine } from "./first-engine.ts";
import { LiveRun } from "./live-run.ts";
import { plainPrompts } from "./plain-prompts.ts";
import { originOf, type Selection } from "./selection.ts";
import { decodeAddress, embeddedModel, encodeAddress, fitToTask, type ModelChoice, type Settings } from "./settings.ts";

export type LoadState =
  | { readonly status: "idle" }
  | { readonly status: "loading"; readonly progress: LoadProgress | null }
  | { readonly status: "ready"; readonly report: LoadReport }
  | { readonly status: "failed"; readonly message: string };

/** The four modes, and beside the latent loop at most one control. */
export type RunKey = DecodingMode | "control";
export const runKeys: readonly RunKey[] = [...decodingModes, "control"];

/** Prompts that the reader typed in place of a task's; they stay out of the address. */
export interface CustomPrompts {
  readonly expected: string;
  readonly prompts: Readonly<Record<DecodingMode, { readonly question: string; readonly cue: string; readonly stop: string }>>;
  readonly thoughts: number;
  readonly maxThinkingTokens: number;
  readonly maxAnswerTokens: number;
}

/** Vocabularies above this size are taken to be those of a natural language. */
const languageVocabulary = 1000;

/** Least time between two drawings while steps arrive, ms: decoding has the processor first. */
const restWhileRunning = 160;

export class Session extends EventTarget {
  settings: Settings = decodeAddress(location.hash);
  load: LoadState = { status: "idle" };
  runs: Partial<Record<RunKey, LiveRun>> = {};
  custom: CustomPrompts | null = null;
  /** Dropped model files; they cannot be written into an address. */
  folder: ReadonlyMap<string, File> | null = null;
  /** True from the first request of a round of runs to its last answer. */
  running = false;
  playing = false;
  notice = "";

  private handle: EngineHandle | null = null;
  private round = 0;
  /** Another control was chosen while a round was running. */
  private controlWaits = false;
  private scheduled = false;
  private told = 0;
  private playTimer: ReturnType<typeof setInterval> | null = null;

  // ——— what is on the table ———

  get task(): Task {
    return findTask(this.settings.task);
  }

  get problem(): Problem {
    const { seed, difficulty, shots, variant } = this.settings;
    return this.task.draw(seed, { difficulty, shots, variant });
  }

  prompt(mode: DecodingMode): Prompt {
    return this.task.prompt(this.problem, mode);
  }

  /** The runs that there are, modes first, the control last. */
  get activeRuns(): LiveRun[] {
    return runKeys.flatMap((key) => this.runs[key] ?? []);
  }

  /** The run that the selection points into. */
  get selectedRun(): LiveRun | null {
    return this.runs[this.settings.selection.mode] ?? null;
  }

  get layers(): number {
    const trace = this.activeRuns.find((run) => run.trace)?.trace;
    if (trace) return trace.model.layers;
    return this.load.status === "ready" ? this.load.report.spec.layers : 0;
  }

  // ——— loading ———

  async start(): Promise<void> {
    addEventListener("hashchange", () => void this.followAddress());
    await this.loadModel();
  }

  async loadModel(): Promise<void> {
    this.round++;
    this.handle?.terminate();
    this.handle = nextEngine();
    const handle = this.handle;
    this.load = { status: "loading", progress: null };
    this.changed();
    try {
      const report = await handle.load(this.modelRequest(this.settings.model), (progress) => {
        // Progress has a channel of its own; its last message may come after the end.
        if (handle !== this.handle || this.load.status !== "loading") return;
        this.load = { status: "loading", progress };
        this.changed();
      });
      if (handle !== this.handle) return;
      this.load = { status: "ready", report };
      this.selectLayerWithin(report.spec.layers);
      this.custom ??= this.startingPrompts();
      this.changed();
      await this.runAll();
    } catch (error) {
      if (handle !== this.handle) return;
      const stopped = error instanceof Error && error.name === "AbortError";
      this.load = { status: "failed", message: stopped ? "Loading was stopped." : messageOf(error) };
      this.running = false;
      this.changed();
    }
  }

  modelRequest(model: ModelChoice): ModelRequest {
    return {
      source: model.source,
      id: model.id,
      device: model.device,
      ...(model.revision === "" ? {} : { revision: model.revision }),
      ...(model.dtype === "" ? {} : { dtype: model.dtype }),
      ...(model.source === "folder" && this.folder ? { files: this.folder } : {}),
    };
  }

  async chooseModel(model: ModelChoice, files: ReadonlyMap<string, File> | null = null): Promise<void> {
    this.folder = files;
    this.settings = { ...this.settings, model };
    this.runs = {};
    if (model.source === "embedded") this.custom = null;
    this.writeAddress();
    await this.loadModel();
  }

  async backToEmbedded(): Promise<void> {
    await this.chooseModel(embeddedModel);
  }

  // ——— running ———

  /** Answers the question in all four modes, and with the chosen control. */
  async runAll(): Promise<void> {
    if (this.load.status !== "ready" || !this.handle) return;
    const { report } = this.load;
    const round = ++this.round;
    this.stopPlaying();
    if (this.running) this.handle.stop();
    this.running = true;
    this.notice = "";
    this.runs = {};
    this.controlWaits = false;
    try {
      for (const key of runKeys) {
        const request = this.requestOf(key);
        if (request) this.runs[key] = new LiveRun(request, { model: report.spec, engine: report.record });
      }
      this.changed();
      for (const run of this.activeRuns) {
        await this.runOne(run, round);
        if (round !== this.round) return;
      }
      if (this.controlWaits) await this.runControlNow();
      this.keepSelectionInside();
    } catch (error) {
      this.notice = messageOf(error);
    } finally {
      if (round === this.round) {
        this.running = false;
        this.changed();
      }
    }
  }

  private async runOne(run: LiveRun, round: number): Promise<void> {
    const { handle } = this;
    if (!handle) return;
    run.status = "running";
    this.changed();
    try {
      const trace = await handle.run(run.request, (events) => {
        if (round !== this.round || run.status !== "running") return;
        run.append(events);
        this.changed();
      });
      if (round === this.round) run.finish(trace);
    } catch (error) {
      if (round !== this.round) return;
      run.fail(error instanceof Error ? error : new Error(String(error)));
    }
    this.changed();
  }

  /** Runs the control alone, beside what is there; while a round is running, at its end. */
  async runControl(thought: Thought): Promise<void> {
    this.settings = { ...this.settings, control: thought };
    this.writeAddress();
    if (this.running) this.controlWaits = true;
    else await this.runControlNow();
    this.changed();
  }

  private async runControlNow(): Promise<void> {
    const { round, load } = this;
    do {
      this.controlWaits = false;
      delete this.runs.control;
      const request = this.requestOf("control");
      if (!request || load.status !== "ready") return;
      const run = new LiveRun(request, { model: load.report.spec, engine: load.report.record });
      this.runs.control = run;
      this.running = true;
      await this.runOne(run, round);
      // A new round has begun: it runs the control itself.
      if (round !== this.round) return;
      this.running = false;
    } while (this.controlWaits);
  }

  stop(): void {
    this.handle?.stop();
    this.stopPlaying();
  }

  private requestOf(key: RunKey): RunRequest | null {
    const { settings } = this;
    const mode: DecodingMode = key === "control" ? "latent" : key;
    const thought: Thought = key === "control" ? settings.control : "hidden";
    if (key === "control" && thought === "hidden") return null;
    if (this.custom) return customRequest(this.custom, mode, thought, settings);
    const { task, problem } = this;
    return requestFor(task, problem, mode, {
      thought,
      noise: settings.noise,
      ...(settings.thoughts === null ? {} : { thoughts: settings.thoughts }),
      temperature: settings.temperature,
      seed: settings.seed,
      capture: true,
      shots: settings.shots,
    });
  }

  // ——— settings, selection, address ———

  /** Changes settings; a change of the question runs it again. */
  async change(part: Partial<Settings>): Promise<void> {
    const before = this.settings;
    this.settings = fitToTask({ ...before, ...part });
    this.writeAddress();
    this.changed();
    const asks: readonly (keyof Settings)[] = ["task", "difficulty", "shots", "variant", "seed", "thoughts", "noise", "temperature"];
    if (asks.some((key) => before[key] !== this.settings[key])) {
      this.custom = this.startingPrompts();
      await this.runAll();
    }
  }

  /** Plain English for a model of natural language, to which the tasks' own format means nothing; else the task's. */
  private startingPrompts(): CustomPrompts | null {
    if (this.load.status !== "ready") return null;
    const { source, vocabSize } = this.load.report.spec;
    return source !== "embedded" && vocabSize > languageVocabulary ? plainPrompts(this.settings.seed) : null;
  }

  async useCustomPrompts(custom: CustomPrompts | null): Promise<void> {
    this.custom = custom;
    await this.runAll();
  }

  select(part: Partial<Selection>): void {
    const selection = { ...this.settings.selection, ...part };
    const layer = Math.min(Math.max(selection.layer, 0), this.layers);
    this.settings = { ...this.settings, selection: { ...selection, layer } };
    this.writeAddress();
    this.changed();
  }

  /** Moves the cursor, inside what the runs hold. */
  step(by: number): void {
    const { first, last } = this.stepRange;
    const step = Math.min(last, Math.max(first, this.settings.selection.step + by));
    this.select({ step });
  }

  /** Steps that at least one run has, from the question on, relative to the end of its prompt. */
  get stepRange(): { first: number; last: number } {
    let first = 0;
    let last = 0;
    for (const run of this.activeRuns) {
      const origin = originOf(run);
      first = Math.min(first, run.questionStart() - origin);
      last = Math.max(last, run.steps.length - 1 - origin);
    }
    return { first, last };
  }

  play(): void {
    if (this.playing) return this.stopPlaying();
    this.playing = true;
    if (this.settings.selection.step >= this.stepRange.last) this.select({ step: 0 });
    this.playTimer = setInterval(() => {
      if (this.settings.selection.step >= this.stepRange.last) this.stopPlaying();
      else this.step(1);
    }, 700);
    this.changed();
  }

  stopPlaying(): void {
    if (this.playTimer !== null) clearInterval(this.playTimer);
    this.playTimer = null;
    if (this.playing) {
      this.playing = false;
      this.changed();
    }
  }

  private selectLayerWithin(layers: number): void {
    const { selection } = this.settings;
    if (selection.layer > layers) this.settings = { ...this.settings, selection: { ...selection, layer: layers } };
  }

  private keepSelectionInside(): void {
    const { first, last } = this.stepRange;
    const { selection } = this.settings;
    const step = Math.min(last, Math.max(first, selection.step));
    if (step !== selection.step) this.settings = { ...this.settings, selection: { ...selection, step } };
  }

  private writeAddress(): void {
    const address = `#${encodeAddress(this.settings)}`;
    if (address !== location.hash) history.replaceState(null, "", address);
  }

  /** Someone typed an address or went back: follow it. */
  private async followAddress(): Promise<void> {
    const next = decodeAddress(location.hash);
    const { model, selection, projection, layoutSeed, extent, control, ...rest } = next;
    const modelChanged = JSON.stringify(model) !== JSON.stringify(this.settings.model);
    const controlChanged = control !== this.settings.control;
    this.settings = { ...this.settings, selection, projection, layoutSeed, extent, control };
    if (modelChanged) {
      this.settings = next;
      await this.loadModel();
      return;
    }
    this.selectLayerWithin(this.layers);
    const { round } = this;
    await this.change(rest);
    if (controlChanged && round === this.round) await this.runControl(control);
  }

  // ——— traces as files ———

  /** The selected run as a file: name and bytes. */
  traceFile(run: LiveRun): { name: string; bytes: Uint8Array<ArrayBuffer> } | null {
    const { trace } = run;
    if (!trace) return null;
    const model = trace.model.id.split("/").at(-1) ?? "model";
    const what = trace.problem ? `${trace.problem.task}-${trace.problem.difficulty}-seed${trace.problem.seed}` : "custom";
    const how = trace.thought && trace.thought !== "hidden" ? `${trace.mode}-${trace.thought}` : trace.mode;
    return { name: `geodesic-${model}-${what}-${how}.safetensors`, bytes: encodeTrace(trace) };
  }

  /** Shows a saved trace in the column of its mode. */
  openTrace(bytes: Uint8Array, name: string): void {
    try {
      const trace = decodeTrace(bytes);
      this.round++;
      if (this.running) this.handle?.stop();
      this.running = false;
      const key: RunKey = trace.mode === "latent" && trace.thought !== "hidden" && trace.thought !== null ? "control" : trace.mode;
      this.followProblem(trace);
      this.runs = { ...this.runs, [key]: LiveRun.opened(trace, name) };
      this.select({ mode: trace.mode });
      this.notice = "";
    } catch (error) {
      this.notice = messageOf(error);
    }
    this.changed();
  }

  /** An opened trace brings its question along; runs of another question make way. */
  private followProblem(trace: Trace): void {
    const { problem } = trace;
    if (!problem) {
      this.runs = {};
      return;
    }
    const { settings } = this;
    const same = problem.task === settings.task && problem.seed === settings.seed && problem.difficulty === settings.difficulty && problem.variant === settings.variant;
    if (same) return;
    this.runs = {};
    this.custom = null;
    this.settings = fitToTask({ ...settings, task: problem.task, seed: problem.seed, difficulty: problem.difficulty, shots: problem.shots, variant: problem.variant });
    this.writeAddress();
  }

  /** Says that something changed; listeners hear it once per frame, while steps arrive six times a second. */
  changed(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    const tell = (): void => {
      this.scheduled = false;
      this.told = performance.now();
      this.dispatchEvent(new Event("change"));
    };
    const rest = this.running ? restWhileRunning - (performance.now() - this.told) : 0;
    if (rest > 0) setTimeout(tell, rest);
    else requestAnimationFrame(tell);
  }
}

function customRequest(custom: CustomPrompts, mode: DecodingMode, thought: Thought, settings: Settings): RunRequest {
  const prompt = custom.prompts[mode];
  return {
    mode,
    context: "",
    question: prompt.question,
    cue: prompt.cue,
    stop: prompt.stop === "" ? null : prompt.stop,
    maxThinkingTokens: custom.maxThinkingTokens,
    thoughts: mode === "latent" ? custom.thoughts : 0,
    thought,
    noise: thought === "noise" ? settings.noise : 0,
    other: thought === "swapped" ? { context: "", question: custom.prompts.direct.question } : null,
    maxAnswerTokens: custom.maxAnswerTokens,
    expected: custom.expected === "" ? null : custom.expected,
    temperature: settings.temperature,
    seed: settings.seed,
    problem: null,
    capture: true,
    kept: 5,
  };
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
