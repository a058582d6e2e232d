/** R4 against random matrix theory, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { claimFaults, repeatFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, exponent, logNormsOfToy, measure, toyOf } from "./r4-jacobian-products.ts";

let honest: Evidence;
beforeAll(async () => { honest = await measure(testContext("R4", { seeds: [1, 2, 3] }), 6); });

test("the growth follows log g with slope 1 within 0.05, as in the claims table (0.98)", () => expect(Math.abs(valueOf(honest, "slope") - 1)).toBeLessThan(0.05));
test("single values lie where the table's single matrices do, which scatter by 0.04", () => {
  for (const { value, reference, id } of honest.quantities) if (id.startsWith("rest-") && reference) expect(Math.abs(value - Number(reference.value)), id).toBeLessThan(0.1);
});
test("an orthogonal matrix keeps the norm: 0 ± 1e-6", () => expect(Math.abs(valueOf(honest, "orthogonal"))).toBeLessThan(1e-6));

/**
 * Kostlan 1992: the squared moduli of the eigenvalues of a complex Gaussian matrix
 * are independent Gamma(k, 1), k = 1 … n, divided by n. For real matrices this is an approximation.
 */
function expectedLogRadius(n: number): number {
  const below = (square: number): number => {
    let product = 1;
    let term = Math.exp(-square);
    let sum = 0;
    for (let k = 1; k <= n; k++) {
      sum += term;
      term *= square / k;
      product *= Math.max(0, 1 - sum);
    }
    return product;
  };
  // E log ρ = ∫ (1 − P(ρ ≤ r)) / r dr above 1, less the same below.
  let expected = 0;
  const step = 0.002;
  for (let log = -8; log < 2; log += step) expected += step * ((log >= 0 ? 1 : 0) - below(n * Math.exp(2 * log)));
  return expected;
}

test("above log g by what sticks out of the disc", () => {
  const above = mean([0.5, 0.7, 0.9, 1, 1.1, 1.3, 1.5].map((gain) => valueOf(honest, `rest-${gain}`) - Math.log(gain)));
  expect(expectedLogRadius(1)).toBeCloseTo(-0.2886, 2); // −γ/2, of one exponential variable
  expect(Math.abs(above - expectedLogRadius(100))).toBeLessThan(0.02);
});
test("the toy's own gradients: no step, no change; a step through tanh shrinks what an orthogonal matrix keeps", () => {
  for (const log of logNormsOfToy(toyOf("residual", 0), new Random(1), 6)) expect(Math.abs(log)).toBeLessThan(1e-5);
  const logs = logNormsOfToy(toyOf("vanilla", 1), new Random(1), 6);
  logs.slice(1).forEach((log, t) => expect(log).toBeLessThan(logs[t]!));
});
test("the growth of a geometric series", () => expect(exponent(Array.from({ length: 20 }, (_, t) => 3 - 0.5 * t))).toBeCloseTo(-0.5, 12));
test("each verdict", () => {
  const judge = (slope: number) => claim.judge(constructed({ slope, orthogonal: 0 }), thresholdsOf(claim)).verdict;
  expect([judge(0.95), judge(0.5), judge(0.02)]).toEqual(["supports", "mixed", "refutes"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("supports");
});
test("orthogonal matrices change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await measure(testContext("R4", { seeds: [1, 1], sabotaged: true }), 4);
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
