import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { recordedEvidence } from "./recorded.test-support.ts";
import { claim, drawWorld, measure } from "./x1-local-operators.ts";

const run = (sabotaged: boolean, steps: number) => measure(testContext("X1", { seeds: [1], sabotaged }), { steps, points: 400 });

test("what was recorded keeps the rules; a router that does not look changes its verdict", () => expect(claimFaults(claim, recordedEvidence("X1"), recordedEvidence("X1", "sabotaged"))).toEqual([]));
test("a short run: a router that looks takes manifolds apart, one that does not cannot; the same seed gives the same evidence", async () => {
  expect(valueOf(await run(false, 200), "nmi")).toBeGreaterThan(0.3);
  const blind = await run(true, 2);
  expect(valueOf(blind, "nmi")).toBe(0);
  expect(await run(true, 2)).toEqual(blind);
});

test.each([
  ["supports", { nmi: 0.8, ratio: 0.6, "ratio-size": 1 }],
  ["refutes", { nmi: 0.1, ratio: 0.6, "ratio-size": 1 }],
  ["refutes", { nmi: 0.8, ratio: 1.1, "ratio-size": 1 }],
  ["mixed", { nmi: 0.4, ratio: 0.6, "ratio-size": 1 }],
  ["mixed", { nmi: 0.8, ratio: 0.9, "ratio-size": 1 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));
test.each([
  ["supports", 0.6, [0.4, 0.9]],
  ["mixed", 0.6, [0.3, 1.2]],
  ["mixed", 1.2, [0.9, 1.6]],
  ["refutes", 1.2, [1.1, 1.3]],
] as const)("a ratio of errors whose interval holds 1 decides nothing: %s", (verdict, value, [low, high]) => {
  const { quantities, figures } = constructed({ nmi: 0.8, ratio: value, "ratio-size": 1 });
  const evidence: Evidence = { figures, quantities: quantities.map((quantity) => (quantity.id === "ratio" ? { ...quantity, low, high } : quantity)) };
  expect(claim.judge(evidence, thresholdsOf(claim)).verdict).toBe(verdict);
});

test("the four manifolds lie apart, and stay where they are from draw to draw", () => {
  const centres = [1, 2].map((draw) => {
    const { points, labels } = drawWorld(5, new Random(draw), 4000);
    return [0, 1, 2, 3].map((label) => {
      const own = Array.from(labels.keys()).filter((i) => labels[i] === label);
      expect(own.length).toBe(1000);
      return Array.from({ length: 8 }, (_, d) => own.reduce((sum, i) => sum + points.data[8 * i + d]! / own.length, 0));
    });
  });
  const apart = (a: readonly number[], b: readonly number[]): number => Math.hypot(...a.map((x, d) => x - b[d]!));
  for (let i = 0; i < 4; i++) {
    expect(apart(centres[0]![i]!, centres[1]![i]!)).toBeLessThan(0.2);
    for (let j = 0; j < i; j++) expect(apart(centres[0]![i]!, centres[0]![j]!)).toBeGreaterThan(1);
  }
});
