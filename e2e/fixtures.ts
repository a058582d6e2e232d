/**
 * What every browser test has: the app's address, and an onlooker that fails
 * the test if the page asks another host for anything, breaks its own policy,
 * or leaves an error in the console.
 *
 *   test("…", async ({ page, home, shot }) => { await page.goto(home); await shot("first"); });
 *
 * A test that routes the hub itself says `test.use({ allow: { origins: ["https://huggingface.co"] } })`;
 * one that provokes errors says `test.use({ allow: { errors: [/…/] } })`.
 */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { test as base, expect, type BrowserContext, type Page } from "@playwright/test";
import type { AxeResults } from "axe-core";

interface Options {
  readonly allow: {
    /** Origins besides our own that the test answers for. */
    readonly origins?: readonly string[];
    /** What errors, in the console or of the policy, the test brings about on purpose. */
    readonly errors?: readonly RegExp[];
  };
}

interface Fixtures {
  /** The app's address, with a slash at the end. */
  readonly home: string;
  /** Keeps a picture under e2e/screenshots. */
  readonly shot: (name: string) => Promise<void>;
  /** Fails on what axe calls serious or critical. */
  readonly accessible: () => Promise<void>;
  readonly onlooker: void;
}

/** The page marks it once the first complete picture stands. */
export async function ready(page: Page, timeout = 90_000): Promise<void> {
  await page.waitForFunction(() => document.documentElement.dataset["geodesicReady"] !== undefined, undefined, { timeout });
}

/** All that should not happen, as lines, from now on; the context hears its workers too. */
function watch(context: BrowserContext, allowed: ReadonlySet<string>): string[] {
  const seen: string[] = [];
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (!/^https?:|^wss?:/.test(url.protocol) || allowed.has(url.origin)) return;
    seen.push(`foreign request: ${request.url()}`);
  });
  context.on("console", (message) => {
    if (message.type() === "error") seen.push(`console: ${message.text()} (${message.location().url})`);
  });
  context.on("weberror", (error) => seen.push(`page error: ${error.error().message}`));
  context.on("page", (page) => page.on("crash", () => seen.push("page crashed")));
  return seen;
}

export const test = base.extend<Options & Fixtures>({
  allow: [{}, { option: true }],
  // Playwright reads the names of what a fixture needs from this pattern, so it has to be one.
  // oxlint-disable-next-line no-empty-pattern
  home: async ({}, use) => {
    const url = process.env["GEODESIC_URL"];
    if (url === undefined) throw new Error("fixtures: expected GEODESIC_URL, got none; run the tests by `npm run e2e`");
    await use(url);
  },
  onlooker: [
    async ({ context, home, allow: { origins = [], errors = [] } }, use) => {
      const seen = watch(context, new Set([new URL(home).origin, ...origins]));
      // The event fires at once and names the directive; the console may word it in any way.
      await context.exposeBinding("geodesicViolation", (_, line: string) => void seen.push(`policy: ${line}`));
      await context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) => {
          void (globalThis as unknown as { geodesicViolation: (line: string) => Promise<void> }).geodesicViolation(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
        });
      });
      await use();
      expect(seen.filter((line) => !errors.some((expected) => expected.test(line)))).toEqual([]);
    },
    { auto: true },
  ],
  shot: async ({ page }, use) => {
    await use(async (name) => {
      await page.screenshot({ path: fileURLToPath(new URL(`screenshots/${name}.png`, import.meta.url)), animations: "disabled" });
    });
  },
  accessible: async ({ page }, use) => {
    const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    await use(async () => {
      // Evaluated, since a script tag with text would break the policy.
      await page.evaluate(source);
      const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: { run: () => Promise<AxeResults> } }).axe.run());
      const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(grave.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ target }) => target.join(" ")).join("; ")})`)).toEqual([]);
    });
  },
});

export { expect } from "@playwright/test";
