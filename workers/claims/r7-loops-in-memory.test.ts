import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { bettiNumbers } from "../../probes/topology/betti-numbers.ts";
import { coordinatesOf, drawWalks, integratorTraining, lastStates } from "./apparatus/angle-integrators.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { recordedEvidence } from "./recorded.test-support.ts";
import { claim, measure } from "./r7-loops-in-memory.ts";

const tiny = { ring: 1, torus: 1, line: 1, vanilla: 0, walks: 60, landmarks: 15, still: 2 };

test("a trained network's memory of an angle is a ring, an untrained one's is none", async () => {
  const setting = { space: "ring", form: "gated", units: 24, steps: 160, seed: 1, batch: 32 } as const;
  const training = integratorTraining(setting, new Random(1));
  const loops = (): number => bettiNumbers(lastStates(training.parameters, drawWalks("ring", new Random(9), 300, 8).inputs, "gated").states, 50).loops;
  expect(loops()).toBe(0);
  await training.train(160);
  expect(loops()).toBe(1);
  training.dispose();
});
test("weights as before training change the verdict of what was recorded; nothing else is wrong, and the same seed gives the same", async () => {
  const untrained = () => measure(testContext("R7", { seeds: [1], sabotaged: true }), tiny);
  const sabotaged = await untrained();
  for (const spoiled of [sabotaged, recordedEvidence("R7", "sabotaged")]) expect(claimFaults(claim, recordedEvidence("R7"), spoiled)).toEqual([]);
  expect(await untrained()).toEqual(sabotaged);
});

test.each([
  ["refutes", { shaped: 1, "false-loops": 0, error: 0.05 }],
  ["supports", { shaped: 0, "false-loops": 0, error: 0.05 }],
  ["mixed", { shaped: 0.5, "false-loops": 0, error: 0.05 }],
  ["mixed", { shaped: 1, "false-loops": 1, error: 0.05 }],
  ["mixed", { shaped: 0, "false-loops": 0, error: 1.5 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

test.each(["line", "ring", "torus"] as const)("%s: the targets are the start and all movements since", (space) => {
  const [count, still] = [20, 3];
  const { inputs, targets, ends } = drawWalks(space, new Random(5), count, still);
  const angles = coordinatesOf[space];
  const T = inputs.shape[1]!;
  expect(targets.shape).toEqual([count, T, 2 * angles]);
  for (let b = 0; b < count; b++) {
    for (let a = 0; a < angles; a++) {
      const input = (t: number, which: number): number => inputs.data[(b * T + t) * 3 * angles + 3 * a + which]!;
      const target = (t: number, which: number): number => targets.data[(b * T + t) * 2 * angles + 2 * a + which]!;
      let at = space === "line" ? input(0, 0) : Math.atan2(input(0, 1), input(0, 0));
      for (let t = 0; t < T; t++) {
        at += input(t, 2);
        expect(target(t, 0)).toBeCloseTo(space === "line" ? at : Math.cos(at), 4);
        if (space === "line") expect(Math.abs(at)).toBeLessThan(1 + 1e-4);
        if (t >= T - still) expect(input(t, 2)).toBeCloseTo(0, 10);
      }
      expect(Math.cos(ends.data[b * angles + a]!)).toBeCloseTo(Math.cos(at), 4);
    }
  }
});
