import { expect, test } from "vitest";
import { scaleColour, scaleCss } from "./colour-scale.ts";

/** Relative luminance of WCAG 2. */
const luminance = (rgb: readonly number[]): number => rgb.map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i]!, 0);

test("lightness rises all the way, so the order shows in grey", () => {
  let before = -1;
  for (let i = 0; i <= 100; i++) {
    const now = luminance(scaleColour(i / 100));
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
  }
  expect(luminance(scaleColour(1)) / luminance(scaleColour(0))).toBeGreaterThan(20);
});
test("the ends, and what lies beyond them", () => {
  expect(scaleCss(0)).toBe("rgb(0 34 78)");
  expect([scaleColour(-3), scaleColour(7)]).toEqual([scaleColour(0), scaleColour(1)]);
});
