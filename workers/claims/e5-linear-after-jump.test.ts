/** E5: the two measures on embeddings that are known, the verdicts, and a small run. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { matrix } from "../../probes/tensor.ts";
import { claimFaults } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { circleFit, claim, concentration, experiment, fourierPower } from "./e5-linear-after-jump.ts";
import { recordedEvidence } from "./recorded.test-support.ts";

const p = 11;
const wave = (k: number, a: number): number => Math.cos((2 * Math.PI * k * a) / p + 0.3);
const numbers = Array.from({ length: p }, (_, a) => a);

test("a pure cosine has all its power in its frequency, whatever is added to all", () => {
  const power = fourierPower(matrix(numbers.map((a) => [wave(3, a) + 7, 0])));
  power.forEach((share, k) => expect(share).toBeCloseTo(k === 2 ? 1 : 0, 10));
});
test("two cosines share it by their squares", () => {
  const power = fourierPower(matrix(numbers.map((a) => [2 * wave(1, a), wave(4, a)])));
  expect(power[0]).toBeCloseTo(0.8, 6);
  expect(power[3]).toBeCloseTo(0.2, 6);
  expect(concentration(power, 1)).toBeCloseTo(0.8, 6);
  expect(concentration(power, 5)).toBeCloseTo(1, 10);
});
test("a single number spreads over all frequencies alike", () => fourierPower(matrix(numbers.map((a) => [a === 4 ? 1 : 0]))).forEach((share) => expect(share).toBeCloseTo(1 / 5, 6)));

test("a hidden state that is a circle is read exactly, also turned and shifted; noise is not", () => {
  const random = new Random(2);
  const sums = Array.from({ length: 300 }, () => random.integer(p));
  const states = (of: (c: number) => number[]) => ({ x: sums.map(of), sums });
  const half = ({ x, sums }: { x: number[][]; sums: number[] }) => [{ x: x.slice(0, 150), sums: sums.slice(0, 150) }, { x: x.slice(150), sums: sums.slice(150) }] as const;
  const fit = (of: (c: number) => number[]): number => circleFit(...half(states(of)), p, 1e-6);
  expect(fit((c) => [wave(2, c) + 3 * wave(2, c + 1), 5 + wave(2, c + 2), random.normal()])).toBeGreaterThan(0.9999);
  // Which of two halves of the circle: a line explains at most part of it.
  expect(fit((c) => [c < 6 ? 1 : 0])).toBeLessThan(0.6);
  expect(Math.abs(fit(() => [random.normal(), random.normal()]))).toBeLessThan(0.1);
});
/** Alike with all seeds, or with a read-out that one seed has before. */
const evidence = (test: number, probe: number, fourier: number, early = 0) =>
  constructed({ "test-before": 0.1, "test-after": test, "probe-before": 0, "probe-after": probe, "fourier-before": 0.3, "fourier-after": fourier,
    "test-before-most": 0.1, "test-after-least": test, "probe-before-most": early, "probe-after-least": probe, "fourier-rise-least": fourier - 0.3 });
test("each verdict", () => {
  const judge = (...args: Parameters<typeof evidence>): string => claim.judge(evidence(...args), thresholdsOf(claim)).verdict;
  expect([judge(1, 1, 0.9), judge(1, 0.2, 0.3), judge(1, 0.2, 0.9), judge(0.3, 1, 0.9), judge(1, 1, 0.9, 0.8)]).toEqual(["supports", "refutes", "mixed", "mixed", "mixed"]);
});
test("what was recorded keeps the rules; the sabotage changes its verdict", () => expect(claimFaults(claim, recordedEvidence("E5"), recordedEvidence("E5", "sabotaged"))).toEqual([]));
test("a small run: the same seed, the same evidence", async () => {
  const run = () => experiment({ seeds: [1], sabotaged: false, progress: () => Promise.resolve() }, { modulus: 7, share: 0.6, hiddenSize: 8, steps: 4, every: 2 });
  expect(await run()).toEqual(await run());
});
