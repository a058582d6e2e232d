/** HiPPO-LegS against published properties, closed forms, and the values measured for the claims table. */
import { expect, test } from "vitest";
import { legendre, legsMatrix, legsRecurrence, optimalProjection, reconstruction, relativeError } from "./hippo.ts";

const L = 2000;
const signal = Float64Array.from({ length: L }, (_, i) => Math.sin((6 * Math.PI * i) / L) + 0.5 * Math.cos((2 * Math.PI * i) / L));

test("the polynomials are Legendre's", () => {
  const x = 0.3;
  const expected = [1, x, (3 * x ** 2 - 1) / 2, (5 * x ** 3 - 3 * x) / 2, (35 * x ** 4 - 30 * x ** 2 + 3) / 8];
  legendre(x, 5).forEach((P, n) => expect(P).toBeCloseTo(expected[n]!, 14));
  expect([...legendre(1, 6)]).toEqual([1, 1, 1, 1, 1, 1]);
});

test("A is that of the paper, with eigenvalues 1 … N on its diagonal", () => {
  const A = legsMatrix(3);
  expect(A.map((row) => row.map((x) => Math.round(x ** 2)))).toEqual([[1, 0, 0], [3, 4, 0], [5, 15, 9]].map((row) => Float64Array.from(row)));
});

test("a constant is remembered as the constant, less the share of its start that the bilinear rule loses", () => {
  const h = legsRecurrence(new Float64Array(500).fill(2), 4).at(-1)!;
  // h₀ errs by e with (1 + 1/2t) eₜ = (1 − 1/2t) eₜ₋₁, so e = 1/(2t + 1).
  expect(h[0]).toBeCloseTo(2 * (1 - 1 / 1001), 12);
  expect(Math.max(...h.subarray(1).map(Math.abs))).toBeLessThan(0.01);
});

test("a line is remembered as the line, with the coefficients of its closed form", () => {
  // f(s) = s/t = ½ P₀ + ½ P₁(2s/t − 1), and hₙ is the coefficient over √(2n+1).
  const h = legsRecurrence(Float64Array.from({ length: L }, (_, i) => (i + 0.5) / L), 4).at(-1)!;
  [0.5, 0.5 / Math.sqrt(3), 0, 0].forEach((expected, n) => expect(Math.abs(h[n]! - expected)).toBeLessThan(1e-3));
});

test("a polynomial below degree N is projected onto itself, one of degree N is not", () => {
  const cubic = Float64Array.from({ length: 300 }, (_, i) => (i / 300 - 0.2) ** 3);
  expect(relativeError(optimalProjection(cubic, 4), cubic)).toBeLessThan(1e-12);
  expect(relativeError(optimalProjection(cubic, 3), cubic)).toBeGreaterThan(0.05);
});

// Relative error of recurrence and projection, as measured independently for the claims table (row S1).
for (const [N, recurrence, optimal] of [[4, 0.821, 0.821], [8, 0.484, 0.484], [16, 3.5e-3, 3.6e-4]] as const) {
  test(`N = ${N}: the recurrence errs by ${recurrence}, the best polynomial by ${optimal}, within 20 %`, () => {
    const byRecurrence = relativeError(reconstruction(legsRecurrence(signal, N).at(-1)!, L), signal);
    const best = relativeError(optimalProjection(signal, N), signal);
    expect(Math.abs(byRecurrence / recurrence - 1)).toBeLessThan(0.2);
    expect(Math.abs(best / optimal - 1)).toBeLessThan(0.2);
    expect(best).toBeLessThanOrEqual(byRecurrence);
  });
}

test("half the step, half the distance to the projection, at best: the floor is the step's, not N's", () => {
  const error = (length: number): number => {
    const f = Float64Array.from({ length }, (_, i) => Math.sin((6 * Math.PI * (i + 0.5)) / length));
    return relativeError(reconstruction(legsRecurrence(f, 24).at(-1)!, length), f);
  };
  const [coarse, fine] = [error(1000), error(4000)];
  expect(fine).toBeLessThan(coarse / 2);
});
