import { expect, test } from "vitest";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { claim, measure } from "./k5-easy-and-hard.ts";

const small = (sabotaged: boolean) => measure(testContext("K5", { seeds: [1, 2], sabotaged, model: nanoDecoder }), { hops: [1, 6], problems: 8 });

test("a gap opens with the hops; before training there is none", async () => {
  const [honest, sabotaged] = [await small(false), await small(true)];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("supports");
});
