/** What is said of a run before it is made, against the run. */
import { expect, test } from "vitest";
import { trajectory } from "../../probes/geometry/trajectory.ts";
import { nearestLayer } from "../../probes/kept-layers.ts";
import { task } from "../../probes/tasks/index.ts";
import { decodeTrace, encodeTrace } from "../../probes/trace-file.ts";
import type { DecodingMode, Trace } from "../../probes/trace.ts";
import type { RunRequest } from "../engine.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { requestFor } from "./request.ts";
import { run } from "./run.ts";
import { runPlan } from "./run-plan.ts";

const decoder = nanoDecoder();
const going = new AbortController().signal;
const t = task("pointer-chase");
const request = (mode: DecodingMode, layers?: readonly number[]): RunRequest => requestFor(t, t.draw(7, { difficulty: 2, shots: 2, variant: null }), mode, { shots: 2, seed: 1, ...(layers ? { layers } : {}) });
const traced = (asked: RunRequest): Promise<Trace> => run(decoder, asked, () => undefined, going);

test.each(["direct", "icl", "cot", "latent"] as const)("%s: steps and bytes of states and lens are those of the run", async (mode) => {
  const plan = runPlan(decoder, request(mode));
  const { steps, activations, lens } = await traced(request(mode));
  expect(plan.steps).toBe(steps.length);
  expect(plan.states).toBe(activations.residPost.data.byteLength + activations.finalNorm.data.byteLength);
  expect(plan.lens).toBe([lens!.tokens, lens!.logprobs, lens!.entropy, lens!.answerLogprob].reduce((sum, { data }) => sum + data.byteLength, 0));
  expect(plan.bytes).toBe(plan.states + plan.lens + plan.record);
  // A chain may go on for longer; nothing else may.
  if (mode === "cot") expect(plan.most).toBeGreaterThan(plan.bytes);
  else expect(plan.most).toBe(plan.bytes);
});
test("fewer layers: those of the full run, and so much less memory; the lens stays whole", async () => {
  const [full, part] = [await traced(request("latent")), await traced(request("latent", [0, 3]))];
  expect(part.activations.residPost.shape).toEqual([full.steps.length, 2, 96]);
  for (const layer of [0, 3]) expect(trajectory(part, layer)).toEqual(trajectory(full, layer));
  expect(part.lens).toEqual(full.lens);
  expect(() => trajectory(part, 1)).toThrow("expected one of the layers that were kept (0, 3), got 1");
  expect([nearestLayer(part.activations, 1), nearestLayer(part.activations, 2), nearestLayer(full.activations, 2)]).toEqual([0, 3, 2]);
  expect(runPlan(decoder, request("latent", [0, 3])).states).toBe(runPlan(decoder, request("latent")).states * (3 / 5));
  expect(decodeTrace(encodeTrace(part))).toEqual(part);
});
test("layers that there are not are refused", async () => {
  for (const layers of [[], [4], [2, 1], [0.5], [1, 1]]) await expect(traced(request("direct", layers))).rejects.toThrow("run: expected layers to keep, rising, from 0 to 3");
});
