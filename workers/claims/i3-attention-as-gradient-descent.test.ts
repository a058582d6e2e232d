/** I3: the two ways to one prediction, by hand and to rounding; its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, runClaim, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { attentionLayers, bestFit, claim, gradientDescent, measure, softmaxAttention } from "./i3-attention-as-gradient-descent.ts";

let honest: Evidence;
beforeAll(async () => { honest = await runClaim(claim); });

/** One example x = 2, y = 6, asked at q = 1: the first step of size 0.4 makes w = 0.4 · 2 · 6 = 4.8, then 4.8 − 0.4 (9.6 − 6) · 2 = 1.92. */
const one = { x: [[2]], y: [6], q: [1], truth: 3 };

test("one example by hand", () => {
  for (const predictions of [gradientDescent(one, 2), attentionLayers(one, 2)]) {
    expect(predictions[0]).toBeCloseTo(4.8, 12);
    expect(predictions[1]).toBeCloseTo(1.92, 12);
  }
  expect(softmaxAttention(one, 1)).toBe(6);
  expect(softmaxAttention({ ...one, x: [[0], [0]], y: [1, 3] }, 1)).toBe(2);
});
test("the best scale", () => {
  const { gap, scaled } = bestFit([1, 2], [2, 4]);
  expect(scaled).toEqual([2, 4]);
  expect(gap).toBe(0);
  expect(bestFit([1, 1], [1, -1]).gap).toBe(1);
});
test("linear attention and gradient descent differ by rounding only, at each of four layers", () => {
  for (const id of ["linear", "linear-1", "linear-2", "linear-3", "linear-4"]) expect(valueOf(honest, id)).toBeLessThanOrEqual(1e-12);
});
test("the trained layer comes near to η* I, the best step of Ahn et al.", () => expect(valueOf(honest, "trained")).toBeLessThan(0.1));
test("softmax attention is another function", () => expect(valueOf(honest, "softmax")).toBeGreaterThan(0.3));
test("each verdict", () => {
  const judge = (linear: number, softmax: number) => claim.judge(constructed({ linear, softmax }), thresholdsOf(claim)).verdict;
  expect([judge(1e-15, 0.05), judge(1e-15, 0.5), judge(1, 0.5)]).toEqual(["supports", "mixed", "refutes"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
});
test("a cut residual stream changes the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await measure(testContext("I3", { seeds: [1, 1], sabotaged: true }), 50, 50);
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
