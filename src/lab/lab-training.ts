/**
 * The model in training in the lab, as the page sees it: one at a time, in a
 * worker of its own. Fires `change` when something has happened.
 */
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import type { LabHandle } from "../../workers/connect-lab.ts";
import type { Look, StudyProgress } from "../../workers/lab/lab-service.ts";
import type { LessonRequest } from "../../workers/lab/lesson.ts";
import type { LessonResult } from "../../workers/lab/results.ts";
import type { Weights } from "../../workers/toys/weights.ts";
import { messageOf } from "../message.ts";

export type TrainingStatus =
  /** Nothing was begun. */
  | "none"
  /** The first step is being compiled. */
  | "starting"
  | "running"
  | "stopped"
  /** As many steps as were asked for are done. */
  | "done"
  | "failed";

/** A model that was trained, or opened, in this visit. */
export interface KeptModel extends LessonRequest {
  readonly steps: number;
  readonly weights: Weights;
}

/** Least time between two looks at a model while it trains, ms. */
const lookEvery = 1500;

export class LabTraining extends EventTarget {
  status: TrainingStatus = "none";
  request: LessonRequest | null = null;
  parameters = 0;
  step = 0;
  /** Spent on steps of training, s. */
  seconds = 0;
  losses: LessonResult["losses"] = [];
  progress: LessonResult["progress"] = [];
  /** Name of the file with the weights that it began with; "" for those of its seed. */
  begunFrom = "";
  /** Why it failed. */
  message = "";
  /** From the click to the report of the first step, ms; null until known. */
  firstStep: number | null = null;
  /** What the model does with the problem that is looked at. */
  look: Look | null = null;
  problem = 0;
  difficulty = 0;

  /** What was trained or opened in this visit, by model: the next training does not lose it. */
  private readonly kept = new Map<string, KeptModel>();
  /** What was begun last, until it has ended and is kept. */
  private work: Promise<void> = Promise.resolve();
  private looking = false;
  private looked = 0;

  constructor(private readonly lab: LabHandle) {
    super();
  }

  get busy(): boolean {
    return this.status === "starting" || this.status === "running";
  }

  /** Whether the model in training is this one, whatever its seed. */
  is(architecture: string, task: string): boolean {
    return this.request?.architecture === architecture && this.request.task === task;
  }

  /** Begins anew, and trains up to so many steps; with 0 the model only stands ready. */
  async begin(request: LessonRequest, until: number, weights?: Weights, name = ""): Promise<void> {
    const clicked = performance.now();
    const sameTask = this.request?.task === request.task;
    this.lab.stop();
    Object.assign(this, { request, step: 0, seconds: 0, losses: [], progress: [], begunFrom: name, message: "", firstStep: null, look: null });
    if (!sameTask) Object.assign(this, { problem: 0, difficulty: sequenceTask(request.task).difficulty.initial });
    this.become("starting");
    await this.attempt(request, async () => {
      this.parameters = await this.lab.begin(request, weights);
      if (until > 0) await this.study(request, until, clicked);
      else if (request === this.request) this.become("stopped");
    });
  }

  /** Goes on from where it was stopped. */
  async goOn(until: number): Promise<void> {
    const { request } = this;
    if (!request || this.busy) return;
    this.become("running");
    await this.attempt(request, () => this.study(request, until, null));
  }

  stop(): void {
    this.lab.stop();
  }

  /** Stops, and ends when what was learnt so far is kept: to be awaited before another model takes its place. */
  async leave(): Promise<void> {
    this.lab.stop();
    await this.work;
  }

  /** As if nothing had been begun. */
  forget(): void {
    this.lab.stop();
    Object.assign(this, { request: null, step: 0, losses: [], progress: [], begunFrom: "", message: "", look: null });
    this.become("none");
  }

  remember({ architecture, task, seed, steps, weights }: KeptModel): void {
    this.kept.set(`${architecture} ${task}`, { architecture, task, seed, steps, weights });
  }

  /** What this visit left of a model; null where it was neither trained nor opened. */
  keptModel(architecture: string, task: string): KeptModel | null {
    return this.kept.get(`${architecture} ${task}`) ?? null;
  }

  /** Its weights as they are now. */
  weights(): Promise<Weights> {
    return this.lab.weights();
  }

  /** Looks at another test problem, or another difficulty. */
  choose(chosen: { readonly problem?: number; readonly difficulty?: number }): void {
    Object.assign(this, chosen);
    this.changed();
    void this.lookAgain();
  }

  private async attempt(request: LessonRequest, work: () => Promise<void>): Promise<void> {
    this.work = this.finish(request, work);
    await this.work;
    await this.lookAgain();
  }

  private async finish(request: LessonRequest, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (request !== this.request) return;
      this.message = messageOf(error);
      this.become("failed");
    }
    await this.keep(request);
  }

  private async keep(request: LessonRequest): Promise<void> {
    const { step, status } = this;
    if (step === 0 || status === "failed" || request !== this.request) return;
    const weights = await this.lab.weights().catch(() => null);
    if (weights && request === this.request) this.remember({ ...request, steps: step, weights });
  }

  private async study(request: LessonRequest, until: number, clicked: number | null): Promise<void> {
    const { stopped } = await this.lab.study(until, (told: StudyProgress) => {
      // Progress has a channel of its own; its last message may come after the end, or another beginning.
      if (request !== this.request || !this.busy) return;
      if (clicked !== null && this.firstStep === null) this.firstStep = performance.measure("geodesic:first-training-step", { start: clicked, end: performance.now() }).duration;
      Object.assign(this, { step: told.step, seconds: told.seconds, losses: [...this.losses, ...told.losses], progress: [...this.progress, ...told.progress] });
      this.become("running");
      if (performance.now() - this.looked > lookEvery) void this.lookAgain();
    });
    if (request === this.request) this.become(stopped ? "stopped" : "done");
  }

  private async lookAgain(): Promise<void> {
    const { request, problem, difficulty } = this;
    if (!request || this.looking || this.status === "failed" || this.status === "starting") return;
    this.looking = true;
    try {
      const { architecture, task } = request;
      const look = await this.lab.look({ architecture, task, problem, difficulty });
      if (request === this.request) this.look = look;
    } catch (error) {
      if (request === this.request) this.message = messageOf(error);
    } finally {
      this.looking = false;
      this.looked = performance.now();
      this.changed();
    }
    if (problem !== this.problem || difficulty !== this.difficulty || request !== this.request) await this.lookAgain();
  }

  private become(status: TrainingStatus): void {
    this.status = status;
    this.changed();
  }

  private changed(): void {
    this.dispatchEvent(new Event("change"));
  }
}
