/** The lab: what was recorded, a model trained by hand, its inner state, and its trajectory beside the others. */
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { panel, read, tableOf } from "./pages.ts";

interface Recorded {
  readonly architecture: string;
  readonly task: string;
  readonly accuracy: readonly { readonly difficulty: number; readonly correct: number; readonly of: number }[];
}
const recorded = JSON.parse(readFileSync(new URL("../workers/lab/recorded/results.json", import.meta.url), "utf8")) as Recorded[];

const training = (page: Page) => panel(page, "Does it learn?");
/** Steps done, as the caption says. */
const step = async (page: Page): Promise<number> => Number(/step (\d+) of/.exec(await training(page).locator(".caption").innerText())?.[1] ?? 0);
const losses = async (page: Page): Promise<number[]> => (await tableOf(training(page))).rows.map(([, loss]) => read(loss!));

test("the table says what was recorded, and leads to each architecture", async ({ page, home, accessible, shot }) => {
  await page.goto(`${home}#/lab`);
  const table = page.locator("lab-table table");
  await expect(table.locator("tbody tr")).toHaveCount(6);
  await expect(table.locator("tbody td")).toHaveCount(48);
  await expect(table.locator(".share").first()).toBeVisible();
  const shares = await table.locator(".share").allInnerTexts();
  expect(shares).toHaveLength(recorded.length);
  const { correct, of } = recorded[0]!.accuracy.find(({ difficulty }) => difficulty === 2)!;
  expect(shares[0]).toBe(`${Math.round((100 * correct) / of)} %`);
  await expect(page.locator("geo-panel#plot-language-model trajectory-plot")).toBeVisible();
  await expect(page.locator(".plots")).toHaveAttribute("aria-busy", "false");
  await accessible();
  await shot("lab");
  await page.getByRole("link", { name: /^Mamba/ }).first().click();
  await expect(page.getByRole("heading", { name: "Mamba" })).toBeVisible();
  await accessible();
  await shot("lab-mamba");
});

test("a model trains, stops, goes on, and shows its trajectory", async ({ page, home, shot }) => {
  await page.goto(`${home}#/lab/mlp?task=flip-flop`);
  await page.getByRole("button", { name: "train", exact: true }).click();
  await expect.poll(() => step(page)).toBeGreaterThan(60);
  await page.getByRole("button", { name: "stop", exact: true }).first().click();
  await expect(page.getByRole("button", { name: "go on" })).toBeVisible();
  const stopped = await step(page);
  expect(stopped).toBeLessThan(800);
  const fallen = await losses(page);
  // A bit that is asked for costs ln 6 nats or more before anything is learnt, and ln 2 by chance.
  expect(fallen[0]!).toBeGreaterThan(Math.LN2);
  expect(fallen.at(-1)!).toBeLessThan(0.6 * fallen[0]!);
  await expect(page.locator("#said")).toContainText("it says");
  await expect(page.locator("inner-state canvas").first()).toBeVisible();
  await page.getByRole("button", { name: "go on" }).click();
  await expect.poll(() => step(page)).toBeGreaterThan(stopped);
  await page.getByRole("button", { name: "stop", exact: true }).first().click();
  await expect(page.getByRole("button", { name: "go on" })).toBeVisible();
  await shot("lab-training");
  await page.getByRole("link", { name: /^Its trajectory/ }).click();
  await expect(page.locator("#plot-mlp trajectory-plot canvas")).toBeVisible();
  await expect(page.locator("#plot-language-model trajectory-plot canvas")).toBeVisible();
  const { head } = await tableOf(page.locator("geo-panel#measure-answer-probability"));
  expect(head.join(" ")).toContain("MLP");
  expect(head.join(" ")).toContain("nano");
});
