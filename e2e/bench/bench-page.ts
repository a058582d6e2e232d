/** The bench's page, from Node: built, served with the app's headers, and opened. */
import type { Page } from "@playwright/test";
import { serve } from "../../tools/serve.mjs";
import { program, root, run } from "../../tools/setup.mjs";
import type { Stage } from "./measure.ts";

export interface Served {
  readonly url: string;
  close(): Promise<unknown>;
}

/** Builds e2e/bench/page into build/bench and serves it. The app has to be built before, since both share build/public. */
export async function serveBenchPage(): Promise<Served> {
  const { code, output } = await run("node", [program("vite"), "build", "--config", "e2e/bench/page/vite.config.ts", "--logLevel", "warn"], { quiet: true, minutes: 5 });
  if (code !== 0) throw new Error(`bench: expected its page to build, got exit code ${code}; run \`npm run build\` first\n${output}`);
  return serve({ root: `${root}/build/bench` });
}

/** Calls back with the page open and ready, in a context of its own. */
export async function onBenchPage<T>({ browser, bench }: Stage, work: (page: Page) => Promise<T>): Promise<T> {
  const url = await bench();
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction(() => "bench" in globalThis);
    return await work(page);
  } finally {
    await context.close();
  }
}
