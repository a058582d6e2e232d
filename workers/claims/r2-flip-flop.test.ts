import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { matrix, tensor } from "../../probes/tensor.ts";
import { dispose, fromTensor } from "../toys/autodiff.ts";
import { zeros } from "../toys/initialise.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { constructed } from "./constructed.test-support.ts";
import { recordedEvidence } from "./recorded.test-support.ts";
import { claim, distinct, flipFlops, look, measure, type Memory } from "./r2-flip-flop.ts";

const tiny = { steps: 1, forms: ["gated"], sequences: 40, units: 8 } as const;

test("weights as before training change the verdict of what was recorded; nothing else is wrong, and the same seed gives the same", async () => {
  const untrained = () => measure(testContext("R2", { seeds: [1], sabotaged: true }), tiny);
  const sabotaged = await untrained();
  for (const spoiled of [sabotaged, recordedEvidence("R2", "sabotaged")]) expect(claimFaults(claim, recordedEvidence("R2"), spoiled)).toEqual([]);
  expect(await untrained()).toEqual(sabotaged);
});
// Independent truth: three units that hold ±x with x = tanh(2 x), as 2 is above 1, five that forget, as 0.3 is below; by hand.
test("of a network made by hand: eight memories, three directions; along the task a push goes all the way, across it dies", () => {
  const N = 8;
  const square = (n: number, m: number, entry: (i: number) => number) => fromTensor(tensor([n, m], Float32Array.from({ length: n * m }, (_, at) => (Math.floor(at / m) === at % m ? entry(at % m) : 0))));
  const network: Memory = {
    rnn: { input: square(3, N, () => 5), recurrent: square(N, N, (i) => (i < 3 ? 2 : 0.3)), bias: zeros([N]), recurrentBias: zeros([N]) },
    weight: square(N, 3, () => 1),
    bias: zeros([3]),
  };
  const { right, directions, memories, along, across } = look(network, "vanilla", 60, new Random(1));
  expect(right).toBe(1);
  expect(directions).toBeCloseTo(3, 0);
  expect(memories).toBe(8);
  // From x to −x is 2 x; half the way is the watershed: 0.6 of it falls to the other side, 0.3 comes back.
  expect(along[1]!.at(-1)).toBeCloseTo(1 / 0.6, 3);
  expect(along[0]!.at(-1)).toBeLessThan(0.01);
  expect(across[1]!.at(-1)).toBeLessThan(1e-4);
  dispose(network);
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
