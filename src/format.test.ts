import { expect, test } from "vitest";
import { bareToken, formatBytes, formatCount, formatDuration, formatFixed, formatNumber, formatP, formatPercent } from "./format.ts";

test.each([
  [0, "0"], [-0, "0"], [1, "1"], [1.5, "1.5"], [0.01234, "0.0123"], [-41.96, "−42"], [999.6, "1000"], [1234, "1230"],
  [12345, "12\u202f300"], [999_999, "1×10⁶"], [1.234e6, "1.23×10⁶"], [1.2e-6, "1.2×10⁻⁶"], [-5e-12, "−5×10⁻¹²"], [0.00099999, "0.001"],
  [NaN, "–"], [Infinity, "∞"], [-Infinity, "−∞"],
])("%d is written %s", (value, text) => expect(formatNumber(value)).toBe(text));

test("a count keeps its digits", () => expect([7, 1234, 19132, 1234567, NaN].map(formatCount)).toEqual(["7", "1234", "19\u202f132", "1\u202f234\u202f567", "–"]));

test("never more than three significant digits", () => {
  for (let e = -9; e < 9; e++) {
    const mantissa = formatNumber(1.23456789 * 10 ** e).split("×")[0]!;
    const digits = mantissa.replace(/^0\.0*|[^\d]/g, "").replace(/0+$/, "");
    expect(digits.length).toBeLessThanOrEqual(3);
  }
});

test.each([
  [0, "0 %"], [1, "100 %"], [0.5234, "52 %"], [0.0612, "6.1 %"], [0.0999, "10 %"], [0.0004, "< 0.1 %"], [0.9996, "> 99.9 %"], [0.9971, "99.7 %"], [NaN, "–"],
])("a share of %d is written %s", (share, text) => expect(formatPercent(share)).toBe(text));

test.each([[0, "0 B"], [999, "999 B"], [1480_000, "1.48 MB"], [999_999, "1 MB"], [NaN, "–"]])("%d bytes are written %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([[0.2, "1 s"], [8.4, "8 s"], [125, "2 min 05 s"], [3600, "1 h 00 min"], [4800, "1 h 20 min"], [NaN, "–"], [Infinity, "–"]])("%d seconds are written %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

test.each([["␣Ben", "Ben"], ["⏎⏎", ""], ["b", "b"], ["a␣b", "a␣b"]])("the token %s is %s without its marks", (text, bare) => expect(bareToken(text)).toBe(bare));

test("ticks of one axis have the same decimals, and no minus before 0", () => {
  expect([0.5, 1, -0.04].map((value) => formatFixed(value, 1))).toEqual(["0.5", "1", "0"]);
});
test.each([[0.04321, "0.043"], [1, "1"], [2 ** -16, "< 0.0001"], [0, "< 0.0001"], [NaN, "–"], [0.00012, "0.00012"]])("p %d is written %s", (p, text) => expect(formatP(p)).toBe(text));
