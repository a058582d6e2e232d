/** M4 against the chi distribution, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, runClaim } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, gaussianSpread } from "./m4-distance-concentration.ts";

const seeds = [1, 2, 3];
let honest: Evidence;
beforeAll(async () => { honest = await runClaim(claim, { seeds }); });

test("the exact spread in one and two dimensions: √(π/2 − 1), √(4/π − 1)", () => {
  expect(gaussianSpread(1)).toBeCloseTo(Math.sqrt(Math.PI / 2 - 1), 12);
  expect(gaussianSpread(2)).toBeCloseTo(Math.sqrt(4 / Math.PI - 1), 12);
  expect(gaussianSpread(1000) * Math.sqrt(2000)).toBeCloseTo(1, 3);
});
test("independent coordinates follow it", () => {
  for (const D of [2, 10, 100, 1000]) expect(Math.abs(valueOf(honest, `independent-${D}`) / gaussianSpread(D) - 1)).toBeLessThan(0.06);
});
test("the surface keeps its spread, that of the kernel limit", () => {
  expect(valueOf(honest, "surface-left")).toBeGreaterThan(0.8);
  const surface = honest.quantities.find(({ id }) => id === "surface-1000")!;
  expect(Math.abs(surface.value / Number(surface.reference!.value) - 1)).toBeLessThan(0.03);
});
test("each verdict", () => {
  const judge = (independent: number, surface: number) => claim.judge(constructed({ "independent-left": independent, "surface-left": surface }), thresholdsOf(claim)).verdict;
  expect([judge(0.1, 0.1), judge(0.1, 0.9), judge(0.9, 0.9)]).toEqual(["supports", "mixed", "refutes"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
  expect(claim.judge(honest, { ratio: 2 }).verdict).toBe("supports");
});
test("noise off the surface changes the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await runClaim(claim, { seeds: [1, 1], sabotaged: true });
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
