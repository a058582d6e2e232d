/** Acting on a run: from the ring that one selects, through what comes of it, to the same on many problems. */
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { chip, column, open, panel, probe, settled, stickingOut, tableOf } from "./pages.ts";

const acting = (page: Page): Locator => panel(page, "What if a step were different?");
const sweeping = (page: Page): Locator => panel(page, "And on other problems?");
const done = (page: Page): Locator => acting(page).locator(".done > ol > li");
const change = (page: Page): Locator => acting(page).locator(".change");
const offer = (page: Page, name: string | RegExp): Locator => acting(page).locator(".chips").getByRole("button", { name });

/** "p(g) 99.9 % → 8.1 %" → [0.999, 0.081] */
async function probabilities(page: Page): Promise<[number, number]> {
  const [from = "", to = ""] = (await change(page).innerText()).replace(/^p\([^)]*\) /, "").split(" → ");
  const share = (text: string): number => Number(text.replace(/[<>%\s]/g, "")) / 100;
  return [share(from), share(to)];
}

test("from a ring to what if: the altered run stands beside the original, and can be taken back", async ({ page, home, shot, accessible }) => {
  await open(page, home);
  // Nothing of it is on the page, nor its code, before someone asks.
  await expect(page.locator("act-panel")).toHaveCount(0);
  await chip(page, "latent", 2).click();
  await column(page, "latent").getByRole("button", { name: "what if thought 2 were …" }).click();
  await expect(acting(page)).toBeInViewport();
  await expect(offer(page, "its likeliest token")).toBeFocused();

  // A thought of pointer chase holds one letter: its token says as much, another problem's says another.
  await offer(page, "its likeliest token").click();
  await expect(change(page)).toBeVisible();
  let [before, after] = await probabilities(page);
  expect(before).toBeGreaterThan(0.99);
  expect(after).toBeGreaterThan(0.9);
  await expect(page).toHaveURL(/acts=latent\+replace\.2\.argmax/);

  await offer(page, "that of problem 8").first().click();
  await expect(page).toHaveURL(/acts=latent\+replace\.2\.p8/);
  await expect(done(page)).toHaveCount(1);
  await expect(done(page)).toContainText("thought 2 becomes the thought of problem 8 there");
  await expect.poll(async () => (await probabilities(page))[1]).toBeLessThan(0.5);
  [before, after] = await probabilities(page);
  await expect(acting(page)).toContainText("✗ wrong");
  await expect(acting(page)).toContainText("the same up to step 1");
  await expect(column(page, "latent").locator(".altered")).toContainText(await change(page).innerText());
  // In the picture it begins where it branches off: one step before.
  const { rows } = await tableOf(page.locator("#trajectory"));
  expect(rows.filter(([run]) => run === "altered").map((row) => row[1])).toEqual(["1", "2", "3", "4", "5"]);
  expect(rows.find(([run, step]) => run === "altered" && step === "1")!.slice(4)).toEqual(rows.find(([run, step]) => run === "latent loop" && step === "1")!.slice(4));
  await shot("interventions-replaced");
  await accessible();

  // A second one on the same run; then back, one by one.
  await chip(page, "latent", 3).click();
  await offer(page, "left out").click();
  await expect(done(page)).toHaveCount(2);
  await expect(page).toHaveURL(/replace\.2\.p8\+skip\.3/);
  const undo = acting(page).getByRole("button", { name: "undo" });
  await undo.click();
  await expect(done(page)).toHaveCount(1);
  await undo.click();
  await expect(done(page)).toContainText("its likeliest token");
  await undo.click();
  await expect(page).not.toHaveURL(/acts=/);
  await expect(column(page, "latent").locator(".altered")).toHaveCount(0);
});

test("an address brings acts along; what does not fit the run is refused in words; a new question is acted on as well", async ({ page, home }) => {
  await open(page, home, probe({ task: "pointer-chase", difficulty: 4, seed: 7, mode: "cot", step: 2, acts: "cot truncate.1" }));
  await expect(change(page)).toBeVisible();
  expect((await probabilities(page))[1]).toBeLessThan(0.9);
  await expect(done(page)).toContainText("the chain ends after token 1, and the answer is asked for");
  // Only what the mode allows: tokens are changed and cut, not skipped.
  await expect(offer(page, "before it")).toBeVisible();
  await expect(offer(page, "left out")).toHaveCount(0);
  const before = await change(page).innerText();
  await page.getByRole("button", { name: "new problem" }).click();
  await settled(page);
  await expect(done(page)).toHaveCount(1);
  await expect.poll(() => change(page).innerText()).not.toBe(before);

  // A wrong step of the chain, named; the chain goes on from it.
  await acting(page).getByRole("button", { name: /^take back/ }).click();
  // The pointer may have come over another run's steps on its way.
  await chip(page, "cot", 2).click();
  await offer(page, /^“.”$/).first().click();
  await expect(done(page)).toContainText(/token 2 of the chain becomes “.”/);
  await expect(change(page)).toBeVisible();

  await page.evaluate(() => (location.hash = location.hash.replace(/acts=[^&]*/, "acts=cot+truncate.99")));
  await expect(acting(page).getByRole("alert")).toContainText(/intervention: expected tokens of thinking from 0 to \d+, got 99; choose one of these/);
  await expect(column(page, "cot").locator(".altered")).toHaveCount(0);
  await page.evaluate(() => (location.hash = location.hash.replace(/acts=[^&]*/, "acts=nonsense")));
  await expect(acting(page).getByRole("alert")).toContainText('acts: expected a list such as "latent replace.1.argmax", got "nonsense"');

  // Inside the network, in a mode that does not think: the state of another mode is patched in.
  await chip(page, "direct", 0).click();
  await offer(page, "that of chain of thought").click();
  await expect(change(page)).toBeVisible();
  await expect(done(page)).toContainText("the state at step 0, layer 3, becomes the state of the chain of thought run there");
});

test("sweeps: patches as a map, noise as a curve, each with intervals, the unaltered rate, chance and n", async ({ page, home, shot, accessible }) => {
  await open(page, home, probe({ task: "reachability", difficulty: 3, seed: 7, step: 1, layer: 1, acts: "latent replace.1.argmax" }));
  const problems = sweeping(page).getByRole("spinbutton", { name: "problems" });
  await problems.fill("4");
  await problems.blur();
  const run = sweeping(page).getByRole("button", { name: "run", exact: true });
  await run.click();
  await expect(sweeping(page).locator("progress-line")).toHaveCount(0);
  await expect(sweeping(page)).toContainText(/unaltered 100 % \(95 % interval 51 % to 100 %\), n = 4/);
  const map = sweeping(page).locator("heat-map");
  await expect(map.locator(".key")).toHaveAttribute("aria-label", "key: unaltered 100 %, chance 50 %");
  const { head, rows } = await tableOf(sweeping(page));
  expect(head).toEqual(["what was done", "right", "of", "share", "95 % interval", "mean change of ln p(answer)", "95 % interval"]);
  const steps = await map.locator(".column").count();
  expect(rows).toHaveLength(4 * steps);
  for (const row of rows) expect(row[2]).toBe("4");
  expect(rows.at(-1)![0]).toMatch(/^the state at step \d+, layer 3, becomes that of another problem’s run$/);
  // Where the other problem's answer is about to be said, at the last layer, this one's is lost.
  expect(Number(rows.at(-1)![1])).toBeLessThan(4);
  await map.locator('.hit[data-column="0"][data-row="2"]').click();
  await expect(page).toHaveURL(/layer=2/);
  const card = page.getByRole("dialog", { name: "where this number comes from" });
  await map.locator(".readout button.figure").first().click();
  for (const text of ["share of right answers, one thing altered", "Wilson 1927", "layer 2, becomes that of another problem", "4 problems", "transformers.js"]) await expect(card).toContainText(text);
  await page.keyboard.press("Escape");
  await shot("interventions-map");

  await sweeping(page).getByRole("combobox", { name: "what is swept" }).selectOption("noise");
  await run.click();
  await expect(sweeping(page).locator("progress-line")).toHaveCount(0);
  const curve = await tableOf(sweeping(page));
  expect(curve.rows.map((row) => row[0])).toEqual([0, 0.25, 0.5, 1, 1.5, 2, 4].map((sigma) => `every thought gets noise of ${sigma} × its norm`));
  expect(curve.rows[0]!.slice(1, 4)).toEqual(["4", "4", "100 %"]);
  // Its numbers, the share and the change of ln p, say where they come from.
  await expect(sweeping(page).locator("sweep-chart tbody button.figure")).toHaveCount(2 * curve.rows.length);
  await sweeping(page).scrollIntoViewIfNeeded();
  await shot("interventions-curve");
  await accessible();

  // A longer count can be stopped, and keeps what it has.
  await problems.fill("500");
  await problems.blur();
  await run.click();
  await expect(sweeping(page).locator("progress-line")).toBeVisible();
  await sweeping(page).getByRole("button", { name: "stop" }).click();
  await expect(sweeping(page).locator("progress-line")).toHaveCount(0);
  await expect(sweeping(page).getByRole("alert")).toHaveCount(0);
});

test.describe("narrow and dark", () => {
  test.use({ viewport: { width: 390, height: 844 }, colorScheme: "dark" });

  test("nothing is too wide, nothing serious for axe", async ({ page, home, accessible }) => {
    await open(page, home, probe({ task: "pointer-chase", difficulty: 4, seed: 7, acts: "latent replace.2.p8 push.3.2.random.0.5" }));
    await expect(change(page)).toBeVisible();
    const problems = sweeping(page).getByRole("spinbutton", { name: "problems" });
    await problems.fill("2");
    await problems.blur();
    await sweeping(page).getByRole("combobox", { name: "what is swept" }).selectOption("thoughts");
    await sweeping(page).getByRole("button", { name: "run", exact: true }).click();
    await expect(sweeping(page).locator("progress-line")).toHaveCount(0);
    await expect(sweeping(page).locator("heat-map .rate")).toHaveCount(4 * 4);
    await page.screenshot({ path: fileURLToPath(new URL("screenshots/interventions-narrow-dark.png", import.meta.url)), fullPage: true, animations: "disabled" });
    expect(await stickingOut(page)).toEqual([]);
    await accessible();
  });
});
