import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { matrix, tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, toTensor } from "../toys/autodiff.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, fisherOf, measure, spirals, taskOf } from "./o4-forgetting.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

const run = (sabotaged: boolean, steps: number, remedies: boolean) => measure(testContext("O4", { seeds: [1], sabotaged }), { steps, batch: 48, test: 150, between: [45], remedies });

test("what was recorded keeps the rules; A trained along with B changes its verdict", () => expect(claimFaults(claim, recordedEvidence("O4"), recordedEvidence("O4", "sabotaged"))).toEqual([]));
test("a short run: A is forgotten on B alone, less with a few of its examples; the same seed gives the same evidence", async () => {
  const honest = await run(false, 60, true);
  expect(valueOf(honest, "before")).toBeGreaterThan(0.6);
  expect(valueOf(honest, "plain-forgets")).toBeGreaterThan(valueOf(honest, "replay-forgets") + 0.15);
  expect(await run(true, 2, false)).toEqual(await run(true, 2, false));
});
const good = { "together-a": 1, "together-b": 1, "plain-b": 1, "replay-b": 1, "penalty-b": 1, "adapter-b": 1, "plain-forgets": 0.9, "replay-forgets": 0.3, "penalty-forgets": 0.5, "adapter-forgets": 0.9 };
test.each([
  ["supports", good],
  ["mixed", { ...good, "replay-forgets": 0.03 }],
  ["supports", { ...good, "replay-forgets": 0.03, "replay-b": 0.5 }],
  ["refutes", { ...good, "plain-forgets": 0.02 }],
  ["mixed", { ...good, "plain-forgets": 0.1 }],
  ["mixed", { ...good, "together-a": 0.6 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

test("an arm turns by 3.5 rad on its way out", () => {
  const { points, labels } = spirals(new Random(1), 90, 0);
  labels.forEach((label, i) => {
    const [x, y] = [points.data[2 * i]!, points.data[2 * i + 1]!];
    const angle = (2 * Math.PI * label) / 3 + 3.5 * (Math.hypot(x, y) - 0.2);
    expect(Math.cos(Math.atan2(y, x) - angle)).toBeCloseTo(1, 5);
  });
});
test.each([0, 30, 90])("the tasks lie %i° apart, and an arm bears the next one's name", (angle) => {
  const draw = (name: "A" | "B") => taskOf(7, name, angle).draw(new Random(1), 3);
  const [a, b] = [draw("A"), draw("B")];
  for (let i = 0; i < 3; i++) {
    const [x, y] = [a, b].map(({ points }) => Array.from(points.data.subarray(16 * i, 16 * (i + 1)))) as [number[], number[]];
    const dot = x.reduce((sum, v, d) => sum + v * y[d]!, 0);
    expect(dot / Math.hypot(...x) / Math.hypot(...y)).toBeCloseTo(Math.cos((angle * Math.PI) / 180), 5);
    expect(b.labels[i]).toBe((a.labels[i]! + 1) % 3);
  }
});
// Closed form of a logistic regression with weights (w, −w): ∂ log p(label) / ∂w₁ = x (1[label = 1] − p₁).
test("the Fisher information of a logistic regression", () => {
  const network = { layers: [{ weight: fromTensor(matrix([[0.7, -0.7]])), bias: fromTensor(tensor([2])) }] };
  const [x, labels] = [[0.5, -1, 2], Uint8Array.of(0, 1, 1)];
  const fisher = fisherOf(network, { points: tensor([3, 1], Float32Array.from(x)), labels });
  const p = (v: number): number => 1 / (1 + Math.exp(-1.4 * v));
  const expected = x.reduce((sum, v, i) => sum + (v * ((labels[i] === 0 ? 1 : 0) - p(v))) ** 2 / 3, 0);
  const [first, second] = toTensor(fisher.layers[0]!.weight.ref).data;
  expect(first).toBeCloseTo(expected, 5);
  expect(second).toBeCloseTo(expected, 5);
  dispose([network, fisher]);
});
