import { describe, expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor, type np } from "../toys/autodiff.ts";
import { zeros } from "../toys/initialise.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { recordedEvidence } from "./recorded.test-support.ts";
import { claim, drawSearches, measure, seek, slopes, thinned, type Seeker } from "./t5-wormholes.ts";

const run = (sabotaged: boolean) => measure(testContext("T5", { seeds: [1], sabotaged }), { steps: 3, recurrent: 0, sequences: 16, counts: [16, 32] });

test("a narrow mask changes the verdict of what was recorded; nothing else is wrong, and the same seed gives the same", async () => {
  const masked = await run(true);
  expect(masked.quantities.find(({ id }) => id === "far")!.value).toBe(0);
  for (const spoiled of [masked, recordedEvidence("T5", "sabotaged")]) expect(claimFaults(claim, recordedEvidence("T5"), spoiled)).toEqual([]);
  expect(await run(true)).toEqual(masked);
});

test.each([
  ["mixed", { far: 0.9, "far-many": 0.3 }],
  ["supports", { far: 0.9, "far-many": 0.9 }],
  ["refutes", { far: 0.1, "far-many": 0.05 }],
  ["mixed", { far: 0.5, "far-many": 0.9 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

// A head made by hand that looks for the same key, the more strictly the larger its scale, and gives the value found there.
describe("what comes through is the weight on the needle", () => {
  const byHand = (scale: number): Seeker => {
    const entries = (n: number, m: number, list: readonly (readonly [number, number, number])[]): np.Array => {
      const t = tensor([n, m]);
      for (const [i, j, x] of list) t.data[i * m + j] = x;
      return fromTensor(t);
    };
    const keys = [3, 4, 5, 6, 7, 8, 9, 10];
    return {
      inward: entries(13, 24, Array.from({ length: 13 }, (_, i) => [i, i, 1] as const)),
      // It bears the key too, and must not look at itself.
      query: entries(24, 24, [...keys.map((i) => [i, i, scale] as const), [12, 12, -1e4]]),
      key: entries(24, 24, [...keys, 12].map((i) => [i, i, 1] as const)),
      value: entries(24, 24, [[11, 20, 1]]),
      outward: entries(24, 24, [[20, 20, 1]]),
      readout: entries(24, 1, [[20, 0, 1]]),
      bias: zeros([1]),
    };
  };
  const answer = (sight: number) => (p: Seeker, x: np.Array): np.Array => {
    const after = seek(p, x, sight);
    after.weights.dispose();
    return after.answer;
  };
  const searches = drawSearches(new Random(3), 12, 20);
  const through = (scale: number, sight = Infinity): number[] => {
    const p = byHand(scale);
    const result = slopes(p, answer(sight), searches);
    dispose(p);
    return result;
  };
  // The weight of the needle, by hand in float64.
  const expected = (scale: number, sight = 20): number[] => searches.needles.map((needle, b) => {
    const key = (t: number): Float32Array => searches.inputs.data.subarray((b * 21 + t) * 13 + 3, (b * 21 + t) * 13 + 11);
    const score = (t: number): number => (scale * key(t).reduce((sum, x, k) => sum + x * key(20)[k]!, 0)) / Math.sqrt(24);
    const others = Array.from({ length: sight }, (_, t) => Math.exp(score(t) - score(needle)));
    return needle < sight ? 1 / others.reduce((sum, x) => sum + x, 0) : 0;
  });
  test.each([0, 1, 5, 40])("looking %i times as strictly", (scale) => {
    const right = expected(scale);
    through(scale).forEach((slope, b) => expect(slope).toBeCloseTo(right[b]!, 4));
  });
  test("nothing where it does not see it", () => {
    const right = expected(5, 8);
    expect(right.filter((x) => x === 0).length).toBeGreaterThan(3);
    through(5, 8).forEach((slope, b) => expect(slope).toBeCloseTo(right[b]!, 4));
  });
});

test("a softmax over more tokens: n times one weight e^m, and n − 1 of 1", () => {
  const weight = (n: number): number => Math.exp(3) / (Math.exp(3) + n - 1);
  expect(thinned(weight(32), 32, 512)).toBeCloseTo(weight(512), 12);
  expect(thinned(1, 32, 512)).toBe(1);
});
test("tokens lie in their order along the roll; the question bears the needle's key", () => {
  const { inputs, answers, needles, away } = drawSearches(new Random(1), 4, 10);
  for (let b = 0; b < 4; b++) {
    const row = (t: number): number[] => Array.from(inputs.data.subarray((b * 11 + t) * 13, (b * 11 + t + 1) * 13));
    const ways = Array.from(away.data.subarray(b * 10, b * 10 + 10));
    expect(ways).toEqual(ways.toSorted((x, y) => x - y));
    expect(ways.every((x) => x >= 0 && x <= 1)).toBe(true);
    expect(row(10).slice(3, 11)).toEqual(row(needles[b]!).slice(3, 11));
    expect(row(10).slice(11)).toEqual([0, 1]);
    expect(answers.data[b]).toBe(row(needles[b]!)[11]);
  }
});
