/**
 * `npm test`: everything that can fail, in one command: types, lint, unit
 * tests, the training tests in Python, the build, and the built app in a
 * browser. The last line is the count.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findChromium, howToGetChromium } from "./chromium.mjs";
import { build, install, program, pythonWithTorch, requireNode, root, run } from "./setup.mjs";

/** @typedef {{ passed: number, failed: number, skipped: number }} Count */

const total = { passed: 0, failed: 0, skipped: 0 };

const words = (/** @type {Count} */ { passed, failed, skipped }) => `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;

/** One thing that passes or fails as a whole. @returns {Count} */
const whole = (/** @type {number} */ code) => ({ passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });

/**
 * Runs a stage and adds its count. A stage that fails without naming a test
 * (a file that does not parse, a browser that does not start) counts as one.
 *
 * @param {string} name
 * @param {() => Promise<{ code: number, output: string, count?: Count | null, note?: string }>} work
 */
async function stage(name, work) {
  const start = performance.now();
  const { code, output, count, note } = await work();
  const counted = count ? { ...count } : whole(code);
  if (code !== 0 && counted.failed === 0) counted.failed = 1;
  if (counted.failed > 0) console.log(`\n${output.trim()}\n`);
  total.passed += counted.passed;
  total.failed += counted.failed;
  total.skipped += counted.skipped;
  console.log(`${name.padEnd(9)} ${((performance.now() - start) / 1000).toFixed(1).padStart(6)} s  ${note ?? words(counted)}`);
  return counted.failed === 0;
}

/** A report that a test runner wrote, or null where it wrote none. */
function report(/** @type {string} */ path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
}

async function browser() {
  const found = findChromium();
  if (found) return found;
  console.log("no Chromium here; asking Playwright for one …");
  await run("node", [program("playwright"), "install", "chromium"], { env: { PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: "" }, minutes: 10 });
  return findChromium();
}

requireNode();
await install();
const reports = join(root, "build", "reports");
rmSync(reports, { recursive: true, force: true });

await stage("types", () => run("node", [program("typescript", "tsc"), "-p", "."], { quiet: true, minutes: 5 }));
await stage("lint", () => run("node", [program("oxlint"), "--type-aware", "--deny-warnings", "probes", "workers", "src", "models", "e2e", "tools"], { quiet: true, minutes: 5, env: { NO_COLOR: "1" } }));
// Before the unit tests: some of them read the packed model.
const built = await stage("build", () => build({ quiet: true, minutes: 5 }));

await stage("unit", async () => {
  const file = join(reports, "unit.json");
  const ended = await run("node", [program("vitest"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${file}`], { quiet: true, minutes: 10, env: { NO_COLOR: "1" } });
  const read = report(file);
  return { ...ended, count: read && { passed: read.numPassedTests, failed: read.numFailedTests, skipped: read.numPendingTests + read.numTodoTests } };
});

await stage("training", async () => {
  const script = join("models", "train", "test_train.py");
  const skip = (/** @type {string} */ why) => ({ code: 0, output: "", count: { passed: 0, failed: 0, skipped: 1 }, note: `skipped: ${why}` });
  if (!existsSync(join(root, script))) return skip(`${script} not found`);
  const python = await pythonWithTorch();
  if (!python) return skip("python3-torch not found");
  const ended = await run(python, [script], { quiet: true, minutes: 8 });
  const last = [...ended.output.matchAll(/(\d+) passed, (\d+) failed(?:, (\d+) skipped)?/g)].at(-1);
  return { ...ended, count: last ? { passed: Number(last[1]), failed: Number(last[2]), skipped: Number(last[3] ?? 0) } : null };
});

await stage("browser", async () => {
  if (!built) return { code: 1, output: "e2e: expected a built app, got none; see the build above" };
  const chromium = await browser();
  if (!chromium) return { code: 1, output: howToGetChromium };
  const file = join(reports, "browser.json");
  const ended = await run("node", [program("@playwright/test", "playwright"), "test", "-c", "e2e/playwright.config.ts"], {
    quiet: true,
    minutes: 15,
    env: { NO_COLOR: "1", GEODESIC_CHROMIUM: chromium, PLAYWRIGHT_JSON_OUTPUT_FILE: file },
  });
  const stats = report(file)?.stats;
  return { ...ended, count: stats && { passed: stats.expected, failed: stats.unexpected + stats.flaky, skipped: stats.skipped } };
});

console.log(words(total));
process.exitCode = total.failed === 0 ? 0 : 1;
