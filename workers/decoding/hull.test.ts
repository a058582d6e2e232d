/** What is kept of a latent thought beside the mixtures of tokens, on the embedded model. */
import { expect, test } from "vitest";
import { task } from "../../probes/tasks/index.ts";
import type { Thought, Trace } from "../../probes/trace.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { requestFor } from "./request.ts";
import { run } from "./run.ts";

const decoder = nanoDecoder();
const t = task("reachability");
const traced = (thought: Thought): Promise<Trace> => run(decoder, requestFor(t, t.draw(7, { difficulty: 2, shots: 0, variant: null }), "latent", { thought, shots: 0, seed: 1 }), () => undefined, new AbortController().signal);
const hulls = async (thought: Thought): Promise<number[]> => (await traced(thought)).steps.flatMap(({ hull }) => hull ?? []);

test("a mixture of embedding rows is at 0, a token's own row as well; a hidden state and a random vector are not", async () => {
  for (const thought of ["soft", "mixture", "argmax"] as const) for (const hull of await hulls(thought)) expect(hull).toBeLessThan(1e-3);
  for (const thought of ["hidden", "random"] as const) for (const hull of await hulls(thought)) expect(hull).toBeGreaterThan(0.05);
});
test("tokens have none", async () => {
  const { steps } = await traced("hidden");
  expect(steps.filter(({ token }) => token !== null).every(({ hull }) => hull === null)).toBe(true);
});
