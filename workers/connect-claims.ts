/** The page's end of the claims worker. */
import { proxy } from "comlink";
import type { Evidence, Judgement } from "./claims/claim.ts";
import type { ClaimsWorker } from "./claims/claims.worker.ts";
import type { ClaimProgress, ClaimRecord, ClaimRequest, JudgedRecording, JudgedRun } from "./claims/service.ts";
import { AbortError } from "./engine.ts";
import { RestartingWorker } from "./restarting-worker.ts";

export interface ClaimsHandle {
  /** All claims, in the order of the essay. */
  list(): Promise<ClaimRecord[]>;
  /** Runs a claim behind those that wait; rejects with an AbortError after `stop`. */
  run(request: ClaimRequest, onProgress: (progress: ClaimProgress) => void): Promise<JudgedRun>;
  /** @param thresholds  by name; those left out are the claim's own */
  judge(id: string, evidence: Evidence, thresholds: Readonly<Record<string, number>>): Promise<Judgement>;
  /** What was recorded beforehand at full size; null where nothing was. */
  recorded(id: string): Promise<JudgedRecording | null>;
  /** Stops what runs and what waits. A run that does not hear it within a few seconds is ended with its worker. */
  stop(): void;
  /** Ends the worker; calls under way and later ones reject. */
  terminate(): void;
}

/** How long a run may take to hear `stop`, ms: a step of a training loop, or its compilation. */
const ownPatience = 4000;

export interface ConnectOptions {
  /** Starts the worker; for tests. */
  readonly create?: () => Worker;
  /** URL of the page's folder. */
  readonly base?: string;
  /** ms; how long a run may take to hear `stop`. */
  readonly patience?: number;
}

export function connectClaims({ create = startWorker, base = new URL("./", document.baseURI).href, patience = ownPatience }: ConnectOptions = {}): ClaimsHandle {
  const claims = new RestartingWorker<ClaimsWorker>("claims", create, (remote) => void remote.setBase(base).catch(() => undefined));
  /** Runs that have not ended, and whether they were told to stop. */
  const runs = new Set<{ stopped: boolean }>();
  return {
    list: () => claims.call<ClaimRecord[]>((remote) => remote.list()),
    run: async (request, onProgress) => {
      const run = { stopped: false };
      runs.add(run);
      try {
        return await claims.call<JudgedRun>((remote) => remote.run(request, proxy(onProgress)));
      } catch (error) {
        throw run.stopped ? new AbortError("claims: stopped") : error;
      } finally {
        runs.delete(run);
      }
    },
    judge: (id, evidence, thresholds) => claims.call<Judgement>((remote) => remote.judge(id, evidence, thresholds)),
    recorded: (id) => claims.call<JudgedRecording | null>((remote) => remote.recorded(id)),
    stop: () => {
      const told = [...runs];
      if (told.length === 0) return;
      for (const run of told) run.stopped = true;
      void claims.call((remote) => remote.stop()).catch(() => undefined);
      setTimeout(() => {
        if (told.some((run) => runs.has(run))) claims.abandon("the run was stopped");
      }, patience);
    },
    terminate: () => claims.terminate(),
  };
}

function startWorker(): Worker {
  return new Worker(new URL("./claims/claims.worker.ts", import.meta.url), { type: "module", name: "claims" });
}
