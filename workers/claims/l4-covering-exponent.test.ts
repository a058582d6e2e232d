/** L4: the exponents of known curves, the distances against their closed form, the verdicts, and a small run. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { claimFaults } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, experiment, logSlope, nearestDistances, parametersOf } from "./l4-covering-exponent.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

test("a power law gives its exponent", () => expect(logSlope([1, 10, 100], [3, 3 * 10 ** -0.7, 3 * 10 ** -1.4])).toBeCloseTo(-0.7, 12));
test("parameters of a student, counted by hand", () => expect(parametersOf(3, 2)).toBe(2 * 3 + 3 + 3 * 3 + 3 + 3 + 1));
// On a circle of length 1, the nearest of n samples is at 1 / (2 (n + 1)) on average: both neighbours count.
test("in one dimension the nearest of n samples is at 1 / 2(n + 1)", () => {
  const found = nearestDistances(1, [8, 32, 128], new Random(1));
  const mean = (n: number): number => [1, 2, 3, 4, 5, 6, 7, 8].reduce((sum, seed) => sum + nearestDistances(1, [n], new Random(seed))[0]!, 0) / 8;
  for (const n of [8, 32]) expect(mean(n) * 2 * (n + 1)).toBeGreaterThan(0.85);
  for (const n of [8, 32]) expect(mean(n) * 2 * (n + 1)).toBeLessThan(1.15);
  expect(found[0]! > found[1]! && found[1]! > found[2]!).toBe(true);
});

/** Exponents c/d for both targets, or those of `alpha`. */
const evidence = (alpha: (d: number) => number, covering = -1) =>
  constructed(Object.fromEntries([2, 4, 8, 16].flatMap((d) => [[`alpha-smooth-${d}`, alpha(d)], [`alpha-rough-${d}`, alpha(d)], [`covering-${d}`, covering]])));
test("each verdict", () => {
  const judge = (...args: Parameters<typeof evidence>): string => claim.judge(evidence(...args), thresholdsOf(claim)).verdict;
  expect([judge((d) => 4 / d), judge((d) => 10 / d), judge((d) => 4 / d, -0.5), judge(() => 1), judge(() => NaN)]).toEqual(["supports", "mixed", "mixed", "refutes", "refutes"]);
});
test("what was recorded keeps the rules; the sabotage changes its verdict", () => expect(claimFaults(claim, recordedEvidence("L4"), recordedEvidence("L4", "sabotaged"))).toEqual([]));
test("a small run: the same seed, the same evidence", async () => {
  const run = () => experiment([1], { widths: [2, 3], steps: 3, batch: 8 }, false, () => Promise.resolve());
  expect(await run()).toEqual(await run());
});
