/** How long all live claims take, one after another, as `run all` runs them, min; and each of them, ms. */
import type { Page } from "@playwright/test";
import type { Measure } from "../measure.ts";

const longest = 20 * 60_000;

/** What the page keeps of its runs. */
function runs(page: Page): Promise<{ id: string; milliseconds: number }[]> {
  return page.evaluate(
    () =>
      new Promise<{ id: string; milliseconds: number }[]>((done, fail) => {
        const opened = indexedDB.open("geodesic-claims");
        opened.addEventListener("error", () => fail(opened.error ?? new Error("no database")));
        opened.addEventListener("success", () => {
          const kept = opened.result.transaction("runs").objectStore("runs").getAll();
          kept.addEventListener("success", () => done((kept.result as { id: string; milliseconds: number }[]).map(({ id, milliseconds }) => ({ id, milliseconds }))));
        });
      }),
  );
}

const measure: Measure = {
  name: "claims-run-all",
  unit: "min",
  bar: { atMost: 15 },
  async run({ browser, home }) {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    try {
      const page = await context.newPage();
      await page.goto(`${home}#/claims`);
      const overview = page.locator("claims-overview");
      await overview.getByRole("button", { name: /^run all/ }).click();
      const bar = overview.locator("progress-line");
      await bar.waitFor();
      const began = performance.now();
      await bar.waitFor({ state: "detached", timeout: longest });
      const minutes = (performance.now() - began) / 60_000;
      const failed = await overview.getByRole("alert").allInnerTexts();
      if (failed.length > 0) throw new Error(`claims: expected every claim to run, got ${failed.join("; ")}`);
      return { value: minutes, details: new Map((await runs(page)).map(({ id, milliseconds }) => [`${id}-ms`, milliseconds])) };
    } finally {
      await context.close();
    }
  },
};
export default measure;
