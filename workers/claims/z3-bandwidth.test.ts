import { expect, test } from "vitest";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf } from "./claim.ts";
import { claim, fano, measure } from "./z3-bandwidth.ts";

const small = (sabotaged: boolean) => measure(testContext("Z3", { sabotaged, seeds: [1, 2], model: nanoDecoder }), { problems: 8, levels: [0, 1, 2] });

test("a thought carries more than a token, though not by far; another problem's thought nothing", async () => {
  const [honest, sabotaged] = [await small(false), await small(true)];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
  expect([valueOf(honest, "token"), valueOf(honest, "bound"), valueOf(sabotaged, "usable")]).toEqual([6, 1536, 0]);
  // Two letters of 26 are all that the task asks for; from below no more than that can be read off.
  expect(valueOf(honest, "read")).toBeLessThanOrEqual(Math.log2(325));
});
test("Fano: all bits where every pair is right, none where guessing does as well", () => {
  expect(fano(1)).toBeCloseTo(Math.log2(325), 12);
  expect(fano(1 / 325)).toBeCloseTo(0, 12);
  expect(fano(0.5)).toBeCloseTo(Math.log2(325) - 1 - 0.5 * Math.log2(324), 12);
});
