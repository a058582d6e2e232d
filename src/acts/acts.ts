/**
 * What the reader does to a run: the list, its undo, and the altered run beside the
 * unaltered one. The list itself is a setting (`Settings.acts`), so that a link shows
 * the same; this watches it, and asks the engine again whenever it or the run changes.
 */
import { task as findTask } from "../../probes/tasks/index.ts";
import type { DecodingMode, Trace } from "../../probes/trace.ts";
import type { EngineHandle } from "../../workers/connect.ts";
import { requestFor } from "../../workers/decoding/request.ts";
import { type Act, type ActList, decodeActs, encodeActs, sameAct, withAct } from "./act.ts";
import { messageOf } from "../models/engine-host.ts";
import { interventionsOf, type OtherRun } from "./interventions.ts";
import { LiveRun } from "../live-run.ts";
import type { Session } from "../session.ts";

export class Acts extends EventTarget {
  /** Why the list could not be carried out; "" where it could. */
  error = "";
  running = false;
  /** Lists of before, the latest last. */
  private readonly past: string[] = [];
  /** What the altered run, or the error, belongs to. */
  private answered = "";
  private round = 0;
  /** Runs on other problems, of one unaltered run. */
  private borrowed: { readonly of: LiveRun; readonly traces: Map<string, Promise<Trace>> } | null = null;

  constructor(private readonly session: Session) {
    super();
    session.addEventListener("change", () => this.follow());
    this.follow();
  }

  get list(): ActList | null {
    return decodeActs(this.session.settings.acts);
  }

  /** The run that the list is about. */
  get original(): LiveRun | null {
    const { list } = this;
    return list ? (this.session.runs[list.mode] ?? null) : null;
  }

  get altered(): LiveRun | null {
    return this.session.runs.altered ?? null;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  has(mode: DecodingMode, act: Act): boolean {
    const { list } = this;
    return list?.mode === mode && list.acts.some((other) => sameAct(other, act));
  }

  add(mode: DecodingMode, act: Act): void {
    this.become(encodeActs(withAct(this.list, mode, act)));
  }

  remove(act: Act): void {
    const { list } = this;
    if (list) this.become(encodeActs({ ...list, acts: list.acts.filter((other) => !sameAct(other, act)) }));
  }

  clear(): void {
    this.become("");
  }

  undo(): void {
    const before = this.past.pop();
    if (before !== undefined) void this.session.change({ acts: before });
  }

  /** Stops what is being run, which leaves the list without its answer. */
  stop(): void {
    if (this.running) this.session.stop();
  }

  private become(acts: string): void {
    const before = this.session.settings.acts;
    if (acts === before) return;
    this.past.push(before);
    void this.session.change({ acts });
  }

  private follow(): void {
    const { session, list, original } = this;
    if (!list) {
      const unreadable = session.settings.acts !== "";
      this.end(unreadable ? `acts: expected a list such as "latent replace.1.argmax", got "${session.settings.acts}"; undo or clear it` : "");
      return;
    }
    // The questions themselves come first.
    if (session.running || !original?.trace || !session.engine) return;
    const key = `${original.id} ${session.settings.acts}`;
    if (key === this.answered) return;
    this.answered = key;
    void this.run(list, original, original.trace, session.engine);
  }

  private async run(list: ActList, original: LiveRun, own: Trace, engine: EngineHandle): Promise<void> {
    const { session } = this;
    const round = ++this.round;
    this.running = true;
    this.error = "";
    this.changed();
    // Held-out problems that are counted on the same engine make way, and so does what was altered before.
    engine.stop();
    try {
      if (original.openedFrom !== null) throw new Error(`acts: expected a run of this page, got one from ${original.openedFrom}; run the question again`);
      const interventions = await interventionsOf(list.acts, { own, traceOf: (source) => this.traceOf(source, original, engine) });
      const run = new LiveRun({ ...original.request, interventions }, own);
      const trace = await engine.run(run.request, () => undefined);
      if (round !== this.round) return;
      run.finish(trace);
      session.runs.altered = run;
      this.running = false;
      this.changed();
    } catch (error) {
      if (round !== this.round) return;
      // The question was asked anew, and its answer will be followed.
      const overtaken = session.runs[list.mode] !== original;
      this.end(overtaken ? "" : error instanceof Error && error.name === "AbortError" ? "stopped" : messageOf(error), overtaken ? "" : this.answered);
    }
  }

  /** Without an altered run. */
  private end(error: string, answered = ""): void {
    const { runs } = this.session;
    const had = runs.altered !== undefined || this.running || this.error !== error;
    this.round++;
    this.running = false;
    this.error = error;
    this.answered = answered;
    delete runs.altered;
    if (had) this.changed();
  }

  private traceOf(source: OtherRun, original: LiveRun, engine: EngineHandle): Promise<Trace> {
    if (source.kind === "mode") {
      const trace = this.session.runs[source.mode]?.trace;
      return trace ? Promise.resolve(trace) : Promise.reject(new Error(`act: expected a finished run of mode ${source.mode}, got none; run the question again`));
    }
    if (this.borrowed?.of !== original) this.borrowed = { of: original, traces: new Map() };
    const { traces } = this.borrowed;
    const key = String(source.seed);
    const known = traces.get(key) ?? otherProblem(original, source.seed, engine);
    traces.set(key, known);
    known.catch(() => traces.delete(key));
    return known;
  }

  /** The session's views draw the altered run too. */
  private changed(): void {
    this.dispatchEvent(new Event("change"));
    this.session.changed();
  }
}

/** The same mode on another problem of the same task, as hard. */
async function otherProblem({ request }: LiveRun, seed: number, engine: EngineHandle): Promise<Trace> {
  const { problem, mode, thought, noise, temperature } = request;
  if (!problem) throw new Error("act: expected the question of a task, got your own prompts; take the vector from another mode");
  const { task: id, difficulty, shots, variant } = problem;
  const task = findTask(id);
  const asked = requestFor(task, task.draw(seed, { difficulty, shots, variant }), mode, { shots, thought, noise, temperature, seed: request.seed, capture: true, kept: 1, ...(mode === "latent" ? { thoughts: request.thoughts } : {}) });
  return engine.run(asked, () => undefined);
}

const known = new WeakMap<Session, Acts>();

/** The one that belongs to a session; it outlives the views. */
export function actsOf(session: Session): Acts {
  const acts = known.get(session) ?? new Acts(session);
  known.set(session, acts);
  return acts;
}
