/** I4: the tokens, the fit of ŵ, the verdicts, and the run in which dMMSE answers: in the hull, by construction. */
import { beforeAll, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { claimFaults } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, experiment, linearFit, sizes, tokensOf } from "./i4-convex-hull.ts";
import { dot, normalVector } from "./apparatus/in-context-regression.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

let spoiled: Evidence;
beforeAll(async () => {
  spoiled = await experiment({ seeds: claim.seeds, sabotaged: true, progress: () => Promise.resolve() }, { ...sizes.full, tests: 12 });
});

test("a token holds its query and the example before it", () => {
  const { shape, data } = tokensOf([{ x: [Float64Array.of(1, 2), Float64Array.of(3, 4)], y: Float64Array.of(5, 6) }]);
  expect([shape, [...data]]).toEqual([[1, 2, 5], [1, 2, 0, 0, 0, 3, 4, 1, 2, 5]]);
});
test("answers that are linear give their weights; others are not explained", () => {
  const random = new Random(1);
  const x = Array.from({ length: 40 }, () => normalVector(random, 3));
  const w = normalVector(random, 3);
  const exact = linearFit(x, x.map((row) => dot(w, row)));
  expect(exact.explained).toBeCloseTo(1, 12);
  exact.weights.forEach((value, d) => expect(value).toBeCloseTo(w[d]!, 10));
  expect(linearFit(x, x.map((row) => dot(row, row) - 3)).explained).toBeLessThan(0.5);
});
test("dMMSE in place of the model stays in the hull at every pool; ridge goes as far as the tasks lie", () => {
  for (const M of sizes.full.pools) {
    expect(valueOf(spoiled, `way-out-${M}`)).toBeLessThan(1e-6);
    expect(valueOf(spoiled, `to-dmmse-${M}`)).toBeLessThan(1e-12);
    expect(valueOf(spoiled, `to-ridge-${M}`)).toBeGreaterThan(0.1);
  }
  expect(valueOf(spoiled, "linear")).toBeCloseTo(1, 10);
});
test("each verdict", () => {
  const judge = (small: number, large: number, off = 0): string => claim.judge(constructed({ "way-out-4": small, "way-out-64": large, "off-64": off }), thresholdsOf(claim)).verdict;
  expect([judge(0.1, 0.1), judge(0.1, 0.8), judge(0.1, 0.4), judge(0.1, 0.1, 0.5)]).toEqual(["supports", "refutes", "mixed", "mixed"]);
});
test("an interval that reaches to the other side decides nothing", () => {
  const judge = (small: number, large: number, half: number): string => {
    const { quantities, figures } = constructed({ "way-out-4": small, "way-out-64": large, "off-64": 0 });
    return claim.judge({ figures, quantities: quantities.map((quantity) => ({ ...quantity, low: quantity.value - half, high: quantity.value + half })) }, thresholdsOf(claim)).verdict;
  };
  expect([judge(0.1, 0.6, 0.3), judge(0.1, 0.6, 0.4), judge(0.1, 0.2, 0.2), judge(0.1, 0.2, 0.4)]).toEqual(["refutes", "mixed", "supports", "mixed"]);
});
test("what was recorded keeps the rules; dMMSE in the model's place changes its verdict", () => expect(claimFaults(claim, recordedEvidence("I4"), spoiled)).toEqual([]));
test("a small run: the same seed, the same evidence", async () => {
  const run = () => experiment({ seeds: [1], sabotaged: false, progress: () => Promise.resolve() }, { dimension: 2, pools: [3], hiddenSize: 8, layers: 1, batch: 4, steps: 3, rate: 0.003, tests: 4 });
  expect(await run()).toEqual(await run());
});
