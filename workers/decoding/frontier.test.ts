/** What the embedded model's thoughts hold, and that it is needed, on the float64 reference; the figures over 200 problems are in e2e/bench. */
import { expect, test } from "vitest";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { frontierMass } from "./frontier.ts";

const going = new AbortController().signal;
const asked = { difficulty: 3, problems: 8, seed: 2_000_000 } as const;

test("a thought holds both letters of its level; the controls do not", async () => {
  const decoder = nanoDecoder();
  const mass = async (thought: "hidden" | "swapped" | "random"): Promise<number[]> => frontierMass(decoder, { ...asked, thought }, going);
  const own = await mass("hidden");
  expect(own).toHaveLength(3);
  for (const share of own) expect(share).toBeGreaterThanOrEqual(0.9);
  for (const share of [...(await mass("swapped")), ...(await mass("random"))]) expect(share).toBeLessThanOrEqual(0.3);
});

test("nothing to look at is refused", async () => {
  const decoder = nanoDecoder();
  await expect(frontierMass(decoder, { ...asked, thought: "hidden", problems: 0 }, going)).rejects.toThrow(/from 1 up, got 0/);
  await expect(frontierMass(decoder, { ...asked, thought: "none" }, going)).rejects.toThrow(/a vector as thought 1, got none/);
  const stopped = new AbortController();
  stopped.abort();
  await expect(frontierMass(decoder, { ...asked, thought: "hidden" }, stopped.signal)).rejects.toThrow(/stopped/);
});
