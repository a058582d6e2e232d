/** Training in the lab: it learns, stops, goes on as if it had not stopped, and can be looked into. */
import { expect, test } from "vitest";
import { missingNeeds, probes } from "../../probes/index.ts";
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import { row } from "../../probes/tensor.ts";
import { decodeTrace, encodeTrace } from "../../probes/trace-file.ts";
import { stepsTaken } from "../../probes/trace.ts";
import { selfCheck } from "../self-check.ts";
import { architecture } from "./architectures.ts";
import { LabService, type StudyProgress } from "./lab-service.ts";
import { ToyDecoder } from "./toy-decoder.ts";

const request = { architecture: "mlp", task: "flip-flop", seed: 1 } as const;

test("it learns: a bit that was written just before is read rightly, which chance does half the time", async () => {
  const lab = new LabService();
  expect(await lab.begin(request)).toBeGreaterThan(10_000);
  const before = lab.examine(0, 50);
  expect(before.correct / before.of).toBeLessThan(0.7);
  const told: StudyProgress[] = [];
  expect(await lab.study(60, (progress) => told.push(progress))).toEqual({ step: 60, stopped: false });
  expect(told[0]!.step).toBe(1);
  expect(told.at(-1)!.step).toBe(60);
  const losses = told.flatMap((progress) => progress.losses);
  expect(losses.map(([step]) => step)).toEqual(Array.from({ length: 6 }, (_, i) => 10 * (i + 1)));
  expect(losses[0]![1]).toBeGreaterThan(0.5);
  const after = lab.examine(0, 100);
  expect(after.correct / after.of).toBeGreaterThan(0.9);
  // It sees 15 tokens back; what was written 8 instructions before the read stands 17 back.
  const far = lab.examine(8, 200);
  expect(Math.abs(far.correct / far.of - 0.5)).toBeLessThan(0.16);
});

test("stopped and gone on with is as if it had gone through; from other weights it is not", async () => {
  const [through, stopped] = [new LabService(), new LabService()];
  await through.begin(request);
  await through.study(5);
  await stopped.begin(request);
  const half = stopped.study(5, ({ step }) => {
    if (step === 1) stopped.stop();
  });
  expect(await half).toEqual({ step: 1, stopped: true });
  expect(await stopped.study(5)).toEqual({ step: 5, stopped: false });
  expect(stopped.weights()).toEqual(through.weights());
  await stopped.begin({ ...request, seed: 2 }, through.weights());
  expect(stopped.weights()).toEqual(through.weights());
  await stopped.study(1);
  expect(stopped.weights()).not.toEqual(through.weights());
});

test("another model is begun while one trains: the first ends at its next step", async () => {
  const lab = new LabService();
  await lab.begin(request);
  const first = lab.study(1000);
  await new Promise((resolve) => setTimeout(resolve, 50));
  await lab.begin({ ...request, seed: 2 });
  expect(await first).toMatchObject({ stopped: true });
  expect(await lab.study(1)).toEqual({ step: 1, stopped: false });
});

test("an examination and as many looks count the same right answers", async () => {
  const lab = new LabService();
  await lab.begin(request);
  await lab.study(3);
  const { correct } = lab.examine(4, 50);
  let right = 0;
  for (let problem = 0; problem < 50; problem++) {
    const { trace } = await lab.look({ architecture: "mlp", task: "flip-flop", problem, difficulty: 4 });
    if (trace.answer.correct) right++;
  }
  expect(right).toBe(correct);
});

test("a look is a trace like any other, and what the blocks keep stands beside it", async () => {
  const lab = new LabService();
  await lab.begin({ architecture: "transformer", task: "multi-query-recall", seed: 3 });
  const { trace, inner } = await lab.look({ architecture: "transformer", task: "multi-query-recall", problem: 5, difficulty: 4 });
  expect(trace.model).toMatchObject({ engine: "toy", source: "lab", architecture: "transformer", layers: 2, hiddenSize: 32 });
  expect(trace.model.revision).toMatch(/^[0-9a-f]{64}$/);
  expect(trace.problem).toMatchObject({ task: "multi-query-recall", difficulty: 4 });
  expect(stepsTaken(trace)).toBe(0);
  expect(trace.steps).toHaveLength(13);
  expect(trace.steps[trace.questionStart]!.text).toBe("?");
  const read = decodeTrace(encodeTrace(trace));
  expect(read.model).toEqual(trace.model);
  expect(read.activations.residPost).toEqual(trace.activations.residPost);
  for (const probe of probes) {
    // It answers at once: there are no latent thoughts to measure.
    if (missingNeeds(probe, trace).join() === "vectors") continue;
    expect(missingNeeds(probe, trace)).toEqual([]);
    expect(probe.measure(trace, { layer: 2, from: 0 }).values).toBeDefined();
  }
  expect(inner.map(({ layer, name, kind }) => [layer, name, kind])).toEqual([[1, "pattern", "pattern"], [2, "pattern", "pattern"]]);
  for (const { values } of inner) {
    expect(values.shape).toEqual([2, 13, 13]);
    for (let head = 0; head < 2; head++) {
      for (let t = 0; t < 13; t++) {
        const looks = row(values, head, t);
        expect(looks.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        expect(looks.slice(t + 1).every((share) => share === 0)).toBe(true);
      }
    }
  }
});

test("what a block says of itself comes in the order of its architecture, what is its own first", async () => {
  const lab = new LabService();
  await lab.begin({ architecture: "moe", task: "cups", seed: 1 });
  const { inner } = await lab.look({ architecture: "moe", task: "cups", problem: 0, difficulty: 2 });
  expect(inner.map(({ layer, name }) => `${layer} ${name}`)).toEqual(["1 router", "1 selected", "1 pattern", "2 router", "2 selected", "2 pattern"]);
});

test("what is not there, or does not fit, is refused", async () => {
  const lab = new LabService();
  await expect(lab.study(1)).rejects.toThrow("lab: expected a model in training, got none; begin first");
  await expect(lab.begin({ ...request, task: "chess" })).rejects.toThrow("sequence task: expected one of");
  await expect(lab.begin({ ...request, seed: 0.5 })).rejects.toThrow("lesson: expected a whole number as seed, got 0.5");
  await lab.begin(request);
  const weights = lab.weights();
  await expect(lab.look({ architecture: "rnn", task: "flip-flop", problem: 0, difficulty: 1 })).rejects.toThrow("lab: expected a look at mlp on flip-flop, which is in training, got rnn on flip-flop");
  await expect(lab.look({ architecture: "rnn", task: "flip-flop", problem: 0, difficulty: 1, weights })).rejects.toThrow("weights: expected");
  await expect(lab.begin({ ...request, task: "cups" }, weights)).rejects.toThrow("weights: expected");
});

test("a decoder of the lab passes an engine's own check", async () => {
  const lab = new LabService();
  await lab.begin({ architecture: "rnn", task: "cups", seed: 1 });
  const decoder = await ToyDecoder.from(architecture("rnn"), sequenceTask("cups"), lab.weights());
  const { embedding, head, latent, tolerance } = await selfCheck(decoder);
  expect(Math.max(embedding, head, latent)).toBeLessThan(tolerance);
  await decoder.dispose();
});
