/** P3: the language, the step that a known source makes, the verdicts, and a small run. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { claimFaults } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { ceiling, claim, drawSequence, experiment } from "./p3-window.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

test("the token a lag before decides in 0.9 + 0.1/8 of the places, its neighbours do not", () => {
  const random = new Random(1);
  const permutation = random.shuffle([0, 1, 2, 3, 4, 5, 6, 7]);
  for (const lag of [3, 20]) {
    const agree = (at: number): number => {
      let [right, all] = [0, 0];
      for (let i = 0; i < 400; i++) {
        const tokens = drawSequence(random, permutation, lag);
        for (let t = 21; t < tokens.length; t++, all++) if (tokens[t] === permutation[tokens[t - at]!]) right++;
      }
      return right / all;
    };
    expect(Math.abs(agree(lag) - ceiling)).toBeLessThan(0.015);
    expect(Math.abs(agree(lag + 1) - 1 / 8)).toBeLessThan(0.03);
  }
});
test("each verdict", () => {
  const judge = (nearWindow: number, farWindow: number, dense = 0.91): string =>
    claim.judge(constructed({ "near-window": nearWindow, "near-dense": 0.91, "far-window": farWindow, "far-dense": dense }), thresholdsOf(claim)).verdict;
  expect([judge(0.91, 0.12), judge(0.5, 0.12), judge(0.91, 0.85), judge(0.91, 0.12, 0.6)]).toEqual(["supports", "refutes", "mixed", "mixed"]);
});
test("what was recorded keeps the rules; the sabotage changes its verdict", () => expect(claimFaults(claim, recordedEvidence("P3"), recordedEvidence("P3", "sabotaged"))).toEqual([]));
test("what was recorded follows the step of the theory, window by window", () => {
  const figure = recordedEvidence("P3").figures[0]!;
  if (figure.kind !== "lines") throw new Error("expected lines");
  const [near, far, nearBest, farBest] = figure.lines;
  for (const [line, best] of [[near!, nearBest!], [far!, farBest!]] as const) line.y.forEach((y, i) => expect(Math.abs(y - best.y[i]!)).toBeLessThan(0.05));
});
test("a small run: the same seed, the same evidence", async () => {
  const run = () => experiment({ seeds: [1], sabotaged: false, progress: () => Promise.resolve() }, { steps: 2, batch: 2, tests: 4, windows: [3, 40] });
  expect(await run()).toEqual(await run());
});
