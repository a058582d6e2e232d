/** WebLLM as the page's engine, with our own library on the software adapter: all modes, other models, and all that can go wrong. */
import type { Page, Worker } from "@playwright/test";
import { formatBytes } from "../src/format.ts";
import type { DecodingMode } from "../probes/trace.ts";
import { configureLibrary, readLibraryConfig } from "../workers/webllm/library/configure.ts";
import { builtLibrary } from "../workers/webllm/library/library.test-support.ts";
import { expect, ready, test } from "./fixtures.ts";
import { commit, FakeHub, hubOrigin, nanoMlcFiles, send, writeFolder } from "./hub.ts";
import { answers, chooseEmbedded, chip, column, loading, open, openKind, probe, saved, settled, stopCounting, verified } from "./pages.ts";

const onWebllm = probe({ engine: "webllm" });
const id = "somebody/nano-q0f32-MLC";

test.use({ allow: { origins: [hubOrigin], errors: [/Failed to load resource/] } });

/** The worker of the engine that answers the question on screen. */
function engineWorker(page: Page): Worker {
  const found = page.workers().filter((worker) => /webllm/.test(worker.url()));
  return found[0]!;
}

async function largestDifference(page: Page, a: Float32Array, mode: DecodingMode): Promise<number> {
  const b = (await saved(page, mode)).trace.activations.residPost.data;
  expect(b.length).toBe(a.length);
  return b.reduce((most, x, i) => Math.max(most, Math.abs(x - a[i]!)), 0);
}

test("one click from transformers.js to WebLLM and back: the same answers, the same hidden states, verified", async ({ page, home }) => {
  await open(page, home);
  const before = await answers(page);
  const states = (await saved(page, "latent")).trace.activations.residPost.data;
  await chooseEmbedded(page, "WebLLM", "float32");
  await expect(page).toHaveURL(/engine=webllm/);
  await expect(page.locator("probe-verdict summary")).toHaveText(/✓ probe verified\s+· TVM instrument/);
  await settled(page);
  expect(await answers(page)).toEqual(before);
  expect(await largestDifference(page, states, "latent")).toBeLessThan(1e-3);
  await expect(page.locator("details.provenance dl")).toContainText("WebLLM 0.2.86");
  await expect(page.locator("footer")).toContainText("WebLLM 0.2.86 · webgpu");

  await chooseEmbedded(page, "WebLLM", "4-bit");
  await expect(page).toHaveURL(/dtype=q4f32_1/);
  await expect(page.locator("details.provenance dl")).toContainText("q4f32_1");
  await settled(page);
  const quantized = await answers(page);
  expect([quantized.cot, quantized.latent]).toEqual([before.cot, before.latent]);

  await chooseEmbedded(page, "transformers.js", "float32");
  await expect(page).not.toHaveURL(/engine=/);
  await expect(page.locator("probe-verdict summary")).toHaveText(/✓ probe verified\s+· graph/);
  await settled(page);
  expect(await answers(page)).toEqual(before);
  // The workers of models that are no longer in use are gone.
  expect(page.workers().filter((worker) => /webllm/.test(worker.url()))).toHaveLength(0);
});

test("an address opens on WebLLM; runs can be stopped and asked again; controls and methods stand beside", async ({ page, home }) => {
  await open(page, home, onWebllm);
  expect((await answers(page)).latent).toBe("g");
  await expect(column(page, "latent").getByText("not trained for this")).toHaveCount(0);
  const again = page.locator("probe-page .player").getByRole("button", { name: "run again" });
  await again.click();
  await page.locator("probe-page .player").getByRole("button", { name: "stop" }).click();
  await expect(again).toBeEnabled();
  await again.click();
  await settled(page);
  expect((await answers(page)).latent).toBe("g");

  await column(page, "latent").getByRole("combobox", { name: /^control/ }).selectOption("pause");
  await expect(column(page, "latent").getByRole("heading", { name: "control: a pause token" })).toBeVisible();
  await settled(page);

  await column(page, "latent").getByRole("combobox", { name: /^thought/ }).selectOption("soft");
  await expect(page).toHaveURL(/thought=soft/);
  await expect(column(page, "latent").getByText("not trained for this")).toBeVisible();
  await settled(page);
  await chip(page, "latent", 1).click();
  await expect(page.locator("#holds")).toContainText(/norm .* × an embedding’s/);
  await expect(page.locator("#holds")).toContainText(/nearest embeddings \S+ [01]/);
});

test("the list of models: what this adapter cannot run is left out and says why; search; sizes are asked of the hub on opening only", async ({ page, home, context }) => {
  const repository = "mlc-ai/SmolLM2-360M-Instruct-q4f32_1-MLC";
  const hub = new FakeHub(repository, await nanoMlcFiles(home));
  await hub.listen(context);
  await open(page, home);
  const dialog = await openKind(page, "WebLLM");
  await expect(dialog).toContainText("huggingface.co");
  await expect(dialog).toContainText("github.com");
  const first = dialog.getByRole("list", { name: "models: to begin with" });
  await expect(first.locator("catalogue-entry")).toHaveCount(4);
  await expect(first.locator("catalogue-entry").first()).toContainText(/SmolLM2-360M-Instruct-q4f32_1\s*580 MB\s*q4f32_1\s*Apache 2.0\s*our library/);
  // SwiftShader has no 16-bit floats.
  const others = dialog.getByRole("list", { name: "models: all others, smallest first" });
  await expect(dialog.locator("catalogue-entry", { hasText: /f16/ })).toHaveCount(0);
  const memory = await others.locator(".memory").allInnerTexts();
  const megabytes = memory.map((text) => Number.parseFloat(text) * (text.endsWith("GB") ? 1000 : 1));
  expect(megabytes.length).toBeGreaterThan(10);
  expect(megabytes).toEqual([...megabytes].sort((a, b) => a - b));
  await dialog.getByRole("checkbox", { name: /^also the/ }).check();
  await expect(dialog.getByRole("list", { name: "models that do not run here" }).locator("li", { hasText: "SmolLM2-360M-Instruct-q4f16_1" })).toContainText("needs 16-bit floats (shader-f16), which this GPU lacks");

  await dialog.getByRole("searchbox", { name: "search" }).fill("smollm2 360 q4f32");
  await expect(dialog.locator("catalogue-entry")).toHaveCount(1);
  expect(hub.asked).toEqual([]);
  await dialog.locator("catalogue-entry summary").click();
  const bytes = [...hub.files.values()].reduce((sum, file) => sum + file.length, 0);
  await expect(dialog.getByRole("button", { name: /^download/ })).toHaveText(`download ${formatBytes(bytes)}`);
  expect(hub.asked.every((path) => path.startsWith("/api/models/"))).toBe(true);
  await dialog.getByRole("button", { name: /^download/ }).click();
  await expect(dialog).toBeHidden();
  await expect(page).toHaveURL(/engine=webllm.*model=mlc-ai%2FSmolLM2/);
  await expect(verified(page)).toBeVisible();
  await settled(page);
  expect((await answers(page)).latent).toBe("g");
});
async function fromHub(page: Page, name = id): Promise<void> {
  const dialog = await openKind(page, "WebLLM");
  await dialog.getByRole("textbox", { name: "any MLC repository" }).fill(name);
  await dialog.getByRole("button", { name: "load", exact: true }).click();
  await expect(dialog).toBeHidden();
}

const shard = "params_shard_0.bin";

test("a download that was interrupted goes on from where it was; stored models are listed and deleted", async ({ page, home, context }) => {
  const hub = new FakeHub(id, await nanoMlcFiles(home));
  await hub.listen(context);
  await open(page, home);
  const before = await answers(page);
  // The weights never come: the reader pauses.
  hub.instead.set(shard, () => new Promise(() => undefined));
  await fromHub(page);
  await expect(loading(page).getByRole("listitem").filter({ hasText: "download" })).toHaveAttribute("aria-current", "step");
  await expect(loading(page)).toContainText(/\d kB of 1\.\d+ MB/);
  await loading(page).getByRole("button", { name: "pause" }).click();
  await expect(loading(page)).toContainText(/Paused\. .* of 1\.\d+ MB are kept in this browser\./);
  hub.instead.clear();
  const asked = hub.asked.length;
  await loading(page).getByRole("button", { name: "resume" }).click();
  await expect(verified(page)).toBeVisible();
  await settled(page);
  expect(await answers(page)).toEqual(before);
  // What had come is not asked for again: the weights alone.
  expect(hub.asked.slice(asked).filter((path) => path.includes("/resolve/"))).toEqual([`/${id}/resolve/${commit}/${shard}`]);

  // Half of the weights, as a page that was closed on the way leaves them.
  const length = await page.evaluate(async (end) => {
    const cache = await caches.open("geodesic-models");
    const key = (await cache.keys()).find(({ url }) => url.endsWith(end))!;
    const bytes = new Uint8Array(await (await cache.match(key))!.arrayBuffer());
    const half = bytes.slice(0, bytes.length / 2);
    await cache.put(key, new Response(half, { headers: { "content-length": String(half.length) } }));
    return half.length;
  }, shard);
  const ranges: (string | undefined)[] = [];
  page.context().on("request", (request) => {
    if (request.url().endsWith(shard)) ranges.push(request.headers()["range"]);
  });
  const dialog = await openKind(page, "stored models");
  const stored = dialog.getByRole("list", { name: "stored models" }).getByRole("listitem");
  await expect(stored).toHaveCount(1);
  await expect(stored).toContainText(id);
  await expect(stored).toContainText(/7\d\d kB of 1\.\d+ MB/);
  await expect(stored).toContainText("partial: a download that can be resumed");
  await expect(stored).toContainText(`revision ${commit.slice(0, 7)}`);
  await stored.getByRole("button", { name: `resume ${id}` }).click();
  await expect(verified(page)).toBeVisible();
  await settled(page);
  expect(ranges).toEqual([`bytes=${length}-`]);
  expect(await answers(page)).toEqual(before);

  await openKind(page, "stored models");
  await expect(stored).toContainText("complete");
  await expect(dialog).toContainText(/1 stored, 1\.\d+ MB in all\. This site may take/);
  await stored.getByRole("button", { name: `delete ${id}` }).click();
  await stored.getByRole("button", { name: "keep" }).click();
  await expect(stored).toHaveCount(1);
  await stored.getByRole("button", { name: `delete ${id}` }).click();
  await stored.getByRole("button", { name: `yes, delete ${id}` }).click();
  await expect(dialog).toContainText("No downloaded model is stored in this browser.");
  expect(await page.evaluate(async () => (await (await caches.open("geodesic-models")).keys()).length)).toBe(0);
});

test("a corrupted shard is refused, and nothing of it is drawn", async ({ page, home, context }) => {
  const hub = new FakeHub(id, await nanoMlcFiles(home));
  await hub.listen(context);
  await open(page, home);
  const altered = Buffer.from(hub.files.get(shard)!);
  altered[altered.length - 9]! ^= 1;
  hub.instead.set(shard, (route) => send(route, altered));
  await fromHub(page);
  await expect(loading(page).getByRole("alert")).toContainText(/expected params_shard_0\.bin with hash [0-9a-f]{64}, got [0-9a-f]{64}/);
  await expect(page.locator("mode-column .given, lens-grid .cell")).toHaveCount(0);
  hub.instead.clear();
  await loading(page).getByRole("button", { name: "load again" }).click();
  await expect(verified(page)).toBeVisible();
  await settled(page);
  expect((await answers(page)).latent).toBe("g");
});

test("a folder of MLC weights from this machine, with a model library of its own, runs on WebLLM", async ({ page, home }, info) => {
  await open(page, home);
  const before = await answers(page);
  const files = await nanoMlcFiles(home, "q4f32_1");
  // With a library of its own: here ours, as someone would have built it for this model.
  const library = configureLibrary(builtLibrary(), readLibraryConfig(JSON.parse(files.get("mlc-chat-config.json")!.toString())));
  const folder = await writeFolder(info.outputPath("nano-mlc"), new Map([...files, ["nano.wasm", Buffer.from(library)]]));
  const dialog = await openKind(page, "WebLLM");
  await dialog.locator('input[type="file"]').setInputFiles(folder);
  await expect(dialog).toBeHidden();
  await expect(page.locator("probe-verdict summary")).toContainText("TVM instrument");
  await expect(page.locator("details.provenance dl")).toContainText("nano.wasm, from the folder");
  await settled(page);
  const after = await answers(page);
  expect([after.cot, after.latent]).toEqual([before.cot, before.latent]);
});

/** What was answered stays, the reason is said, and the model comes back. */
async function comesBack(page: Page, message: RegExp, before: Awaited<ReturnType<typeof answers>>): Promise<void> {
  const alert = loading(page).getByRole("alert");
  await expect(alert).toContainText("The engine stopped.");
  await expect(alert).toContainText(message);
  await expect(alert).not.toContainText("[object");
  await expect(page.getByText("engine stopped", { exact: true })).toBeVisible();
  // The answers of before are still there, and can be looked at.
  expect(await answers(page)).toEqual(before);
  await page.keyboard.press("4");
  await page.keyboard.press("ArrowLeft");
  await expect(page.locator("token-strip:not([hollow]) button[aria-current='true']").first()).toBeVisible();
  await loading(page).getByRole("button", { name: "load again" }).click();
  await expect(verified(page)).toBeVisible();
  await settled(page);
  expect(await answers(page)).toEqual(before);
  await expect(loading(page)).toHaveCount(0);
}

test("a worker that is killed: the page says so, keeps what it has, and loads again", async ({ page, home }) => {
  await open(page, home, onWebllm);
  const before = await answers(page);
  await Promise.all(page.workers().filter((worker) => /webllm/.test(worker.url())).map((worker) => worker.evaluate(() => self.close()).catch(() => undefined)));
  await comesBack(page, /worker: expected the webllm engine to keep running, got its end by the browser/, before);
});

test("a transformers.js worker that is killed, too", async ({ page, home }) => {
  await open(page, home);
  const before = await answers(page);
  await Promise.all(page.workers().filter((worker) => /transformers/.test(worker.url())).map((worker) => worker.evaluate(() => self.close()).catch(() => undefined)));
  await comesBack(page, /worker: expected the transformers engine to keep running/, before);
});

test.describe("a GPU that goes away", () => {
  // WebLLM writes what it calls the reason.
  test.use({ allow: { errors: [/Device was lost\. .*\[object GPUDeviceLostInfo\]/] } });

  test("a device that is lost: the reason is said, the runs stay, and the model loads again", async ({ page, home }) => {
    // Every device that a worker is given can be reached from outside.
    page.on("worker", (worker) => {
      void worker
        .evaluate(() => {
          const { prototype } = GPUAdapter;
          const request = prototype.requestDevice;
          prototype.requestDevice = async function (this: GPUAdapter, descriptor?: GPUDeviceDescriptor) {
            const device = await request.call(this, descriptor);
            (globalThis as unknown as { given: GPUDevice }).given = device;
            return device;
          };
        })
        .catch(() => undefined);
    });
    await page.goto(`${home}${onWebllm}`);
    await ready(page);
    await settled(page);
    await stopCounting(page);
    const before = await answers(page);
    await engineWorker(page).evaluate(() => (globalThis as unknown as { given: GPUDevice }).given.destroy());
    // Nobody asks a GPU that does nothing: the next question finds out.
    await page.locator("probe-page .player").getByRole("button", { name: "run again" }).click();
    await comesBack(page, /the GPU was lost \(.+\); load the model again/, before);
  });
});
