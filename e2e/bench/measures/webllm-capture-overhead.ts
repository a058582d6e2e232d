/**
 * A decode step of nano on WebLLM with the hidden states of every layer, over
 * the same step without, interleaved. A session may be a few percent faster or
 * slower for its whole life; so the steps of several count together.
 */
import { onBenchPage } from "../bench-page.ts";
import { type Detailed, type Measure, median, quantile } from "../measure.ts";

const sessions = 2;
const rounds = 150;

const measure: Measure = {
  name: "webllm-capture-overhead",
  unit: "ratio",
  bar: { atMost: 1.1 },
  run: (stage) =>
    onBenchPage(stage, async (page): Promise<Detailed> => {
      const quiet: number[] = [];
      const captured: number[] = [];
      for (let i = 0; i < sessions; i++) {
        const times = await page.evaluate((n) => bench.webllmStepTimes(n), rounds);
        quiet.push(...times.quiet);
        captured.push(...times.captured);
      }
      const details = new Map([
        ["undisturbed", quantile(captured, 0.1) / quantile(quiet, 0.1)],
        ["quiet-ms", median(quiet)],
        ["captured-ms", median(captured)],
      ]);
      return { value: median(captured) / median(quiet), details };
    }),
};
export default measure;
