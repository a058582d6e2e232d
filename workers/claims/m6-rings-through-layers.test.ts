import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { rows, tensor } from "../../probes/tensor.ts";
import { bettiNumbers } from "../../probes/topology/betti-numbers.ts";
import { fromTensor, toTensor } from "../toys/autodiff.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { type Evidence, thresholdsOf, valueOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { initialInvertibleNet, invertibleNet, rotation, slope } from "./apparatus/invertible-net.ts";
import { claim, measure, thickRings } from "./m6-rings-through-layers.ts";

const small = (sabotaged: boolean, steps: number) => measure(testContext("M6", { seeds: [1], sabotaged }), { steps, points: 400, landmarks: 50, only: ["relu", "control"] });

test("a ReLU network brings each ring to (1, 0), an invertible one, trained in its place, keeps (1, 1)", async () => {
  // The invertible network learns more slowly.
  const [honest, sabotaged] = [await small(false, 100), await small(true, 220)];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("refutes");
  const betti = (evidence: Evidence): number[] => ["relu-parts", "relu-loops", "control-lost"].map((id) => valueOf(evidence, id));
  expect([betti(honest), betti(sabotaged)]).toEqual([[1, 0, 0], [1, 1, 0]]);
});
test("the same seed gives the same", async () => expect(await small(false, 3)).toEqual(await small(false, 3)));
test.each([
  ["refutes", { "relu-lost": 1, "control-lost": 0, accuracy: 1 }],
  ["supports", { "relu-lost": 0, "control-lost": 0, accuracy: 1 }],
  ["mixed", { "relu-lost": 0.3, "control-lost": 0, accuracy: 1 }],
  ["mixed", { "relu-lost": 1, "control-lost": 0, accuracy: 0.6 }],
  ["mixed", { "relu-lost": 0, "control-lost": 0, accuracy: 0.6 }],
  ["mixed", { "relu-lost": 1, "control-lost": 1, accuracy: 1 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

test("thick rings are rings", () => {
  const { points, labels } = thickRings(800, new Random(1), 0.1, 3);
  expect(points.shape).toEqual([800, 3]);
  for (const label of [0, 1]) expect(bettiNumbers(rows(points, Array.from(labels.keys()).filter((i) => labels[i] === label)))).toMatchObject({ parts: 1, loops: 1 });
});

// Independent truth: Hamilton's formula for v ↦ q v q*, written out.
test("a quaternion's matrix is its rotation", () => {
  const q = [0.3, -1.2, 0.5, 2];
  const [a = 0, b = 0, c = 0, d = 0] = q.map((x) => x / Math.hypot(...q));
  const expected = [
    [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
    [2 * (b * c + a * d), a * a - b * b + c * c - d * d, 2 * (c * d - a * b)],
    [2 * (b * d - a * c), 2 * (c * d + a * b), a * a - b * b - c * c + d * d],
  ].flat();
  const got = toTensor(rotation(fromTensor(tensor([4], Float32Array.from(q))))).data;
  got.forEach((x, i) => expect(x).toBeCloseTo(expected[i]!, 5));
});
test("the invertible network changes distances by no more than its bound", () => {
  const random = new Random(4);
  const points = tensor([40, 3], Float32Array.from({ length: 120 }, () => random.normal()));
  const { output, hidden } = invertibleNet(initialInvertibleNet(random, 6, 2), fromTensor(points));
  output.dispose();
  const states = [points, ...hidden.map(toTensor)];
  const apart = (layer: number, i: number, j: number): number => Math.hypot(...[0, 1, 2].map((d) => states[layer]!.data[3 * i + d]! - states[layer]!.data[3 * j + d]!));
  for (let layer = 1; layer <= 6; layer++) {
    for (let i = 0; i < 40; i++) {
      for (let j = 0; j < i; j++) {
        const ratio = apart(layer, i, j) / apart(layer - 1, i, j);
        expect(ratio).toBeLessThan(1 + 1e-4);
        expect(ratio).toBeGreaterThan(slope - 1e-4);
      }
    }
  }
});
