import { expect, test } from "vitest";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { claim, measure } from "./t2-dynamic-adjacency.ts";

const small = (sabotaged: boolean) => measure(testContext("T2", { sabotaged, model: nanoDecoder }), { problems: 2 });

test("a head follows the arrows; before training none does", async () => {
  const [honest, sabotaged] = [await small(false), await small(true)];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("supports");
  const [picture] = honest.figures;
  if (picture?.kind !== "grid") throw new Error("expected a grid");
  // Each row is part of a head's attention, and the diagonal holds most of it.
  for (let row = 0; row < 16; row++) {
    const shares = picture.values.slice(16 * row, 16 * row + 16);
    expect(shares.reduce((a, b) => a + b)).toBeLessThanOrEqual(1 + 1e-6);
    expect(shares.indexOf(Math.max(...shares))).toBe(row);
  }
});
