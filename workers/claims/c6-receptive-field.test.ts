/** C6 against the random walk of a gradient, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, runClaim, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, expectedWidth, measure } from "./c6-receptive-field.ts";

let honest: Evidence;
beforeAll(async () => { honest = await runClaim(claim, { seeds: [1] }); });

test("the expected width in closed form", () => {
  const stack = (layer: (l: number) => object) => ({ name: "", depths: [], layer });
  expect(expectedWidth(stack(() => ({})), 6)).toBeCloseTo(2, 12);
  for (const layer of [(l: number) => ({ dilation: 2 ** l }), () => ({ stride: 2 })]) expect(expectedWidth(stack(layer), 5)).toBeCloseTo(Math.sqrt((2 / 9) * (4 ** 5 - 1)), 12);
});
test("the reach is exactly that of the architecture", () => {
  expect(valueOf(honest, "reach")).toBeCloseTo(1, 9);
  for (const k of [0, 1, 2]) {
    const { value, reference } = honest.quantities.find(({ id }) => id === `reach-${k}`)!;
    expect(value).toBe(reference!.value);
  }
});
test("the gradient spreads as independent steps do: exponent 1/2, widths within 30 % for one seed", () => {
  expect(Math.abs(valueOf(honest, "width") - 0.5)).toBeLessThan(0.1);
  for (const k of [0, 1, 2]) {
    const { value, reference } = honest.quantities.find(({ id }) => id === `width-${k}`)!;
    expect(Math.abs(value / Number(reference!.value) - 1)).toBeLessThan(0.3);
  }
});
test("each verdict", () => {
  const judge = (reach: number, width: number) => claim.judge(constructed({ reach, width }), thresholdsOf(claim)).verdict;
  expect([judge(1, 0.95), judge(1, 0.5), judge(2.2, 2)]).toEqual(["supports", "mixed", "refutes"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
});
test("dilation that doubles changes the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await measure(testContext("C6", { seeds: [1, 1], sabotaged: true }), 3);
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
