/** Builds what is old, serves it and starts one Chromium. */
import { chromium } from "@playwright/test";
import { findChromium, howToGetChromium, quietArgs, webgpuArgs } from "../../tools/chromium.mjs";
import { serve } from "../../tools/serve.mjs";
import { build, buildIsOld } from "../../tools/setup.mjs";
import { serveBenchPage, type Served } from "./bench-page.ts";
import type { Stage } from "./measure.ts";

/** Calls back with a stage and takes it down afterwards. */
export async function onStage<T>(work: (stage: Stage) => Promise<T>): Promise<T> {
  if (buildIsOld()) {
    const { code, output } = await build({ quiet: true });
    if (code !== 0) throw new Error(`bench: expected the app to build, got exit code ${code}\n${output}`);
  }
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(howToGetChromium);
  const served = await serve();
  const bench = benchPageOnce();
  try {
    const browser = await chromium.launch({ executablePath, args: [...quietArgs, ...webgpuArgs] });
    try {
      return await work({ browser, home: served.url, bench: bench.url });
    } finally {
      await browser.close();
    }
  } finally {
    await Promise.all([served.close(), bench.close()]);
  }
}

/** The bench's page, built when it is first asked for, since not every figure needs it. */
export function benchPageOnce(): { url(): Promise<string>; close(): Promise<void> } {
  let served: Promise<Served> | null = null;
  return {
    url: async () => (await (served ??= serveBenchPage())).url,
    close: async () => void (await (await served?.catch(() => null))?.close()),
  };
}
