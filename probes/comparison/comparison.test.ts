import { describe, expect, test } from "vitest";
import { probes } from "../index.ts";
import { row, tensor } from "../tensor.ts";
import { exampleTrace } from "../trace.example.ts";
import type { Trace } from "../trace.ts";
import { bend } from "./bend.ts";
import { Comparison, type ComparisonView, type MeasureComparison } from "./comparison.ts";

/** The same trace with each number of its residual stream changed. */
function changed(trace: Trace, by: (x: number, i: number) => number): Trace {
  const { residPost } = trace.activations;
  return { ...trace, activations: { ...trace.activations, residPost: { shape: residPost.shape, data: residPost.data.map(by) } } };
}
/** The same run with the states of these layers alone. */
function onlyLayers(trace: Trace, layers: readonly number[]): Trace {
  const [steps = 0, , D = 0] = trace.activations.residPost.shape;
  const residPost = tensor([steps, layers.length, D]);
  for (let t = 0; t < steps; t++) layers.forEach((layer, i) => residPost.data.set(row(trace.activations.residPost, t, layer), (t * layers.length + i) * D));
  return { ...trace, activations: { ...trace.activations, residPost, layers } };
}
const own = exampleTrace({ steps: 8, layers: 2, hiddenSize: 6 });

describe("bend", () => {
  test("equal runs lie on one another", () => {
    const { steps, distance, cosine, sameUntil } = bend(own, own);
    expect(steps).toEqual([0, 1, 2, 3, 4]);
    expect(sameUntil).toBe(4);
    for (const x of distance.data) expect(x).toBe(0);
    for (const x of cosine.data) expect(x).toBeCloseTo(1, 6);
  });
  test("twice as long: as far away as the state is long, in its direction", () => {
    const { distance, cosine } = bend(own, changed(own, (x) => 2 * x));
    for (const x of distance.data) expect(x).toBeCloseTo(1, 6);
    for (const x of cosine.data) expect(x).toBeCloseTo(1, 6);
  });
  test("turned round: twice its length away, cosine −1", () => {
    const { distance, cosine } = bend(own, changed(own, (x) => -x));
    for (const x of distance.data) expect(x).toBeCloseTo(2, 6);
    for (const x of cosine.data) expect(x).toBeCloseTo(-1, 6);
  });
  // Pairs (x, y) become (−y, x): a right angle at the same norm, hence √2.
  test("at a right angle: √2 away, cosine 0", () => {
    const { data } = own.activations.residPost;
    const { distance, cosine } = bend(own, changed(own, (_, i) => (i % 2 === 0 ? -data[i + 1]! : data[i - 1]!)));
    for (const x of distance.data) expect(x).toBeCloseTo(Math.SQRT2, 5);
    for (const x of cosine.data) expect(x).toBeCloseTo(0, 5);
  });
  test("steps are aligned at the end of the prompt, as far as both go", () => {
    const longer = exampleTrace({ steps: 12, layers: 2, hiddenSize: 6 });
    expect(bend(own, longer).steps).toEqual([0, 1, 2, 3, 4]);
  });
  test("tokens that went in are compared from the end of the prompt on; thoughts count as the same", () => {
    const cot = exampleTrace({ mode: "cot", steps: 8, layers: 2, hiddenSize: 6 });
    const other = { ...cot, steps: cot.steps.map((step, i) => (i === 6 ? { ...step, token: 0 } : step)) };
    expect([bend(cot, other).sameUntil, bend(own, exampleTrace({ steps: 8, layers: 2, hiddenSize: 6, seed: 3 })).sameUntil]).toEqual([2, 4]);
  });
  test("the layers that were kept go by their names; runs that kept different ones cannot be laid over one another", () => {
    const double = changed(own, (x, i) => (Math.floor(i / 6) % 3 === 2 ? 2 * x : x));
    const { layers, distance } = bend(onlyLayers(own, [0, 2]), onlyLayers(double, [0, 2]));
    expect(layers).toEqual([0, 2]);
    distance.data.forEach((x, i) => expect(x).toBeCloseTo(i % 2, 6));
    expect(() => bend(onlyLayers(own, [0, 2]), onlyLayers(own, [0, 1]))).toThrow("kept the states of different layers (0, 2 and 0, 1)");
    expect(() => bend(own, onlyLayers(own, [0, 2]))).toThrow("different layers (0, 1, 2 and 0, 2)");
  });
  test("a state of zeros has no direction", () => expect(bend(changed(own, () => 0), own).cosine.data.every(Number.isNaN)).toBe(true));
  test.each<[string, Trace, RegExp]>([
    ["another width", exampleTrace({ hiddenSize: 5, layers: 2 }), /hidden states have 6 and 5 numbers/],
    ["other layers", exampleTrace({ hiddenSize: 6, layers: 3 }), /2 and 3 layers/],
    ["no hidden states", exampleTrace({ hiddenSize: 6, layers: 2, captured: false }), /kept no hidden states/],
  ])("refused: %s", (_, other, message) => expect(() => bend(own, other)).toThrow(message));
});

describe("over many problems", () => {
  const traces = Array.from({ length: 24 }, (_, i) => exampleTrace({ steps: 8, layers: 2, hiddenSize: 6, seed: i + 1 }));
  const compared = (other: (trace: Trace, i: number) => Trace, keep = (trace: Trace): Trace => trace): Comparison => {
    const comparison = new Comparison();
    traces.forEach((trace, i) => comparison.add(keep(trace), keep(other(trace, i))));
    return comparison;
  };

  test("a run with itself: nothing differs, all agree", () => {
    const view = compared((trace) => trace).view(1);
    expect(view).toMatchObject({ problems: 24, apart: null, a: { correct: 24, answered: 24 }, agree: { correct: 24, answered: 24, high: 1 } });
    for (const { distance, cosine, cka, procrustes, n } of view.layers) {
      expect([distance.mean, distance.low, distance.high, distance.n, n]).toEqual([0, 0, 0, 24, 24]);
      expect(cosine.mean).toBeCloseTo(1, 6);
      expect(cka).toBeCloseTo(1, 10);
      expect(procrustes).toBeCloseTo(0, 6);
    }
    for (const { difference, effect } of view.measures.filter((m) => m.difference.n > 0)) expect([difference.mean, effect]).toEqual([0, NaN]);
  });

  test("a scale or a turn of all states bends the path and leaves CKA and Procrustes as they are", () => {
    const view = compared((trace) => changed(trace, (x, i) => 3 * x * (i % 6 < 3 ? 1 : -1))).view(1);
    for (const { distance, cka, procrustes } of view.layers) {
      expect(distance.mean).toBeGreaterThan(1);
      expect(cka).toBeCloseTo(1, 6);
      expect(procrustes).toBeCloseTo(0, 5);
    }
  });

  // Independent normal states: ‖b − a‖ / ‖a‖ is about √2 and more, for short vectors; debiased CKA is 0 on average.
  test("unrelated runs: no alignment, and no closer than another problem", () => {
    const view = compared((_, i) => exampleTrace({ steps: 8, layers: 2, hiddenSize: 6, seed: 1000 + i })).view(0);
    for (const { distance, otherProblem, cka, procrustes } of view.layers) {
      expect(distance.low).toBeGreaterThan(1);
      expect(Math.abs(distance.mean - otherProblem.distance.mean)).toBeLessThan(0.35);
      expect(otherProblem.distance.n).toBe(23);
      expect(Math.abs(cka)).toBeLessThan(0.2);
      expect(procrustes).toBeGreaterThan(0.5);
    }
  });

  // With 24 problems of 6 dimensions a rotation fits something by chance: as much as where runs are unrelated.
  test("the Procrustes distance by chance is that of unrelated runs, whatever the runs have in common", () => {
    const [same, unrelated] = [compared((trace) => trace).view(1), compared((_, i) => exampleTrace({ steps: 8, layers: 2, hiddenSize: 6, seed: 1000 + i })).view(1)];
    same.layers.forEach(({ procrustes, procrustesByChance }, layer) => {
      expect(procrustes).toBeCloseTo(0, 6);
      expect(Math.abs(procrustesByChance - unrelated.layers[layer]!.procrustes)).toBeLessThan(0.25);
      expect(Math.abs(procrustesByChance - unrelated.layers[layer]!.procrustesByChance)).toBeLessThan(0.25);
    });
  });

  test("runs that kept some layers only are compared at those, by their own names", () => {
    const some = compared((trace) => changed(trace, (x) => 2 * x), (trace) => onlyLayers(trace, [0, 2]));
    const all = compared((trace) => changed(trace, (x) => 2 * x));
    expect(some.view(2).layers.map(({ layer, otherLayer }) => [layer, otherLayer])).toEqual([[0, 0], [2, 2]]);
    const named = (view: ComparisonView): unknown => view.layers.find(({ layer }) => layer === 2);
    expect(named(some.view(2))).toEqual(named(all.view(2)));
    for (const id of ["step-length", "participation-ratio", "lens-entropy", "entropy"]) {
      const [a, b] = [some, all].map((one) => one.view(2).measures.find(({ probe }) => probe === id)!);
      expect(a).toEqual(b);
    }
  });

  test("measures are paired by problem: twice the scale makes each step twice as long", () => {
    const { measures } = compared((trace) => changed(trace, (x) => 2 * x)).view(2);
    expect(measures.map(({ probe }) => probe)).toEqual(probes.map(({ id }) => id));
    const length = measures.find(({ probe }) => probe === "step-length")!;
    expect(length.b).toBeCloseTo(2 * length.a, 5);
    expect(length.difference.mean).toBeCloseTo(length.a, 5);
    expect(length.difference.low).toBeLessThan(length.a);
    expect(length.difference.high).toBeGreaterThan(length.a);
    expect(length.effect).toBeGreaterThan(1);
    // The angle does not know of a scale.
    expect(measures.find(({ probe }) => probe === "turning-angle")!.difference.mean).toBeCloseTo(0, 5);
  });

  test("what one of the two lacks on a problem is left out of the other too", () => {
    const { measures } = compared((trace, i) => (i < 12 ? changed(trace, () => 0) : changed(trace, (x) => 2 * x))).view(1);
    // A path that stands still has no angle.
    const angle = measures.find(({ probe }) => probe === "turning-angle")!;
    expect(angle.difference.n).toBe(12);
    expect(angle.b - angle.a).toBeCloseTo(angle.difference.mean, 6);
    expect(angle.difference.mean).toBeCloseTo(0, 5);
  });

  test("models of other sizes are compared by what does not need their axes, at layers as far up", () => {
    const view = compared((_, i) => exampleTrace({ steps: 8, layers: 4, hiddenSize: 9, seed: i + 1 })).view(2);
    expect(view.apart).toMatch(/hidden states have 6 and 9 numbers/);
    expect(view.layers.map(({ layer, otherLayer }) => [layer, otherLayer])).toEqual([[0, 0], [1, 2], [2, 4]]);
    for (const { distance, cka, n } of view.layers) expect([Number.isNaN(distance.mean), Number.isNaN(cka), n]).toEqual([true, false, 24]);
  });

  test("the longer of two runs is measured over as many last states as the other has", () => {
    const view = compared((trace) => {
      const longer = exampleTrace({ steps: 14, layers: 2, hiddenSize: 6, seed: trace.seed + 50 });
      // Its last five states are those of the other.
      const { residPost } = longer.activations;
      const own = trace.activations.residPost;
      const data = residPost.data.slice();
      data.set(own.data.subarray(own.data.length - 5 * 18), data.length - 5 * 18);
      return { ...longer, activations: { ...longer.activations, residPost: { shape: residPost.shape, data } } };
    }).view(1);
    expect(view.matched).toBe(24);
    const path = view.measures.find(({ probe }) => probe === "path-length")!;
    expect(path.difference.mean).toBeCloseTo(0, 5);
    expect(compared((trace) => trace).view(1).matched).toBe(0);
  });

  test("beside a run that answers at once the other is measured where it answers, and is not longer for having thought", () => {
    const at = (trace: Trace): Trace => ({ ...trace, steps: trace.steps.map((step) => ({ ...step, phase: "prompt" as const })) });
    const { matched, measures } = compared(at).view(1);
    expect(matched).toBe(24);
    const found = (id: string): MeasureComparison => measures.find(({ probe }) => probe === id)!;
    expect(found("entropy").difference).toMatchObject({ mean: 0, n: 24 });
    for (const id of ["path-length", "turning-angle"]) expect([found(id).a, found(id).b]).toEqual([NaN, NaN]);
  });

  test("right answers, and answers that agree, are counted apart", () => {
    const view = compared((trace, i) => (i < 6 ? { ...trace, answer: { ...trace.answer, text: "k", correct: false } } : trace)).view(0);
    expect([view.a.correct, view.b.correct, view.agree.correct, view.b.answered]).toEqual([24, 18, 18, 24]);
  });

  test("without problems, and without hidden states, nothing is made up", () => {
    expect(new Comparison().view(0)).toMatchObject({ problems: 0, layers: [], apart: null, a: { answered: 0, low: 0, high: 1 } });
    const bare = new Comparison();
    bare.add(exampleTrace({ captured: false, lens: false }), exampleTrace({ captured: false, lens: false }));
    const view = bare.view(0);
    expect([view.layers, view.apart]).toEqual([[], "one of the runs kept no hidden states"]);
    expect(view.measures.find(({ probe }) => probe === "step-length")!.difference.n).toBe(0);
    expect(view.measures.find(({ probe }) => probe === "entropy")!.difference.n).toBe(1);
  });
});
