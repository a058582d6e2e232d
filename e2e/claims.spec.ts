/** The essay's claims: run here, judged here, and made to come out otherwise. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Locator, Page } from "@playwright/test";
import { type Claim, type Judgement, thresholdsOf } from "../workers/claims/claim.ts";
import type { ClaimRun } from "../workers/claims/evidence.ts";
import { decodeRun, revived } from "../workers/claims/evidence.ts";
import { claim, claims } from "../workers/claims/index.ts";
import { ClaimsService } from "../workers/claims/service.ts";
import { verdictWords } from "../src/claims/claim-words.ts";
import { formatNumber } from "../src/format.ts";
import { expect, test } from "./fixtures.ts";

/** Quick, and each of another system. */
const quick = ["M4", "L6", "I3"] as const;

/** The same claim in Node, by the same code. */
const inNode = new ClaimsService({ claims, loadModel: () => Promise.reject(new Error("expected claims without a model")) });

const detail = (page: Page): Locator => page.locator("claim-detail");
const banner = (page: Page): Locator => detail(page).getByRole("region", { name: "verdict" });
const row = (page: Page, id: string): Locator => page.locator(`claims-overview #row-${id}`);
const word = ({ verdict }: Pick<Judgement, "verdict">): string => verdictWords[verdict].name;

async function openTable(page: Page, home: string): Promise<void> {
  await page.goto(`${home}#/claims`);
  await expect(row(page, "M4")).toBeVisible();
}

/** Opens a claim, and waits for the run that a reader need not ask for. */
async function openClaim(page: Page, home: string, address: string): Promise<void> {
  await page.goto("about:blank");
  await page.goto(`${home}#/claims/${address}`);
  await expect(detail(page).locator("claim-figure").first()).toBeVisible();
}

async function exported(page: Page, button: "JSON" | "CSV"): Promise<string> {
  const [download] = await Promise.all([page.waitForEvent("download"), detail(page).getByRole("button", { name: button, exact: true }).click()]);
  return readFile(await download.path(), "utf8");
}

/** A threshold whose change alone changes the verdict. */
function decisive(chosen: Claim, { evidence }: ClaimRun): { name: string; value: number; verdict: Judgement["verdict"] } {
  const own = thresholdsOf(chosen);
  const before = chosen.judge(evidence, own).verdict;
  for (const name of Object.keys(own)) {
    for (const value of [-1e9, 1e9]) {
      const { verdict } = chosen.judge(evidence, { ...own, [name]: value });
      if (verdict !== before) return { name, value, verdict };
    }
  }
  throw new Error(`${chosen.id}: expected a threshold that matters, got none`);
}

test("the table holds every claim; a few are run, and what comes out is what Node gets", async ({ page, home, accessible, shot }) => {
  await openTable(page, home);
  await expect(page.locator("claims-overview tbody tr:not(.system)")).toHaveCount(claims.length);
  for (const { id, title, statement, expectation } of claims) {
    await expect(row(page, id)).toContainText(title);
    await expect(row(page, id)).toContainText(statement.zh);
    await expect(row(page, id).locator(".expects")).toContainText(verdictWords[expectation.verdict].name);
    await expect(row(page, id).locator(".found")).toHaveText("not run yet");
  }
  for (const id of quick) await row(page, id).getByRole("button", { name: `run ${id}` }).click();
  for (const id of quick) {
    const { judgement } = await inNode.run({ id });
    await expect(row(page, id).locator(".found .verdict")).toHaveText(word(judgement));
  }
  await expect(page.locator("claims-overview .board > h3")).toHaveText(`${quick.length} of ${claims.length} have run in this browser`);
  // The filter is an address, and the runs are still here after a reload.
  await page.locator("claims-overview .filters").getByRole("link", { name: "not run yet" }).click();
  await expect(page.locator("claims-overview tbody tr:not(.system)")).toHaveCount(claims.length - quick.length);
  await page.reload();
  await expect(page.locator("claims-overview tbody tr:not(.system)")).toHaveCount(claims.length - quick.length);
  await page.locator("claims-overview .filters").getByRole("link", { name: "all", exact: true }).click();
  await expect(row(page, quick[0]).locator(".found")).toContainText("seeds");
  await shot("claims-wide-light");
  await accessible();
});

test("a claim of its own: sentence, picture, numbers, rule; under other thresholds and sabotaged the verdict is another", async ({ page, home, accessible, shot }) => {
  const id = "L6";
  const chosen = claim(id);
  const { run, judgement } = await inNode.run({ id });
  await openClaim(page, home, id);
  await expect(page.getByRole("heading", { name: chosen.title })).toBeVisible();
  for (const text of [chosen.statement.zh, chosen.statement.en, chosen.expectation.text, chosen.doesNotShow, chosen.wouldChange, chosen.measurement, judgement.reason]) await expect(detail(page)).toContainText(text.replaceAll("`", ""));
  for (const { text, recalled } of chosen.expectation.sources) await expect(detail(page).locator(".sources li", { hasText: text.slice(0, 20) }).first()).toContainText(recalled ? "recalled" : text.slice(-12));
  await expect(banner(page).locator(".word .verdict")).toHaveText(word(judgement));
  // Every number in the table is the one that Node gets.
  for (const { label, value } of run.evidence.quantities) await expect(detail(page).locator("claim-numbers tr", { hasText: label }).locator(".value").first()).toHaveText(formatNumber(value));
  // The picture is drawn, and its table holds its points.
  const picture = detail(page).locator("geo-panel").first();
  if (run.evidence.figures[0]!.kind === "lines") await expect(picture.locator("canvas")).toBeVisible();
  await picture.getByRole("button", { name: /^table/ }).click();
  await expect(picture.locator("table tbody tr")).not.toHaveCount(0);
  await accessible();

  // Another threshold, another verdict, said to be the reader's; the address keeps it.
  const { name, value, verdict } = decisive(chosen, run);
  const field = detail(page).locator(`threshold-editor input[name="${name}"]`);
  await field.fill(String(value));
  await field.press("Enter");
  const anew = banner(page).locator(".anew");
  await expect(anew).toContainText("under your thresholds");
  await expect(anew.locator(".verdict")).toHaveText(word({ verdict }));
  await expect(banner(page).locator(".word .verdict")).toHaveText(word(judgement));
  await shot("claim-thresholds");
  expect(new URL(page.url()).hash).toContain(`${name}=${value}`);
  const file = revived(JSON.parse(await exported(page, "JSON"))) as ClaimRun & { judgement: Judgement & { thresholds: Record<string, number> } };
  expect([file.id, file.seeds, file.judgement.verdict, file.judgement.thresholds[name]]).toEqual([id, chosen.seeds, verdict, value]);
  for (const [i, { value: expected }] of run.evidence.quantities.entries()) expect(file.evidence.quantities[i]!.value).toBeCloseTo(expected, 5);
  expect((await exported(page, "CSV")).split("\r\n").length).toBeGreaterThan(run.evidence.quantities.length + 2);
  await page.reload();
  await expect(anew.locator(".verdict")).toHaveText(word({ verdict }));
  await detail(page).getByRole("button", { name: "back to the claim’s own" }).click();
  await expect(anew).toHaveCount(0);

  // Spoiled on purpose it comes out otherwise, and nobody can take it for a result.
  await detail(page).getByRole("button", { name: "run it sabotaged" }).click();
  await expect(banner(page).locator(".word .verdict")).toHaveText(word(chosen.sabotage));
  expect(chosen.sabotage.verdict).not.toBe(judgement.verdict);
  await expect(detail(page).locator(".stamp")).toBeVisible();
  await accessible();
  await page.screenshot({ path: fileURLToPath(new URL("screenshots/claim-sabotaged.png", import.meta.url)), fullPage: true, animations: "disabled" });
  await detail(page).getByRole("button", { name: "this browser" }).click();
  await expect(banner(page).locator(".word .verdict")).toHaveText(word(judgement));
});

test("a claim about the embedded model, on both of its engines, and as it was recorded", async ({ page, home, shot }) => {
  // One seed in place of three.
  await openClaim(page, home, "T2?seeds=5");
  await expect(banner(page).locator(".word .verdict")).toHaveText("supported");
  await expect(banner(page)).toContainText("seeds 5");
  await openClaim(page, home, "Z2?seeds=5");
  await expect(banner(page).locator(".word .verdict")).not.toHaveText("refuted");
  const gain = detail(page).locator("claim-numbers tr", { hasText: "mass on both letters" }).locator(".value").first();
  expect(Number(await gain.innerText())).toBeGreaterThan(0.9);
  // Beside it stands what was recorded at full size, judged now.
  const kept = decodeRun(await readFile(new URL("../workers/claims/recorded/Z2.json", import.meta.url), "utf8"));
  await detail(page).getByRole("button", { name: "recorded, full size" }).click();
  await expect(banner(page)).toContainText(inNode.judge("Z2", kept.evidence).reason);
  await expect(banner(page)).toContainText(`seeds ${kept.seeds.join(" ")}`);
  const both = detail(page).locator("claim-numbers tr", { hasText: "mass on both letters" }).locator(".value");
  expect(await both.nth(1).innerText()).toBe(formatNumber(kept.evidence.quantities.find(({ id }) => id === "both-last")!.value));
  await shot("claim-recorded");
});

test("stop ends a run of many; a claim that is not there says so", async ({ page, home }) => {
  await openTable(page, home);
  await page.locator("claims-overview").getByRole("button", { name: /^run all/ }).click();
  const bar = page.locator("claims-overview progress-line");
  await expect(bar).toContainText(`claim 1 of ${claims.length}`);
  await expect(bar).toContainText("left");
  await bar.getByRole("button", { name: "stop" }).click();
  await expect(bar).toHaveCount(0);
  await page.goto(`${home}#/claims/Q99`);
  await expect(page.getByRole("heading", { name: "There is no claim Q99 here" })).toBeVisible();
});

test.describe("narrow, dark", () => {
  test.use({ viewport: { width: 390, height: 844 }, colorScheme: "dark" });

  test("table and claim fit, and axe has nothing serious to say", async ({ page, home, accessible }) => {
    const fits = async (): Promise<void> => expect(await page.evaluate(() => document.scrollingElement!.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    await openTable(page, home);
    await fits();
    await accessible();
    await page.screenshot({ path: fileURLToPath(new URL("screenshots/claims-narrow-dark.png", import.meta.url)), fullPage: true, animations: "disabled" });
    await openClaim(page, home, "M4");
    await fits();
    await accessible();
    await page.screenshot({ path: fileURLToPath(new URL("screenshots/claim-narrow-dark.png", import.meta.url)), fullPage: true, animations: "disabled" });
  });
});
