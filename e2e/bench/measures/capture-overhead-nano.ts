/** A decode step of nano with the hidden states of every layer, over one of the unmodified file, interleaved. */
import { onBenchPage } from "../bench-page.ts";
import type { Measure } from "../measure.ts";
import { captureOverhead } from "../overhead.ts";

const rounds = 600;

const measure: Measure = {
  name: "capture-overhead-nano",
  unit: "ratio",
  bar: { atMost: 1.1 },
  run: (stage) => onBenchPage(stage, async (page) => captureOverhead(await page.evaluate((n) => bench.stepTimes("embedded", n), rounds))),
};
export default measure;
