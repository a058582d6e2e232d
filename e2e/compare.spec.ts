/** The compare page: two ways of answering one question, side by side, and over many problems. */
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { open, read, saved, stickingOut, tableOf } from "./pages.ts";

const side = (page: Page, name: "a" | "b"): Locator => page.locator(`compare-side[name="${name}"]`);
const chip = (page: Page, name: "a" | "b", step: number): Locator => side(page, name).locator(`token-strip button[data-step="${step}"]`);
const bend = (page: Page): Locator => page.locator("#bend");
const measures = (page: Page): Locator => page.locator("#measures");

async function compare(page: Page, home: string, address = "#/compare"): Promise<void> {
  await page.goto(`${home}${address}`);
  for (const name of ["a", "b"] as const) await expect(side(page, name).locator(".result .given")).toBeVisible({ timeout: 60_000 });
}

async function counted(page: Page): Promise<void> {
  await expect(bend(page).locator(".rates")).toBeVisible({ timeout: 60_000 });
  await expect(bend(page).locator("progress-line")).toHaveCount(0, { timeout: 60_000 });
}

/** The bend by layer: [layer, mean over many, interval, n, …]. */
async function layers(page: Page): Promise<string[][]> {
  return (await tableOf(bend(page))).rows;
}

test("quantization as a variable: float32 beside 4-bit bends the path little, more than nothing, and less than another problem does", async ({ page, home, shot, accessible }) => {
  await compare(page, home);
  await expect(side(page, "a").getByRole("heading")).toHaveText("A: float32");
  await expect(side(page, "b").getByRole("heading")).toHaveText("B: 4-bit");
  await expect(side(page, "a").locator(".result .given")).toHaveText("g");
  await counted(page);
  const { head, rows } = await tableOf(bend(page));
  expect(head).toEqual(["layer", "mean of 20 problems", "95 %", "n", "this problem", "95 %", "n", "A: float32, another problem", "95 %", "n"]);
  expect(rows.map((row) => row[0])).toEqual(["embed", "1", "2", "3"]);
  for (const row of rows) {
    const [many, other] = [read(row[1]!), read(row[7]!)];
    expect(row[3]).toBe("20");
    expect(many).toBeGreaterThan(0);
    expect(many).toBeLessThan(other / 2);
  }
  // Right answers stand beside it, with their intervals.
  await expect(bend(page).locator(".rates tbody tr")).toHaveCount(3);
  await expect(bend(page).locator(".rates")).toContainText(/A: float32\s*100 %\s*20 of 20\s*84 % to 100 %/);
  // Every measure of both, with effect size and n; a number says where it comes from.
  const entropy = measures(page).locator("tbody tr").filter({ has: page.getByRole("rowheader", { name: /^next-token entropy/ }) });
  await expect(entropy.locator("td").last()).toHaveText("20");
  expect(await measures(page).locator("tbody tr").count()).toBeGreaterThan(15);
  await entropy.locator("button.figure").first().click();
  await expect(page.getByRole("dialog", { name: "where this number comes from" })).toContainText(/A: float32, layer 3[\s\S]*20 problems/);
  await page.keyboard.press("Escape");
  await expect(page.locator("#paths picture-quality")).toContainText(/of the variance\s*trustworthiness .* continuity .* stress .* geodesic correlation/s);

  // One selection lights up on both sides.
  await chip(page, "a", 2).click();
  for (const name of ["a", "b"] as const) await expect(chip(page, name, 2)).toHaveAttribute("aria-current", "true");
  await page.locator('#lens-b lens-grid .hit[data-layer="1"]').first().click();
  await expect(page).toHaveURL(/layer=1/);
  await expect(measures(page).getByRole("heading")).toHaveText("Every measure of both, at layer 1");
  await expect(page.locator("#paths output")).toHaveText("1");
  const frames = await Promise.all((["a", "b"] as const).map((name) => page.locator(`#lens-${name} .chosen`).evaluate((frame) => [frame.getAttribute("x"), frame.getAttribute("y")])));
  expect(frames[0]).toEqual(frames[1]);
  await shot("compare-quantization");

  // Without axes in common the representations can still be compared.
  await bend(page).getByRole("combobox", { name: "by" }).selectOption("cka");
  const alike = await layers(page);
  // The answer is read from one and the same token: its embedding tells no problems apart.
  expect(alike.map((row) => row[0])).toEqual(["embed", "1", "2", "3"]);
  expect(alike[0]![1]).toBe("–");
  for (const row of alike.slice(1)) expect(read(row[1]!)).toBeGreaterThan(0.8);
  await accessible();
});

test("a run beside itself, out of a file: nothing differs, digit by digit; another file is refused in words", async ({ page, home }) => {
  await open(page, home);
  const { bytes } = await saved(page, "latent");
  await page.getByRole("navigation", { name: "places" }).getByRole("link", { name: "Compare" }).click();
  await expect(side(page, "a").locator(".result .given")).toBeVisible();
  const file = page.getByLabel("open a saved run as B");
  await file.setInputFiles({ name: "mine.safetensors", mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
  await expect(side(page, "b").getByRole("heading")).toHaveText("B: mine.safetensors");
  await expect(page.locator("#steps")).toContainText("both read the same tokens to the end");
  for (const row of await layers(page)) expect([row[1], row[2]]).toEqual(["0", "0 to 0"]);
  const { rows } = await tableOf(page.locator("#steps"));
  expect(rows.flatMap((row) => row.slice(1)).every((value) => value === "0")).toBe(true);
  for (const cell of await measures(page).locator("tbody tr td:nth-of-type(3)").allInnerTexts()) expect(["0", "–"]).toContain(cell);
  await file.setInputFiles({ name: "broken.safetensors", mimeType: "application/octet-stream", buffer: Buffer.from("nonsense") });
  await expect(page.getByRole("alert")).toContainText(/expected/);
});

test("transformers.js beside WebLLM: the same answer, and states that differ by rounding only; two modes: matched by length", async ({ page, home }) => {
  await compare(page, home);
  await page.getByRole("button", { name: "transformers.js and WebLLM" }).click();
  await expect(side(page, "b").getByRole("heading")).toHaveText("B: WebLLM, float32");
  await expect(side(page, "b").locator(".result .given")).toHaveText("g", { timeout: 60_000 });
  await expect(page).toHaveURL(/b\.engine=webllm/);
  await bend(page).locator("progress-line").getByRole("button", { name: "stop" }).click();
  await expect(page.locator("#steps layer-map")).toBeVisible();
  const { rows } = await tableOf(page.locator("#steps"));
  expect(rows).toHaveLength(6);
  for (const value of rows.flatMap((row) => row.slice(1))) expect(read(value)).toBeLessThan(1e-4);

  await page.getByRole("button", { name: "latent loop and chain of thought" }).click();
  await expect(side(page, "b").getByRole("heading")).toHaveText("B: chain of thought");
  await expect(side(page, "b").locator(".result .given")).toHaveText("g");
  await expect(page.locator("#steps")).toContainText("they read the same tokens up to step");
});

test.describe("narrow and dark", () => {
  test.use({ viewport: { width: 390, height: 844 }, colorScheme: "dark" });

  test("nothing is too wide, nothing serious for axe", async ({ page, home, accessible }) => {
    await compare(page, home, "#/compare?task=reachability&difficulty=3&seed=3&a=latent&b=latent+argmax");
    await expect(side(page, "b").getByRole("heading")).toHaveText("B: snapped to the likeliest token");
    await expect(bend(page).locator(".rates")).toBeVisible();
    await bend(page).locator("progress-line").getByRole("button", { name: "stop" }).click();
    await expect(bend(page).locator("progress-line")).toHaveCount(0);
    await page.screenshot({ path: fileURLToPath(new URL("screenshots/compare-narrow-dark.png", import.meta.url)), fullPage: true, animations: "disabled" });
    expect(await stickingOut(page)).toEqual([]);
    await accessible();
  });
});
