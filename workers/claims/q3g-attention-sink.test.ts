/** Q3g: the verdicts, and a small run. The language and the model are tested beside them. */
import { expect, test } from "vitest";
import { claimFaults } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { claim, experiment, sizes } from "./q3g-attention-sink.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

test("each verdict", () => {
  const judge = (plain: number, gated: number, needs: number, needed: number): string =>
    claim.judge(constructed({ "mass-plain": plain, "mass-gated": gated, "mass-even": 0.05, "dependence-plain": needs, "dependence-gated": needed }), thresholdsOf(claim)).verdict;
  expect([judge(0.5, 0.05, 1, 0.1), judge(0.5, 0.5, 1, 0.1), judge(0.5, 0.5, 1, 1), judge(0.1, 0.01, 1, 0.1)]).toEqual(["supports", "mixed", "refutes", "mixed"]);
});
test("what was recorded keeps the rules; the sabotage changes its verdict", () => expect(claimFaults(claim, recordedEvidence("Q3g"), recordedEvidence("Q3g", "sabotaged"))).toEqual([]));
test("untrained attention is about even; the same seed, the same evidence", async () => {
  const run = () => experiment({ seeds: [1], sabotaged: false, progress: () => Promise.resolve() }, { ...sizes.live, keys: 2, values: 2, words: 3, length: 8, hiddenSize: 8, heads: 1, layers: 1, batch: 2, steps: 1, tests: 40 });
  const evidence = await run();
  expect(evidence).toEqual(await run());
  expect(Math.abs(valueOf(evidence, "mass-plain") / valueOf(evidence, "mass-even") - 1)).toBeLessThan(0.5);
  // A gate starts at σ(something about 0).
  expect(Math.abs(valueOf(evidence, "gate-words") - 0.5)).toBeLessThan(0.15);
});
