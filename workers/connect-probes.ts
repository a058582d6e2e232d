/** The page's end of the probe worker. */
import { proxy, type ProxyMarked, transfer } from "comlink";
import type { Measurement, ProbeOptions } from "../probes/probe.ts";
import type { ComparisonView } from "../probes/comparison/comparison.ts";
import type { Clouds } from "../probes/population/clouds.ts";
import type { PopulationRow } from "../probes/population/row.ts";
import type { StepProgress } from "../probes/projection/steps.ts";
import type { RunMeasure } from "../probes/run-measure.ts";
import type { RunMeasures, RunMeasuresOptions } from "../probes/run-measures.ts";
import { tensor, type Tensor } from "../probes/tensor.ts";
import type { Trace } from "../probes/trace.ts";
import type { PopulationPart, PopulationView, PopulationViewRequest } from "./population-views.ts";
import type { ProbeService, ProjectProgress, Projection, ProjectRequest, RunsCompared } from "./probe-service.ts";
import { RestartingWorker } from "./restarting-worker.ts";

export interface ProbeHandle {
  measure(trace: Trace, probeId: string, options: ProbeOptions): Promise<Measurement>;
  /** All measures of one run; null where `stop` came first. */
  runMeasures(trace: Trace, options: RunMeasuresOptions & { readonly seed: number }, onStep?: (progress: StepProgress) => void): Promise<RunMeasures | null>;
  /** A measure at each step and layer of a run. */
  runMeasure(trace: Trace, probeId: string, from: number): Promise<RunMeasure>;
  /** Two runs of one problem beside one another; measures at this layer of the first. */
  compareRuns(a: Trace, b: Trace, layer: number): Promise<RunsCompared>;
  /** Begins a comparison over many problems; the one before is let go. */
  beginComparison(): Promise<void>;
  addToComparison(a: Trace, b: Trace): Promise<void>;
  viewComparison(layer: number): Promise<ComparisonView>;
  /** Begins a population of problems; the one before is let go. */
  beginPopulation(probes: readonly string[], cells: number): Promise<void>;
  addToPopulation(part: PopulationPart, rows: readonly PopulationRow[]): Promise<void>;
  viewPopulation(request: PopulationViewRequest): Promise<PopulationView>;
  populationClouds(layers: readonly number[], onStep?: (progress: StepProgress) => void): Promise<Clouds | null>;
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

/** Numbers that are copied to the worker at a time, 1 MB: a run of a large model holds twenty times as many, more than a frame can wait for. */
const piece = 1 << 18;

/** @param create  starts the worker; for tests */
export function connectProbes(create: () => Worker = startWorker): ProbeHandle {
  const probes = new RestartingWorker<ProbeService>("probe", create);
  let parcels: Promise<unknown> = Promise.resolve();
  return {
    measure: (trace, probeId, options) => probes.call<Measurement>((remote) => remote.measure(trace, probeId, options)),
    runMeasures: async (trace, options, onStep) => {
      const { residPost } = trace.activations;
      if (residPost.data.length <= piece) return probes.call<RunMeasures | null>((remote) => remote.runMeasures(trace, options, handed(onStep)));
      const bare: Trace = { ...trace, activations: { ...trace.activations, residPost: tensor([0, ...residPost.shape.slice(1)]) } };
      // One after the other: the calls of another run must not come between them.
      const mine = parcels.then(async () => {
        await probes.call<void>((remote) => remote.beginTrace(bare, residPost.shape));
        for (let offset = 0; offset < residPost.data.length; offset += piece) {
          const numbers = residPost.data.slice(offset, offset + piece);
          await probes.call<void>((remote) => remote.addStates(offset, transfer(numbers, [numbers.buffer])));
        }
        return probes.call<RunMeasures | null>((remote) => remote.parcelMeasures(options, handed(onStep)));
      });
      parcels = mine.catch(() => undefined);
      return mine;
    },
    runMeasure: (trace, probeId, from) => probes.call<RunMeasure>((remote) => remote.runMeasure(trace, probeId, from)),
    compareRuns: (a, b, layer) => probes.call<RunsCompared>((remote) => remote.compareRuns(a, b, layer)),
    beginComparison: () => probes.call<void>((remote) => remote.beginComparison()),
    addToComparison: (a, b) => probes.call<void>((remote) => remote.addToComparison(a, b)),
    viewComparison: (layer) => probes.call<ComparisonView>((remote) => remote.viewComparison(layer)),
    beginPopulation: (ids, cells) => probes.call<void>((remote) => remote.beginPopulation(ids, cells)),
    addToPopulation: (part, rows) => probes.call<void>((remote) => remote.addToPopulation(part, rows)),
    viewPopulation: (request) => probes.call<PopulationView>((remote) => remote.viewPopulation(request)),
    populationClouds: (layers, onStep) => probes.call<Clouds | null>((remote) => remote.populationClouds(layers, handed(onStep))),
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
