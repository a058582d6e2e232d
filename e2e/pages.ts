/** The page as a reader uses it: what the browser tests click, and what they read off. */
import { readFile } from "node:fs/promises";
import { expect, type Download, type Locator, type Page } from "@playwright/test";
import { decodeTrace } from "../probes/trace-file.ts";
import { decodingModes, type DecodingMode, type Trace } from "../probes/trace.ts";
import { ready } from "./fixtures.ts";

export const modes = decodingModes;

/** Opens the page at an address and stops the count in the background, which would take the processor from the test. */
export async function open(page: Page, home: string, address = ""): Promise<void> {
  await page.goto(`${home}${address}`);
  await ready(page);
  await settled(page);
  await stopCounting(page);
}

/** The address of a problem; see `src/settings.ts`. */
export function probe(settings: Readonly<Record<string, string | number>>): string {
  return `#/probe?${new URLSearchParams(Object.entries(settings).map(([key, value]) => [key, String(value)]))}`;
}

/** Until every run has ended, and the projection is that of what is on the page. */
export async function settled(page: Page): Promise<void> {
  // The page tells of a change once per frame: before that, an old run still looks finished.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await expect(page.locator("probe-page .player").getByRole("button", { name: "run again" })).toBeEnabled();
}

export async function stopCounting(page: Page): Promise<void> {
  const bar = page.locator("accuracy-panel progress-line");
  // It starts with the first picture; where it has ended by now, there is nothing to stop.
  await page.waitForFunction(() => document.querySelector("geodesic-app")!.shadowRoot!.querySelector("probe-page")!.shadowRoot!.querySelector("accuracy-panel")!.shadowRoot!.querySelector("progress-line, accuracy-chart") !== null);
  if ((await bar.count()) > 0) await bar.getByRole("button", { name: "stop" }).click();
  await expect(bar).toHaveCount(0);
}

export function column(page: Page, mode: DecodingMode): Locator {
  return page.locator(`mode-column[mode="${mode}"]`);
}

/** The strip of a mode's own run; a control has a second one below it. */
export function strip(page: Page, mode: DecodingMode): Locator {
  return column(page, mode).locator("token-strip:not([hollow])");
}

export function chip(page: Page, mode: DecodingMode, step: number): Locator {
  return strip(page, mode).locator(`button[data-step="${step}"]`);
}

/** What stands in large letters under a strip. */
export async function answer(page: Page, mode: DecodingMode): Promise<string> {
  return column(page, mode).locator(".result .given").first().innerText();
}

export async function answers(page: Page): Promise<Record<DecodingMode, string>> {
  const given = await Promise.all(modes.map((mode) => answer(page, mode)));
  return { direct: given[0]!, icl: given[1]!, cot: given[2]!, latent: given[3]! };
}

/** Which steps are marked as the present one, by mode; null where a run has no such step. */
export async function marked(page: Page): Promise<Record<DecodingMode, string | null>> {
  const of = async (mode: DecodingMode): Promise<string | null> => {
    const current = strip(page, mode).locator('button[aria-current="true"]');
    return (await current.count()) === 0 ? null : current.getAttribute("data-step");
  };
  const [direct, icl, cot, latent] = await Promise.all(modes.map(of));
  return { direct: direct!, icl: icl!, cot: cot!, latent: latent! };
}

/** Column and row of the lens's frame, counted from the left and from the top, and the label of the cell inside it. */
export async function lensCursor(page: Page): Promise<string> {
  return page.locator("lens-grid").evaluate((grid) => {
    const root = grid.shadowRoot!;
    const frame = root.querySelector(".chosen");
    if (!frame) return "none";
    const at = (name: string): string => frame.getAttribute(name) ?? "";
    return root.querySelector(`.hit[x="${at("x")}"][y="${at("y")}"] title`)?.textContent ?? "no cell";
  });
}

/** Selects a mode by its key and saves its run. */
export async function saved(page: Page, mode: DecodingMode): Promise<{ trace: Trace; download: Download; bytes: Uint8Array }> {
  // The click below scrolls, and what then comes under the pointer would be selected.
  await page.mouse.move(0, 0);
  await page.keyboard.press(String(modes.indexOf(mode) + 1));
  await expect(page.locator(`mode-column[mode="${mode}"][selected]`)).toBeVisible();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "save", exact: true }).click()]);
  const bytes = new Uint8Array(await readFile(await download.path()));
  return { trace: decodeTrace(bytes), download, bytes };
}

/** The panel with this title. */
export function panel(page: Page, title: string): Locator {
  return page.locator("geo-panel").filter({ has: page.getByRole("heading", { name: title }) });
}

/** The numbers behind a panel's chart: the head, and the rows. */
export async function tableOf(panel: Locator): Promise<{ head: string[]; rows: string[][] }> {
  const button = panel.getByRole("button", { name: /^table/ });
  if ((await button.getAttribute("aria-pressed")) !== "true") await button.click();
  const table = panel.locator(".table table");
  await expect(table).toBeVisible();
  return table.evaluate((element) => {
    const cells = (row: Element): string[] => [...row.children].map((cell) => cell.textContent ?? "");
    return { head: cells(element.querySelector("thead tr")!), rows: [...element.querySelectorAll("tbody tr")].map(cells) };
  });
}

/** A number as the page writes it: real minus sign, powers of ten, spaces between thousands. */
export function read(text: string): number {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  const plain = text.replaceAll("−", "-").replaceAll("\u202f", "").replace("×10", "e").replace("⁻", "-").replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹]/g, (digit) => String(digits.indexOf(digit)));
  return plain === "–" ? Number.NaN : Number(plain);
}

/** Types text over a field and leaves it, as a person would. */
export async function fill(field: Locator, text: string): Promise<void> {
  await field.fill(text);
  await field.blur();
}

/** Puts a range input to a value. */
export async function slide(slider: Locator, value: number): Promise<void> {
  await slider.evaluate((input, to) => {
    (input as HTMLInputElement).value = String(to);
    input.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  }, value);
}

export function picker(page: Page): Locator {
  return page.getByRole("dialog", { name: "choose a model" });
}

export async function openPicker(page: Page): Promise<Locator> {
  await page.locator("model-picker > button, model-picker").getByRole("button", { name: /^model / }).click();
  return picker(page);
}

/** The choice of a model, at one of its kinds. */
export async function openKind(page: Page, kind: "embedded" | "WebLLM" | "transformers.js" | "stored models"): Promise<Locator> {
  const dialog = await openPicker(page);
  await dialog.getByRole("tab", { name: new RegExp(`^${kind}`) }).click();
  return dialog;
}

/** The embedded model on an engine, by one click. */
export async function chooseEmbedded(page: Page, engine: "transformers.js" | "WebLLM", weights: "float32" | "4-bit"): Promise<void> {
  await (await openKind(page, "embedded")).getByRole("button", { name: `${engine}, ${weights}` }).click();
}

/** What is said of loading: how it goes, or how it ended. */
export function loading(page: Page): Locator {
  return page.locator("load-banner section");
}

/** The line that says a model was checked. */
export function verified(page: Page): Locator {
  return page.getByText("✓ probe verified");
}

/** What sticks out at the side, as lines; a region that scrolls by itself may hold more than it shows. */
export function stickingOut(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const found: string[] = [];
    const look = (root: ParentNode, scrolls: boolean): void => {
      for (const element of root.children) {
        const inside = scrolls || /auto|scroll|hidden/.test(getComputedStyle(element).overflowX);
        const { right, width } = element.getBoundingClientRect();
        if (!scrolls && width > 0 && right > innerWidth + 0.5 && element.localName !== "dialog") found.push(`${element.localName}.${element.className?.toString()} reaches ${Math.round(right)}`);
        look(element.shadowRoot ?? element, inside);
      }
    };
    look(document.body, false);
    return found;
  });
}
