/** L6 against Hutter's slopes and the exact loss, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, runClaim } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, expectedLoss, zipf } from "./l6-memorising-power-law.ts";

const seeds = [1, 2, 3];
let honest: Evidence;
beforeAll(async () => { honest = await runClaim(claim, { seeds }); });

test("slopes of −1/3, −1/2, −2/3 within 0.03", () => {
  [[0.5, -1 / 3], [1, -1 / 2], [2, -2 / 3]].forEach(([a, slope]) => expect(Math.abs(valueOf(honest, `slope-${a}`) - slope!)).toBeLessThan(0.03));
});
test("probabilities sum to 1, and the tail beyond k is k^−a", () => {
  for (const a of [0.5, 1, 2]) {
    let sum = 0;
    for (let i = 1; i < 1000; i++) sum += zipf(a).mass(i);
    expect(sum).toBeCloseTo(1 - 1000 ** -a, 12);
    expect(expectedLoss(a, 0)).toBeCloseTo(1, 12);
  }
});
test("the exact loss does not depend on where its sum is cut", () => {
  for (const a of [0.5, 2]) expect(expectedLoss(a, 1e5) / expectedLoss(a, 1e5, 200_000)).toBeCloseTo(1, 3);
});
test("the table's loss follows the exact one", () => {
  const figure = honest.figures[0]!;
  if (figure.kind !== "lines") throw new Error("expected lines");
  for (const k of [0, 1, 2]) figure.lines[k]!.y.forEach((loss, i) => expect(Math.abs(loss / figure.lines[k + 4]!.y[i]! - 1)).toBeLessThan(0.25));
});
test("each verdict", () => {
  const judge = (...slopes: number[]) => claim.judge(constructed(Object.fromEntries([0.5, 1, 2].flatMap((a, k) => [[`slope-${a}`, slopes[k]!], [`bend-${a}`, 0]]))), thresholdsOf(claim)).verdict;
  expect([judge(-0.33, -0.5, -0.67), judge(-0.33, -0.5, -1), judge(-1, -1, -1)]).toEqual(["refutes", "mixed", "supports"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("refutes");
  expect(claim.judge(honest, { straight: 0, near: 0 }).verdict).toBe("supports");
});
test("equal frequencies change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await runClaim(claim, { seeds: [1, 1], sabotaged: true });
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
