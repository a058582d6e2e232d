import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { matrix } from "../../probes/tensor.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed, withValues } from "./constructed.test-support.ts";
import { claim, distinct, flipFlops, measure } from "./r2-flip-flop.ts";

const tiny = { steps: 1, forms: ["gated"], sequences: 40, units: 8 } as const;

test("weights as before training change the verdict; nothing else is wrong, and the same seed gives the same", async () => {
  const untrained = () => measure(testContext("R2", { seeds: [1], sabotaged: true }), tiny);
  const sabotaged = await untrained();
  expect(claimFaults(claim, withValues(sabotaged, { right: 1, directions: 4, memories: 8, across: 0.2, along: 1.2 }), sabotaged)).toEqual([]);
  expect(await untrained()).toEqual(sabotaged);
});
test("a trained network has memories, and a push along the task stays longer than one across", async () => {
  const { quantities } = await measure(testContext("R2", { seeds: [1] }), { steps: 120, forms: ["gated"], sequences: 100, units: 32 });
  const value = (id: string): number => quantities.find((quantity) => quantity.id === id)!.value;
  expect(value("right")).toBeGreaterThan(0.9);
  expect(value("memories")).toBeGreaterThan(3);
  expect(value("along")).toBeGreaterThan(value("across") + 0.2);
});

const good = { right: 1, directions: 4, memories: 8, across: 0.2, along: 1.2 };
test.each([
  ["supports", good],
  ["refutes", { ...good, directions: 20 }],
  ["refutes", { ...good, across: 0.9 }],
  ["supports", { ...good, memories: 7 }],
  ["mixed", { ...good, along: 0.5 }],
  ["mixed", { ...good, right: 0.6 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

test("a bit is the last pulse on its input", () => {
  const { inputs, targets } = flipFlops(50, new Random(3));
  const T = inputs.shape[1]!;
  for (let i = 0; i < 50; i++) {
    for (let bit = 0; bit < 3; bit++) {
      const pulses = Array.from({ length: T }, (_, t) => inputs.data[(i * T + t) * 3 + bit]!);
      expect(pulses[0]).not.toBe(0);
      for (let t = 0; t < T; t++) expect(targets.data[(i * T + t) * 3 + bit]).toBe(pulses.slice(0, t + 1).findLast((pulse) => pulse !== 0));
    }
  }
});
test("states a tenth of their distance apart are one", () => {
  expect(distinct(matrix([[0, 0], [0.01, 0], [1, 0], [1, 0.01], [0, 1]]))).toBe(3);
  expect(distinct(matrix([[1, 1], [1, 1]]))).toBe(1);
});
