/**
 * UMAP of 2,000 points of 1,024 dimensions, from the call to the judged picture,
 * as the probe worker runs it; `longest-silence-ms` is the longest time between
 * two reports of progress. Beside both the processor's own time, which a busy machine
 * does not stretch.
 */
import { Random } from "../../../probes/random.ts";
import { tensor } from "../../../probes/tensor.ts";
import { ProbeService } from "../../../workers/probe-service.ts";
import type { Measure } from "../measure.ts";

const [n, D] = [2000, 1024];

const measure: Measure = {
  name: "umap-2000",
  unit: "s",
  bar: { atMost: 6 },
  also: { "longest-silence-ms": { atMost: 100 } },
  async run() {
    // Forty paths of fifty steps each, as the states of forty runs are.
    const random = new Random(1);
    const points = tensor([n, D]);
    for (let i = 0; i < n; i++) {
      for (let d = 0; d < D; d++) points.data[i * D + d] = (i % 50 === 0 ? 3 * random.normal() : points.data[(i - 1) * D + d]!) + 0.3 * random.normal();
    }
    const start = performance.now();
    let last = start;
    let silence = 0;
    let work = 0;
    const processor = (): number => process.cpuUsage().user / 1000;
    const begun = processor();
    let worked = begun;
    const heard = (): void => {
      const now = performance.now();
      silence = Math.max(silence, now - last);
      last = now;
      const used = processor();
      work = Math.max(work, used - worked);
      worked = used;
    };
    await new ProbeService().project({ points, method: "umap", seed: 1 }, heard, heard);
    heard();
    return { value: (last - start) / 1000, details: new Map([["longest-silence-ms", silence], ["processor", (worked - begun) / 1000], ["longest-silence-processor-ms", work]]) };
  },
};
export default measure;
