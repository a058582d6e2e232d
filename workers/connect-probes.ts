/** The page's end of the probe worker. */
import { proxy, type ProxyMarked } from "comlink";
import type { Measurement, ProbeOptions } from "../probes/probe.ts";
import type { StepProgress } from "../probes/projection/steps.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { Trace } from "../probes/trace.ts";
import type { ProbeService, ProjectProgress, Projection, ProjectRequest } from "./probe-service.ts";
import { RestartingWorker } from "./restarting-worker.ts";

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

/** @param create  starts the worker; for tests */
export function connectProbes(create: () => Worker = startWorker): ProbeHandle {
  const probes = new RestartingWorker<ProbeService>("probe", create);
  return {
    measure: (trace, probeId, options) => probes.call<Measurement>((remote) => remote.measure(trace, probeId, options)),
    project: (request, onProgress, onStep) => probes.call<Projection>((remote) => remote.project(request, handed(onProgress), handed(onStep))),
    projectSeeds: (request, seeds, onProgress, onStep) => probes.call<Projection[]>((remote) => remote.projectSeeds(request, seeds, handed(onProgress), handed(onStep))),
    place: (name, points) => probes.call<Tensor>((remote) => remote.place(name, points)),
    forget: (name) => {
      if (probes.running) void probes.call((remote) => remote.forget(name)).catch(() => undefined);
    },
    stop: () => {
      if (probes.running) void probes.call((remote) => remote.stop()).catch(() => undefined);
    },
    terminate: () => probes.terminate(),
  };
}

/** A callback that can cross to the worker. */
function handed<T extends object>(callback: T | undefined): (T & ProxyMarked) | undefined {
  return callback && proxy(callback);
}

function startWorker(): Worker {
  return new Worker(new URL("./probe.worker.ts", import.meta.url), { type: "module", name: "probes" });
}
