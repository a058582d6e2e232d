/** T1: the law for sets, the mask that breaks it from the second layer on, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, runClaim } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim } from "./t1-set-without-positions.ts";

let honest: Evidence;
beforeAll(async () => { honest = await runClaim(claim, { seeds: [1] }); });

test("without mask and positions the law holds to rounding, with any of them it does not", () => {
  expect(valueOf(honest, "bidirectional")).toBeLessThan(2e-6);
  for (const id of ["causal", "bidirectional-positions", "causal-positions"]) expect(valueOf(honest, id), id).toBeGreaterThan(0.1);
});
test("one causal layer makes the last token a function of the set before it, two do not", () => {
  expect(valueOf(honest, "last-1")).toBeLessThan(2e-6);
  expect(valueOf(honest, "last-2")).toBeGreaterThan(0.05);
});
test("each verdict", () => {
  const judge = (bidirectional: number, causal: number) => claim.judge(constructed({ bidirectional, causal }), thresholdsOf(claim)).verdict;
  expect([judge(1e-7, 1e-7), judge(1e-7, 0.5), judge(0.5, 0.5)]).toEqual(["supports", "mixed", "refutes"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
});
test("positions that stay in change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await runClaim(claim, { seeds: [1, 1], sabotaged: true });
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
