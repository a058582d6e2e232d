import { expect, test } from "vitest";
import { circle, gauss, walk } from "../geometry/clouds.test-support.ts";
import { correctedDirectness } from "../geometry/corrected-directness.ts";
import { distancesOf } from "../geometry/distances.ts";
import { pathLength } from "../geometry/path-length.ts";
import { effectiveRank } from "../geometry/effective-rank.ts";
import { stepLengths } from "../geometry/step-length.ts";
import { turningAngles } from "../geometry/turning-angle.ts";
import { Random } from "../random.ts";
import { mean } from "../statistics/moments.ts";
import { matrix, tensor } from "../tensor.ts";
import { nullBand } from "./null-band.ts";
import { randomWalk, walksLike } from "./random-walk.ts";
import { shuffledDistances, shuffledOrder, shuffledPath } from "./shuffled-order.ts";

test("a shuffled order is an order, with its ends where they were", () => {
  for (let seed = 0; seed < 50; seed++) {
    const order = shuffledOrder(9, new Random(seed), true);
    expect([order[0], order[8], [...order].sort((a, b) => a - b)]).toEqual([0, 8, [0, 1, 2, 3, 4, 5, 6, 7, 8]]);
    expect(shuffledOrder(9, new Random(seed))[0]).toBe(0);
  }
  [0, 1, 2].forEach((n) => expect(shuffledOrder(n, new Random(1), true)).toEqual([0, 1].slice(0, n)));
});
test("every order is as likely", () => {
  const random = new Random(1);
  const seen = new Map<string, number>();
  for (let i = 0; i < 6000; i++) { const key = shuffledOrder(4, random).join(""); seen.set(key, (seen.get(key) ?? 0) + 1); }
  expect(seen.size).toBe(6);
  for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
test("a shuffled circle is longer; its distances shuffle alike; the cloud is the same", () => {
  const path = circle(60);
  const shuffled = shuffledPath(path, new Random(4));
  expect(pathLength(shuffled)).toBeGreaterThan(8 * pathLength(path));
  expect(shuffledDistances(distancesOf(path), new Random(4)).squares).toEqual(distancesOf(shuffled).squares);
  expect(shuffled.data.toSorted()).toEqual(path.data.toSorted());
});

const path = walk(gauss(40, 200, 1));
test.each(["ambient", "span"] as const)("a %s walk keeps start and step lengths, and turns by π/2", (space) => {
  const draw = randomWalk(path, new Random(2), space);
  expect(draw.data.subarray(0, 200)).toEqual(path.data.subarray(0, 200));
  stepLengths(draw).forEach((length, t) => expect(length / stepLengths(path)[t]!).toBeCloseTo(1, 4));
  expect(Math.abs(mean(turningAngles(draw)) - Math.PI / 2)).toBeLessThan(0.06);
});
test("the mean square of a walk's corrected directness is 1", () => {
  const draws = walksLike(matrix([[0, 0, 0], [1, 0, 0], [1, 3, 0], [1, 3, 2]]));
  const random = new Random(3);
  expect(Math.abs(mean(Array.from({ length: 4000 }, () => correctedDirectness(draws(random)) ** 2)) - 1)).toBeLessThan(0.04);
});
test("a walk in the span stays in it, an ambient one does not", () => {
  // Two directions of five hundred.
  const flat = tensor([30, 500]);
  const random = new Random(5);
  for (let t = 0; t < 30; t++) flat.data.set([random.normal(), random.normal()], t * 500 + 7);
  const [inside, outside] = [randomWalk(flat, new Random(1), "span"), randomWalk(flat, new Random(1))];
  expect(inside.data.every((x, i) => i % 500 === 7 || i % 500 === 8 || Math.abs(x) < 1e-6)).toBe(true);
  expect(effectiveRank(outside)).toBeGreaterThan(10);
});
test("standing still, NaN and no path", () => {
  expect([...randomWalk(matrix([[1, 2], [1, 2], [1, 2]]), new Random(1)).data]).toEqual([1, 2, 1, 2, 1, 2]);
  expect([...randomWalk(matrix([[1, 2], [1, 2]]), new Random(1), "span").data]).toEqual([1, 2, 1, 2]);
  expect([...randomWalk(matrix([[0], [NaN], [1]]), new Random(1)).data]).toEqual([0, NaN, NaN]);
  expect(randomWalk(tensor([0, 3]), new Random(1)).shape).toEqual([0, 3]);
});

test("a band, a rank and a p", () => {
  const draws = Array.from({ length: 99 }, (_, i) => i + 1);
  expect(nullBand(50, draws)).toEqual({ low: expect.closeTo(3.45, 9), middle: 50, high: expect.closeTo(96.55, 9), rank: 49.5 / 99, p: 1, draws: 99 });
  expect(nullBand(1000, draws).p).toBeCloseTo(2 / 100, 12);
  expect(nullBand(-1, draws).rank).toBe(0);
  expect(nullBand(NaN, draws)).toMatchObject({ rank: NaN, p: NaN, middle: 50 });
  expect(nullBand(1, [NaN])).toEqual({ low: NaN, middle: NaN, high: NaN, rank: NaN, p: NaN, draws: 0 });
});
