import { expect, test } from "vitest";
import { frontierMass } from "../decoding/frontier.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf, valueOf } from "./claim.ts";
import { firstProblem } from "./apparatus/problem-sets.ts";
import { claim, measure } from "./z2-superposition.ts";

const small = (sabotaged: boolean, problems: number, seeds = [1, 2, 3]) => measure(testContext("Z2", { sabotaged, seeds, model: nanoDecoder }), { problems });

test("trained thoughts hold both letters and need them; swapped ones do not", async () => {
  const [honest, sabotaged] = [await small(false, 12), await small(true, 16)];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
});
test("the mass is what frontierMass measures on the same problems", async () => {
  const masses = await frontierMass(nanoDecoder(), { difficulty: 3, thought: "hidden", problems: 3, seed: firstProblem(4) }, new AbortController().signal);
  expect(valueOf(await small(false, 3, [4]), "both-last")).toBeCloseTo(masses[2]!, 5);
});
