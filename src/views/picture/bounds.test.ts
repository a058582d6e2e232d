import { expect, test } from "vitest";
import { boundsOf, equalAspect, followed, niceTicks, padded } from "./bounds.ts";

const unit = { left: 0, right: 1, bottom: 0, top: 1 };

test("the box around points leaves out what is not finite", () => {
  expect(boundsOf([Float32Array.of(1, 2, NaN, 9), Float32Array.of(-1, 5)])).toEqual({ left: -1, right: 1, bottom: 2, top: 5 });
  expect(boundsOf([Float32Array.of(NaN, 0)])).toBeNull();
});
test("a single point gets room", () => expect(padded({ left: 3, right: 3, bottom: 0, top: 0 }, 0.1)).toEqual({ left: 2, right: 4, bottom: -1, top: 1 }));
test("the view stands still while the data stay inside", () => expect(followed(unit, { left: 0.1, right: 0.9, bottom: 0.2, top: 0.8 })).toBe(unit));
test("it grows on the side where the data leave, and on no other", () => {
  const grown = followed(unit, { left: 0.2, right: 1.5, bottom: 0.2, top: 0.8 });
  expect(grown).toMatchObject({ left: 0, bottom: 0, top: 1 });
  expect(grown.right).toBeCloseTo(1.63);
});
test("it is fitted afresh where the data have become small", () => {
  const fitted = followed(unit, { left: 0.4, right: 0.6, bottom: 0.4, top: 0.5 });
  expect(fitted.right - fitted.left).toBeCloseTo(0.24);
});
test("one unit is as long across as up, and nothing is cut off", () => {
  const view = equalAspect({ left: 0, right: 4, bottom: 0, top: 1 }, 200, 100);
  expect((view.right - view.left) / 200).toBeCloseTo((view.top - view.bottom) / 100);
  expect(view).toEqual({ left: 0, right: 4, bottom: -0.5, top: 1.5 });
});
test("ticks are round, inside, and few", () => {
  expect(niceTicks(0, 1, 3)).toEqual([0, 0.5, 1]);
  expect(niceTicks(-13.2, 8.9, 5)).toEqual([-10, -5, 0, 5]);
  expect(niceTicks(0.1, 0.3, 4)).toEqual([0.1, 0.2, 0.3]);
  expect(niceTicks(2, 2, 4)).toEqual([2]);
  for (let e = -6; e < 6; e++) expect(niceTicks(-3.3 * 10 ** e, 7.7 * 10 ** e, 4).length).toBeLessThanOrEqual(4);
});
