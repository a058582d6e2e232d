/** The same for a random model of 24 layers × 512, in float32 on wasm. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "../../../models/pack.ts";
import { randomLlama, writeHuggingFaceFolder } from "../../../models/random-llama.ts";
import { onBenchPage } from "../bench-page.ts";
import type { Measure } from "../measure.ts";
import { captureOverhead } from "../overhead.ts";

/** Many, since on a busy machine single steps take three times as long as others. */
const rounds = 240;

/** 70 M parameters, in the proportions of SmolLM2-135M. */
const sizes = { layers: 24, hiddenSize: 512, heads: 8, kvHeads: 2, headDim: 64, intermediateSize: 1408, vocabSize: 2048 };

const measure: Measure = {
  name: "capture-overhead-24x512",
  unit: "ratio",
  bar: { atMost: 1.1 },
  async run(stage) {
    const folder = await mkdtemp(join(tmpdir(), "geodesic-bench-"));
    try {
      await writeHuggingFaceFolder(randomLlama(sizes), join(folder, "weights"));
      await pack(join(folder, "weights"), join(folder, "model"), { dtypes: ["fp32"] });
      return await onBenchPage(stage, async (page) => {
        await page.setInputFiles("#folder", join(folder, "model"));
        return captureOverhead(await page.evaluate((n) => bench.stepTimes("folder", n), rounds));
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
export default measure;
