/** E2 against the giant component of random graphs, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, giantShare, jump, largestComponent, measure } from "./e2-percolation.ts";

let honest: Evidence;
beforeAll(async () => { honest = await measure(testContext("E2"), { epochs: 20, graphs: 300 }); });

test("giant component at .5, 1, 1.5, 2, 3 p_c: .02 .12 .61 .80 .94 within 0.04", () => {
  [[0.5, 0.02], [1, 0.12], [1.5, 0.61], [2, 0.8], [3, 0.94]].forEach(([coverage, share]) => expect(Math.abs(valueOf(honest, `giant-${coverage}`) - share!), `${coverage}`).toBeLessThan(0.04));
});
test("above the threshold it is that of the limit, and pairs connect as its square", () => {
  for (const coverage of [2, 3]) {
    expect(Math.abs(valueOf(honest, `giant-${coverage}`) - giantShare(coverage))).toBeLessThan(0.01);
    expect(Math.abs(valueOf(honest, `connected-${coverage}`) - giantShare(coverage) ** 2)).toBeLessThan(0.15);
  }
});
test("the limit in closed form", () => {
  expect([giantShare(0.5), giantShare(1)]).toEqual([0, expect.closeTo(0, 2)]);
  // S = 1/2 at c = 2 ln 2.
  expect(giantShare(2 * Math.LN2)).toBeCloseTo(0.5, 9);
});
test("the largest component by hand", () => {
  expect(largestComponent([], 4)).toBe(1 / 8);
  // 0–0–1 is a path through property 0; 2–3 is a pair.
  expect(largestComponent([[0, 0], [1, 0], [2, 3]], 4)).toBe(3 / 8);
});
test("where a curve jumps", () => {
  expect(jump([0, 0.2, 0.6, 1, 1, 1, 1, 1], 0.5)).toBeCloseTo(1.375, 12);
  expect(jump([0.7, 1, 1, 1, 1, 1, 1, 1], 0.5)).toBe(0.5);
  expect(jump([0, 0, 0, 0, 0, 0, 0, 0.1], 0.5)).toBeNaN();
});
test("no model infers more than is connected", () => {
  for (const id of ["small", "short", "wide"]) for (const coverage of [1, 2, 3, 4, 5]) expect(valueOf(honest, `${id}-${coverage}`)).toBeLessThan(valueOf(honest, `connected-${coverage}`) + 0.1);
});
test("each verdict", () => {
  const coverages = [0.5, 1, 1.5, 2, 2.5, 3, 4, 5];
  /** Curves that step from 0 to 1 at these places. */
  const judge = (connected: number, small: number, short: number) => claim.judge(constructed(Object.fromEntries(coverages.flatMap((coverage) => Object.entries({ connected, small, short }).map(([id, at]) => [`${id}-${coverage}`, coverage >= at ? 1 : 0])))), thresholdsOf(claim)).verdict;
  expect([judge(2, 2, 2), judge(2, 2, 4), judge(2, 3, 4), judge(2, 9, 9)]).toEqual(["supports", "mixed", "mixed", "refutes"]);
});
test("facts of either world change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await measure(testContext("E2", { seeds: [1, 1], sabotaged: true }), { epochs: 10, graphs: 10 });
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
