import { expect, test } from "vitest";
import { pathLength } from "../geometry/path-length.ts";
import { stepLengths } from "../geometry/step-length.ts";
import { trajectory } from "../geometry/trajectory.ts";
import { Random } from "../random.ts";
import { row } from "../tensor.ts";
import { exampleTrace } from "../trace.example.ts";
import { nullTrace } from "./null-trace.ts";

const trace = exampleTrace({ steps: 12, layers: 2, hiddenSize: 6 });

test("shuffled: the same states, one order for all layers; what came before stays", () => {
  const drawn = nullTrace(trace, "shuffled", 3, new Random(1));
  const key = (t: typeof trace, step: number): string => row(t.activations.residPost, step).join();
  const steps = Array.from({ length: 12 }, (_, t) => t);
  expect(steps.map((t) => key(drawn, t)).toSorted()).toEqual(steps.map((t) => key(trace, t)).toSorted());
  for (const t of [0, 1, 2, 3]) expect(key(drawn, t)).toBe(key(trace, t));
  expect(steps.map((t) => key(drawn, t))).not.toEqual(steps.map((t) => key(trace, t)));
});
test("walk: the same step lengths in each layer, in other directions", () => {
  const drawn = nullTrace(trace, "walk", 3, new Random(1));
  for (const layer of [0, 1, 2]) {
    stepLengths(trajectory(drawn, layer, 3)).forEach((length, i) => expect(length).toBeCloseTo(stepLengths(trajectory(trace, layer, 3))[i]!, 4));
    expect(pathLength(trajectory(drawn, layer))).toBeCloseTo(pathLength(trajectory(trace, layer)), 0);
    expect(row(drawn.activations.residPost, 2, layer)).toEqual(row(trace.activations.residPost, 2, layer));
  }
});
test("the trace itself stays as it was; a seed draws the same again; without states it says so", () => {
  const before = trace.activations.residPost.data.slice();
  for (const kind of ["shuffled", "walk"] as const) expect(nullTrace(trace, kind, 0, new Random(4)).activations).toEqual(nullTrace(trace, kind, 0, new Random(4)).activations);
  expect(trace.activations.residPost.data).toEqual(before);
  expect(() => nullTrace(exampleTrace({ captured: false }), "walk", 0, new Random(1))).toThrow("run again with capture on");
});
