/**
 * The lab, off the main thread: one model in training at a time, and a look into
 * any. The page reaches it through `connectLab`; tests use it as it is.
 */
import { transfer } from "comlink";
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import type { Trace } from "../../probes/trace.ts";
import { run } from "../decoding/run.ts";
import { requestFor } from "../decoding/request.ts";
import { rest } from "../rest.ts";
import type { Weights } from "../toys/weights.ts";
import { architecture } from "./architectures.ts";
import { testProblem } from "./batches.ts";
import { type LessonRequest, recipe } from "./lesson.ts";
import type { Count, LessonResult } from "./results.ts";
import { Student } from "./student.ts";
import { type InnerState, ToyDecoder } from "./toy-decoder.ts";

export interface StudyProgress {
  /** Steps done. */
  readonly step: number;
  /** Of the step, nats. */
  readonly loss: number;
  /** Means since the last report, as the student keeps them. */
  readonly losses: LessonResult["losses"];
  /** Examinations since the last report. */
  readonly progress: LessonResult["progress"];
  /** Spent on steps of training so far, s. */
  readonly seconds: number;
}

export interface Studied {
  readonly step: number;
  /** `stop` came before the last step. */
  readonly stopped: boolean;
}

export interface LookRequest {
  readonly architecture: LessonRequest["architecture"];
  readonly task: string;
  /** Number of a test problem. */
  readonly problem: number;
  readonly difficulty: number;
  /** Left out: the model in training as it is now. */
  readonly weights?: Weights;
}

/** One problem answered, with everything that the model kept or decided on the way. */
export interface Look {
  readonly trace: Trace;
  readonly inner: readonly InnerState[];
}

/** At most this long between two reports, ms. */
const reportEvery = 80;

export class LabService {
  private student: Student | null = null;
  /** Grows with each stop and each new student: what was begun before it ends. */
  private round = 0;
  /** The training under way, to its end. */
  private studying: Promise<unknown> = Promise.resolve();

  /** Answers at once: calling it has the worker started and jax-js loaded before they are needed. */
  ready(): true {
    return true;
  }

  /**
   * Begins with a new student; the one before is forgotten.
   *
   * @param weights  to begin with; left out: those of the seed
   * @returns        the number of parameters
   */
  async begin(request: LessonRequest, weights?: Weights): Promise<number> {
    this.round++;
    // A step under way still needs the arrays of the student before.
    await this.studying.catch(() => undefined);
    const student = new Student(request, weights);
    this.student?.dispose();
    this.student = student;
    return student.parameters;
  }

  /**
   * Trains up to so many steps in all, from where the student is.
   *
   * @param onProgress  told at the first step, and several times a second
   * @throws RangeError where the loss is no longer a number
   */
  study(until: number = recipe.steps, onProgress: (progress: StudyProgress) => unknown = () => undefined): Promise<Studied> {
    const studied = this.teach(until, onProgress);
    this.studying = studied;
    return studied;
  }

  private async teach(until: number, onProgress: (progress: StudyProgress) => unknown): Promise<Studied> {
    const student = this.present();
    const round = ++this.round;
    let reported = -Infinity;
    let [losses, progress] = [student.losses.length, student.progress.length];
    const report = (loss: number): void => {
      void onProgress({ step: student.step, loss, losses: student.losses.slice(losses), progress: student.progress.slice(progress), seconds: student.seconds });
      [losses, progress] = [student.losses.length, student.progress.length];
      reported = performance.now();
    };
    // The page hears that it has begun before the first step is compiled.
    await rest();
    for await (const { loss } of student.study(until)) {
      if (performance.now() - reported > reportEvery || student.step === until) report(loss);
      if (round !== this.round) break;
    }
    return { step: student.step, stopped: student.step < until };
  }

  /** Ends training behind the step at work. */
  stop(): void {
    this.round++;
  }

  /** Right answers among the first test problems of this difficulty. */
  examine(difficulty: number, problems: number): Count {
    return this.present().examine(difficulty, problems);
  }

  /** Everything that came of the training so far, examined at every difficulty. */
  result(): LessonResult {
    return this.present().result(new Date().toISOString().slice(0, 10));
  }

  /** The student's weights, copied. */
  weights(): Weights {
    return this.present().weights();
  }

  /** Answers a test problem. @throws RangeError where the weights do not fit */
  async look({ architecture: id, task: taskId, problem, difficulty, weights }: LookRequest): Promise<Look> {
    const task = sequenceTask(taskId);
    const { request } = weights ? { request: null } : this.present();
    if (request && (request.architecture !== id || request.task !== taskId)) {
      throw new RangeError(`lab: expected a look at ${request.architecture} on ${request.task}, which is in training, got ${id} on ${taskId}; give its weights`);
    }
    const decoder = await ToyDecoder.from(architecture(id), task, weights ?? this.weights());
    try {
      const asked = requestFor(task, testProblem(task, difficulty, problem), "direct", { shots: 0 });
      const trace = await run(decoder, asked, () => undefined, new AbortController().signal);
      const look: Look = { trace, inner: decoder.innerStates() };
      return transfer(look, look.inner.map(({ values }) => values.data.buffer));
    } finally {
      await decoder.dispose();
    }
  }

  private present(): Student {
    if (!this.student) throw new RangeError("lab: expected a model in training, got none; begin first");
    return this.student;
  }
}
