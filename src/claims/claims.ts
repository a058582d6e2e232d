/**
 * The state of the claims: their records, the last run of each in this browser,
 * what is running, and how long it will take. Fires `change`. There is one, so that
 * runs go on while another place of the page is looked at.
 */
import type { Judgement, Verdict } from "../../workers/claims/claim.ts";
import type { ClaimRun } from "../../workers/claims/evidence.ts";
import type { ClaimProgress, ClaimRecord, ClaimRequest, JudgedRecording, JudgedRun } from "../../workers/claims/service.ts";
import { connectClaims } from "../../workers/connect-claims.ts";
import { forgetRun, keepRun, keptRuns } from "./kept-claims.ts";
import { messageOf } from "../message.ts";

/** What the service does of what is used here; `ClaimsHandle`, or a stand-in for tests. */
export type ClaimsEngine = Pick<ReturnType<typeof connectClaims>, "list" | "run" | "judge" | "recorded" | "stop">;

export interface Keeper {
  all(): Promise<ClaimRun[]>;
  keep(run: ClaimRun): Promise<void>;
  forget(id: string): Promise<void>;
}

export interface Running {
  readonly request: ClaimRequest;
  readonly progress: ClaimProgress | null;
}

export class Claims extends EventTarget {
  /** null until the worker has told them. */
  records: readonly ClaimRecord[] | null = null;
  /** The last run of each claim in this browser. */
  readonly live = new Map<string, JudgedRun>();
  /** Of this visit. */
  readonly sabotaged = new Map<string, JudgedRun>();
  /** What was recorded beforehand; null where nothing was, absent until asked. */
  readonly recorded = new Map<string, JudgedRecording | null>();
  readonly errors = new Map<string, string>();
  running: Running | null = null;
  /** Behind the one that runs, in order. */
  waiting: readonly ClaimRequest[] = [];
  /** Why there is nothing to show. */
  error = "";
  private started: Promise<void> | null = null;
  /** Seconds that runs took in this tab, over those that their claims name. */
  private readonly taken = { real: 0, named: 0 };
  private asked = 0;

  constructor(
    private readonly engine: ClaimsEngine,
    private readonly keeper: Keeper,
  ) {
    super();
  }

  /** Asks for the claims and for what this browser kept; the first call does it. */
  start(): Promise<void> {
    return (this.started ??= this.load());
  }

  private async load(): Promise<void> {
    try {
      this.records = await this.engine.list();
      this.changed();
      const ids = new Set(this.records.map(({ id }) => id));
      for (const run of await this.keeper.all()) {
        // A run of this visit is newer.
        if (!ids.has(run.id) || this.live.has(run.id)) continue;
        try {
          this.live.set(run.id, { run, judgement: await this.engine.judge(run.id, run.evidence, {}) });
        } catch {
          // The claim measures something else by now.
          await this.keeper.forget(run.id);
        }
      }
    } catch (error) {
      this.error = messageOf(error);
      this.started = null;
    }
    this.changed();
  }

  record(id: string): ClaimRecord | null {
    return this.records?.find((record) => record.id === id) ?? null;
  }

  /** The verdict of this browser's last run; null where there is none. */
  verdict(id: string): Verdict | null {
    return this.live.get(id)?.judgement.verdict ?? null;
  }

  isBusy(id: string): boolean {
    return this.running?.request.id === id || this.waiting.some((request) => request.id === id);
  }

  /** Puts claims in line; what is in line already is left where it is. */
  run(...requests: readonly ClaimRequest[]): void {
    for (const request of requests) {
      const inLine = [...(this.running ? [this.running.request] : []), ...this.waiting];
      if (inLine.some((other) => other.id === request.id && (other.sabotaged ?? false) === (request.sabotaged ?? false))) continue;
      this.waiting = [...this.waiting, request];
      this.asked++;
    }
    this.changed();
    if (!this.running) void this.work();
  }

  /** All of these, quickest first. */
  runAll(records: readonly ClaimRecord[]): void {
    this.run(...records.toSorted((a, b) => a.seconds - b.seconds).map(({ id }) => ({ id })));
  }

  stop(): void {
    this.waiting = [];
    this.engine.stop();
    this.changed();
  }

  /** Runs done of those asked for since nothing was running, and the seconds that the rest will take. */
  get queue(): { readonly done: number; readonly of: number; readonly secondsLeft: number } {
    const left = this.waiting.length + (this.running ? 1 : 0);
    const named = this.waiting.reduce((sum, { id }) => sum + (this.record(id)?.seconds ?? 0), 0);
    const running = this.running;
    const current = running?.progress?.secondsLeft ?? (running ? this.pace * (this.record(running.request.id)?.seconds ?? 0) : 0);
    return { done: this.asked - left, of: this.asked, secondsLeft: current + this.pace * named };
  }

  /** How long runs take here, over the time that their claims name. */
  get pace(): number {
    return this.taken.named > 0 ? this.taken.real / this.taken.named : 1;
  }

  /** Asks for what was recorded of a claim, once. */
  async askRecorded(id: string): Promise<void> {
    if (this.recorded.has(id)) return;
    try {
      this.recorded.set(id, await this.engine.recorded(id));
    } catch (error) {
      this.recorded.set(id, null);
      this.errors.set(id, messageOf(error));
    }
    this.changed();
  }

  judge(id: string, run: ClaimRun, thresholds: Readonly<Record<string, number>>): Promise<Judgement> {
    return this.engine.judge(id, run.evidence, thresholds);
  }

  private async work(): Promise<void> {
    for (let request = this.waiting[0]; request; request = this.waiting[0]) {
      this.waiting = this.waiting.slice(1);
      this.running = { request, progress: null };
      const { id, sabotaged = false, size = "live" } = request;
      this.errors.delete(id);
      this.changed();
      try {
        const judged = await this.engine.run(request, (progress) => {
          this.running = { request, progress };
          this.changed();
        });
        (sabotaged ? this.sabotaged : this.live).set(id, judged);
        if (!sabotaged) await this.keeper.keep(judged.run);
        const named = this.record(id)?.seconds;
        if (named !== undefined && size === "live" && request.seeds === undefined) {
          this.taken.real += judged.run.milliseconds / 1000;
          this.taken.named += named;
        }
      } catch (error) {
        if (!(error instanceof Error && error.name === "AbortError")) this.errors.set(id, messageOf(error));
      }
    }
    this.running = null;
    this.asked = 0;
    this.changed();
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}

let shared: Claims | null = null;

/** The one of this page. */
export function sharedClaims(): Claims {
  return (shared ??= new Claims(connectClaims(), { all: keptRuns, keep: keepRun, forget: forgetRun }));
}
