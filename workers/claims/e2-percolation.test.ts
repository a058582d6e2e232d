/** E2 against the giant component of random graphs, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { claimFaults, repeatFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, coverages, giantComponents, giantShare, jump, largestComponent, liveGraphs, measure } from "./e2-percolation.ts";

let honest: Evidence;
beforeAll(async () => { honest = await measure(testContext("E2", { seeds: [1] }), { epochs: 120, graphs: 10 }); });
/** As the live run has it. */
const giant = claim.seeds.map((seed) => giantComponents(new Random(seed), liveGraphs));
const giantAt = (coverage: number): number => mean(giant.map((line) => line[coverages.indexOf(coverage)]!));

test("giant component at .5, 1, 1.5, 2, 3 p_c: .02 .12 .61 .80 .94 within 0.04", () => {
  [[0.5, 0.02], [1, 0.12], [1.5, 0.61], [2, 0.8], [3, 0.94]].forEach(([coverage, share]) => expect(Math.abs(giantAt(coverage!) - share!), `${coverage}`).toBeLessThan(0.04));
});
test("above the threshold it is that of the limit, and pairs connect as its square", () => {
  for (const coverage of [2, 3]) expect(Math.abs(giantAt(coverage) - giantShare(coverage))).toBeLessThan(0.01);
  expect(Math.abs(valueOf(honest, "connected") - giantShare(3) ** 2)).toBeLessThan(0.05);
});
test("the limit in closed form", () => {
  expect([giantShare(0.5), giantShare(1)]).toEqual([0, 0]);
  // S = 1/2 at c = 2 ln 2.
  expect(giantShare(2 * Math.LN2)).toBeCloseTo(0.5, 9);
});
test("the largest component by hand", () => {
  expect(largestComponent([], 4)).toBe(1 / 8);
  // 0–0–1 is a path through property 0; 2–3 is a pair.
  expect(largestComponent([[0, 0], [1, 0], [2, 3]], 4)).toBe(3 / 8);
});
test("where a curve jumps", () => {
  expect(jump([0, 0.2, 0.6, 1, 1, 1, 1, 1])).toBeCloseTo(1.375, 12);
  expect(jump([0.7, 1, 1, 1, 1, 1, 1, 1])).toBe(0.5);
  expect(jump([0, 0, 0, 0, 0, 0, 0, 0.1])).toBeNaN();
});
test("no model infers more than is connected", () => {
  const figure = honest.figures[0]!;
  if (figure.kind !== "lines") throw new Error("expected lines");
  const connected = figure.lines.find(({ role }) => role === "theory")!.y;
  for (const { y } of figure.lines.filter(({ role }) => role === "measured")) y.forEach((share, c) => expect(share).toBeLessThan(connected[c]! + 0.1));
});
test("each verdict", () => {
  const judge = (connected: number, small: number, short: number) => claim.judge(constructed({ "jump-connected": connected, "jump-small": small, "jump-short": short }), thresholdsOf(claim)).verdict;
  expect([judge(2, 2.2, 2.3), judge(2, 2.2, 4), judge(2, 3, NaN), judge(2, NaN, NaN)]).toEqual(["supports", "mixed", "mixed", "refutes"]);
});
test("facts of either world change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  // Trained as long as the honest run, which a shorter one would not reach either.
  expect(claimFaults(claim, honest, await measure(testContext("E2", { seeds: [1], sabotaged: true }), { epochs: 120, graphs: 10 }))).toEqual([]);
  expect(repeatFaults(await measure(testContext("E2", { seeds: [1, 1] }), { epochs: 10, graphs: 10 }))).toEqual([]);
});
