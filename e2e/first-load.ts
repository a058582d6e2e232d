/** How much JavaScript the first picture takes, as a browser that accepts gzip would get it. */
import { gzipSync } from "node:zlib";
import type { Page, Response } from "@playwright/test";
import { ready } from "./fixtures.ts";

export interface FirstLoad {
  /** Bytes of the modules that the page itself runs. */
  readonly page: number;
  /** The same, and those that its workers run, the runtime's .mjs included. */
  readonly all: number;
  /** Bytes by path, for a message that says where they went. */
  readonly files: ReadonlyMap<string, number>;
}

/**
 * Opens the app and adds up its JavaScript until the first complete picture.
 * WebAssembly and model files are counted elsewhere.
 */
export async function firstLoad(page: Page, home: string): Promise<FirstLoad> {
  const responses = new Map<string, Response>();
  page.context().on("response", (response) => {
    if ((response.headers()["content-type"] ?? "").startsWith("text/javascript")) responses.set(response.url(), response);
  });
  await page.goto(home);
  await ready(page);
  // The page's own list leaves out what only workers asked for.
  const own = new Set(await page.evaluate(() => performance.getEntriesByType("resource").filter((entry) => (entry as PerformanceResourceTiming).initiatorType !== "worker").map((entry) => entry.name)));
  const workers = new Set(page.workers().map((worker) => worker.url()));
  const files = new Map<string, number>();
  let [pageBytes, all] = [0, 0];
  for (const url of responses.keys()) {
    // Read again, since the browser may have dropped a body by now.
    const bytes = gzipSync(new Uint8Array(await (await fetch(url)).arrayBuffer()), { level: 9 }).length;
    files.set(new URL(url).pathname, bytes);
    all += bytes;
    if (own.has(url) && !workers.has(url)) pageBytes += bytes;
  }
  return { page: pageBytes, all, files };
}
