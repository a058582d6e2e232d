/** What capture costs, from the times of interleaved steps. */
import type { StepTimes } from "./page/overhead.worker.ts";
import { type Detailed, median } from "./measure.ts";

/** The median step with capture over that of the unmodified file; beside it, the same with capture off, and the medians in ms. */
export function captureOverhead({ plain, quiet, captured }: StepTimes): Detailed {
  const base = median(plain);
  const details = new Map([
    ["capture-off", median(quiet) / base],
    ["plain-ms", base],
    ["captured-ms", median(captured)],
  ]);
  return { value: median(captured) / base, details };
}
