/** What tests of decoders in a browser have: the contract's page, built and served once, and opened for each test. */
import { test as base, type Page } from "@playwright/test";
import { serve } from "../../tools/serve.mjs";
import { program, root, run } from "../../tools/setup.mjs";

interface PerTest {
  /** The contract's page, ready; its functions are `contract.…` inside `evaluate`. */
  readonly contractPage: Page;
}

interface PerWorker {
  readonly contractUrl: string;
}

export const test = base.extend<PerTest, PerWorker>({
  contractUrl: [
    // Playwright reads the names of what a fixture needs from this pattern, so it has to be one.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const { code, output } = await run("node", [program("vite"), "build", "--config", "e2e/contract/page/vite.config.ts", "--logLevel", "warn"], { quiet: true, minutes: 5 });
      if (code !== 0) throw new Error(`contract: expected its page to build, got exit code ${code}; run \`npm run build\` first\n${output}`);
      const served = await serve({ root: `${root}/build/contract` });
      await use(served.url);
      await served.close();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  contractPage: async ({ page, contractUrl }, use) => {
    await page.goto(contractUrl);
    await page.waitForFunction(() => "contract" in globalThis);
    await use(page);
  },
});

export { expect } from "@playwright/test";
