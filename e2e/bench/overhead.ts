/** What capture costs, from the times of interleaved steps. */
import { type Detailed, median, quantile } from "./measure.ts";
import type { StepTimes } from "./page/overhead.worker.ts";

/**
 * The median step with capture over that of the unmodified file. Beside it: the
 * same with capture off; the ratio of the 10th percentiles, which a busy
 * machine disturbs least; and the medians in ms.
 */
export function captureOverhead({ plain, quiet, captured }: StepTimes): Detailed {
  const details = new Map([
    ["capture-off", median(quiet) / median(plain)],
    ["undisturbed", quantile(captured, 0.1) / quantile(plain, 0.1)],
    ["plain-ms", median(plain)],
    ["captured-ms", median(captured)],
  ]);
  return { value: median(captured) / median(plain), details };
}
