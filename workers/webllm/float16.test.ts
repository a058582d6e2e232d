import { describe, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { halfToNumber, numberToHalf } from "./float16.ts";

describe("binary16", () => {
  // From the table of examples in IEEE 754-2019's usual presentations.
  test.each([
    [0, 0x0000], [-0, 0x8000], [1, 0x3c00], [-2, 0xc000], [65504, 0x7bff], [65520, 0x7c00], [65519, 0x7bff], [1e9, 0x7c00],
    [2 ** -14, 0x0400], [2 ** -24, 0x0001], [2 ** -25, 0x0000], [2 ** -25 * 1.0001, 0x0001], [1.5 * 2 ** -24, 0x0002], [2 ** -14 - 2 ** -24, 0x03ff], [2 ** -14 - 2 ** -26, 0x0400],
    [1 / 3, 0x3555], [1 + 2 ** -11, 0x3c00], [1 + 3 * 2 ** -11, 0x3c02], [Number.POSITIVE_INFINITY, 0x7c00], [Number.NEGATIVE_INFINITY, 0xfc00],
  ])("%f is %i", (number, half) => expect(numberToHalf(number)).toBe(half));

  test("every half survives the way there and back", () => {
    for (let half = 0; half < 65536; half++) {
      const number = halfToNumber(half);
      if (!Number.isNaN(number)) expect(numberToHalf(number)).toBe(half);
      else expect(halfToNumber(numberToHalf(number))).toBeNaN();
    }
  });

  test("the nearest half is chosen", () => {
    const random = new Random(1);
    for (let i = 0; i < 10_000; i++) {
      const number = Math.fround(random.normal() * 2 ** (random.integer(30) - 20));
      const half = numberToHalf(number);
      const off = Math.abs(halfToNumber(half) - number);
      for (const other of [half - 1, half + 1]) {
        // Neighbours of ±0 belong to the other sign.
        if ((half & 0x7fff) === 0) continue;
        expect(off).toBeLessThanOrEqual(Math.abs(halfToNumber(other) - number));
      }
    }
  });
});
