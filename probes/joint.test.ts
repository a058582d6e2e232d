import { expect, test } from "vitest";
import { firstStep, jointTrajectory } from "./joint.ts";
import { row } from "./tensor.ts";
import { exampleTrace } from "./trace.example.ts";

const cot = exampleTrace({ mode: "cot", steps: 6 });
const latent = exampleTrace({ mode: "latent", steps: 4, seed: 2 });

test("each row is one step of one run", () => {
  const { points, index } = jointTrajectory([cot, latent], 1, "all");
  expect(points.shape).toEqual([10, 4]);
  index.forEach(({ trace, mode, step }, i) => {
    const from = [cot, latent][trace]!;
    expect(mode).toBe(from.mode);
    expect([...row(points, i)]).toEqual([...row(from.activations.residPost, step, 1)]);
  });
});
test("where it begins", () => {
  expect([firstStep(cot, "all"), firstStep(cot, "question"), firstStep(cot, "thinking")]).toEqual([0, 1, 2]);
  expect(jointTrajectory([cot, latent], 0).index.map((p) => p.step)).toEqual([1, 2, 3, 4, 5, 1, 2, 3]);
  expect(jointTrajectory([cot, latent], 0, "thinking").index.map((p) => p.step)).toEqual([2, 3, 4, 5, 1, 2, 3]);
});
test("no earlier than a trace may be drawn", () => {
  expect(jointTrajectory([cot, latent], 0, "thinking", [0, 3]).index.map((p) => p.step)).toEqual([2, 3, 4, 5, 3]);
  expect(jointTrajectory([cot, latent], 0, "all", [4]).index.map((p) => p.step)).toEqual([4, 5, 0, 1, 2, 3]);
});
test("no trace, no points", () => expect(jointTrajectory([], 0)).toEqual({ points: { shape: [0, 0], data: new Float32Array() }, index: [] }));
test("runs of different models are refused", () => expect(() => jointTrajectory([cot, exampleTrace({ hiddenSize: 5 })], 0)).toThrow("expected one hidden size, got 4 and 5"));
