import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { parameterCount } from "../lab/sequence-model.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { recordedEvidence } from "./recorded.test-support.ts";
import { claim, measure, selectiveCopying, systemErrors } from "./s3-selection.ts";
import { answers, bareScanBlock, learner } from "./apparatus/sequence-learner.ts";

const run = (sabotaged: boolean) => measure(testContext("S3", { seeds: [1], sabotaged }), { steps: 2, batch: 4, kept: 3, places: 5, stateSize: 2, test: 20 });

test("without selection the verdict of what was recorded is another; nothing else is wrong", () => expect(claimFaults(claim, recordedEvidence("S3"), recordedEvidence("S3", "sabotaged"))).toEqual([]));
test("as recorded: selection is worth at least a third of the letters and half of the sequences, also at the lower end of the intervals, at equal size", () => {
  const [gap, whole, size] = ["gap", "gap-whole", "size"].map((id) => recordedEvidence("S3").quantities.find((quantity) => quantity.id === id)!);
  expect(gap!.low).toBeGreaterThanOrEqual(1 / 3);
  expect(whole!.low).toBeGreaterThanOrEqual(0.5);
  expect(Math.abs(size!.value - 1)).toBeLessThan(0.02);
});
test("a small run: the same seed, the same evidence", async () => expect(await run(true)).toEqual(await run(true)));

const good = { gap: 0.6, selective: 0.95, invariant: 0.35, "rnn-superposition": 0.5, "invariant-superposition": 1e-7 };
test.each([
  ["mixed", good],
  ["supports", { ...good, "rnn-superposition": 1e-7 }],
  ["refutes", { ...good, gap: 0.02 }],
  ["mixed", { ...good, gap: 0.3, "rnn-superposition": 1e-7 }],
] as const)("the rule: %s", (verdict, values) => expect(claim.judge(constructed(values), thresholdsOf(claim)).verdict).toBe(verdict));

// By definition: a convolution is both, a scan with given Δ, B, C is linear, one that computes them does not know when it is.
test("what kind of system each is", () => {
  const [invariant, held, selective, vanilla, gated] = systemErrors(new Random(1));
  for (const { superposition } of [invariant!, held!]) expect(superposition).toBeLessThan(1e-5);
  for (const { shift } of [invariant!, selective!, vanilla!, gated!]) expect(shift).toBeLessThan(1e-5);
  for (const { superposition } of [selective!, vanilla!, gated!]) expect(superposition).toBeGreaterThan(0.1);
  expect(held!.shift).toBeGreaterThan(0.1);
});

test("the letters are to be given in their order", () => {
  const places = 12;
  const { tokens, asked } = selectiveCopying(4, places).draw(new Random(2), 10);
  for (let b = 0; b < 10; b++) {
    const row = Array.from(tokens.subarray(16 * b, 16 * (b + 1)));
    expect(row.slice(places)).toEqual([9, 9, 9, 9]);
    expect(asked.slice(4 * b, 4 * b + 4).map(({ answer }) => answer)).toEqual(row.slice(0, places).filter((token) => token !== 8));
    expect(asked.slice(4 * b, 4 * b + 4).map(({ at }) => at)).toEqual([12, 13, 14, 15].map((t) => 16 * b + t));
  }
});
test("both forms have as many parameters, and an answer is right where the quiz says so", () => {
  const quiz = selectiveCopying(4, 6);
  const size = (channels: number, selective: boolean): number => {
    const training = learner(bareScanBlock({ channels, stateSize: 4, selective }), quiz, { steps: 1, batch: 2, rate: 0.01 }, 1);
    const count = parameterCount(training.parameters);
    training.dispose();
    return count;
  };
  expect(size(32, true) / size(33, false)).toBeGreaterThan(0.98);
  expect(size(32, true) / size(33, false)).toBeLessThan(1.02);
  const architecture = bareScanBlock({ channels: 4, stateSize: 2, selective: true });
  const training = learner(architecture, quiz, { steps: 1, batch: 2, rate: 0.01 }, 1);
  const questions = quiz.draw(new Random(1), 30);
  const given = Array.from({ length: 10 }, (_, answer) => answers(architecture, training.parameters, quiz, { ...questions, asked: questions.asked.map((question) => ({ ...question, answer })) }));
  // Of all possible answers one is given to each question.
  questions.asked.forEach((_, i) => expect(given.filter((right) => right[i]).length).toBe(1));
  training.dispose();
});
