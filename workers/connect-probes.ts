/**
 * The page's end of the probe worker. A worker that crashes rejects the calls
 * under way (over Comlink alone they would wait for ever), and the next call
 * starts a new one.
 */
import { proxy, wrap, type ProxyMarked, type Remote } from "comlink";
import type { Measurement, ProbeOptions } from "../probes/probe.ts";
import type { StepProgress } from "../probes/projection/steps.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { Trace } from "../probes/trace.ts";
import type { ProbeService, ProjectProgress, Projection, ProjectRequest } from "./probe-service.ts";

export interface ProbeHandle {
  measure(trace: Trace, probeId: string, options: ProbeOptions): Promise<Measurement>;
  /** @param onStep  what is being computed, at least every 100 ms */
  project(request: ProjectRequest, onProgress?: (progress: ProjectProgress) => void, onStep?: (progress: StepProgress) => void): Promise<Projection>;
  /** UMAP for several seeds in turn; after `stop`, those begun. */
  projectSeeds(request: ProjectRequest, seeds: readonly number[], onProgress?: (seed: number, progress: ProjectProgress) => void, onStep?: (progress: StepProgress) => void): Promise<Projection[]>;
  /** New points in a projection that was made with `keep`. */
  place(name: string, points: Tensor): Promise<Tensor>;
  forget(name: string): void;
  /** Stops the projections under way; each resolves with what it has, `stopped` set, or rejects with an AbortError where it has no picture. */
  stop(): void;
  /** Ends the worker; calls under way and later ones reject. */
  terminate(): void;
}

interface Connection {
  readonly worker: Worker;
  readonly remote: Remote<ProbeService>;
  /** Rejects when the worker crashes or is ended; never resolves. */
  readonly crash: Promise<never>;
  readonly fail: (message: string) => void;
}

/** @param create  starts the worker; for tests */
export function connectProbes(create: () => Worker = startWorker): ProbeHandle {
  let connection: Connection | null = null;
  let ended = false;

  function connected(): Connection {
    if (ended) throw probeError("expected a running probe worker, got one that was ended; call connectProbes again");
    return (connection ??= open());
  }

  function open(): Connection {
    const worker = create();
    let reject: (error: Error) => void;
    const crash = new Promise<never>((_, r) => (reject = r));
    // Heard by the calls under way; without any it is nobody's concern.
    crash.catch(() => undefined);
    const fail = (message: string): void => {
      if (connection?.worker === worker) connection = null;
      worker.terminate();
      reject(probeError(message));
    };
    worker.addEventListener("error", (event) => fail(`the probe worker crashed: ${event.message || "it could not be loaded"}; try again, or reload the page`));
    worker.addEventListener("messageerror", () => fail("the probe worker sent what cannot be read; reload the page"));
    return { worker, remote: wrap<ProbeService>(worker), crash, fail };
  }

  async function call<T>(send: (remote: Remote<ProbeService>) => Promise<T>): Promise<T> {
    const { remote, crash } = connected();
    return Promise.race([send(remote), crash]);
  }

  return {
    measure: (trace, probeId, options) => call<Measurement>((remote) => remote.measure(trace, probeId, options)),
    project: (request, onProgress, onStep) => call<Projection>((remote) => remote.project(request, handed(onProgress), handed(onStep))),
    projectSeeds: (request, seeds, onProgress, onStep) => call<Projection[]>((remote) => remote.projectSeeds(request, seeds, handed(onProgress), handed(onStep))),
    place: (name, points) => call<Tensor>((remote) => remote.place(name, points)),
    forget: (name) => {
      if (connection) void call((remote) => remote.forget(name)).catch(() => undefined);
    },
    stop: () => {
      if (connection) void call((remote) => remote.stop()).catch(() => undefined);
    },
    terminate: () => {
      ended = true;
      connection?.fail("the probe worker was ended; call connectProbes again");
    },
  };
}

/** A callback that can cross to the worker. */
function handed<T extends object>(callback: T | undefined): (T & ProxyMarked) | undefined {
  return callback && proxy(callback);
}

function startWorker(): Worker {
  return new Worker(new URL("./probe.worker.ts", import.meta.url), { type: "module", name: "probes" });
}

function probeError(message: string): Error {
  const error = new Error(message);
  error.name = "ProbeError";
  return error;
}
