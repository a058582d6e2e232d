/** The lab: what was recorded, a model trained by hand, its inner state, and its trajectory beside the others. */
import { readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { sequenceTask } from "../probes/tasks/sequence/index.ts";
import { recipe } from "../workers/lab/lesson.ts";
import type { LessonResult } from "../workers/lab/results.ts";
import { expect, test } from "./fixtures.ts";
import { panel, read, tableOf } from "./pages.ts";

const recorded = JSON.parse(readFileSync(new URL("../workers/lab/recorded/results.json", import.meta.url), "utf8")) as LessonResult[];

const training = (page: Page) => panel(page, "Does it learn?");
/** Steps done, as the caption says. */
const step = async (page: Page): Promise<number> => Number(/step (\d+) of/.exec(await training(page).locator(".caption").innerText())?.[1] ?? 0);
/** [step, loss] of this training, as the table under the curve says; the recorded one goes on behind it. */
async function losses(page: Page): Promise<(readonly [step: number, loss: number])[]> {
  const button = training(page).getByRole("button", { name: /^table/ });
  if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
  const rows = await page.locator("#loss tbody tr").evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.textContent ?? "")));
  return rows.flatMap(([step, loss]) => (loss ? [[read(step!), read(loss)] as const] : []));
}

test("the table says what was recorded, and leads to each architecture", async ({ page, home, accessible, shot }) => {
  await page.goto(`${home}#/lab`);
  const table = page.locator("lab-table table");
  await expect(table.locator("tbody tr")).toHaveCount(6);
  await expect(table.locator("tbody td")).toHaveCount(48);
  await expect(table.locator(".share")).toHaveCount(recorded.length);
  const { task, accuracy } = recorded[0]!;
  const { correct, of } = accuracy.find(({ difficulty }) => difficulty === sequenceTask(task).difficulty.initial)!;
  expect(await table.locator(".share").first().innerText()).toBe(`${Math.round((100 * correct) / of)} %`);
  await expect(page.locator("#plot-language-model trajectory-plot canvas")).toBeVisible();
  await expect(page.locator(".plots")).toHaveAttribute("aria-busy", "false");
  await accessible();
  await shot("lab");
  await page.getByRole("link", { name: /^Mamba/ }).first().click();
  await expect(page.getByRole("heading", { name: "Mamba" })).toBeVisible();
  await page.getByText("The file: workers/toys/mamba.ts").click();
  await expect(page.getByRole("region", { name: "source of Mamba" })).toContainText("hₜ = exp(Δₜ A) ⊙ hₜ₋₁ + Δₜ Bₜ xₜ");
  await accessible();
  await shot("lab-mamba");
});

test("a model trains, stops, goes on, and shows its trajectory", async ({ page, home, shot }) => {
  await page.goto(`${home}#/lab/mlp?task=flip-flop`);
  await page.getByRole("button", { name: "train", exact: true }).click();
  await expect.poll(() => step(page)).toBeGreaterThan(60);
  await page.getByRole("button", { name: "stop", exact: true }).click();
  await expect(page.getByRole("button", { name: "go on" })).toBeVisible();
  const stopped = await step(page);
  expect(stopped).toBeLessThan(recipe.steps);
  const fallen = await losses(page);
  // ln 2 is what a guess between two bits costs.
  expect(fallen[0]![1]).toBeGreaterThan(Math.LN2);
  expect(fallen.at(-1)![1]).toBeLessThan(0.6 * fallen[0]![1]);
  // The seed is the recorded one's, and so is the run, here in another engine than Node's.
  const record = recorded.find(({ architecture, task, seed }) => architecture === "mlp" && task === "flip-flop" && seed === 1)!;
  for (const [at, loss] of fallen.slice(0, 5)) expect(Math.abs(loss - record.losses.find(([known]) => known === at)![1])).toBeLessThan(0.01);
  await expect(page.locator("#said")).toContainText("it says");
  await expect(page.locator("inner-state canvas").first()).toBeVisible();
  await page.getByRole("button", { name: "go on" }).click();
  await expect.poll(() => step(page)).toBeGreaterThan(stopped);
  await page.getByRole("button", { name: "stop", exact: true }).click();
  await expect(page.getByRole("button", { name: "go on" })).toBeVisible();
  await shot("lab-training");
  await page.getByRole("link", { name: /^Its trajectory/ }).click();
  await expect(page.locator("#plot-mlp trajectory-plot canvas")).toBeVisible();
  await expect(page.locator("#plot-language-model trajectory-plot canvas")).toBeVisible();
  const { head, rows } = await tableOf(page.locator("geo-panel#measure-answer-probability"));
  expect([...head, ...rows.flat()].join(" ")).toMatch(/MLP.*nano|nano.*MLP/);
});
