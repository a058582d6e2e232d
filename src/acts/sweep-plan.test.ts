/** Which cells a sweep has, and that each says what is done in it. */
import { expect, test } from "vitest";
import { exampleTrace } from "../../probes/trace.example.ts";
import { LiveRun } from "../live-run.ts";
import { planOf, sweepKinds } from "./sweep-plan.ts";

// Five steps of prompt, so that step 0 is index 4; the question begins at index 1; then four of thinking and the cue.
const runOf = (mode: "latent" | "cot" | "direct", layers = 2): LiveRun => LiveRun.opened(exampleTrace({ mode, steps: 10, layers }), "example");
const session = (mode: "latent" | "cot" | "direct", layers = 2) => ({ selectedRun: runOf(mode, layers), layers });

test("patches: from the question to the last step, at every layer; the engine counts from behind the prompt", () => {
  const plan = planOf(session("latent"), "patch")!;
  expect(plan.columns.values).toEqual([-3, -2, -1, 0, 1, 2, 3, 4, 5]);
  expect(plan.grid).toEqual({ kind: "patch", steps: [-4, -3, -2, -1, 0, 1, 2, 3, 4], layers: [0, 1, 2] });
  expect(plan.rows!.labels).toEqual(["embed", "layer 1", "layer 2"]);
  expect([plan.done(0, 0), plan.done(4, 2)]).toEqual(["the state at step −3, the embedding, becomes that of another problem’s run", "the state at step 1, layer 2, becomes that of another problem’s run"]);
});

test("a deep model is patched at layers evenly spaced, the last among them", () => {
  const layers = planOf(session("latent", 40), "patch")!.rows!.values;
  expect(layers.length).toBeLessThanOrEqual(13);
  expect(layers.at(-1)).toBe(40);
  expect(new Set(layers.slice(1).map((layer, i) => layer - layers[i]!))).toEqual(new Set([4]));
});

test("thoughts, noise, cuts and wrong tokens, each where the mode allows it", () => {
  expect([sweepKinds("latent"), sweepKinds("cot"), sweepKinds("direct")]).toEqual([["patch", "thoughts", "noise"], ["patch", "truncate", "corrupt"], ["patch"]]);
  expect([sweepKinds("latent", false), sweepKinds("direct", false)]).toEqual([["thoughts", "noise"], []]);
  const thoughts = planOf(session("latent"), "thoughts")!;
  expect(thoughts.grid).toEqual({ kind: "thoughts", thoughts: [0, 1, 2, 3], replacements: ["argmax", "swapped", "zero", "skip"] });
  expect(thoughts.done(1, 0)).toBe("thought 2 becomes its likeliest token");
  const noise = planOf(session("latent"), "noise")!;
  expect([noise.rows, noise.columns.values[0], noise.done(2, 0)]).toEqual([null, 0, "every thought gets noise of 0.5 × its norm"]);
  expect(planOf(session("cot"), "truncate")!.grid).toEqual({ kind: "chain", by: "truncate", tokens: [0, 1, 2, 3, 4] });
  expect(planOf(session("cot"), "corrupt")!.grid).toEqual({ kind: "chain", by: "corrupt", tokens: [0, 1, 2, 3] });
  expect([planOf(session("cot"), "noise"), planOf(session("cot"), "thoughts"), planOf(session("latent"), "corrupt"), planOf(session("direct"), "truncate")]).toEqual([null, null, null, null]);
});

test("no run, and prompts of one's own, have no plan", () => {
  expect(planOf({ selectedRun: null, layers: 3 }, "patch")).toBeNull();
  expect(planOf({ selectedRun: LiveRun.opened({ ...exampleTrace(), problem: null }, "mine"), layers: 2 }, "patch")).toBeNull();
});
