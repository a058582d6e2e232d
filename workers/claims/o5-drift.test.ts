/** O5: the geometry of the drift in closed form, and its verdicts. */
import { beforeAll, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { row } from "../../probes/tensor.ts";
import { claimFaults, repeatFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf, type Evidence } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, drawRings, measure, ringDistance } from "./o5-drift.ts";

const small = { steps: 120, further: 60, count: 6 };
let honest: Evidence;
beforeAll(async () => { honest = await measure(testContext("O5", { seeds: [1] }), small); });

test("how far the rings are from where they were", () => {
  expect(ringDistance(1, 0)).toBe(0);
  // Out of the plane altogether, the inner ring is the nearer one: √(1 + r²).
  expect(ringDistance(1, 90)).toBeCloseTo(Math.SQRT2, 12);
  expect(ringDistance(2, 90)).toBeCloseTo(Math.sqrt(5), 12);
  // A circle of radius 2 cos 60° = 1 above the inner ring.
  expect(ringDistance(2, 60)).toBeCloseTo(2 * Math.sin(Math.PI / 3), 12);
});
test("both drifts keep the radius; only one leaves the plane", () => {
  const spread = (drift: "out" | "along", dimension: number): number => {
    const { points } = drawRings(600, new Random(1), 90, drift);
    return Math.sqrt(Array.from({ length: 600 }, (_, i) => row(points, i)[dimension]! ** 2).reduce((a, b) => a + b) / 600);
  };
  // Mean square of a coordinate: half of (1² + 2²) / 2, and the noise.
  for (const [drift, inside, outside] of [["out", 0.05, Math.sqrt(1.25)], ["along", Math.sqrt(1.25), 0.05]] as const) {
    expect(Math.abs(spread(drift, 0) - inside)).toBeLessThan(0.06);
    expect(Math.abs(spread(drift, 2) - outside)).toBeLessThan(0.06);
  }
});
test("measured distances are those of the rings, less what noise brings near", () => expect(Math.abs(valueOf(honest, "distance") / ((Math.sqrt(0.75 * 1 + 0.25) + Math.sqrt(3)) / 2) - 1)).toBeLessThan(0.1));
test("nothing is lost along the rings, and further training brings all back", () => {
  expect(valueOf(honest, "start")).toBeGreaterThan(0.98);
  expect(valueOf(honest, "along")).toBeGreaterThan(0.98);
  expect(valueOf(honest, "again")).toBeGreaterThan(0.95);
});
test("each verdict", () => {
  const judge = (loss: number, correlation: number) => claim.judge(constructed({ loss, correlation }), thresholdsOf(claim)).verdict;
  expect([judge(0.3, -0.9), judge(0.3, -0.2), judge(0.1, -0.9), judge(0.01, NaN)]).toEqual(["supports", "mixed", "mixed", "refutes"]);
  expect(claim.judge(honest, { ...thresholdsOf(claim), wall: 0.6 }).verdict).toBe("mixed");
});
test("a drift along the manifold changes the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const sabotaged = await measure(testContext("O5", { seeds: [1, 1], sabotaged: true }), { steps: 60, further: 4, count: 2 });
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(repeatFaults(sabotaged)).toEqual([]);
});
