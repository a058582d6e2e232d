/** A run as a file and as an address: what was seen can be kept, sent and seen again. */
import { execFileSync } from "node:child_process";
import type { Page } from "@playwright/test";
import { decodeTrace, encodeTrace } from "../probes/trace-file.ts";
import type { Trace } from "../probes/trace.ts";
import { expect, test } from "./fixtures.ts";
import { answer, answers, chip, column, lensCursor, marked, open, probe, saved, settled, strip } from "./pages.ts";

const python = `
import json, struct, sys
b = open(sys.argv[1], "rb").read()
n = struct.unpack("<Q", b[:8])[0]
head = json.loads(b[8:8 + n])
trace = json.loads(head["__metadata__"]["geodesic.trace"])
t = head["resid_post"]
start, end = t["data_offsets"]
T, L, D = t["shape"]
assert t["dtype"] == "F32" and end - start == 4 * T * L * D and T == len(trace["steps"])
h = struct.unpack("<%df" % (T * L * D), b[8 + n + start:8 + n + end])
print(json.dumps({"shape": t["shape"], "answer": trace["answer"]["text"], "last": h[-1], "tensors": sorted(k for k in head if k != "__metadata__")}))
`;

async function openFile(page: Page, name: string, bytes: Uint8Array): Promise<void> {
  await page.getByLabel("open a saved run").setInputFiles({ name, mimeType: "application/octet-stream", buffer: Buffer.from(bytes) });
}

test("a saved run opens in Python as it is, and on the page with the same answer and steps", async ({ page, home }) => {
  await open(page, home);
  const { trace, download, bytes } = await saved(page, "latent");
  expect(download.suggestedFilename()).toBe("geodesic-nano-pointer-chase-4-seed7-latent.safetensors");
  const seen: unknown = JSON.parse(execFileSync("python3", ["-c", python, await download.path()], { encoding: "utf8" }));
  expect(seen).toEqual({ shape: trace.activations.residPost.shape, answer: trace.answer.text, last: trace.activations.residPost.data.at(-1), tensors: ["final_norm", "lens.answer_logprob", "lens.entropy", "lens.logprobs", "lens.tokens", "picture.0", "resid_post"] });

  const labels = () => strip(page, "latent").locator("button[data-step]").evaluateAll((buttons) => buttons.map((button) => button.getAttribute("aria-label")));
  const [given, steps] = [await answer(page, "latent"), await labels()];
  // Another question meanwhile; the file brings its own along.
  await page.keyboard.press("n");
  await settled(page);
  await openFile(page, download.suggestedFilename(), bytes);
  await expect(column(page, "latent")).toContainText(`from ${download.suggestedFilename()}`);
  expect(await answer(page, "latent")).toBe(given);
  expect(await labels()).toEqual(steps);
  await expect(page).toHaveURL(/seed=7/);
  expect((await saved(page, "latent")).trace).toEqual(trace);
  await page.getByRole("button", { name: "run again" }).first().click();
  await settled(page);
  expect(await answer(page, "latent")).toBe(given);
});

test("a broken file is refused in words, and the page goes on", async ({ page, home }) => {
  await open(page, home);
  const { bytes } = await saved(page, "cot");
  const notice = page.getByRole("alert");
  const before = await answers(page);
  for (const [name, broken, message] of [
    ["cut.safetensors", bytes.slice(0, bytes.length - 100), /expected .*, got /],
    ["empty.safetensors", new Uint8Array(), /expected .*, got /],
    ["other.safetensors", new TextEncoder().encode("not a tensor file at all, only words"), /expected .*, got /],
    ["older.safetensors", new TextEncoder().encode(new TextDecoder("latin1").decode(bytes.slice(0, 40))), /expected .*, got /],
  ] as const) {
    await openFile(page, name, broken);
    await expect(notice).toHaveText(message);
    expect(await answers(page)).toEqual(before);
  }
  await page.keyboard.press("ArrowLeft");
  await expect(chip(page, "latent", 1)).toHaveAttribute("aria-current", "true");
  await openFile(page, "whole.safetensors", bytes);
  await expect(notice).toHaveCount(0);
  await expect(column(page, "cot")).toContainText("from whole.safetensors");
});

test("a file's texts stay texts", async ({ page, home }) => {
  await open(page, home);
  const { bytes } = await saved(page, "cot");
  const trace = decodeTrace(bytes);
  const markup = "<img src=x onerror=globalThis.intruder=1>";
  const hostile: Trace = { ...trace, model: { ...trace.model, id: markup }, prompt: markup, answer: { ...trace.answer, text: markup, expected: markup }, steps: trace.steps.map((step) => ({ ...step, text: markup, top: step.top.map((token) => ({ ...token, text: markup })) })) };
  await openFile(page, `${markup}.safetensors`, encodeTrace(hostile));
  await expect(column(page, "cot").locator(".given").first()).toHaveText(markup);
  await page.keyboard.press("3");
  await expect(page.locator('lens-grid[mode="cot"]')).toBeVisible();
  await expect(page.locator("geodesic-app img")).toHaveCount(0);
  expect(await page.evaluate(() => "intruder" in globalThis)).toBe(false);
});

test("the address holds what is chosen; a fresh page at it shows the same", async ({ page, home, context }) => {
  await open(page, home, probe({ task: "reachability", difficulty: 2, seed: 11 }));
  await page.keyboard.press("3");
  for (let i = 0; i < 2; i++) await page.keyboard.press("ArrowDown");
  await chip(page, "cot", 1).click();
  await page.getByRole("button", { name: "UMAP" }).click();
  await page.getByRole("combobox", { name: "UMAP seed" }).selectOption("4");
  await column(page, "latent").getByRole("combobox", { name: /^control/ }).selectOption("argmax");
  await settled(page);
  const query = new URLSearchParams(new URL(page.url()).hash.split("?")[1]);
  expect(Object.fromEntries(query)).toMatchObject({ task: "reachability", difficulty: "2", seed: "11", mode: "cot", step: "1", layer: "1", projection: "umap", layout: "4", control: "argmax" });

  const other = await context.newPage();
  await open(other, page.url());
  expect(await answers(other)).toEqual(await answers(page));
  expect(await marked(other)).toEqual(await marked(page));
  expect(await lensCursor(other)).toBe(await lensCursor(page));
  await expect(other.getByRole("button", { name: "UMAP" })).toHaveAttribute("aria-pressed", "true");
  await expect(other.getByRole("combobox", { name: "UMAP seed" })).toHaveValue("4");
  expect(await column(other, "latent").locator(".control .result .given").innerText()).toBe(await column(page, "latent").locator(".control .result .given").innerText());
});

test("share copies the address; an address that is typed is followed", async ({ page, home, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page, home, probe({ task: "rules", difficulty: 3, seed: 5 }));
  await page.getByRole("button", { name: "share", exact: true }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(page.url());
  await page.evaluate(() => (location.hash = "#/probe?task=pointer-chase&difficulty=2&seed=3&control=pause&layer=999"));
  await expect(page.getByText(/^Which letter lies 2 arrows after \w\?$/)).toBeVisible();
  await settled(page);
  await expect(column(page, "latent").getByRole("heading", { name: "control: a pause token" })).toBeVisible();
  // There are three layers, whatever the address says.
  await expect.poll(() => lensCursor(page)).toMatch(/^layer 3, step 2: /);
});

test("an address of nonsense does no harm", async ({ page, home }) => {
  const nonsense = `#/probe?${new URLSearchParams({ task: "<script>alert(1)</script>", difficulty: "NaN", seed: "1e99", mode: "constructor", step: "99999", layer: "-7", projection: "__proto__", extent: "toString", control: "hasOwnProperty", model: "../../etc/passwd", dtype: "q0", device: "abacus", thoughts: "Infinity", temperature: "-1" })}%`;
  await open(page, home, nonsense);
  await expect(page.getByText("Which letter lies 4 arrows after")).toBeVisible();
  await expect(page.getByText("✓ probe verified")).toBeVisible();
  await expect(page.getByRole("spinbutton", { name: /problem number/ })).toHaveValue("7");
  await expect(page.getByRole("alert")).toHaveCount(0);
  await page.keyboard.press("ArrowLeft");
  await expect(chip(page, "latent", 1)).toHaveAttribute("aria-current", "true");
});
