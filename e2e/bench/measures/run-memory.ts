/**
 * Memory of runs beside what was said of it before they were made: the larger error, as a
 * share of what was said, of nano's runs (where texts and numbers of each step weigh a
 * fifth) and of a random model of 24 layers × 512. Memory is the browser's own count,
 * JavaScript heap and array buffers of the page, after garbage is collected.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CDPSession, Page } from "@playwright/test";
import { pack } from "../../../models/pack.ts";
import { randomLlama, writeHuggingFaceFolder } from "../../../models/random-llama.ts";
import { task } from "../../../probes/tasks/index.ts";
import { decodingModes } from "../../../probes/trace.ts";
import { requestFor } from "../../../workers/decoding/request.ts";
import type { RunRequest } from "../../../workers/engine.ts";
import { onBenchPage } from "../bench-page.ts";
import type { Measure } from "../measure.ts";

const nanoProblems = 60;
const large = { layers: 24, hiddenSize: 512, heads: 8, kvHeads: 2, headDim: 64, intermediateSize: 1408, vocabSize: 2048 };

/** All modes, many problems: one run alone is less than the page's own comings and goings. */
function nanoRequests(): RunRequest[] {
  const t = task("pointer-chase");
  return Array.from({ length: nanoProblems }, (_, seed) => decodingModes.map((mode) => requestFor(t, t.draw(seed, { difficulty: 4, shots: 2, variant: null }), mode, { shots: 2, seed }))).flat();
}

function largeRequests(): RunRequest[] {
  const words = Array.from({ length: 60 }, (_, i) => `t${1 + i}`).join(" ");
  const base = { context: "", question: words, cue: "", stop: null, maxThinkingTokens: 0, thought: "rescaled", noise: 0, other: null, maxAnswerTokens: 1, expected: null, temperature: 0, problem: null, capture: true, kept: 5 } as const;
  return [1, 2].map((seed): RunRequest => ({ ...base, mode: "latent", thoughts: 6, seed }));
}

async function memory(session: CDPSession): Promise<number> {
  for (let i = 0; i < 3; i++) await session.send("HeapProfiler.collectGarbage");
  const { usedSize, backingStorageSize } = (await session.send("Runtime.getHeapUsage")) as { usedSize: number; backingStorageSize?: number };
  if (backingStorageSize === undefined) throw new Error("run-memory: expected the browser to count array buffers, got no such number; use a newer Chromium");
  return usedSize + backingStorageSize;
}

/** |actual − stated| / stated, and both. */
async function error(page: Page, source: "embedded" | "folder", requests: readonly RunRequest[]): Promise<{ error: number; stated: number; actual: number }> {
  const session = await page.context().newCDPSession(page);
  // Once to compile and to fill what stays.
  await page.evaluate(([from, asked]) => bench.keepRuns(from, asked), [source, requests.slice(0, 1)] as const);
  await page.evaluate(() => bench.dropRuns());
  const before = await memory(session);
  const { stated } = await page.evaluate(([from, asked]) => bench.keepRuns(from, asked), [source, requests] as const);
  const actual = (await memory(session)) - before;
  await page.evaluate(() => bench.dropRuns());
  return { error: Math.abs(actual - stated) / stated, stated, actual };
}

const measure: Measure = {
  name: "run-memory",
  unit: "share",
  bar: { atMost: 0.1 },
  async run(stage) {
    const folder = await mkdtemp(join(tmpdir(), "geodesic-bench-"));
    try {
      await writeHuggingFaceFolder(randomLlama(large), join(folder, "weights"));
      await pack(join(folder, "weights"), join(folder, "model"), { dtypes: ["fp32"], mlc: [] });
      return await onBenchPage(stage, async (page) => {
        const nano = await error(page, "embedded", nanoRequests());
        await page.setInputFiles("#folder", join(folder, "model"));
        const wide = await error(page, "folder", largeRequests());
        return {
          value: Math.max(nano.error, wide.error),
          details: new Map([["nano", nano.error], ["24x512", wide.error], ["nano-stated-over-actual", nano.stated / nano.actual], ["24x512-stated-over-actual", wide.stated / wide.actual]]),
        };
      });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
export default measure;
