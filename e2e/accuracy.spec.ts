/** The panel that counts: held-out problems in the background, with intervals. */
import type { Page } from "@playwright/test";
import { formatPercent } from "../src/format.ts";
import { expect, ready, test } from "./fixtures.ts";
import { open, panel, settled, tableOf } from "./pages.ts";

const bar = (page: Page) => page.locator("accuracy-panel progress-line");
const counts = (page: Page) => panel(page, "Is this luck?");

/** "answering held-out problems 12 % 144 of 1200" → [144, 1200] */
async function progress(page: Page): Promise<[number, number]> {
  const [, done = "", total = ""] = /(\d+) of (\d+)/.exec(await bar(page).locator(".words").innerText()) ?? [];
  return [Number(done), Number(total)];
}

/** Wilson's interval as his paper has it, written down once more. */
function wilson(right: number, of: number): string {
  const z = 1.959963984540054;
  const p = right / of;
  const centre = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return `${formatPercent(right === 0 ? 0 : centre - half)} to ${formatPercent(right === of ? 1 : centre + half)}`;
}

async function small(page: Page, problems: number): Promise<void> {
  const field = page.getByRole("spinbutton", { name: "problems" });
  await field.fill(String(problems));
  await field.blur();
  await counts(page).getByRole("button", { name: /^run( again)?$/ }).click();
}

test("it counts by itself once the page stands, while the page answers to keys, and stops", async ({ page, home }) => {
  await page.goto(home);
  await ready(page);
  await expect(bar(page)).toBeVisible();
  await expect.poll(async () => (await progress(page))[0]).toBeGreaterThan(0);
  // 50 problems in four modes at six numbers of hops.
  expect((await progress(page))[1]).toBe(50 * 4 * 6);
  const [before] = await progress(page);
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByText(/^step 1 of 5$/)).toBeVisible();
  await expect.poll(async () => (await progress(page))[0]).toBeGreaterThan(before);
  await bar(page).getByRole("button", { name: "stop" }).click();
  await expect(bar(page)).toHaveCount(0);
  const { rows } = await tableOf(counts(page));
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.reduce((sum, row) => sum + Number(row[3]), 0)).toBeLessThan(50 * 4 * 6);
  await expect(counts(page).getByRole("alert")).toHaveCount(0);
});

test("the table holds n and the Wilson interval of each point; controls add their rows", async ({ page, home }) => {
  await open(page, home, "#/probe?task=reachability&difficulty=3&seed=7");
  await small(page, 12);
  await expect(bar(page)).toHaveCount(0);
  const { head, rows } = await tableOf(counts(page));
  expect(head).toEqual(["mode", "levels", "right", "of", "share", "95 % interval"]);
  expect(rows).toHaveLength(4 * 4);
  for (const [, , right, of, share, interval] of rows) {
    expect(of).toBe("12");
    expect(share).toBe(formatPercent(Number(right) / 12));
    expect(interval).toBe(wilson(Number(right), 12));
  }
  const at = (mode: string, all: readonly string[][]) => all.filter((row) => row[0] === mode && row[1] === "3").map((row) => Number(row[2]))[0]!;
  expect([at("chain of thought", rows), at("latent loop", rows)]).toEqual([12, 12]);
  expect(at("direct", rows)).toBeLessThan(12);

  await page.getByRole("checkbox", { name: "with all controls" }).check();
  await expect(bar(page)).toBeVisible();
  await expect(bar(page)).toHaveCount(0, { timeout: 60_000 });
  const all = (await tableOf(counts(page))).rows;
  expect(all).toHaveLength(10 * 4);
  // The same problems again: the modes' own rows have not moved.
  expect(all.slice(0, 16)).toEqual(rows);
  expect(at("snapped to the likeliest token", all)).toBeLessThan(12);
  expect(at("random vectors, same norm", all)).toBeLessThan(12);
  await expect(counts(page)).toContainText("12 problems for each point, the same ones for every mode; bars are 95 % Wilson intervals");
});

test("a thousand problems can be begun and stopped; another question ends the count", async ({ page, home }) => {
  await open(page, home);
  await counts(page).getByRole("button", { name: "run 1000" }).click();
  await expect.poll(async () => (await progress(page))[1]).toBe(1000 * 4 * 6);
  await expect.poll(async () => (await progress(page))[0]).toBeGreaterThan(0);
  await bar(page).getByRole("button", { name: "stop" }).click();
  await expect(bar(page)).toHaveCount(0);
  await counts(page).getByRole("button", { name: "run again" }).click();
  await expect(bar(page)).toBeVisible();
  await page.getByRole("combobox", { name: "task" }).selectOption("rules");
  await settled(page);
  await expect(bar(page)).toHaveCount(0);
  await expect(counts(page)).toContainText("One question proves nothing.");
});
