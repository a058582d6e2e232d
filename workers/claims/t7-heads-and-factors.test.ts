import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { keep, fromTensor, np, toTensor, dispose } from "../toys/autodiff.ts";
import { orthogonal } from "../toys/initialise.ts";
import { largestDifference } from "../toys/toy.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { recordedEvidence } from "./recorded.test-support.ts";
import { claim, drawTokens, forward, initialModel, measure, specialisation } from "./t7-heads-and-factors.ts";

const run = (sabotaged: boolean, steps: number) => measure(testContext("T7", { seeds: [1], sabotaged }), { steps, heads: [4], sequences: 32 });

test("heads turned into one another change the verdict of what was recorded; nothing else is wrong", () => expect(claimFaults(claim, recordedEvidence("T7"), recordedEvidence("T7", "sabotaged"))).toEqual([]));
test("a small run: the same seed, the same evidence", async () => expect(await run(false, 2)).toEqual(await run(false, 2)));

test.each([
  ["mixed", { apart: 0.8, together: 0.1, error: 0.01 }],
  ["supports", { apart: 0.8, together: 0.8, error: 0.01 }],
  ["refutes", { apart: 0.1, together: 0.1, error: 0.01 }],
  ["mixed", { apart: 0.1, together: 0.1, error: 0.9 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

test("specialisation: one head for one factor, all for all, half of it, nothing", () => {
  expect(specialisation([[1, 0, 0], [0, 0, 2], [0, 0, 0]])).toBeCloseTo(1, 12);
  expect(specialisation([[1, 1, 1], [3, 3, 3]])).toBeCloseTo(0, 12);
  expect(specialisation([[1, 1, 0]])).toBeCloseTo(1 - Math.log(2) / Math.log(3), 12);
  expect(specialisation([[0, 0, 0]])).toBeNaN();
});
test.each(["apart", "together"] as const)("factors %s are those of the tokens they are fetched from", (place) => {
  const { tokens, targets } = drawTokens(place, new Random(2), 5);
  const [angle, colour, kind] = place === "apart" ? [1, 2, 3] : [2, 2, 2];
  for (let i = 0; i < 5; i++) {
    for (let t = 3; t < 8; t++) {
      const at = (data: Float32Array, token: number): number[] => Array.from(data.subarray((i * 8 + token) * 8, (i * 8 + token + 1) * 8));
      expect(at(targets.data, t)).toEqual([...at(tokens.data, t - angle).slice(0, 2), ...at(tokens.data, t - colour).slice(2, 5), ...at(tokens.data, t - kind).slice(5)]);
    }
  }
});
test("a rotation of what the heads bring changes their parts and not the output; parts and the rest make the output", () => {
  const model = initialModel(new Random(1), 4);
  const x = drawTokens("apart", new Random(2), 3).tokens;
  const [plain, turned] = [np.eye(24), orthogonal(new Random(3), 24)].map((rotation) => {
    const { output, parts } = forward(keep(model), fromTensor(x), 4, rotation);
    return { output: toTensor(output).data, parts: parts.map((part) => toTensor(part).data) };
  });
  expect(largestDifference(plain!.output, turned!.output)).toBeLessThan(1e-5);
  expect(largestDifference(plain!.parts[0]!, turned!.parts[0]!)).toBeGreaterThan(0.05);
  const sum = ({ parts }: { parts: Float32Array[] }): Float32Array => plain!.output.map((_, i) => parts.reduce((s, part) => s + part[i]!, 0));
  expect(largestDifference(sum(plain!), sum(turned!))).toBeLessThan(1e-5);
  dispose(model);
});
