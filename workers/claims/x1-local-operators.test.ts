import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed, withValues } from "./constructed.test-support.ts";
import { claim, drawWorld, measure } from "./x1-local-operators.ts";

const run = (sabotaged: boolean, steps: number) => measure(testContext("X1", { seeds: [1], sabotaged }), { steps, points: 400 });

test("a router that does not look changes the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const [honest, sabotaged] = [await run(false, 200), await run(true, 2)];
  const nmi = honest.quantities.find(({ id }) => id === "nmi")!.value;
  expect(nmi).toBeGreaterThan(0.3);
  // The error needs a longer training to come out.
  expect(claimFaults(claim, withValues(honest, { nmi: 0.8, ratio: 0.6 }), sabotaged)).toEqual([]);
  expect(await run(false, 2)).toEqual(await run(false, 2));
});

test.each([
  ["supports", { nmi: 0.8, ratio: 0.6, "ratio-size": 1 }],
  ["refutes", { nmi: 0.1, ratio: 0.6, "ratio-size": 1 }],
  ["refutes", { nmi: 0.8, ratio: 1.1, "ratio-size": 1 }],
  ["mixed", { nmi: 0.4, ratio: 0.6, "ratio-size": 1 }],
  ["mixed", { nmi: 0.8, ratio: 0.9, "ratio-size": 1 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

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
