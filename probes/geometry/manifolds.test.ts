import { describe, expect, test } from "vitest";
import { Random } from "../random.ts";
import { between } from "./distances.ts";
import { embedded, linkedRings, nestedRings, plane, ring, swissRoll, torus, type Sample } from "./manifolds.ts";
import { twoNn } from "./two-nn.ts";

const makers: readonly (readonly [string, number, (n: number, random: Random) => Sample])[] = [
  ["ring", 1, ring],
  ["nested rings", 1, nestedRings],
  ["linked rings", 1, linkedRings],
  ["Swiss roll", 2, swissRoll],
  ["torus", 2, torus],
  ["plane", 2, plane],
];

describe.each(makers)("%s", (_, d, make) => {
  test("has its dimension", () => expect(Math.abs(twoNn(make(1200, new Random(1)).points).fit - d)).toBeLessThan(0.15 * d));
  test("is the same for the same seed", () => expect(make(20, new Random(3))).toEqual(make(20, new Random(3))));
  test("may be empty", () => expect(make(0, new Random(1)).points.shape[0]).toBe(0));
});

test("rings lie on their circles, in turn", () => {
  const { points, labels } = nestedRings(100, new Random(1), [1, 3]);
  labels.forEach((label, i) => {
    expect(label).toBe(i % 2);
    expect(Math.hypot(points.data[2 * i]!, points.data[2 * i + 1]!)).toBeCloseTo(label === 0 ? 1 : 3, 5);
  });
});
test("linked rings: each passes through the disc of the other", () => {
  const { points, labels } = linkedRings(400, new Random(1));
  // The second ring meets the plane of the first at 0, inside it, and at 2, outside.
  const crossings = Array.from(labels.keys()).filter((i) => labels[i] === 1 && Math.abs(points.data[3 * i + 2]!) < 0.1).map((i) => points.data[3 * i]!);
  expect(crossings.some((x) => Math.abs(x) < 0.1)).toBe(true);
  expect(crossings.some((x) => Math.abs(x - 2) < 0.1)).toBe(true);
});
// Along the spiral ds² = (1 + t²) dt²: a chord between near points is as long as the coordinates say.
test("the Swiss roll's coordinates are distances along it", () => {
  const { points, coordinates } = swissRoll(1500, new Random(2));
  let near = 0;
  for (let i = 0; i < 1500; i++) {
    for (let j = 0; j < i; j++) {
      const flat = between(coordinates, i, j);
      if (flat > 1) continue;
      near++;
      expect(Math.abs(between(points, i, j) - flat)).toBeLessThan(0.02 * flat + 1e-4);
    }
  }
  expect(near).toBeGreaterThan(500);
});
test("a torus is uniform in area: its outer half holds ½ + r/(πR)", () => {
  const { coordinates } = torus(20_000, new Random(1));
  let outer = 0;
  for (let i = 0; i < 20_000; i++) if (Math.cos(coordinates.data[2 * i + 1]!) > 0) outer++;
  expect(outer / 20_000).toBeCloseTo(0.5 + 1 / (2 * Math.PI), 1.7);
});
test("embedding keeps distances", () => {
  const { points } = torus(60, new Random(1));
  const wide = embedded(points, 64, new Random(2));
  expect(wide.shape).toEqual([60, 64]);
  for (let i = 0; i < 60; i++) for (let j = 0; j < i; j++) expect(between(wide, i, j)).toBeCloseTo(between(points, i, j), 5);
  expect(() => embedded(points, 2, new Random(1))).toThrow("embedded: expected at least 3 dimensions, got 2");
});
