import { expect, test } from "vitest";
import { frontierMass } from "../decoding/frontier.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf } from "./claim.ts";
import { firstProblem } from "./problem-sets.ts";
import { claim, measure } from "./z2-superposition.ts";

const small = (sabotaged: boolean) => measure(testContext("Z2", { sabotaged, model: nanoDecoder }), { problems: 16 });

test("trained thoughts hold both letters and need them; swapped ones do not", async () => {
  const [honest, sabotaged] = [await small(false), await small(true)];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
  // The mass is what `frontierMass` measures on the same problems.
  const masses = await Promise.all([1, 2, 3].map(async (seed) => (await frontierMass(nanoDecoder(), { difficulty: 3, thought: "hidden", problems: 16, seed: firstProblem(seed) }, new AbortController().signal))[2]!));
  expect(valueOf(honest, "both-last")).toBeCloseTo(masses.reduce((a, b) => a + b) / 3, 5);
});
