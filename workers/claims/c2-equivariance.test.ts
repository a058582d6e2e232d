/** C2: exact laws of shifts and quarter turns, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { claimFaults, repeatFaults, runClaim } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim } from "./c2-equivariance.ts";

let honest: Evidence;
beforeAll(async () => { honest = await runClaim(claim, { seeds: [1] }); });

/** Of a figure of lines: y by the line's name. */
function line(figure: number, name: string): readonly number[] {
  const found = honest.figures[figure]!;
  if (found.kind !== "lines") throw new Error("expected lines");
  return found.lines.find((candidate) => candidate.name === name)!.y;
}

test("stride 1, circular: at most 1e-6; a rotation by 30°: at least 0.05", () => {
  expect(valueOf(honest, "shift")).toBeLessThanOrEqual(1e-6);
  expect(valueOf(honest, "rotation-30")).toBeGreaterThanOrEqual(0.05);
});
test("no motion, no error", () => expect([line(1, "stride 1")[0], line(1, "zero padding")[0], line(2, "random kernels")[0]]).toEqual([0, 0, 0]));
test("stride 2 commutes with even shifts and with no odd one; blurring does not cure it, but helps", () => {
  for (const name of ["stride 2", "stride 2 after blurring"]) {
    line(1, name).forEach((error, k) => (k % 2 === 0 ? expect(error, `${name}, ${k}`).toBeLessThan(1e-6) : expect(error, `${name}, ${k}`).toBeGreaterThan(0.1)));
  }
  expect(line(1, "stride 2 after blurring")[1]).toBeLessThan(line(1, "stride 2")[1]!);
});
test("kernels alike from four sides commute with quarter turns: the rotation is a rotation", () => {
  expect(valueOf(honest, "symmetric-90")).toBeLessThan(1e-6);
  expect(valueOf(honest, "symmetric-30")).toBeGreaterThan(1e-3);
  expect(valueOf(honest, "rotation-90")).toBeGreaterThan(0.3);
});
test("each verdict", () => {
  const judge = (shift: number, rotation: number) => claim.judge(constructed({ shift, "rotation-30": rotation }), thresholdsOf(claim)).verdict;
  expect([judge(0, 0.01), judge(0, 0.4), judge(0.3, 0.4)]).toEqual(["supports", "mixed", "refutes"]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
});
test("zeros beyond the edge change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await runClaim(claim, { seeds: [1, 1], sabotaged: true });
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
