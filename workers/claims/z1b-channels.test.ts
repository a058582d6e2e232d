import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { reachability } from "../../probes/tasks/reachability.ts";
import { tensor } from "../../probes/tensor.ts";
import { accuracy } from "../decoding/accuracy.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { claimFaults, testContext } from "./claim-checks.test-support.ts";
import { thresholdsOf } from "./claim.ts";
import { LatentWalker, noisy } from "./apparatus/latent-walk.ts";
import { claim, measure } from "./z1b-channels.ts";

const small = (sabotaged: boolean, problems: number) => measure(testContext("Z1b", { sabotaged, model: nanoDecoder }), { problems, levels: [[1], [0]] });

test("tokens win where a thought is one letter, and lose where it is two; the second likeliest loses in both", async () => {
  const [honest, sabotaged] = [await small(false, 12), await small(true, 4)];
  expect(claimFaults(claim, honest, sabotaged)).toEqual([]);
  expect(claim.judge(honest, thresholdsOf(claim)).verdict).toBe("mixed");
});
test.each([
  ["supports", [-0.5, -0.3], [-0.5, -0.3]],
  ["mixed", [0.3, 0.5], [-0.5, -0.3]],
  ["refutes", [0.3, 0.5], [-0.05, 0.05]],
  ["mixed", [0.3, 0.5], [-0.15, 0.05]],
] as const)("the rule: %s where the gaps lie in these intervals", (verdict, chase, reach) => {
  const gap = (id: string, [low, high]: readonly [number, number]) => ({ id, label: id, unit: "1", value: (low + high) / 2, low, high });
  expect(claim.judge({ quantities: [gap("gap-chase", chase), gap("gap-reach", reach)], figures: [] }, thresholdsOf(claim)).verdict).toBe(verdict);
});
test("an undisturbed walk answers as the latent mode does, and feeds what it is given", async () => {
  const decoder = nanoDecoder();
  const seeds = [1, 2, 3, 4, 5, 6];
  const walks: boolean[] = [];
  for (const seed of seeds) {
    const walker = await LatentWalker.read(decoder, reachability, reachability.draw(seed, { difficulty: 2, shots: 0, variant: null }));
    const { right, fed } = await walker.walk();
    walks.push(right);
    const zero = tensor([1, decoder.spec.hiddenSize]);
    expect((await walker.walk(() => zero)).fed).toEqual([zero, zero]);
    expect((await walker.walk()).fed).toEqual(fed);
  }
  const [count] = await accuracy(decoder, { task: "reachability", variant: null, shots: 0, problems: 6, seed: 1, cells: [{ mode: "latent", difficulty: 2, thought: "hidden", noise: 0, thoughts: null }] }, () => undefined, new AbortController().signal);
  expect(walks.filter(Boolean).length).toBe(count!.correct);
});
test("noise of σ = 1 is about as long as the thought", () => {
  const hidden = tensor([1, 4000], new Float32Array(4000).fill(0.5));
  const noise = noisy(hidden, 1, new Random(1)).data.map((x) => x - 0.5);
  expect(Math.hypot(...noise) / Math.hypot(...hidden.data)).toBeCloseTo(1, 1);
  expect(noisy(hidden, 0, new Random(1))).toBe(hidden);
});
