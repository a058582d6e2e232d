/**
 * All measures of a run of 200 steps × 25 layers × 1,024, in the probe worker, from
 * the page's call to the answer; median of five. `longest-frame-ms` is the longest time
 * between two frames of the page meanwhile, `idle-frame-ms` the same with nothing
 * going on, which on a busy machine is more than a frame as well.
 */
import { onBenchPage } from "../bench-page.ts";
import { median, type Measure } from "../measure.ts";

const rounds = 5;

const measure: Measure = {
  name: "run-measures-200x25x1024",
  unit: "s",
  bar: { atMost: 2 },
  also: { "longest-frame-ms": { atMost: 50 } },
  run: (stage) =>
    onBenchPage(stage, async (page) => {
      const { rounds: times, longestFrame, idleFrame, measures } = await page.evaluate((n) => bench.measureTimes(200, 25, 1024, n), rounds);
      return { value: median(times) / 1000, details: new Map([["longest-frame-ms", longestFrame], ["idle-frame-ms", idleFrame], ["slowest-round-ms", Math.max(...times)], ["measures-count", measures]]) };
    }),
};
export default measure;
