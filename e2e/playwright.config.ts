/** The built app in a real browser, one test after another: the machine's two cores are the model's. */
import { defineConfig } from "@playwright/test";
import { findChromium, howToGetChromium, quietArgs, webgpuArgs } from "../tools/chromium.mjs";

const executablePath = findChromium();
if (executablePath === null) throw new Error(howToGetChromium);

export default defineConfig({
  testDir: ".",
  testMatch: "**/*.spec.ts",
  outputDir: "../test-results",
  globalSetup: "./server.ts",
  workers: 1,
  retries: 0,
  forbidOnly: process.env["CI"] !== undefined,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  // The file of the JSON report is named by PLAYWRIGHT_JSON_OUTPUT_FILE; without it, it goes to build/.
  reporter: [["line"], ["json", { outputFile: process.env["PLAYWRIGHT_JSON_OUTPUT_FILE"] ?? "../build/reports/browser.json" }]],
  use: {
    viewport: { width: 1440, height: 900 },
    launchOptions: { executablePath, args: [...quietArgs, ...webgpuArgs] },
    // Playwright's own init scripts and evaluations do not need it, and it would hide what the policy stops.
    bypassCSP: false,
    serviceWorkers: "block",
    trace: "off",
  },
});
