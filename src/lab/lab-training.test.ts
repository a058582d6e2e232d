/** The model in training as the page sees it, over a lab that does as it is told. */
import { expect, test } from "vitest";
import type { LabHandle } from "../../workers/connect-lab.ts";
import type { Look, LookRequest, Studied, StudyProgress } from "../../workers/lab/lab-service.ts";
import { LabTraining } from "./lab-training.ts";

const request = { architecture: "rnn", task: "cups", seed: 1 } as const;
const told = (step: number): StudyProgress => ({ step, loss: 1, losses: [[step, 1]], progress: [], seconds: step / 10 });
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** A lab whose every study waits to be ended. */
class Scripted implements LabHandle {
  readonly looks: LookRequest[] = [];
  onProgress: (progress: StudyProgress) => void = () => undefined;
  end: (studied: Studied) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  stops = 0;
  warm(): void {}
  begin = async (): Promise<number> => 123;
  study(_until: number, onProgress: (progress: StudyProgress) => void): Promise<Studied> {
    this.onProgress = onProgress;
    return new Promise((resolve, reject) => ([this.end, this.fail] = [resolve, reject]));
  }
  stop(): void {
    this.stops++;
  }
  examine = () => Promise.reject(new Error("not asked"));
  result = () => Promise.reject(new Error("not asked"));
  weights = async () => ({});
  async look(asked: LookRequest): Promise<Look> {
    this.looks.push(asked);
    return { trace: {}, inner: [] } as unknown as Look;
  }
  terminate(): void {}
}

test("it begins, runs, is stopped, goes on and is done", async () => {
  const lab = new Scripted();
  const training = new LabTraining(lab);
  expect([training.status, training.busy, training.is("rnn", "cups")]).toEqual(["none", false, false]);
  const seen: string[] = [];
  training.addEventListener("change", () => seen.at(-1) !== training.status && seen.push(training.status));
  const first = training.begin(request, 100);
  await turn();
  expect([training.status, training.parameters, training.firstStep]).toEqual(["starting", 123, null]);
  lab.onProgress(told(1));
  lab.onProgress(told(10));
  expect([training.step, training.seconds, training.losses]).toEqual([10, 1, [[1, 1], [10, 1]]]);
  expect(training.firstStep).toBeGreaterThanOrEqual(0);
  lab.end({ step: 10, stopped: true });
  await first;
  expect([training.status, training.busy]).toEqual(["stopped", false]);
  const rest = training.goOn(100);
  lab.onProgress(told(100));
  lab.end({ step: 100, stopped: false });
  await rest;
  expect([training.status, training.step]).toEqual(["done", 100]);
  expect(seen).toEqual(["starting", "running", "stopped", "running", "done"]);
  expect(training.is("rnn", "cups") && !training.is("mlp", "cups")).toBe(true);
  expect(lab.looks.at(-1)).toEqual({ architecture: "rnn", task: "cups", problem: 0, difficulty: 6 });
});

test("what a training that was replaced still says is not heard", async () => {
  const lab = new Scripted();
  const training = new LabTraining(lab);
  const first = training.begin(request, 100);
  await turn();
  const { onProgress, end } = lab;
  const second = training.begin({ ...request, seed: 2 }, 100);
  await turn();
  onProgress(told(50));
  end({ step: 50, stopped: true });
  await first;
  expect([training.status, training.step, training.request?.seed]).toEqual(["starting", 0, 2]);
  lab.end({ step: 100, stopped: false });
  await second;
  expect(training.status).toBe("done");
});

test("a training that is left for another model is kept as far as it came", async () => {
  const lab = new Scripted();
  const training = new LabTraining(lab);
  const first = training.begin(request, 100);
  await turn();
  lab.onProgress(told(40));
  const left = training.leave();
  expect(lab.stops).toBe(2);
  let gone = false;
  void left.then(() => (gone = true));
  await turn();
  expect(gone).toBe(false);
  lab.end({ step: 40, stopped: true });
  await left;
  await first;
  training.forget();
  expect(training.keptModel("rnn", "cups")).toEqual({ ...request, steps: 40, weights: {} });
  await new LabTraining(lab).leave();
});

test("a failure is said, and another beginning forgets it", async () => {
  const lab = new Scripted();
  const training = new LabTraining(lab);
  const first = training.begin(request, 100);
  await turn();
  lab.fail(new Error("training: expected a finite loss at step 3, got NaN"));
  await first;
  expect([training.status, training.message]).toEqual(["failed", "training: expected a finite loss at step 3, got NaN"]);
  await training.begin(request, 0, {}, "a file");
  expect([training.status, training.message, training.begunFrom]).toEqual(["stopped", "", "a file"]);
  training.forget();
  expect([training.status, training.is("rnn", "cups")]).toEqual(["none", false]);
});

test("another problem is looked at, and of many asked for quickly the last", async () => {
  const lab = new Scripted();
  const training = new LabTraining(lab);
  await training.begin(request, 0, {}, "a file");
  training.choose({ problem: 1 });
  training.choose({ problem: 2, difficulty: 3 });
  await turn();
  expect(lab.looks.map(({ problem, difficulty }) => [problem, difficulty])).toEqual([[0, 6], [1, 6], [2, 3]]);
});
