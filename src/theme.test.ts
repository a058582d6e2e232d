/** WCAG 2.2 contrast of the grammar's colours: marks 3 : 1, words 4.5 : 1, on every ground they stand on. */
import { describe, expect, test } from "vitest";
import { modeStyles, palette, seriesStyles } from "./theme.ts";

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const c = Number.parseInt(hex.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

test("black on white is 21 : 1", () => expect(contrast("#000000", "#ffffff")).toBeCloseTo(21));

describe.each(["light", "dark"] as const)("%s", (scheme) => {
  const colours = palette[scheme];
  const grounds = [colours.ground, colours.surface, colours.raised];
  const marks = [
    ...Object.values(modeStyles).map((style) => [style.mode, style.colour[scheme]] as const),
    ...seriesStyles.map((style, i) => [`series ${i + 1}`, style.colour[scheme]] as const),
  ];
  const inks = [
    ...Object.values(modeStyles).map((style) => [`${style.mode} ink`, style.ink[scheme]] as const),
    ...(["ink", "soft", "right", "wrong"] as const).map((name) => [name, colours[name]] as const),
  ];
  test.each(marks)("%s is seen as a mark", (_, colour) => {
    for (const ground of grounds) expect(contrast(colour, ground)).toBeGreaterThanOrEqual(3);
  });
  test.each(inks)("%s is read as a word", (_, colour) => {
    for (const ground of grounds) expect(contrast(colour, ground)).toBeGreaterThanOrEqual(4.5);
  });
  test("faint words stand on the ground and on raised panels", () => {
    for (const ground of [colours.ground, colours.raised]) expect(contrast(colours.faint, ground)).toBeGreaterThanOrEqual(4);
  });
});

test("no two series share shape, colour or dash", () => {
  for (const key of ["pointStyle", "colour", "dash"] as const) expect(new Set(seriesStyles.map((style) => JSON.stringify(style[key]))).size).toBe(seriesStyles.length);
});

test("no two modes share shape, colour or dash", () => {
  const styles = Object.values(modeStyles);
  for (const key of ["shape", "colour", "dash"] as const) expect(new Set(styles.map((style) => JSON.stringify(style[key]))).size).toBe(styles.length);
});
