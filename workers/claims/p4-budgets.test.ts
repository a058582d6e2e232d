import { expect, test } from "vitest";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf } from "./claim.ts";
import { claim, measure } from "./p4-budgets.ts";

const small = (sabotaged: boolean) => measure(testContext("P4", { sabotaged, model: nanoDecoder }), { problems: 3 });

test("budgets differ between tokens and stages; before training every head looks everywhere", async () => {
  const [honest, sabotaged] = [await small(false), await small(true)];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("supports");
  // By definition nothing needs more keys than it sees.
  for (const id of ["budget-prefill", "budget-decode"]) expect(valueOf(sabotaged, id)).toBeLessThan(1);
  expect(valueOf(sabotaged, "budget-prefill")).toBeGreaterThan(2 * valueOf(honest, "budget-prefill"));
});
