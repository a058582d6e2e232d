import { expect, test } from "vitest";
import { layerStates } from "./geometry/layer-states.ts";
import { directness } from "./geometry/path-length.ts";
import { trajectory } from "./geometry/trajectory.ts";
import { turningAngles } from "./geometry/turning-angle.ts";
import { probe, probes } from "./index.ts";
import { hasLayerMap, readsLayers, runMeasure } from "./run-measure.ts";
import { mean } from "./statistics/moments.ts";
import { exampleTrace } from "./trace.example.ts";

const trace = exampleTrace({ steps: 9, layers: 3, hiddenSize: 5 });

test("a series of the path has a column for each layer, and its mean for the run", () => {
  const { layers, bySteps, whole } = runMeasure(probe("turning-angle"), trace, 2);
  expect([layers, bySteps!.steps, bySteps!.values.shape]).toEqual([[0, 1, 2, 3], [3, 4, 5, 6, 7], [5, 4]]);
  for (const layer of layers!) {
    const own = turningAngles(trajectory(trace, layer, 2));
    own.forEach((angle, i) => expect(bySteps!.values.data[i * 4 + layer]).toBe(angle));
    expect(whole[layer]).toBeCloseTo(mean(own), 6);
  }
});
test("what adds up along the path has its last value for the run", () => {
  expect(runMeasure(probe("directness"), trace, 0).whole[2]).toBeCloseTo(directness(trajectory(trace, 2)), 6);
});
test("a measure of the output has one column, whatever the layer", () => {
  const { layers, whole, bySteps } = runMeasure(probe("entropy"), trace, 4);
  expect([layers, whole.length, bySteps!.values.shape]).toEqual([null, 1, [5, 1]]);
  expect(whole[0]).toBeCloseTo(mean(trace.steps.slice(4).map((s) => s.entropy)), 6);
});
test("a grid is itself; a profile has no steps", () => {
  expect(runMeasure(probe("lens-entropy"), trace, 3).bySteps!.values.data[0]).toBe(trace.lens!.entropy.data[3 * 4]);
  const { bySteps, whole } = runMeasure(probe("participation-ratio"), trace, 0);
  expect([bySteps, whole.length]).toEqual([null, 4]);
});
test("shared states give the same numbers", () => {
  const states = layerStates(trace, 1);
  for (const p of probes.filter(({ kind }) => kind === "profile")) expect(runMeasure(p, trace, 1, states).whole).toEqual(runMeasure(p, trace, 1).whole);
});
test("maps are of steps and layers", () => {
  expect(probes.filter(hasLayerMap).map((p) => p.id)).toEqual(["step-length", "turning-angle", "menger-curvature", "relative-step", "path-length", "directness", "lens-entropy", "lens-answer-probability", "step-divergence"]);
  expect([readsLayers(probe("entropy")), readsLayers(probe("two-nn"))]).toEqual([false, true]);
});
test("one step, none, and a run without hidden states", () => {
  for (const from of [8, 9]) for (const p of probes) {
    const { whole, layers } = runMeasure(p, trace, from);
    expect(whole.length).toBe(layers?.length ?? 1);
    if (p.needs.includes("residPost") && p.id !== "path-length") expect([...whole].every(Number.isNaN)).toBe(true);
  }
  expect(() => runMeasure(probe("step-length"), exampleTrace({ captured: false }), 0)).toThrow("run again with capture on");
});
