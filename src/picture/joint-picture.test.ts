import { expect, test } from "vitest";
import { matrix, tensor } from "../../probes/tensor.ts";
import { exampleTrace } from "../../probes/trace.example.ts";
import type { DecodingMode, Trace } from "../../probes/trace.ts";
import type { Projection } from "../../workers/probe-service.ts";
import { answerGroups, defaultPlane, type Drawn, jointStates, pictureOf, projectRequest, savedFits, savedPicture, settledPicture, unfolding } from "./joint-picture.ts";
import { LiveRun } from "../live-run.ts";
import { initialSettings, type Settings } from "../settings.ts";

const drawn = (mode: DecodingMode, change: Partial<Trace> = {}): Drawn => {
  const trace = { ...exampleTrace({ steps: 6, layers: 3, mode, seed: mode.length }), ...change };
  return { run: LiveRun.opened(trace, "x"), trace, altered: false, least: 0 };
};
const settings: Settings = { ...initialSettings, extent: "question", selection: { mode: "latent", step: 0, layer: 2 } };
const pairs = [drawn("cot"), drawn("latent")];
const joint = jointStates(pairs, settings);

test("every state of every run is a row; tracks take them back", () => {
  expect([joint.layer, joint.points.shape, joint.index.length]).toEqual([2, [10, 4], 10]);
  const { tracks } = unfolding(joint, settings, tensor([10, 2], Float32Array.from({ length: 20 }, (_, i) => i)), 3);
  expect(tracks.map(({ mode, steps }) => [mode, steps])).toEqual([["cot", [-1, 0, 1, 2, 3]], ["latent", [-1, 0, 1, 2, 3]]]);
  expect([...tracks[1]!.points]).toEqual(Array.from({ length: 10 }, (_, i) => 10 + i));
});
test("the answer axis parts states by even odds of the right answer", () => {
  const at = (logprob: number | null): Trace => { const trace = exampleTrace({ steps: 6 }); return { ...trace, steps: trace.steps.map((step) => ({ ...step, answerLogprob: logprob })) }; };
  const groups = (logprob: number | null): unknown => new Set(answerGroups(jointStates([drawn("cot", at(logprob))], settings)));
  expect([groups(Math.log(0.5)), groups(Math.log(0.49)), groups(null)]).toEqual([new Set([1]), new Set([0]), new Set([null])]);
});
test("a mode's runs are left out together, a control and an altered run with the run that they repeat", () => {
  const three = jointStates([drawn("cot"), drawn("latent"), { ...drawn("latent"), altered: true, least: 3 }], settings);
  const runs = projectRequest(three, { ...settings, projection: "answer-axis" }).axis!.runs!;
  expect(runs).toHaveLength(three.index.length);
  expect(new Set(runs.slice(0, 5)).size).toBe(1);
  expect(new Set(runs.slice(5)).size).toBe(1);
  expect(runs[0]).not.toBe(runs[5]);
});
test("the plane goes through the states that were chosen, else through first, middle and last of the selected mode", () => {
  expect(defaultPlane(joint, settings)).toEqual([{ mode: "latent", step: -1 }, { mode: "latent", step: 1 }, { mode: "latent", step: 3 }]);
  const asked = (plane: Settings["plane"]): unknown => projectRequest(joint, { ...settings, projection: "plane", plane }).states;
  expect(asked([])).toEqual([5, 7, 9]);
  expect(asked([{ mode: "cot", step: 0 }, { mode: "latent", step: 2 }, { mode: "cot", step: 3 }])).toEqual([1, 8, 4]);
  expect(() => asked([{ mode: "cot", step: 0 }, { mode: "latent", step: 2 }, { mode: "icl", step: 3 }])).toThrow("expected three states that are drawn, got step 3 of icl");
});
test("a picture is kept run by run, and put together again from its runs", () => {
  const result = { method: "pca", coordinates: matrix(Array.from({ length: 10 }, (_, i) => [i, -i])), explained: [0.6, 0.2], trustworthiness: 0.9, continuity: 0.8, trustNeighbours: 4, stress: 0.1, geodesic: 0.7, geodesicShare: 1, geodesicSources: 10, judged: 10, neighbours: 4, seed: 1, epochs: 0, stopped: false, remarks: [], components: null } satisfies Projection;
  const picture = settledPicture(joint, settings, result);
  const kept = pairs.map(({ run }) => pictureOf(picture, run)!);
  expect(kept.map(({ first, coordinates, states }) => [first, coordinates.shape, states])).toEqual([[1, [5, 2], 10], [1, [5, 2], 10]]);
  expect(kept[0]!.fit).toBe(kept[1]!.fit);
  const opened = pairs.map(({ trace }, i) => drawn(trace.mode, { ...trace, pictures: [kept[i]!] }));
  expect([...savedFits(opened).keys()]).toEqual([picture.fit]);
  const again = savedPicture(opened, picture.fit)!;
  expect(again.tracks.map(({ steps, points }) => [steps, points])).toEqual(picture.tracks.map(({ steps, points }) => [steps, points]));
  expect([again.made, again.trustworthiness, again.states]).toEqual(["saved", 0.9, 10]);
  // Of one run alone, its part.
  expect(savedPicture([opened[1]!], picture.fit)!.tracks.map(({ mode }) => mode)).toEqual(["latent"]);
  expect(savedPicture(pairs, picture.fit)).toBeNull();
  // A picture of others' making is not this run's to keep.
  expect(pictureOf({ ...picture, made: "placed" }, pairs[0]!.run)).toBeNull();
});
