/** Q2g: the verdicts, and a small run. The language and the model are tested beside them. */
import { expect, test } from "vitest";
import { claimFaults } from "./claim-checks.test-support.ts";
import { thresholdsOf, type Evidence } from "./claim.ts";
import { claim, experiment, sizes } from "./q2g-gate-place.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

/** The query's gate behind each other place by so much, ± `half`. */
function evidence(behind: number, half: number): Evidence {
  const { places } = sizes.full;
  const others = places.filter((place) => place !== "query");
  return {
    quantities: [
      ...places.map((place) => ({ id: `excess-${place}`, label: place, unit: "nats", value: place === "query" ? behind : 0 })),
      ...others.map((place) => ({ id: `behind-${place}`, label: place, unit: "nats", value: behind, low: behind - half, high: behind + half })),
    ],
    figures: [],
  };
}
test("each verdict; an interval across 0 decides nothing", () => {
  const judge = (behind: number, half: number): string => claim.judge(evidence(behind, half), thresholdsOf(claim)).verdict;
  expect([judge(0.01, 0.005), judge(-0.01, 0.005), judge(0.01, 0.02), judge(-0.01, 0.02), judge(0.0005, 0.0001)]).toEqual(["refutes", "supports", "mixed", "mixed", "mixed"]);
});
test("what was recorded keeps the rules; the sabotage changes its verdict", () => expect(claimFaults(claim, recordedEvidence("Q2g"), recordedEvidence("Q2g", "sabotaged"))).toEqual([]));
test("a small run: the same seed, the same evidence; where attention brings nothing, no gate matters", async () => {
  const run = (sabotaged: boolean) => experiment({ seeds: [1], sabotaged, progress: () => Promise.resolve() }, { ...sizes.live, places: ["plain", "query", "attention"], keys: 2, values: 2, words: 3, length: 8, hiddenSize: 8, batch: 4, steps: 2, tests: 8 });
  const spoiled = await run(true);
  const of = (id: string): number => spoiled.quantities.find((quantity) => quantity.id === id)!.value;
  expect(spoiled).toEqual(await run(true));
  expect(of("excess-attention")).toBe(of("excess-plain"));
  expect(of("excess-attention")).not.toBe(of("excess-query"));
});
