import { expect, test } from "vitest";
import { holm } from "./holm.ts";

// Values of R's p.adjust(…, "holm").
test.each([
  [[0.01, 0.02, 0.03, 0.04], [0.04, 0.06, 0.06, 0.06]],
  [[0.04, 0.01], [0.04, 0.02]],
  [[0.5, 0.9], [1, 1]],
  [[0.2], [0.2]],
])("%j", (p, expected) => holm(p).forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 12)));
test("NaN stays and does not count; none", () => {
  expect([...holm([NaN, 0.02, 0.03])]).toEqual([NaN, 0.04, 0.04]);
  expect(holm([]).length).toBe(0);
});
