/**
 * A decode step of nano with the hidden states of every layer, over one of the
 * unmodified file, interleaved. A step takes half a millisecond, and a session
 * is a few percent faster or slower for its whole life (measured); so the
 * steps of several sessions count together.
 */
import { onBenchPage } from "../bench-page.ts";
import type { Measure } from "../measure.ts";
import { captureOverhead } from "../overhead.ts";

const sessions = 6;
const rounds = 300;

const measure: Measure = {
  name: "capture-overhead-nano",
  unit: "ratio",
  bar: { atMost: 1.1 },
  run: (stage) =>
    onBenchPage(stage, async (page) => {
      const plain: number[] = [];
      const quiet: number[] = [];
      const captured: number[] = [];
      for (let i = 0; i < sessions; i++) {
        const times = await page.evaluate((n) => bench.stepTimes("embedded", n), rounds);
        plain.push(...times.plain);
        quiet.push(...times.quiet);
        captured.push(...times.captured);
      }
      return captureOverhead({ plain, quiet, captured });
    }),
};
export default measure;
