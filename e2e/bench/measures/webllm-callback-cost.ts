/**
 * What reading 25 layers through TVM's instrument costs the processor per token:
 * a decode step of a random model of 24 layers with every layer copied, less the
 * same step without an instrument, the GPU doing nothing in both.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "../../../models/pack.ts";
import { randomLlama, writeHuggingFaceFolder } from "../../../models/random-llama.ts";
import { onBenchPage } from "../bench-page.ts";
import { type Detailed, median, type Measure, quantile } from "../measure.ts";

const rounds = 300;
/** Small, since only the number of kernels counts. */
const sizes = { layers: 24, hiddenSize: 64, heads: 2, kvHeads: 1, headDim: 32, intermediateSize: 128, vocabSize: 256 };

const measure: Measure = {
  name: "webllm-callback-cost",
  unit: "ms",
  bar: { atMost: 0.5 },
  async run(stage) {
    const folder = await mkdtemp(join(tmpdir(), "geodesic-bench-"));
    try {
      await writeHuggingFaceFolder(randomLlama(sizes), join(folder, "weights"));
      await pack(join(folder, "weights"), join(folder, "model"), { dtypes: ["fp32"] });
      return await onBenchPage(stage, async (page): Promise<Detailed> => {
        await page.setInputFiles("#folder", join(folder, "model", "mlc-q0f32"));
        const { plain, idle, captured } = await page.evaluate((n) => bench.webllmCallbackTimes(n), rounds);
        const details = new Map([
          ["undisturbed-ms", quantile(captured, 0.1) - quantile(plain, 0.1)],
          ["idle-ms", median(idle) - median(plain)],
          ["plain-ms", median(plain)],
          ["captured-ms", median(captured)],
        ]);
        return { value: median(captured) - median(plain), details };
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
export default measure;
