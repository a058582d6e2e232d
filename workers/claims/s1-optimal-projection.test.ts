/** S1 against the closed form of a sine's Legendre series, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, runClaim } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, readDiagonal } from "./s1-optimal-projection.ts";
import { relativeError } from "../toys/hippo.ts";

let honest: Evidence;
beforeAll(async () => { honest = await runClaim(claim, { seeds: [1, 2] }); });

test("N = 16: recurrence 3.5e-3, best polynomial 3.6e-4, within 20 %", () => {
  expect(Math.abs(valueOf(honest, "recurrence-16") / 3.5e-3 - 1)).toBeLessThan(0.2);
  expect(Math.abs(valueOf(honest, "optimal-16") / 3.6e-4 - 1)).toBeLessThan(0.2);
});
test("the best polynomial errs by what the Legendre series leaves out", () => {
  // sin ax and cos ax have the coefficients (2n + 1) jₙ(a) of odd and even n, and Pₙ has the mean square 1 / (2n + 1).
  const bessel = (n: number, x: number): number => {
    let term = 1;
    for (let k = 1; k <= n; k++) term *= x / (2 * k + 1);
    let sum = 0;
    for (let k = 0; k < 60; k++) {
      sum += term;
      term *= (-x * x) / 2 / (k + 1) / (2 * n + 2 * k + 3);
    }
    return sum;
  };
  for (const N of [4, 8, 16]) {
    let left = 0;
    for (let n = N; n < 60; n++) left += (2 * n + 1) * (n % 2 === 1 ? bessel(n, 3 * Math.PI) : 0.5 * bessel(n, Math.PI)) ** 2;
    expect(valueOf(honest, `optimal-${N}`) / Math.sqrt(left / (0.5 + 0.125))).toBeCloseTo(1, 1);
  }
});
test("twice the steps, half the distance: what LegS misses is the step's", () => {
  const figure = honest.figures[2]!;
  if (figure.kind !== "lines") throw new Error("expected lines");
  const [coarse, fine] = [figure.lines[0]!.y[0]!, figure.lines[0]!.y.at(-1)!];
  expect(coarse / fine).toBeGreaterThan(12);
  expect(coarse / fine).toBeLessThan(18);
});
test("a fading exponential is what a diagonal state of one number holds", () => {
  const f = Float64Array.from({ length: 200 }, (_, s) => Math.exp(-0.01 * (199 - s)));
  expect(relativeError(readDiagonal(f, 1, 0.01), f)).toBeLessThan(1e-5);
  // Reading more than the numbers hold makes it worse, not better.
  const sine = f.map((_, s) => Math.sin(s / 5));
  expect(relativeError(readDiagonal(sine, 16, 0.02, 1e-12), sine)).toBeGreaterThan(relativeError(readDiagonal(sine, 16, 0.02), sine));
});
test("it does not hang on the precision: float32 numbers do not hold the table's signal either", () => {
  const f = Float64Array.from({ length: 2000 }, (_, i) => Math.sin((6 * Math.PI * i) / 2000) + 0.5 * Math.cos((2 * Math.PI * i) / 2000));
  for (const span of [1, 4, 16]) expect(relativeError(readDiagonal(f, 16, span / 2000, 1e-6), f)).toBeGreaterThan(0.6);
});
test("each verdict", () => {
  const judge = (legs: number, diagonal: number) => claim.judge(constructed({ legs, diagonal, optimal: 0 }), thresholdsOf(claim)).verdict;
  expect([judge(0.01, 0.01), judge(0.01, 0.6), judge(1, 0.6)]).toEqual(["supports", "mixed", "refutes"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
});
test("modes that do not couple change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await runClaim(claim, { seeds: [1, 1], sabotaged: true });
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
