/** Z1 against the error probability of orthogonal codes, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, runClaim, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, measure, orthogonalAccuracy } from "./z1-noise-in-the-channel.ts";

let honest: Evidence;
beforeAll(async () => { honest = await runClaim(claim); });

test("σ = 1, 16 steps: token 1.000, latent 0.483 within 0.03", () => {
  expect(Math.abs(valueOf(honest, "token-1") - 1)).toBeLessThan(0.03);
  expect(Math.abs(valueOf(honest, "latent-1") - 0.483)).toBeLessThan(0.03);
});
test("σ = 1.5: 0.947 and 0.277 within 0.03", () => {
  expect(Math.abs(valueOf(honest, "token-1.5") - 0.947)).toBeLessThan(0.03);
  expect(Math.abs(valueOf(honest, "latent-1.5") - 0.277)).toBeLessThan(0.03);
});
test("codes at right angles: no signal is chance, a strong one certain, two codes Φ(r/√2)", () => {
  expect(orthogonalAccuracy(0)).toBeCloseTo(1 / 26, 8);
  expect(orthogonalAccuracy(12)).toBeCloseTo(1, 8);
  expect(orthogonalAccuracy(2, 2)).toBeCloseTo(0.9213504, 6);
});
test("both channels lie near the theory for codes at right angles, random ones a little below", () => {
  const figure = honest.figures[1]!;
  if (figure.kind !== "lines") throw new Error("expected lines");
  for (const c of [0, 1]) figure.lines[c]!.y.forEach((accuracy, i) => expect(Math.abs(accuracy - figure.lines[c + 2]!.y[i]!)).toBeLessThan(0.06));
});
test("the weaker of two blended thoughts: chance after an argmax, kept in the latent", () => {
  expect(Math.abs(valueOf(honest, "token-blend") - 1 / 25)).toBeLessThan(0.025);
  expect(valueOf(honest, "latent-blend")).toBeGreaterThan(0.6);
});
test("each verdict", () => {
  const judge = (token: number, latent: number) => claim.judge(constructed({ "token-drift": token, "latent-drift": latent }), thresholdsOf(claim)).verdict;
  expect([judge(0.7, 0.5), judge(0.5, 0.5), judge(0, 0.5)]).toEqual(["supports", "mixed", "refutes"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("refutes");
});
test("tokens that slip change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await measure(testContext("Z1", { seeds: [1, 1], sabotaged: true }), 100);
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
