/** The lab: what was recorded, a model trained by hand, its inner state, and its trajectory beside the others. */
import { existsSync, readFileSync } from "node:fs";
import type { Page } from "@playwright/test";
import { wilson } from "../probes/statistics/wilson.ts";
import { sequenceTasks } from "../probes/tasks/sequence/index.ts";
import { architectureIds } from "../workers/lab/architecture.ts";
import { recipe } from "../workers/lab/lesson.ts";
import { type LessonResult, stepsToReach } from "../workers/lab/results.ts";
import { expect, test } from "./fixtures.ts";
import { panel, read, tableOf } from "./pages.ts";

const recorded = JSON.parse(readFileSync(new URL("../workers/lab/recorded/results.json", import.meta.url), "utf8")) as LessonResult[];

/** Whether trained weights of the first view's task are shipped. */
const shipped = existsSync(new URL("../workers/lab/recorded/transformer-multi-query-recall.safetensors", import.meta.url));

/** What the table has to say of a task and an architecture, in its cell's order. */
function expectedCell(task: (typeof sequenceTasks)[number], architecture: string): RegExp {
  const runs = recorded.filter((result) => result.task === task.id && result.architecture === architecture);
  if (runs.length === 0) return /^not recorded$/;
  const counts = runs.map(({ accuracy }) => accuracy.find(({ difficulty }) => difficulty === task.difficulty.initial)!);
  const sum = (key: "correct" | "of"): number => counts.reduce((total, count) => total + count[key], 0);
  const [low, high] = wilson(sum("correct"), sum("of")).map((share) => Math.round(100 * share));
  const percent = (100 * sum("correct")) / sum("of");
  const steps = runs.map(stepsToReach);
  const reached = steps.every((step) => step !== null) ? `90 % after ${[...new Set([Math.min(...steps), Math.max(...steps)])].join(" to ")} steps` : "90 % not reached";
  const timed = runs.some(({ stepMilliseconds }) => stepMilliseconds !== undefined);
  return new RegExp(`^${percent >= 99.5 && percent < 100 ? percent.toFixed(1) : Math.round(percent)} % ${low}–${high} ${reached}.*${timed ? "\\d+ s of training" : ""}`);
}

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
  await expect(table.locator(".share").first()).toBeVisible();
  const cells = (await table.locator("tbody td").allInnerTexts()).map((text) => text.replace(/\s+/g, " ").trim());
  for (const [i, cell] of cells.entries()) expect(cell).toMatch(expectedCell(sequenceTasks[Math.floor(i / 8)]!, architectureIds[i % 8]!));
  await expect(page.locator("#plot-language-model trajectory-plot canvas")).toBeVisible();
  await expect(page.locator(".plots")).toHaveAttribute("aria-busy", "false");
  if (shipped) await expect(page.locator("#plot-transformer trajectory-plot canvas")).toBeVisible();
  await accessible();
  await shot("lab");
  await page.getByRole("link", { name: /^Mamba/ }).first().click();
  await expect(page.getByRole("heading", { name: "Mamba" })).toBeVisible();
  await page.getByText("The file: workers/toys/mamba.ts").click();
  await expect(page.getByRole("region", { name: "source of Mamba" })).toContainText("hₜ = exp(Δₜ A) ⊙ hₜ₋₁ + Δₜ Bₜ xₜ");
  await accessible();
  await shot("lab-mamba");
  // The file stays open, and is the one of the architecture that is chosen.
  await page.getByRole("link", { name: "Mixture of experts", exact: true }).click();
  await expect(page.getByRole("region", { name: "source of Mixture of experts" })).toContainText("p = softmax(x W_R)");
  if (shipped) {
    await expect(training(page)).toContainText(/recorded on \d{4}-\d\d-\d\d, seed 1, 800 steps/);
    await expect(page.locator("#said")).toContainText("it says");
    expect((await page.locator("lab-inside geo-panel").evaluateAll((panels) => panels.map((panel) => panel.getAttribute("heading"))))[0]).toBe("router probabilities");
  }
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
  // Saved, and opened on the page of another model: it leads back to its own.
  const saved = page.waitForEvent("download");
  await page.getByRole("button", { name: "save weights" }).click();
  const file = await saved;
  const opened = `${test.info().outputDir}/${file.suggestedFilename()}`;
  await file.saveAs(opened);
  await page.getByRole("link", { name: "CNN", exact: true }).click();
  await page.getByLabel("open weights").setInputFiles(opened);
  await expect(page).toHaveURL(/#\/lab\/mlp\?task=flip-flop$/);
  await expect(training(page)).toContainText(`${file.suggestedFilename()}, seed 1`);
  await expect(page.locator("#said")).toContainText("it says");
  // A training that is left in its middle is there again when one comes back.
  await page.getByRole("button", { name: "train", exact: true }).click();
  await expect.poll(() => step(page)).toBeGreaterThan(10);
  await page.getByRole("link", { name: "CNN", exact: true }).click();
  await expect(training(page)).toContainText(/not trained in this tab yet|recorded on/);
  await page.getByRole("link", { name: "MLP", exact: true }).click();
  // Where the other page had not yet let go of it, it only stands still.
  await expect(training(page)).toContainText(/as this visit left it, seed 1, [1-9]\d+ steps|seed 1 · step [1-9]\d+ of 800/);
  await page.getByRole("link", { name: /^Its trajectory/ }).click();
  await expect(page.locator("#plot-mlp trajectory-plot canvas")).toBeVisible();
  await expect(page.locator("#plot-language-model trajectory-plot canvas")).toBeVisible();
  const { head, rows } = await tableOf(page.locator("geo-panel#measure-answer-probability"));
  expect([...head, ...rows.flat()].join(" ")).toMatch(/MLP.*nano|nano.*MLP/);
});
