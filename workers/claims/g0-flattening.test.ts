import { describe, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { matrix, rows, tensor } from "../../probes/tensor.ts";
import { bettiNumbers } from "../../probes/topology/betti-numbers.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, drawPoints, measure } from "./g0-flattening.ts";
import { linearProbe } from "./apparatus/linear-probe.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

test("weights as before training change the verdict of what was recorded; nothing else is wrong", () => expect(claimFaults(claim, recordedEvidence("G0"), recordedEvidence("G0", "sabotaged"))).toEqual([]));
test("a small run: the same seed, the same evidence", async () => {
  const run = () => measure(testContext("G0", { seeds: [1] }), { steps: 1, points: 80, data: ["rings"], only: ["mlp"] });
  expect(await run()).toEqual(await run());
});

const one = ([probe, flatter, kept]: readonly [number, number, number], id: string) => ({ [`probe-${id}`]: probe, [`flatter-${id}`]: flatter, [`within-${id}`]: 0, [`kept-${id}`]: kept });
test.each([
  ["supports", [1, 0.3, 1], [1, 0.3, 1]],
  ["mixed", [1, 0.3, 0], [1, 0.3, 1]],
  ["refutes", [1, 0, 1], [1, 0.3, 1]],
  ["refutes", [0.7, 0.3, 1], [1, 0.3, 1]],
] as const)("the rule: %s", (verdict, a, b) => expect(claim.judge(constructed({ ...one(a, "a"), ...one(b, "b") }), thresholdsOf(claim)).verdict).toBe(verdict));

test.each([["rings", 1, 2], ["roll", 0, 4], ["torus", 1, 4]] as const)("%s: a class has %i loops, and there are %i classes", (name, loops, classes) => {
  const { points, labels } = drawPoints(name, 3, new Random(1), 1600);
  expect(points.shape).toEqual([1600, 64]);
  expect(new Set(labels).size).toBe(classes);
  const first = Array.from(labels.keys()).filter((i) => labels[i] === 0);
  expect(bettiNumbers(rows(points, first))).toMatchObject({ parts: 1, loops });
});

describe("linear probe", () => {
  const random = new Random(1);
  const cloud = (n: number, draw: (i: number) => readonly number[]) => matrix(Array.from({ length: n }, (_, i) => draw(i)));
  const labels = Uint8Array.from({ length: 300 }, (_, i) => i % 3);
  test("finds what a line divides", () => expect(linearProbe(cloud(300, (i) => [Math.cos((2 * Math.PI * (i % 3)) / 3) + 0.1 * random.normal(), Math.sin((2 * Math.PI * (i % 3)) / 3) + 0.1 * random.normal()]), labels, new Random(2))).toBe(1));
  test("finds nothing where there is nothing", () => expect(Math.abs(linearProbe(cloud(300, () => [random.normal(), random.normal()]), labels, new Random(2)) - 1 / 3)).toBeLessThan(0.12));
  test("does not see nested rings", () => expect(linearProbe(cloud(300, (i) => { const a = 2 * Math.PI * random.uniform(); return [(1 + (i % 2)) * Math.cos(a), (1 + (i % 2)) * Math.sin(a)]; }), Uint8Array.from({ length: 300 }, (_, i) => i % 2), new Random(2))).toBeLessThan(0.65));
  test("takes points that do not vary", () => expect(linearProbe(tensor([6, 2]), Uint8Array.of(0, 1, 0, 1, 0, 1), new Random(1))).toBeGreaterThanOrEqual(0));
});
