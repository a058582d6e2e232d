import { expect, test } from "vitest";
import { missingNeeds, probe, probes } from "../index.ts";
import { Random } from "../random.ts";
import { exampleTrace } from "../trace.example.ts";
import { answerProbabilities } from "./answer-probability.ts";
import { entropies } from "./entropy.ts";
import { lensGrid } from "./lens-grid.ts";
import { entropy, logSoftmax } from "./softmax.ts";

test("entropy is taken step by step", () => expect([...entropies([{ entropy: 0 }, { entropy: NaN }])]).toEqual([0, NaN]));
test("a uniform distribution over V tokens has entropy ln V", () => expect(entropy(logSoftmax(new Float32Array(151936)))).toBeCloseTo(11.931, 3));
test.each([2, 64, 1000])("entropy lies in [0, ln V], V = %i", (V) => {
  const random = new Random(V);
  for (const sharpness of [0, 1, 30]) {
    const value = entropy(logSoftmax(Float64Array.from({ length: V }, () => sharpness * random.normal())));
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThanOrEqual(Math.log(V) + 1e-12);
  }
});
test("p(answer) is exp of its log-probability, NaN where it is not known", () => {
  const values = answerProbabilities([{ answerLogprob: 0 }, { answerLogprob: Math.log(0.25) }, { answerLogprob: null }, { answerLogprob: -Infinity }]);
  expect([...values]).toEqual([1, 0.25, NaN, 0]);
});

test("the lens grid holds the cells of the trace", () => {
  const trace = exampleTrace({ steps: 5, layers: 2 });
  const grid = lensGrid(trace, 2);
  expect(grid.steps).toEqual([2, 3, 4]);
  expect(grid.layers).toEqual([0, 1, 2]);
  const cell = grid.top[1]![2]!;
  expect(cell.map((t) => t.token)).toEqual([...trace.lens!.tokens.data.subarray((3 * 3 + 2) * 2, (3 * 3 + 3) * 2)]);
  expect(cell[0]!.logprob).toBe(trace.lens!.logprobs.data[(3 * 3 + 2) * 2]);
  expect(grid.entropy.data[0]).toBe(trace.lens!.entropy.data[2 * 3]);
  expect(grid.answerProbability.data[0]).toBeCloseTo(Math.exp(trace.lens!.answerLogprob.data[6]!), 5);
});
test("a token is spelled as the trace spells it, and by number where it does not", () => {
  const trace = exampleTrace();
  trace.lens!.tokens.data.set([7, 9]);
  expect(lensGrid(trace).top[0]![0]!.map((t) => t.text)).toEqual(["h", "#9"]);
  expect(lensGrid(trace, 0, (t) => `<${t}>`).top[0]![0]!.map((t) => t.text)).toEqual(["<7>", "<9>"]);
});
test("a trace without a lens says so", () => expect(() => lensGrid(exampleTrace({ lens: false }))).toThrow("run again with capture on"));

test("every probe has an id of its own and is found by it", () => {
  expect(new Set(probes.map((p) => p.id)).size).toBe(probes.length);
  for (const p of probes) expect(probe(p.id)).toBe(p);
  expect(() => probe("no-such")).toThrow("probe: expected one of entropy,");
});
test.each(probes.map((p) => [p.id, p] as const))("%s: help in three sentences, a caveat, a source", (_, p) => {
  expect(p.help.split(/(?<=[.?!])\s+(?=[A-Z0-9])/)).toHaveLength(3);
  for (const text of [p.caveat, p.source, p.formula, p.title]) expect(text.length).toBeGreaterThan(5);
  expect(p.title.endsWith("?")).toBe(true);
});
test.each(probes.map((p) => [p.id, p] as const))("%s: one number per step, step and layer or layer, and none for an empty run", (_, p) => {
  const trace = exampleTrace({ steps: 6 });
  expect(missingNeeds(p, trace)).toEqual([]);
  for (const from of [0, 3, 5, 6]) {
    const m = p.measure(trace, { layer: 1, from });
    expect(m.kind).toBe(p.kind);
    if (m.kind === "profile") {
      expect([m.layers, m.values.length]).toEqual([[0, 1, 2], 3]);
      continue;
    }
    if (m.kind === "series") expect(m.values.length).toBe(m.steps.length);
    else expect(m.values.shape).toEqual([m.steps.length, m.layers.length]);
    expect(m.steps.every((step) => step >= from && step < 6)).toBe(true);
  }
});
test("needs that a trace does not meet are named", () => {
  const bare = exampleTrace({ captured: false, lens: false });
  expect(missingNeeds(probe("turning-angle"), bare)).toEqual(["residPost"]);
  expect(missingNeeds(probe("lens-answer-probability"), bare)).toEqual(["lens"]);
  expect(missingNeeds(probe("entropy"), bare)).toEqual([]);
});
