/** The only place where workers with models are started. */
import * as Comlink from "comlink";
import type { PopulationRow } from "../probes/population/row.ts";
import type { Trace } from "../probes/trace.ts";
import { type AccuracyProgress, type AccuracyRequest, EngineLostError, type LoadProgress, type LoadReport, type ModelRequest, type PopulationRequest, type RunPlan, type RunRequest, type StepEvent, type SweepCell, type SweepGrid, type SweepRequest } from "./engine.ts";
import type { ExposedEngine } from "./expose.ts";

/** An engine in its worker. Callbacks are plain functions; every call rejects if the worker breaks. */
export interface EngineHandle {
  load(model: ModelRequest, onProgress: (progress: LoadProgress) => void): Promise<LoadReport>;
  run(request: RunRequest, onSteps: (events: readonly StepEvent[]) => void): Promise<Trace>;
  /** How much a run will hold, before it is made. */
  size(request: RunRequest): Promise<RunPlan>;
  accuracy(request: AccuracyRequest, onProgress: (progress: AccuracyProgress) => void): Promise<AccuracyProgress[]>;
  sweep(request: SweepRequest, grid: SweepGrid, onProgress: (cell: SweepCell) => void): Promise<SweepCell[]>;
  population(request: PopulationRequest, onRows: (rows: readonly PopulationRow[]) => void): Promise<void>;
  /** Stops what is going on; its promise rejects with an `AbortError`. */
  stop(): void;
  /** Ends the worker at once and frees its memory. */
  terminate(): void;
  /** Resolves when the worker ends, with the reason; calls under way reject with it. */
  readonly ended: Promise<EngineLostError>;
}

const workers = {
  transformers: () => new Worker(new URL("./transformers/transformers.worker.ts", import.meta.url), { type: "module" }),
  webllm: () => new Worker(new URL("./webllm/webllm.worker.ts", import.meta.url), { type: "module" }),
};

/** Starts a worker of this kind. */
export function connect(kind: keyof typeof workers): EngineHandle {
  const worker = workers[kind]();
  const remote = Comlink.wrap<ExposedEngine>(worker);
  let end: (error: EngineLostError) => void = () => undefined;
  const ended = new Promise<EngineLostError>((resolve) => (end = resolve));
  const fail = (what: string): void => {
    worker.terminate();
    end(new EngineLostError(`worker: expected the ${kind} engine to keep running, got ${what}; load the model again`));
  };
  worker.addEventListener("error", (event) => fail(event.message ? `"${event.message}"` : "an error while it started"));
  worker.addEventListener("messageerror", () => fail("a message that could not be read"));
  // A worker that the browser kills, for want of memory say, fires no event; but it lets go of its lock.
  const lock = `engine ${crypto.randomUUID()}`;
  void remote.hold(lock).then((held) => (held ? navigator.locks.request(lock, () => fail("its end by the browser, as happens when memory runs out")) : undefined)).catch(() => undefined);

  /** The call's own end, or the worker's, whichever comes first. */
  const whileItLives = <T>(call: Promise<T>): Promise<T> => Promise.race([call, ended.then((error) => Promise.reject(error))]);
  const base = new URL("./", document.baseURI).href;
  return {
    load: (model, onProgress) => whileItLives(remote.load(model, Comlink.proxy(onProgress), base)),
    run: (request, onSteps) => whileItLives(remote.run(request, Comlink.proxy(onSteps))),
    size: (request) => whileItLives(remote.size(request)),
    accuracy: (request, onProgress) => whileItLives(remote.accuracy(request, Comlink.proxy(onProgress))),
    sweep: (request, grid, onProgress) => whileItLives(remote.sweep(request, grid, Comlink.proxy(onProgress))),
    population: (request, onRows) => whileItLives(remote.population(request, Comlink.proxy(onRows))),
    stop: () => void whileItLives(remote.stop()).catch(() => undefined),
    terminate: () => fail("terminate()"),
    ended,
  };
}
