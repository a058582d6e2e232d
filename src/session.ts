/**
 * The state of the page and what can be done to it. Views read it and send
 * events; nothing else changes it. Fires `change` after each change, at most
 * once per animation frame.
 */
import { defaultTask, task as findTask, tasksFor } from "../probes/tasks/index.ts";
import type { Problem, Prompt, Task } from "../probes/tasks/task.ts";
import { type DecodingMode, type Thought, type ThoughtMethod, trainedForLatent } from "../probes/trace.ts";
import { requestFor } from "../workers/decoding/request.ts";
import type { LoadReport, RunRequest } from "../workers/engine.ts";
import type { EngineHandle } from "../workers/connect.ts";
import { customRequest, type CustomPrompts } from "./custom-prompts.ts";
import { EngineHost, type LoadState, messageOf } from "./models/engine-host.ts";
import { chosenLayers, type LayerChoice } from "./layer-choice.ts";
import { isControl, LiveRun, type RunKey, runKeys } from "./live-run.ts";
import { embeddedModel, type Files, type ModelChoice, sameModel } from "./models/model-choice.ts";
import { readAddress } from "./places.ts";
import { Player } from "./player.ts";
import { originOf, type Selection } from "./selection.ts";
import { decodeAddress, encodeAddress, fitToTask, type Settings } from "./settings.ts";
import { openTraceFile, settingsFor } from "./trace-files.ts";

/** Least time between two drawings while steps arrive, ms: decoding has the processor first. */
const restWhileRunning = 160;

export class Session extends EventTarget {
  settings: Settings = decodeAddress(isOurs() ? location.hash : "");
  runs: Partial<Record<RunKey, LiveRun>> = {};
  custom: CustomPrompts | null = null;
  folder: Files | null = null;
  /** True from the first request of a round of runs to its last answer. */
  running = false;
  notice = "";
  /** What the runs on the page hold, stated before they are made; null until it is known. */
  memory: { readonly bytes: number; readonly most: number; readonly runs: number } | null = null;
  /** Which layers' states the runs keep. */
  keep: LayerChoice = "all";
  readonly player = new Player(this);

  private readonly host = new EngineHost(() => this.changed());
  private round = 0;
  /** The runs of the round before. */
  private before: Session["runs"] = {};
  /** Another control was chosen while a round was running. */
  private controlWaits = false;
  private scheduled = false;
  private told = 0;
  private started = false;

  // ——— what is on the table ———

  get load(): LoadState {
    return this.host.state;
  }

  /** What is known of the model in use; null until it was loaded. */
  get report(): LoadReport | null {
    return this.host.report;
  }

  get task(): Task {
    return findTask(this.settings.task);
  }

  /** The tasks that this model can be asked. */
  get tasks(): readonly Task[] {
    const { report, task } = this;
    const listed = tasksFor(report?.spec ?? embeddedSpec);
    // A run that was opened from a file brings its own task along.
    return listed.includes(task) ? listed : [...listed, task];
  }

  get problem(): Problem {
    const { seed, difficulty, shots, variant } = this.settings;
    return this.task.draw(seed, { difficulty, shots, variant });
  }

  prompt(mode: DecodingMode): Prompt {
    return this.task.prompt(this.problem, mode);
  }

  /** How the latent loop makes its inputs: as chosen, or as suits the model. */
  get thought(): ThoughtMethod {
    const { settings, report } = this;
    return settings.thought ?? (!report || trainedForLatent(report.spec) ? "hidden" : "rescaled");
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
    return trace?.model.layers ?? this.report?.spec.layers ?? 0;
  }

  // ——— loading ———

  /** Loads the model and asks the question; once, when the page is first looked at. */
  async start(): Promise<void> {
    if (this.started) return;
    this.started = true;
    // Another place may have been looked at first.
    if (isOurs()) this.settings = decodeAddress(location.hash);
    addEventListener("hashchange", () => void this.followAddress());
    await this.loadModel();
  }

  /** Loads the chosen model, or what is missing of it, and asks it the question. */
  async loadModel(): Promise<void> {
    this.round++;
    this.running = false;
    this.notice = "";
    const report = await this.host.load(this.settings.model, this.folder);
    if (!report) return;
    this.fitToModel(report);
    this.changed();
    await this.runAll();
  }

  async chooseModel(model: ModelChoice, files: Files | null = null): Promise<void> {
    this.folder = files;
    this.settings = { ...this.settings, model };
    this.runs = {};
    // The embedded model knows no words but its own.
    if (model.source === "embedded") this.custom = null;
    this.writeAddress();
    await this.loadModel();
  }

  async backToEmbedded(): Promise<void> {
    await this.chooseModel(embeddedModel);
  }

  /** Moves layer and task to what the model has and was made for. */
  private fitToModel({ spec }: LoadReport): void {
    const { selection } = this.settings;
    if (selection.layer > spec.layers) this.settings = { ...this.settings, selection: { ...selection, layer: spec.layers } };
    if (this.custom || tasksFor(spec).includes(this.task)) return;
    const task = defaultTask(spec);
    this.settings = fitToTask({ ...this.settings, task: task.id, difficulty: task.difficulty.initial, shots: task.shots?.initial ?? this.settings.shots, variant: null, thoughts: null });
    this.writeAddress();
  }

  /** The engine with the model in use, for work besides the runs; null while there is none. */
  get engine(): EngineHandle | null {
    return this.load.status === "ready" ? this.host.handle : null;
  }

  // ——— running ———

  /** Answers the question in all four modes, and with the chosen control. */
  async runAll(): Promise<void> {
    const { load, engine } = this;
    if (load.status !== "ready" || !engine) return;
    const { report } = load;
    const round = ++this.round;
    this.player.stop();
    // Whatever the engine is at, the question on screen comes first.
    engine.stop();
    this.running = true;
    this.notice = "";
    this.before = this.runs;
    this.runs = {};
    this.controlWaits = false;
    try {
      for (const key of runKeys) {
        const request = this.requestOf(key);
        if (request) this.runs[key] = new LiveRun(request, { model: report.spec, engine: report.record });
      }
      this.changed();
      void this.stateMemory(engine, round);
      for (const run of this.activeRuns) {
        await this.runOne(engine, run, round);
        if (round !== this.round) return;
      }
      if (this.controlWaits) await this.runControlNow(round);
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

  /** The engine answers at once, before the first run. */
  private async stateMemory(engine: EngineHandle, round: number): Promise<void> {
    const sizes = await Promise.all(this.activeRuns.map(({ request }) => engine.size(request).catch(() => null)));
    if (round !== this.round) return;
    const known = sizes.flatMap((size) => size ?? []);
    this.memory = { bytes: known.reduce((sum, { bytes }) => sum + bytes, 0), most: known.reduce((sum, { most }) => sum + most, 0), runs: known.length };
    this.changed();
  }

  /** Keeps other layers, and runs again. */
  async keepLayers(choice: LayerChoice): Promise<void> {
    this.keep = choice;
    await this.runAll();
  }

  private async runOne(engine: EngineHandle, run: LiveRun, round: number): Promise<void> {
    const { tap } = this.report!;
    if (run.mode === "latent" && !tap.latent) {
      run.fail(new Error(tap.reason ?? "this engine takes no vectors in place of tokens"));
      this.changed();
      return;
    }
    run.status = "running";
    this.changed();
    try {
      const trace = await engine.run(run.request, (events) => {
        if (round !== this.round || run.status !== "running") return;
        run.append(events);
        this.changed();
      });
      if (round === this.round) run.finish(trace);
    } catch (error) {
      if (round !== this.round) return;
      run.fail(error instanceof Error ? error : new Error(String(error)));
      if (error instanceof Error && error.name === "EngineLostError") this.engineLost(error);
    }
    this.changed();
  }

  /** Nothing more will come. Runs that began keep their steps; where none has, those of before are shown again. */
  private engineLost(error: Error): void {
    this.round++;
    this.running = false;
    this.host.lose(error);
    if (this.activeRuns.every((run) => run.steps.length === 0)) this.runs = this.before;
    for (const run of this.activeRuns) run.abandon();
  }

  /** Runs the control alone, beside what is there; while a round is running, at its end. */
  async runControl(thought: Thought): Promise<void> {
    this.settings = { ...this.settings, control: thought };
    this.writeAddress();
    if (this.running) this.controlWaits = true;
    else await this.runControlNow(this.round);
    this.changed();
  }

  private async runControlNow(round: number): Promise<void> {
    // Held-out problems that are counted on the same engine make way.
    this.engine?.stop();
    do {
      this.controlWaits = false;
      delete this.runs.control;
      const { report, engine } = this;
      const request = this.requestOf("control");
      if (!request || !engine || !report) return;
      const run = new LiveRun(request, { model: report.spec, engine: report.record });
      this.runs.control = run;
      this.running = true;
      await this.runOne(engine, run, round);
      // A new round has begun: it runs the control itself.
      if (round !== this.round) return;
      this.running = false;
    } while (this.controlWaits);
  }

  stop(): void {
    this.host.stop();
    this.player.stop();
  }

  private requestOf(key: RunKey): RunRequest | null {
    const { settings } = this;
    // An altered run is asked for where it is altered (`acts.ts`).
    if (key === "altered") return null;
    const mode: DecodingMode = key === "control" ? "latent" : key;
    const thought: Thought = key === "control" ? settings.control : this.thought;
    if (key === "control" && !isControl(thought)) return null;
    const layers = chosenLayers(this.keep, this.report?.spec.layers ?? 0);
    if (this.custom) return { ...customRequest(this.custom, mode, thought, settings), ...(layers ? { layers } : {}) };
    const { task, problem } = this;
    return requestFor(task, problem, mode, {
      thought,
      noise: settings.noise,
      ...(settings.thoughts === null ? {} : { thoughts: settings.thoughts }),
      temperature: settings.temperature,
      seed: settings.seed,
      capture: true,
      shots: settings.shots,
      ...(layers ? { layers } : {}),
    });
  }

  // ——— settings, selection, address ———

  /** Changes settings; a change of the question runs it again. */
  async change(part: Partial<Settings>): Promise<void> {
    const before = this.settings;
    // What was done to a run of one task means nothing in another.
    this.settings = fitToTask({ ...before, ...(part.task !== undefined && part.task !== before.task ? { acts: "" } : {}), ...part });
    this.writeAddress();
    this.changed();
    const asks: readonly (keyof Settings)[] = ["task", "difficulty", "shots", "variant", "seed", "thoughts"];
    const differ = (keys: readonly (keyof Settings)[]): boolean => keys.some((key) => before[key] !== this.settings[key]);
    if (differ(asks)) this.custom = null;
    if (differ([...asks, "thought", "noise", "temperature"])) await this.runAll();
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

  private keepSelectionInside(): void {
    const { first, last } = this.stepRange;
    const { selection } = this.settings;
    const step = Math.min(last, Math.max(first, selection.step));
    if (step !== selection.step) this.settings = { ...this.settings, selection: { ...selection, step } };
  }

  /** The page's own address, for links back to it. */
  get address(): string {
    return `#${encodeAddress(this.settings)}`;
  }

  private writeAddress(): void {
    if (!isOurs()) return;
    const address = this.address;
    if (address !== location.hash) history.replaceState(null, "", address);
  }

  /** Someone typed an address or went back: follow it. */
  private async followAddress(): Promise<void> {
    if (!isOurs() || location.hash === this.address) return;
    const next = decodeAddress(location.hash);
    const { model, selection, projection, layoutSeed, seeds, extent, plane, unfolded, measures, control, ...rest } = next;
    const modelChanged = !sameModel(model, this.settings.model);
    const controlChanged = control !== this.settings.control;
    this.settings = { ...this.settings, selection, projection, layoutSeed, seeds, extent, plane, unfolded, measures, control };
    if (modelChanged) {
      this.settings = next;
      await this.chooseModel(model);
      return;
    }
    if (selection.layer > this.layers) this.select({});
    const { round } = this;
    await this.change(rest);
    if (controlChanged && round === this.round) await this.runControl(control);
  }

  // ——— saved runs ———

  /** Shows a saved run in the column of its mode. */
  openTrace(bytes: Uint8Array, name: string): void {
    try {
      const { key, run, trace } = openTraceFile(bytes, name);
      this.round++;
      if (this.running) this.host.stop();
      this.running = false;
      this.showQuestionOf(settingsFor(trace, this.settings));
      this.runs = { ...this.runs, [key]: run };
      this.select({ mode: trace.mode });
      this.notice = "";
    } catch (error) {
      this.notice = messageOf(error);
    }
    this.changed();
  }

  /** Runs of another question make way. */
  private showQuestionOf(settings: Settings | null): void {
    if (settings === this.settings) return;
    this.runs = {};
    if (!settings) return;
    this.custom = null;
    this.settings = settings;
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

/** Whether the address on display is this page's own. */
function isOurs(): boolean {
  return readAddress(location.hash).place === "probe";
}

/** Before a model is loaded, the page shows the embedded model's tasks. */
const embeddedSpec = { source: "embedded", vocabSize: 0 } as const;
