import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { recordedEvidence } from "./recorded.test-support.ts";
import { claim, measure, recall } from "./s4-recall-capacity.ts";

const run = (sabotaged: boolean) => measure(testContext("S4", { seeds: [1], sabotaged }), { steps: 2, batch: 4, test: 10 });

test("without attention the verdict of what was recorded is another; nothing else is wrong", () => expect(claimFaults(claim, recordedEvidence("S4"), recordedEvidence("S4", "sabotaged"))).toEqual([]));
test("a small run: the same seed, the same evidence", async () => expect(await run(true)).toEqual(await run(true)));
const good = { gap: 0.5, worst: 0.99, large: 0.5, small: 0.4 };
test.each([
  ["supports", good],
  ["refutes", { ...good, gap: 0.01 }],
  ["mixed", { ...good, gap: 0.1 }],
  ["mixed", { ...good, worst: 0.7 }],
  ["mixed", { ...good, large: 0.3 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

test("every key is asked once, and its value is the one behind it", () => {
  const { tokens, asked } = recall().draw(new Random(2), 40);
  const seen = new Map<number, number[]>();
  for (const { at, answer, group } of asked) {
    const row = Math.floor(at / 24);
    const pairs = Array.from({ length: group }, (_, i) => [tokens[24 * row + 2 * i]!, tokens[24 * row + 2 * i + 1]!] as const);
    expect(pairs.find(([key]) => key === tokens[at])![1]).toBe(answer);
    seen.set(row, [...(seen.get(row) ?? []), tokens[at]!]);
    expect(new Set(pairs.map(([key]) => key)).size).toBe(group);
  }
  for (const keys of seen.values()) expect(new Set(keys).size).toBe(keys.length);
  expect(seen.size).toBe(40);
});
