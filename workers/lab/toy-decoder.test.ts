/** A model of the lab keeps the contract of a Decoder, whatever its architecture, and sees as far back as it says. */
import { expect, test } from "vitest";
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import { decoderContract } from "../decoder-contract.test-support.ts";
import { weightsOf } from "../toys/weights.ts";
import type { Architecture } from "./architecture.ts";
import { architectures } from "./architectures.ts";
import { initialParameters } from "./lesson.ts";
import { ToyDecoder } from "./toy-decoder.ts";

const task = sequenceTask("multi-query-recall");
const untrained = (a: Architecture): Promise<ToyDecoder> => ToyDecoder.from(a, task, weightsOf(initialParameters(a, task, 1)));

for (const a of architectures) decoderContract(a.id, () => untrained(a), { tolerance: 2e-4, tokens: [1, 9, 3, 14, 21, 5, 2, 7] });

test.each(architectures.map((a) => [a.id, a] as const))("%s sees as far back as it says, and no farther", async (_, a) => {
  const decoder = await untrained(a);
  const T = task.length;
  const tokens = Array.from({ length: T }, (_, i) => 1 + (i % 20));
  const last = async (changed: number | null): Promise<Float32Array> => {
    await decoder.rewind(0);
    const { logits } = await decoder.forward(tokens.map((token, i) => (i === changed ? 21 - token : token)));
    return logits.data.slice(-task.vocabulary.length);
  };
  const plain = await last(null);
  const reach = a.reach ?? T;
  const within = await last(T - reach);
  expect(within.some((x, i) => Math.abs(x - plain[i]!) > 1e-7)).toBe(true);
  if (reach < T) expect(await last(T - reach - 1)).toEqual(plain);
  await decoder.dispose();
});
