/**
 * The claims, run one at a time, off the main thread. The page reaches it
 * through `connectClaims`; tests and tools use it as it is.
 */
import { releaseProxy, type ProxyMethods } from "comlink";
import { Pulse } from "../decoding/stopping.ts";
import { AbortError, type Decoder } from "../engine.ts";
import { type Claim, type ClaimContext, type EmbeddedChoice, type Evidence, type Judgement, thresholdsOf } from "./claim.ts";
import { checkEvidence, type ClaimRun, type RecordedRun, verdicts } from "./evidence.ts";

/** A claim without its functions: what can cross to the page. */
export type ClaimRecord = Omit<Claim, "run" | "judge">;

export interface ClaimRequest {
  readonly id: string;
  /** Left out: the claim's own. */
  readonly seeds?: readonly number[];
  /** Left out: `live`. */
  readonly size?: ClaimContext["size"];
  /** Left out: false. */
  readonly sabotaged?: boolean;
}

export interface ClaimProgress {
  /** 0 … 1 */
  readonly done: number;
  readonly what: string;
  /** Of this run; from how it goes once a twentieth is done, before that from the time that the claim itself names. Null where neither is known. */
  readonly secondsLeft: number | null;
}

/** A run, and what the claim's own rule says of it. */
export interface JudgedRun {
  readonly run: ClaimRun;
  readonly judgement: Judgement;
}

/** A run that was recorded beforehand, judged now. */
export interface JudgedRecording {
  readonly run: RecordedRun;
  readonly judgement: Judgement;
  /** The verdict of each seed alone; empty where it was not recorded so. */
  readonly bySeed: readonly { readonly seed: number; readonly judgement: Judgement }[];
}

export interface ClaimsServiceOptions {
  readonly claims: readonly Claim[];
  /** Loads an embedded model; each is asked for once. */
  readonly loadModel: (choice: EmbeddedChoice) => Promise<Decoder>;
  /** ms; for tests. */
  readonly now?: () => number;
}

/** At most this long between two reports, ms. */
const reportEvery = 80;

export class ClaimsService {
  private queue: Promise<unknown> = Promise.resolve();
  /** What stop() ends: the run at work and those that wait behind it. */
  private readonly jobs = new Set<AbortController>();
  private readonly models = new Map<string, Promise<Decoder>>();

  constructor(private readonly options: ClaimsServiceOptions) {}

  /** All claims, in the order of the essay. */
  list(): ClaimRecord[] {
    // Functions cannot be posted.
    return this.options.claims.map(({ run: _run, judge: _judge, ...record }) => record);
  }

  /**
   * Runs a claim when its turn comes.
   *
   * @throws RangeError where there is no such claim, or it gives evidence that is not whole
   * @throws AbortError after `stop`
   */
  run(request: ClaimRequest, onProgress: (progress: ClaimProgress) => unknown = () => undefined): Promise<JudgedRun> {
    return this.enqueue(onProgress, (signal) => this.measure(request, onProgress, signal));
  }

  /** What a claim's rule says of evidence under other thresholds; those left out are the claim's own. */
  judge(id: string, evidence: Evidence, thresholds: Readonly<Record<string, number>> = {}): Judgement {
    const claim = this.find(id);
    const own = thresholdsOf(claim);
    for (const [name, value] of Object.entries(thresholds)) {
      if (!(name in own)) throw new RangeError(`claim ${id}: expected thresholds among ${Object.keys(own).join(", ")}, got ${name}`);
      if (!Number.isFinite(value)) throw new RangeError(`claim ${id}: expected a number as ${name}, got ${value}`);
    }
    const judgement = claim.judge(evidence, { ...own, ...thresholds });
    if (!verdicts.includes(judgement.verdict) || judgement.reason === "") {
      throw new RangeError(`claim ${id}: expected one of ${verdicts.join(", ")} with a reason, got ${JSON.stringify(judgement)}; correct the claim`);
    }
    return judgement;
  }

  judgeRecorded(run: RecordedRun): JudgedRecording {
    checkEvidence(`claim ${run.id}, recorded`, run.evidence);
    const bySeed = (run.bySeed ?? []).map(({ seed, evidence }) => ({ seed, judgement: this.judge(run.id, evidence) }));
    return { run, judgement: this.judge(run.id, run.evidence), bySeed };
  }

  /** Ends the run at work at its next step, and those that wait; they reject with an AbortError. */
  stop(): void {
    for (const job of this.jobs) job.abort();
  }

  private async measure({ id, seeds, size = "live", sabotaged = false }: ClaimRequest, onProgress: (progress: ClaimProgress) => unknown, signal: AbortSignal): Promise<JudgedRun> {
    const claim = this.find(id);
    const drawn = seeds ?? claim.seeds;
    if (drawn.length === 0 || !drawn.every((seed) => Number.isSafeInteger(seed))) {
      throw new RangeError(`claim ${id}: expected whole numbers as seeds, at least one, got ${drawn.join(", ") || "none"}; choose some such as 1, 2, 3`);
    }
    const now = this.options.now ?? (() => performance.now());
    const began = now();
    const pulse = new Pulse(signal);
    let reported = -Infinity;
    const evidence = await claim.run({
      seeds: drawn,
      size,
      sabotaged,
      progress: async (done, what) => {
        const at = now();
        if (at - reported > reportEvery || done >= 1) {
          reported = at;
          tell(onProgress, { done, what, secondsLeft: secondsLeft(claim, size, done, (at - began) / 1000) });
        }
        await pulse.beat();
      },
      embeddedModel: (choice = {}) => this.model(choice),
    });
    if (signal.aborted) throw new AbortError("claims: stopped");
    checkEvidence(`claim ${id}`, evidence);
    const judgement = this.judge(id, evidence);
    return { run: { id, seeds: drawn, size, sabotaged, evidence, date: new Date().toISOString(), milliseconds: now() - began }, judgement };
  }

  private async model(choice: EmbeddedChoice): Promise<Decoder> {
    const key = JSON.stringify([choice.engine ?? "ordinary", choice.untrained ?? false]);
    let loading = this.models.get(key);
    if (!loading) {
      loading = this.options.loadModel(choice);
      this.models.set(key, loading);
      // What failed may be tried again.
      loading.catch(() => this.models.delete(key));
    }
    const decoder = await loading;
    await decoder.rewind(0);
    return decoder;
  }

  private find(id: string): Claim {
    const { claims } = this.options;
    const found = claims.find((claim) => claim.id === id);
    if (!found) throw new RangeError(`claims: expected one of ${claims.map((claim) => claim.id).join(", ")}; got ${JSON.stringify(id)}`);
    return found;
  }

  /** Runs a job when its turn comes, and lets go of the page's callback when it is done. */
  private enqueue<T>(callback: object, job: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.jobs.add(controller);
    const { signal } = controller;
    const result = this.queue.then(async () => {
      try {
        if (signal.aborted) throw new AbortError("claims: stopped");
        return await job(signal);
      } catch (error) {
        // Whatever breaks off after stop() was called broke off because of it.
        throw signal.aborted ? new AbortError("claims: stopped") : error;
      } finally {
        this.jobs.delete(controller);
        (callback as Partial<ProxyMethods>)[releaseProxy]?.();
      }
    });
    this.queue = result.catch(() => undefined);
    return result;
  }
}

/** Without waiting for the page to draw it. */
function tell(onProgress: (progress: ClaimProgress) => unknown, progress: ClaimProgress): void {
  void Promise.resolve(onProgress(progress)).catch(() => undefined);
}

function secondsLeft({ seconds }: Claim, size: ClaimContext["size"], done: number, elapsed: number): number | null {
  if (done >= 0.05) return (elapsed * Math.max(0, 1 - done)) / Math.min(1, done);
  return size === "live" ? Math.max(0, seconds - elapsed) : null;
}
