import { expect, test } from "vitest";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf } from "./claim.ts";
import { changed, claim, measure } from "./k1-sensitivity.ts";

const small = (sabotaged: boolean, seeds: readonly number[]) => measure(testContext("K1", { sabotaged, seeds, model: nanoDecoder }), { graphs: 1, edits: 8, gains: 1, hops: [1, 6] });

test("steps hang on less and are flatter; before training nothing is solved", async () => {
  const [honest, sabotaged] = [await small(false, [1, 2]), await small(true, [1])];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("supports");
  expect(valueOf(honest, "worst-step")).toBeGreaterThan(0.9);
  // Each arrow is swapped once, and a step reads one arrow: one edit in eight turns it over.
  expect(valueOf(honest, "step-last")).toBeGreaterThan(0.1);
  expect(valueOf(honest, "step-last")).toBeLessThan(0.15);
});
test("an edit hits a walk of k hops as often as counting says", () => {
  // All pairs of sixteen arrows, of which the first k are walked.
  for (const k of [1, 3, 6]) {
    let hits = 0;
    for (let i = 0; i < 16; i++) for (let j = 0; j < i; j++) if (j < k || i < k) hits++;
    expect(changed(k)).toBeCloseTo(hits / 120, 12);
  }
});
