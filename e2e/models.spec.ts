/** Other models: 4-bit, from the hub, from a folder; and all that can go wrong on the way. */
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures.ts";
import { commit, FakeHub, hubOrigin, nanoFiles, send, status, writeFolder } from "./hub.ts";
import { answers, chooseEmbedded, modes, column, loading, open, openKind, picker, settled, verified } from "./pages.ts";

const id = "somebody/nano";

async function fromHub(page: Page, name = id): Promise<void> {
  const dialog = await openKind(page, "transformers.js");
  await dialog.getByRole("textbox", { name: "repository" }).fill(name);
  await dialog.getByRole("button", { name: "load" }).click();
  await expect(dialog).toBeHidden();
}

async function fromFolder(page: Page, folder: string): Promise<void> {
  const dialog = await openKind(page, "transformers.js");
  await dialog.locator('input[type="file"]').setInputFiles(folder);
  await expect(dialog).toBeHidden();
}

/** Nothing of a model that did not pass is drawn; the page can be used, and the embedded model is one click away. */
async function refused(page: Page, message: RegExp, expected: Awaited<ReturnType<typeof answers>>): Promise<void> {
  await expect(loading(page).getByRole("alert")).toContainText(message);
  await expect(page.getByText("probe not verified: no numbers are drawn from this model")).toBeVisible();
  await expect(page.locator("mode-column .given, lens-grid .cell, trajectory-plot .key .mark:not(.plain)")).toHaveCount(0);
  await page.getByRole("button", { name: "back to the embedded model" }).click();
  await expect(verified(page)).toBeVisible();
  await settled(page);
  await expect(loading(page)).toHaveCount(0);
  expect(await answers(page)).toEqual(expected);
}

test("nano in 4 bits: loads, is verified, answers", async ({ page, home }) => {
  await open(page, home);
  const before = await answers(page);
  await chooseEmbedded(page, "transformers.js", "4-bit");
  await expect(page).toHaveURL(/dtype=q4/);
  await expect(page.locator("details.provenance dl")).toContainText("q4");
  await expect(verified(page)).toBeVisible();
  await settled(page);
  const after = await answers(page);
  expect([after.cot, after.latent]).toEqual([before.cot, before.latent]);
  await expect(page.locator("model-picker")).toContainText("4-bit");
});

test.describe("the hub", () => {
  test.use({ allow: { origins: [hubOrigin], errors: [/Failed to load resource/] } });

  test("a model by name: resolved to a commit, verified byte by byte, and the same numbers as the embedded one", async ({ page, home, context }) => {
    const hub = new FakeHub(id, await nanoFiles(home));
    await hub.listen(context);
    await open(page, home);
    expect(hub.asked).toEqual([]);
    const before = await answers(page);
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    hub.instead.set("onnx/model.onnx", async (route) => {
      await held;
      await send(route, hub.files.get("onnx/model.onnx")!);
    });
    await fromHub(page);
    // What came so far, of what will come, in bytes.
    await expect(loading(page).locator("progress-line")).toContainText(new RegExp(`downloading ${id}.*\\d kB of 1\\.5\\d MB`, "s"));
    letGo();
    await expect(verified(page)).toBeVisible();
    await settled(page);
    expect(await answers(page)).toEqual(before);
    expect(hub.asked.slice(2).every((path) => path.startsWith(`/${id}/resolve/${commit}/`))).toBe(true);
    await expect(page.locator("details.provenance dl")).toContainText(commit);
    await expect(page).toHaveURL(/model=somebody%2Fnano/);

    // Verified files stay in the browser: a second visit asks for the list alone.
    const count = hub.asked.length;
    await page.reload();
    await expect(verified(page)).toBeVisible();
    await settled(page);
    expect(hub.asked.slice(count)).toEqual([`/api/models/${id}/revision/main`, `/api/models/${id}/tree/${commit}`]);
    expect(await answers(page)).toEqual(before);
    await chooseEmbedded(page, "transformers.js", "float32");
    await expect(page).not.toHaveURL(/model=/);
    await expect(verified(page)).toBeVisible();
    await settled(page);
    expect(await answers(page)).toEqual(before);
  });

  test("whatever goes wrong is said in words, and nothing of it is drawn", async ({ page, home, context }) => {
    const hub = new FakeHub(id, await nanoFiles(home));
    await hub.listen(context);
    await open(page, home);
    const before = await answers(page);
    const weights = hub.files.get("onnx/model.onnx")!;
    const altered = Buffer.from(weights);
    altered[weights.length - 9]! ^= 1;
    const cases: readonly [string, Parameters<typeof hub.instead.set>[1], RegExp][] = [
      ["revision/main", (route) => route.abort("internetdisconnected"), /expected an answer from huggingface\.co, got none; check the connection or drop a local folder/],
      ["revision/main", status(404), /404, not found; check the name and the revision/],
      ["revision/main", status(401), /401, access denied/],
      [`tree/${commit}`, (route) => send(route, "<html>"), /expected JSON/],
      ["tokenizer.json", (route) => send(route, Buffer.from(hub.files.get("tokenizer.json")!.map((byte) => byte ^ 1))), /expected tokenizer\.json with hash/],
      ["onnx/model.onnx", (route) => send(route, altered), /expected onnx\/model\.onnx with hash [0-9a-f]{64}, got [0-9a-f]{64}/],
      ["onnx/model.onnx", (route) => send(route, weights.subarray(0, 100_000)), /expected 1\d+ bytes of onnx\/model\.onnx, got 100000/],
      ["onnx/model.onnx", (route) => route.abort("connectionreset"), /expected an answer from huggingface\.co, got none/],
    ];
    for (const [end, instead, message] of cases) {
      hub.instead.clear();
      hub.instead.set(end, instead);
      // What was verified is kept, and would not be asked for again.
      await page.evaluate(() => caches.delete("geodesic-models"));
      await fromHub(page);
      await refused(page, message, before);
    }
  });

  test("a slow download can be stopped, and begun again", async ({ page, home, context }) => {
    const hub = new FakeHub(id, await nanoFiles(home));
    await hub.listen(context);
    await open(page, home);
    hub.instead.set("onnx/model.onnx", () => new Promise(() => undefined));
    await fromHub(page);
    await expect(loading(page).locator("progress-line")).toContainText("downloading");
    await loading(page).getByRole("button", { name: "pause" }).click();
    await expect(loading(page)).toContainText(/Paused\. .* of 1\.5\d MB are kept in this browser\./);
    hub.instead.clear();
    await loading(page).getByRole("button", { name: "resume" }).click();
    await expect(verified(page)).toBeVisible();
    await settled(page);
    for (const mode of modes) await expect(column(page, mode).locator(".given").first()).toBeVisible();
  });

  test("a name that is none is not sent", async ({ page, home, context }) => {
    const hub = new FakeHub(id, new Map());
    await hub.listen(context);
    await open(page, home);
    const dialog = await openKind(page, "transformers.js");
    await dialog.getByRole("textbox", { name: "repository" }).fill("not a name");
    await dialog.getByRole("button", { name: "load" }).click();
    await expect(picker(page)).toBeVisible();
    expect(hub.asked).toEqual([]);
  });
});

test("a folder of this machine: loads, is verified, answers; one that cannot be probed is refused", async ({ page, home }, info) => {
  const files = await nanoFiles(home);
  await open(page, home);
  const before = await answers(page);
  await fromFolder(page, await writeFolder(info.outputPath("whole"), files));
  await expect(page.locator("model-picker")).toContainText("whole");
  await expect(page.locator("details.provenance summary")).toBeVisible();
  await expect(verified(page)).toBeVisible();
  await settled(page);
  expect(await answers(page)).toEqual(before);

  const config = Buffer.from(files.get("config.json")!.toString().replace(/"num_hidden_layers":\s*\d+/, '"num_hidden_layers": 24'));
  const model = files.get("onnx/model.onnx")!;
  const severed = Buffer.from(model.toString("latin1").replaceAll("SimplifiedLayerNormalization", "SimplifiedLayerNormalisation"), "latin1");
  const cases: readonly [string, Parameters<typeof writeFolder>[1], RegExp][] = [
    ["deeper", new Map([...files, ["config.json", config]]), /residual stream: expected .*24 layers/],
    ["severed", new Map([...files, ["onnx/model.onnx", severed]]), /residual stream: expected .*cannot be probed/],
    ["cut", new Map([...files, ["onnx/model.onnx", model.subarray(0, 1_000_000)]]), /expected .*, got .*/],
    ["without-config", new Map([...files].filter(([path]) => path !== "config.json")), /expected config\.json among the files/],
    ["without-weights", new Map([...files].filter(([path]) => !path.endsWith(".onnx"))), /expected .* got no ONNX file/],
  ];
  for (const [name, content, message] of cases) {
    await fromFolder(page, await writeFolder(info.outputPath(name), content));
    await refused(page, message, before);
  }
});
