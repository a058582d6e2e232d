/** Numbers as a reason has them. */
import { expect, test } from "vitest";
import { decimals, digits, percent } from "./numerals.ts";

test("digits", () => {
  expect([0.3456, -1.234, 0, -0, 412, 4.1e-7, 1e-6, -5.5e-17, 2e9, 0.999, NaN].map((value) => digits(value))).toEqual(["0.35", "−1.2", "0", "0", "410", "4.1 × 10⁻⁷", "10⁻⁶", "−5.5 × 10⁻¹⁷", "2 × 10⁹", "1", "–"]);
  expect(digits(0.9915, 3)).toBe("0.992");
});
test("decimals", () => expect([0.346, -0.02, -0.001, 1, 12.5, NaN].map((value) => decimals(value))).toEqual(["0.35", "−0.02", "0.00", "1.00", "12.50", "–"]));
test("percent", () => {
  expect([0, 0.104, -0.02, -0.001, 1, NaN].map((share) => percent(share))).toEqual(["0\u00a0%", "10\u00a0%", "−2\u00a0%", "0\u00a0%", "100\u00a0%", "–"]);
  expect(percent(0.9996, 1)).toBe("100.0\u00a0%");
});
