/**
 * The part of a worker that does not depend on the engine: one thing at a time,
 * `stop()`, and results that are moved to the page, not copied.
 */
import * as Comlink from "comlink";
import type { PopulationRow } from "../probes/population/row.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { Trace } from "../probes/trace.ts";
import { accuracy } from "./decoding/accuracy.ts";
import { run } from "./decoding/run.ts";
import { runPlan } from "./decoding/run-plan.ts";
import { sweep } from "./decoding/sweep.ts";
import { AbortError, type AccuracyProgress, type AccuracyRequest, type Decoder, type Engine, EngineError, type LoadProgress, type LoadReport, type ModelRequest, type PopulationRequest, type RunPlan, type RunRequest, type StepEvent, type SweepCell, type SweepGrid, type SweepRequest } from "./engine.ts";
import { setPageBase } from "./page.ts";

/** Loads a model; each engine has its own. */
export type Load = (
  request: ModelRequest,
  onProgress: (progress: LoadProgress) => void,
  signal: AbortSignal,
) => Promise<{ decoder: Decoder; report: LoadReport }>;

/** The engine as the worker answers for it: like `Engine`, and told where the page lives. */
export interface ExposedEngine extends Omit<Engine, "load"> {
  load(model: ModelRequest, onProgress: (progress: LoadProgress) => void, base: string): Promise<LoadReport>;
  /**
   * Takes a lock of this name for as long as the worker lives, so that the page
   * sees its end however it comes about. @returns whether it is held
   */
  hold(lock: string): Promise<boolean>;
}

/** Answers the page's calls, over Comlink, with decoders that `load` makes. */
export function exposeEngine(load: Load): void {
  Comlink.expose(new WorkerEngine(load));
}

class WorkerEngine implements ExposedEngine {
  private decoder: Decoder | null = null;
  private queue: Promise<unknown> = Promise.resolve();
  /** What stop() ends: the call at work and those that wait behind it. */
  private readonly jobs = new Set<AbortController>();

  constructor(private readonly loadDecoder: Load) {}

  hold(lock: string): Promise<boolean> {
    // Absent outside secure contexts: there the page sees errors only.
    const { locks } = navigator as { locks?: LockManager };
    if (!locks) return Promise.resolve(false);
    return new Promise((held) => {
      void locks.request(lock, () => {
        held(true);
        return new Promise(() => undefined);
      });
    });
  }

  load(model: ModelRequest, onProgress: (progress: LoadProgress) => void, base: string): Promise<LoadReport> {
    setPageBase(base);
    return this.enqueue([onProgress], async (signal) => {
      const old = this.decoder;
      this.decoder = null;
      await old?.dispose();
      const { decoder, report } = await this.loadDecoder(model, onProgress, signal);
      this.decoder = decoder;
      return report;
    });
  }

  run(request: RunRequest, onSteps: (events: readonly StepEvent[]) => void): Promise<Trace> {
    return this.enqueue([onSteps], async (signal) => {
      // The events' tensors are copied before they are moved: the run goes on with its own.
      // It does not wait for the page to draw them.
      const tell = (events: readonly StepEvent[]): void => void Promise.resolve(onSteps(moved(events, true))).catch(() => undefined);
      const trace = await run(this.loaded(), request, tell, signal);
      return moved(trace, false);
    });
  }

  async size(request: RunRequest): Promise<RunPlan> {
    // It asks the tokenizer alone, so it need not wait for its turn.
    return runPlan(this.loaded(), request);
  }

  accuracy(request: AccuracyRequest, onProgress: (progress: AccuracyProgress) => void): Promise<AccuracyProgress[]> {
    return this.enqueue([onProgress], (signal) => accuracy(this.loaded(), request, onProgress, signal));
  }

  sweep(request: SweepRequest, grid: SweepGrid, onProgress: (cell: SweepCell) => void): Promise<SweepCell[]> {
    return this.enqueue([onProgress], (signal) => sweep(this.loaded(), request, grid, onProgress, signal));
  }

  population(request: PopulationRequest, onRows: (rows: readonly PopulationRow[]) => void): Promise<void> {
    return this.enqueue([onRows], async (signal) => {
      // All measures come with it: code that the first picture does without.
      const { population } = await import("./decoding/population.ts");
      return population(this.loaded(), request, onRows, signal);
    });
  }

  stop(): void {
    for (const job of this.jobs) job.abort();
  }

  async dispose(): Promise<void> {
    this.stop();
    await this.enqueue([], async () => {
      await this.decoder?.dispose();
      this.decoder = null;
    });
  }

  private loaded(): Decoder {
    if (!this.decoder) throw new EngineError("engine: expected a loaded model, got none; load one first");
    return this.decoder;
  }

  /** Runs a job when its turn comes, and lets go of the page's callbacks when it is done. */
  private enqueue<T>(callbacks: readonly object[], job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.jobs.add(controller);
    const { signal } = controller;
    const result = this.queue.then(async () => {
      try {
        if (signal.aborted) throw new AbortError("engine: stopped");
        return await job(signal);
      } catch (error) {
        // Whatever breaks off after stop() was called broke off because of it.
        throw signal.aborted ? new AbortError("engine: stopped") : error;
      } finally {
        this.jobs.delete(controller);
        for (const callback of callbacks) (callback as Partial<Comlink.ProxyMethods>)[Comlink.releaseProxy]?.();
      }
    });
    this.queue = result.catch(() => undefined);
    return result;
  }
}

/**
 * A value marked so that posting it moves its tensors. Tensors that share a
 * buffer with others, or fill only a part of one, are copied first: posting
 * would otherwise send the whole buffer, or send it twice.
 */
function moved<T extends object>(value: T, copy: boolean): T {
  const buffers = new Set<ArrayBuffer>();
  const move = (part: unknown): unknown => {
    if (isTensor(part)) {
      const { data, shape } = part;
      const own = !copy && data.byteLength === data.buffer.byteLength && !buffers.has(data.buffer);
      const sent = own ? data : data.slice();
      buffers.add(sent.buffer);
      return { shape: [...shape], data: sent };
    }
    if (Array.isArray(part)) return part.map(move);
    if (typeof part === "object" && part !== null) return Object.fromEntries(Object.entries(part).map(([key, inner]) => [key, move(inner)]));
    return part;
  };
  return Comlink.transfer(move(value) as T, [...buffers]);
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === "object" && value !== null && (value as Partial<Tensor>).data instanceof Float32Array && Array.isArray((value as Partial<Tensor>).shape);
}
