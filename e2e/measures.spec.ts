/** Looking closely: every measure of one run, and of many beside what chance gives; pictures that can be held, kept and drawn again. */
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "@playwright/test";
import { turningAngles } from "../probes/geometry/turning-angle.ts";
import { trajectory } from "../probes/geometry/trajectory.ts";
import { Population } from "../probes/population/population.ts";
import { runSize } from "../probes/run-size.ts";
import { decodingModes } from "../probes/trace.ts";
import { formatBytes, formatNumber, formatPercent } from "../src/format.ts";
import { population } from "../workers/decoding/population.ts";
import { nanoDecoder } from "../workers/reference/nano.test-support.ts";
import { expect, test } from "./fixtures.ts";
import { lensCursor, open, panel, probe, read, saved, settled, stickingOut, tableOf } from "./pages.ts";

/** The first held-out problem; `src/measures/populations.ts` cannot be loaded outside a browser. */
const firstPopulationSeed = 2_000_000;
const unfold = async (page: Page, part: "run" | "modes"): Promise<void> => page.locator(`more-measures button[data-part="${part}"]`).click();
const map = (page: Page): Locator => panel(page, "Where in the network, and when?");
const apart = (page: Page): Locator => panel(page, "What sets the modes apart, over many problems?");
const chartsOf = (page: Page, id: string): Locator => apart(page).locator(`geo-panel[data-measure="${id}"]`);
const picture = (page: Page): Locator => panel(page, "Where does the hidden state go?");
const card = (page: Page): Locator => page.getByRole("dialog", { name: "where this number comes from" });

/** Measures so many problems, and waits until all are in view. */
async function measure(page: Page, problems: number): Promise<void> {
  const field = apart(page).getByRole("spinbutton", { name: "problems" });
  await field.fill(String(problems));
  await field.blur();
  await apart(page).getByRole("button", { name: /^measure/ }).first().click();
  await expect(page.locator("clouds-panel")).toBeVisible({ timeout: 60_000 });
  await expect(apart(page).locator(".caption").first()).toContainText(`${problems} problems`);
}

/** The rows of one of the two tables, by measure. */
async function comparisonRows(page: Page, which: "each" | "any"): Promise<Map<string, string[][]>> {
  const table = page.locator("comparison-table").getByRole("region", { name: which === "each" ? "table: each mode beside its nulls" : "table: any two modes" });
  const groups = await table.evaluate((region) => [...region.querySelectorAll("tbody")].map((body) => [...body.querySelectorAll("tr")].map((row) => [...row.children].map((cell) => cell.textContent.trim()))));
  return new Map(groups.map(([[name = ""] = [], ...rows]) => [name, rows]));
}

test("one run, closely: a map that is the trace's, one selection, every measure, and where each number comes from", async ({ page, home, shot, accessible }) => {
  await open(page, home);
  // Nothing of it is on the page, nor its code, before someone asks.
  await expect(page.locator("run-panel, measures-panel")).toHaveCount(0);
  const { trace } = await saved(page, "latent");
  await unfold(page, "run");
  await map(page).getByRole("combobox", { name: "measure" }).selectOption("turning-angle");
  await expect(map(page).locator("layer-map")).toBeVisible();
  const { head, rows } = await tableOf(map(page));
  expect(head).toEqual(["step, 0 = end of the prompt", "embed", "layer 1", "layer 2", "layer 3"]);
  const origin = trace.steps.findLastIndex((step) => step.phase === "prompt");
  for (const layer of [0, 3]) {
    const angles = turningAngles(trajectory(trace, layer, trace.questionStart));
    for (const row of rows) expect(row[layer + 1]).toBe(formatNumber(angles[read(row[0]!) + origin - trace.questionStart - 1]!));
  }
  // A press on the lower left cell: the embedding, at the first step that has an angle.
  const canvas = map(page).locator("layer-map canvas").first();
  await canvas.click({ position: { x: 62, y: (await canvas.boundingBox())!.height - 50 } });
  await expect.poll(() => lensCursor(page)).toMatch(new RegExp(`^layer 0, step ${rows[0]![0]!.replace("−", "-")}: `));

  const all = panel(page, "Every measure of this run");
  await expect(all.getByRole("row")).toHaveCount(29);
  const angle = all.getByRole("row", { name: /^turning angle/ });
  const mean = [...turningAngles(trajectory(trace, 0, trace.questionStart))].reduce((sum, x, _, list) => sum + x / list.length, 0);
  await expect(angle.getByRole("cell").first()).toHaveText(formatNumber(mean));
  await angle.getByRole("button").click();
  for (const text of ["Hosseini & Fedorenko 2023", "∠(hₜ − hₜ₋₁, hₜ₊₁ − hₜ)", "rad", "transformers.js", trace.model.revision, "problem 7", "1 run", "layer 0"]) await expect(card(page)).toContainText(text);
  await shot("measures-card");
  await page.keyboard.press("Escape");
  await expect(card(page)).toBeHidden();
  await accessible();
  // Enlarged, everything else is inert: the card must not be.
  await all.getByRole("button", { name: /^enlarge/ }).click();
  await angle.getByRole("button").click();
  await card(page).getByRole("button", { name: "close" }).click();
  await expect(card(page)).toBeHidden();
  await all.getByRole("button", { name: /^restore/ }).click();
});

test("many problems: the numbers are those of a float64 forward pass; nulls, lengths, effect sizes; it stops", async ({ page, home, shot, accessible }) => {
  await open(page, home, probe({ task: "pointer-chase", difficulty: 2, seed: 7, mode: "cot" }));
  await unfold(page, "modes");
  await apart(page).getByRole("checkbox", { name: "beside the untrained model" }).check();
  await measure(page, 6);
  await expect(apart(page).getByRole("alert")).toHaveCount(0);

  // The independent truth: the same problems on the reference, in float64.
  const ids = ["directness", "turning-angle", "lens-entropy"];
  const truth = new Population(ids, 4);
  const cells = decodingModes.map((mode) => ({ mode, thought: "hidden" as const, noise: 0, thoughts: null }));
  await population(nanoDecoder(), { task: "pointer-chase", variant: null, difficulty: 2, shots: 3, cells, problems: 6, seed: firstPopulationSeed, probes: ids, start: "question", draws: 0, steps: 8, keepLast: 0 }, (more) => truth.add(more), new AbortController().signal);
  const each = await comparisonRows(page, "each");
  for (const [id, name] of [["directness", "directness"], ["turning-angle", "turning angle (rad)"]] as const) {
    truth.summaries(id, 3, "raw").forEach(({ mean }, cell) => expect(read(each.get(name)![cell]![2]!), `${id} of cell ${cell}`).toBeCloseTo(mean, 2));
  }
  expect(each.get("directness")!.map((row) => row[1])).toEqual(["6", "6", "6", "6"]);
  const pairs = (await comparisonRows(page, "any")).get("directness")!;
  const expected = truth.comparisons("directness", 3, "raw");
  expect(pairs).toHaveLength(6);
  for (const [i, row] of pairs.entries()) {
    expect(read(row[2]!)).toBeCloseTo(expected[i]!.difference, 2);
    // Six pairs of one sign give p = 2/64, exactly, and Holm no less.
    expect(Number(row[5]!)).toBeCloseTo(expected[i]!.p, 2);
    expect(Number(row[6]!)).toBeGreaterThanOrEqual(Number(row[5]!));
  }

  // Directness depends on length: never alone. Entropy does not.
  await expect(chartsOf(page, "directness").locator("band-chart")).toHaveCount(2);
  await expect(chartsOf(page, "lens-entropy").locator("band-chart")).toHaveCount(1);
  await expect(chartsOf(page, "directness")).toContainText("random walk");
  for (const name of ["shuffled order", "random walk", "untrained"]) await expect(chartsOf(page, "turning-angle").locator("band-chart .below")).toContainText(name);
  await apart(page).locator(".picker summary").click();
  await apart(page).getByRole("textbox", { name: "find" }).fill("beauty");
  await expect(apart(page).getByText("no measure is called so")).toBeVisible();
  await apart(page).getByRole("textbox", { name: "find" }).fill("sum of euclidean");
  await apart(page).getByRole("button", { name: "path length", exact: true }).click();
  await expect(chartsOf(page, "path-length").locator("band-chart")).toHaveCount(2);
  await apart(page).getByRole("combobox", { name: "what the axis is" }).selectOption("steps");
  await expect(chartsOf(page, "turning-angle")).toContainText("layer 3");
  // What a walk has by construction is corrected as a whole run: that chart stays, and its rows in the tables.
  await expect(chartsOf(page, "path-length").locator("band-chart")).toHaveCount(2);
  expect([...(await comparisonRows(page, "any")).keys()]).toContain("path length, over equally many steps");

  await page.locator("comparison-table button.figure").first().click();
  for (const text of ["6 problems", "Efron 1979", "transformers.js", String(firstPopulationSeed)]) await expect(card(page)).toContainText(text);
  await page.keyboard.press("Escape");
  await page.locator("clouds-panel").getByRole("button", { name: "compare" }).click();
  await expect(page.locator("clouds-panel")).toContainText("do not track the true dimension");
  await expect(page.locator("clouds-panel progress-line")).toHaveCount(0);
  await shot("measures-population");
  await accessible();

  const field = apart(page).getByRole("spinbutton", { name: "problems" });
  await field.fill("500");
  await field.blur();
  await apart(page).getByRole("button", { name: "measure again" }).click();
  await expect(apart(page).locator("progress-line")).toContainText("running held-out problems");
  await apart(page).locator("progress-line").getByRole("button", { name: "stop" }).click();
  await expect(apart(page).locator("progress-line")).toHaveCount(0);
});

test("pictures: five ways, each with its numbers; one is held and new runs are placed in it", async ({ page, home, shot }) => {
  await open(page, home);
  const quality = picture(page).locator("picture-quality");
  for (const [method, caption] of [["Isomap", "Isomap of all runs together"], ["answer", "answer axis"], ["plane", "plane through three states"]] as const) {
    await picture(page).getByRole("button", { name: method, exact: true }).click();
    await expect(picture(page)).toContainText(caption);
    await expect(quality).toContainText(/trustworthiness [01]\.?\d*/);
    await expect(quality).toContainText(method === "Isomap" ? "axes mean nothing" : "of the variance");
    await expect(picture(page).getByRole("alert")).toHaveCount(0);
  }
  // The first state of the plane is its origin.
  const { rows } = await tableOf(picture(page));
  const chosen = await picture(page).getByRole("combobox", { name: "state A of the plane" }).inputValue();
  expect(rows.find(([run, step]) => run === "latent loop" && `latent.${read(step!)}` === chosen)!.slice(4).map((cell) => Math.abs(read(cell)) < 1e-3)).toEqual([true, true]);
  await expect(page).toHaveURL(/projection=plane/);

  await picture(page).getByRole("button", { name: "PCA" }).click();
  await expect(quality).toContainText("of the variance");
  await picture(page).getByRole("button", { name: "hold" }).click();
  const before = await tableOf(picture(page));
  await page.keyboard.press("n");
  await settled(page);
  await expect(picture(page)).toContainText("these runs placed in a picture that was made of");
  await expect(quality).toContainText("placed states are not judged");
  expect((await tableOf(picture(page))).head).toEqual(before.head);
  await shot("measures-held");
  await picture(page).getByRole("button", { name: "held" }).click();
  await expect(quality).toContainText(/trustworthiness/);

  await picture(page).getByRole("button", { name: "UMAP" }).click();
  await picture(page).getByRole("button", { name: "three seeds" }).click();
  await expect(picture(page).locator("trajectory-plot")).toHaveCount(3);
  await expect(picture(page).locator("picture-quality").nth(2)).toContainText(/trustworthiness/, { timeout: 20_000 });
  await expect(page).toHaveURL(/seeds=3/);
});

test("a saved run is drawn again from its file; memory is stated and kept", async ({ page, home }) => {
  await open(page, home, probe({ task: "pointer-chase", difficulty: 2, seed: 7, projection: "isomap" }));
  await expect(picture(page).locator("picture-quality")).toContainText(/trustworthiness/);
  const { rows } = await tableOf(picture(page));
  const own = rows.filter(([run]) => run === "chain of thought");
  const { trace, bytes } = await saved(page, "cot");
  expect(trace.pictures!.map(({ method, layer }) => [method, layer])).toEqual([["isomap", 3]]);

  // What the runs hold, said beforehand, is what their arrays take; the record is an estimate.
  const traces = [];
  for (const mode of decodingModes) traces.push((await saved(page, mode)).trace);
  const arrays = traces.reduce((sum, { activations, lens }) => sum + [activations.residPost, activations.finalNorm, lens!.tokens, lens!.logprobs, lens!.entropy, lens!.answerLogprob].reduce((part, { data }) => part + data.byteLength, 0), 0);
  const record = traces.reduce((sum, { steps }) => sum + runSize({ steps: steps.length, vectors: steps.filter(({ token }) => token === null).length, layers: 4, keptLayers: 4, hiddenSize: 96, kept: 5 }).record, 0);
  await expect(page.getByText(`these runs hold ${formatBytes(arrays + record)}`)).toBeVisible();

  await page.goto(`${home}${probe({ task: "rules", difficulty: 2, seed: 3 })}`);
  await settled(page);
  await page.getByLabel("open a saved run").setInputFiles({ name: "run.safetensors", mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
  await expect(picture(page)).toContainText("as saved with the run: Isomap of all runs together");
  expect((await tableOf(picture(page))).rows).toEqual(own);
  await picture(page).getByRole("combobox", { name: "saved picture" }).selectOption({ label: "drawn now" });
  await expect(picture(page)).toContainText("exact PCA of all runs together");
  await expect(picture(page).locator("picture-quality")).toContainText(formatPercent(1).slice(-1));
});

test.describe("narrow, dark", () => {
  test.use({ viewport: { width: 390, height: 844 }, colorScheme: "dark" });

  test("nothing serious for axe, nothing too wide", async ({ page, home, accessible }) => {
    await open(page, home, probe({ task: "pointer-chase", difficulty: 2, seed: 7, unfolded: "run,modes", measures: "directness,lens-entropy,two-nn" }));
    await expect(map(page).locator("layer-map")).toBeVisible();
    await apart(page).getByRole("checkbox", { name: "beside the untrained model" }).uncheck();
    await measure(page, 5);
    await page.screenshot({ path: fileURLToPath(new URL("screenshots/measures-narrow-dark.png", import.meta.url)), animations: "disabled", fullPage: true });
    expect(await page.evaluate(() => document.scrollingElement!.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    expect(await stickingOut(page)).toEqual([]);
    await accessible();
  });
});
