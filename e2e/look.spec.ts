/** How the page looks: in both schemes and at both widths, without anything that axe calls serious, and nothing wider than the window. */
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { modes, column, open, openPicker, probe, stickingOut } from "./pages.ts";

const widths = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } } as const;
const problems = {
  "pointer-chase": "",
  reachability: probe({ task: "reachability", difficulty: 3, seed: 7 }),
  rules: probe({ task: "rules", difficulty: 6, seed: 7 }),
} as const;

for (const scheme of ["light", "dark"] as const) {
  for (const [width, viewport] of Object.entries(widths)) {
    test.describe(`${width}, ${scheme}`, () => {
      test.use({ viewport, colorScheme: scheme });

      const picture = async (page: Page, name: string, fullPage: boolean): Promise<void> => {
        await page.screenshot({ path: fileURLToPath(new URL(`screenshots/${name}-${width}-${scheme}.png`, import.meta.url)), animations: "disabled", fullPage });
      };

      for (const [name, address] of Object.entries(problems)) {
        test(`${name}: nothing serious for axe, nothing too wide`, async ({ page, home, accessible }) => {
          await open(page, home, address);
          for (const mode of modes) await expect(column(page, mode).locator(".result .given").first()).toBeAttached();
          await picture(page, name, true);
          expect(await page.evaluate(() => document.scrollingElement!.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
          expect(await stickingOut(page)).toEqual([]);
          await accessible();
        });
      }

      test("help and the choice of a model: nothing serious for axe, nothing too wide", async ({ page, home, accessible }) => {
        await open(page, home);
        await page.getByRole("button", { name: "help", exact: true }).click();
        await expect(page.getByRole("dialog", { name: "help" })).toBeVisible();
        await picture(page, "help", false);
        await accessible();
        await page.keyboard.press("Escape");
        const dialog = await openPicker(page);
        for (const kind of ["embedded", "WebLLM", "transformers", "stored"]) {
          await dialog.getByRole("tab", { name: new RegExp(`^${kind}`) }).click();
          if (kind === "WebLLM") await expect(dialog.locator("catalogue-entry").first()).toBeVisible();
          await picture(page, `picker-${kind}`, false);
          await accessible();
          expect(await page.evaluate(() => document.scrollingElement!.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
          expect(await dialog.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0);
        }
        await page.keyboard.press("Escape");
        // What the numbers come from, one click away from the model's name.
        await page.locator("probe-verdict summary").click();
        await picture(page, "verdict", false);
        await accessible();
        expect(await page.evaluate(() => document.scrollingElement!.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      });
    });
  }
}

test("the button switches between light and dark; charts follow", async ({ page, home }) => {
  await open(page, home);
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const chart = () => page.locator("trajectory-plot canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL());
  const [light, drawn] = [await ground(), await chart()];
  await page.getByRole("button", { name: "switch between light and dark" }).click();
  await expect.poll(ground).not.toBe(light);
  await expect.poll(chart).not.toBe(drawn);
  await page.getByRole("button", { name: "switch between light and dark" }).click();
  await expect.poll(ground).toBe(light);
});

test.describe("reduced motion", () => {
  test.use({ contextOptions: { reducedMotion: "reduce" } });

  test("nothing moves by itself", async ({ page, home }) => {
    await page.goto(home);
    await expect(page.locator("mode-column").first()).toBeVisible();
    await open(page, home);
    const moving = await page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === "running").length);
    expect(moving).toBe(0);
    await page.keyboard.press("ArrowRight");
    expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  });
});

test("an enlarged panel fills the window and comes back", async ({ page, home }) => {
  await open(page, home);
  const panel = page.locator("#trajectory");
  const before = (await panel.locator("canvas").boundingBox())!;
  await panel.getByRole("button", { name: /^enlarge/ }).click();
  await expect.poll(async () => (await panel.locator("canvas").boundingBox())!.height).toBeGreaterThan(before.height + 100);
  await page.keyboard.press("Escape");
  await expect.poll(async () => (await panel.locator("canvas").boundingBox())!.height).toBeCloseTo(before.height, 0);
});
