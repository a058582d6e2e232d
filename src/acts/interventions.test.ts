/** Recipes become the engine's interventions: which vectors they take, and from where. */
import { expect, test } from "vitest";
import { row } from "../../probes/tensor.ts";
import type { Trace } from "../../probes/trace.ts";
import { exampleTrace } from "../../probes/trace.example.ts";
import type { Act } from "./act.ts";
import { type ActContext, interventionsOf, type OtherRun } from "./interventions.ts";

// Three steps of prompt, so that step 0 is index 2; then two thoughts and the cue.
const own = exampleTrace();
const other = exampleTrace({ seed: 2 });
const asked: OtherRun[] = [];
const context: ActContext = {
  own,
  traceOf: (source) => {
    asked.push(source);
    return Promise.resolve(other);
  },
};
const one = async (act: Act) => (await interventionsOf([act], context))[0]!;
const problem = { kind: "problem", seed: 12 } as const;

test("thoughts and tokens are counted from 1 on the page, from 0 in the engine", async () => {
  expect(await one({ kind: "replace", thought: 1, by: "argmax" })).toEqual({ kind: "replace", thought: 0, replacement: { by: "argmax" } });
  expect(await one({ kind: "replace", thought: 2, by: "noise", sigma: 0.5 })).toEqual({ kind: "replace", thought: 1, replacement: { by: "noise", sigma: 0.5 } });
  expect(await one({ kind: "replace", thought: 2, by: "soft", kept: 3 })).toEqual({ kind: "replace", thought: 1, replacement: { by: "soft", kept: 3 } });
  expect(await one({ kind: "skip", thought: 2 })).toEqual({ kind: "skip", thought: 1 });
  expect(await one({ kind: "reorder", order: [2, 1] })).toEqual({ kind: "reorder", order: [1, 0] });
  expect(await one({ kind: "corrupt", token: 1, by: null })).toEqual({ kind: "corrupt", token: 0, by: null });
  // The number of tokens that stay, not the number of one.
  expect(await one({ kind: "truncate", after: 1 })).toEqual({ kind: "truncate", after: 1 });
});

test("another problem's thought is what was fed in there; its state is that of the same step and layer", async () => {
  asked.length = 0;
  expect(await one({ kind: "replace", thought: 2, by: "source", source: problem })).toMatchObject({ replacement: { by: "vector", vector: [...row(other.activations.residPost, 4, 0)], from: "the thought of problem 12 there" } });
  expect(await one({ kind: "patch", step: -1, layer: 2, source: { kind: "mode", mode: "cot" } })).toMatchObject({ kind: "residual", step: 1, layer: 2, operation: "replace", vector: [...row(other.activations.residPost, 1, 2)] });
  expect(asked).toEqual([problem, { kind: "mode", mode: "cot" }]);
});

test("a push is so much of the way from what was there", async () => {
  const [from, to] = [row(own.activations.residPost, 3, 1), row(other.activations.residPost, 3, 1)];
  const pushed = await one({ kind: "push", step: 1, layer: 1, source: problem, scale: 0.5 });
  expect(pushed).toMatchObject({ kind: "residual", step: 3, layer: 1, operation: "add" });
  if (pushed.kind === "residual") pushed.vector.forEach((x, i) => expect(x).toBeCloseTo(0.5 * (to[i]! - from[i]!), 6));
  const steered = await one({ kind: "steer", thought: 1, source: { kind: "zero" }, scale: 2 });
  // All of the way to zero, at scale 1, is what was there, turned round.
  expect(steered).toMatchObject({ kind: "steer", thought: 0, vector: [...row(own.activations.residPost, 3, 0)].map((x) => 0 - x), scale: 2 });
});

test("a random vector has the norm of what was there, and is the same each time", async () => {
  const act: Act = { kind: "patch", step: 1, layer: 1, source: { kind: "random" } };
  const drawn = await one(act);
  expect(await one(act)).toEqual(drawn);
  expect(await one({ ...act, step: 2 })).not.toEqual(drawn);
  if (drawn.kind === "residual") expect(Math.hypot(...drawn.vector)).toBeCloseTo(Math.hypot(...row(own.activations.residPost, 3, 1)), 6);
});

test("of runs that kept some layers only, the state is that of the layer that is named", async () => {
  // Layers 0 and 2 of 0 … 2: layer 2 is the second that was kept.
  const kept = (trace: Trace): Trace => {
    const [steps = 0, , hiddenSize = 0] = trace.activations.residPost.shape;
    const data = Float32Array.from({ length: steps * 2 * hiddenSize }, (_, i) => row(trace.activations.residPost, Math.floor(i / (2 * hiddenSize)), Math.floor(i / hiddenSize) % 2 === 0 ? 0 : 2)[i % hiddenSize]!);
    return { ...trace, activations: { ...trace.activations, residPost: { shape: [steps, 2, hiddenSize], data }, layers: [0, 2] } };
  };
  const some: ActContext = { own: kept(own), traceOf: () => Promise.resolve(kept(other)) };
  for (const act of [{ kind: "patch", step: 1, layer: 2, source: problem }, { kind: "push", step: 1, layer: 2, source: problem, scale: 0.5 }] as const) {
    expect(await interventionsOf([act], some)).toEqual(await interventionsOf([act], context));
  }
  await expect(interventionsOf([{ kind: "patch", step: 1, layer: 1, source: problem }], some)).rejects.toThrow("expected one of the layers that were kept (0, 2), got 1");
});
test.each<[string, Act, RegExp]>([
  ["a step past the other run", { kind: "replace", thought: 9, by: "source", source: problem }, /a step from -2 to 3 of the run of problem 12 there, got 9; /],
  ["a layer past the last", { kind: "patch", step: 0, layer: 7, source: { kind: "zero" } }, /a layer from 0 to 2, got 7; /],
])("refused in words: %s", async (_, act, message) => {
  await expect(one(act)).rejects.toThrow(message);
});
