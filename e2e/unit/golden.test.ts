/** The golden traces belong to the weights, the tasks and the trace format as they stand. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decodeTrace } from "../../probes/trace-file.ts";
import { referenceTrace } from "../golden/make.ts";
import { goldenFile, goldenRuns } from "../golden/runs.ts";

test.each(goldenRuns)("$task, $mode: the reference still writes the golden trace", async (golden) => {
  const kept = decodeTrace(readFileSync(goldenFile(golden)));
  const now = await referenceTrace(golden);
  expect(kept.model.revision, "the weights have changed: run npx tsx e2e/golden/make.ts").toBe(now.model.revision);
  expect(kept.steps.map(({ phase, token, text }) => [phase, token, text])).toEqual(now.steps.map(({ phase, token, text }) => [phase, token, text]));
  expect(kept.answer.text).toBe(now.answer.text);
  // Other machines round exp and cos otherwise in the last digit; what is kept is float32.
  const largest = kept.activations.residPost.data.reduce((most, x, i) => Math.max(most, Math.abs(x - now.activations.residPost.data[i]!)), 0);
  expect(largest).toBeLessThan(1e-4);
});
