/** The page's end of the lab's worker. */
import { proxy } from "comlink";
import type { LabService, Look, LookRequest, Studied, StudyProgress } from "./lab/lab-service.ts";
import type { LessonRequest } from "./lab/lesson.ts";
import type { Count, LessonResult } from "./lab/results.ts";
import { RestartingWorker } from "./restarting-worker.ts";
import type { Weights } from "./toys/weights.ts";

/** As `LabService`; after a crash the model in training is gone, and has to be begun again. */
export interface LabHandle {
  /** Starts the worker, so that it is there when it is needed. */
  warm(): void;
  begin(request: LessonRequest, weights?: Weights): Promise<number>;
  study(until: number, onProgress: (progress: StudyProgress) => void): Promise<Studied>;
  stop(): void;
  examine(difficulty: number, problems: number): Promise<Count>;
  result(): Promise<LessonResult>;
  weights(): Promise<Weights>;
  look(request: LookRequest): Promise<Look>;
  terminate(): void;
}

/** @param create  starts the worker; for tests */
export function connectLab(create: () => Worker = startWorker): LabHandle {
  const lab = new RestartingWorker<LabService>("lab", create);
  return {
    warm: () => void lab.call((remote) => remote.ready()).catch(() => undefined),
    begin: (request, weights) => lab.call<number>((remote) => remote.begin(request, weights)),
    study: (until, onProgress) => lab.call<Studied>((remote) => remote.study(until, proxy(onProgress))),
    stop: () => {
      if (lab.running) void lab.call((remote) => remote.stop()).catch(() => undefined);
    },
    examine: (difficulty, problems) => lab.call<Count>((remote) => remote.examine(difficulty, problems)),
    result: () => lab.call<LessonResult>((remote) => remote.result()),
    weights: () => lab.call<Weights>((remote) => remote.weights()),
    look: (request) => lab.call<Look>((remote) => remote.look(request)),
    terminate: () => lab.terminate(),
  };
}

function startWorker(): Worker {
  return new Worker(new URL("./lab/lab.worker.ts", import.meta.url), { type: "module", name: "lab" });
}
