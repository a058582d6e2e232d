/**
 * `npx tsx e2e/golden/make.ts`: writes the golden traces again, with the
 * float64 reference, after new weights or a change of the trace's format.
 * What the browser's engine does is then compared with them (`golden.spec.ts`).
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { task } from "../../probes/tasks/index.ts";
import { encodeTrace } from "../../probes/trace-file.ts";
import type { Trace } from "../../probes/trace.ts";
import { requestFor } from "../../workers/decoding/request.ts";
import { run } from "../../workers/decoding/run.ts";
import { nanoDecoder } from "../../workers/reference/nano.test-support.ts";
import { goldenFile, goldenRuns, type GoldenRun } from "./runs.ts";

/** A run on the reference, without the times, which differ from machine to machine. */
export async function referenceTrace({ task: id, mode, difficulty, shots, seed }: GoldenRun): Promise<Trace> {
  const chosen = task(id);
  const problem = chosen.draw(seed, { difficulty, shots, variant: chosen.variants[0]?.id ?? null });
  const trace = await run(nanoDecoder(), requestFor(chosen, problem, mode, { shots, seed }), () => undefined, new AbortController().signal);
  return { ...trace, created: "2026-11-24T00:00:00.000Z", steps: trace.steps.map((step) => ({ ...step, milliseconds: 0 })) };
}

if (process.argv[1]?.endsWith("make.ts")) {
  for (const golden of goldenRuns) {
    const file = goldenFile(golden);
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, encodeTrace(await referenceTrace(golden)));
    console.log(`golden: ${file.pathname.split("/").at(-1)}`);
  }
}
