/** A model of natural language: tasks in plain English, and thoughts that no one trained it for. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pack } from "../models/pack.ts";
import { randomLlama, writeHuggingFaceFolder } from "../models/random-llama.ts";
import { ballSwaps } from "../probes/tasks/language/ball-swaps.ts";
import { tasks } from "../probes/tasks/index.ts";
import { expect, test } from "./fixtures.ts";
import { chooseEmbedded, column, modes, open, openKind, settled } from "./pages.ts";

/** Enough to be taken for a natural language's. */
const vocabSize = 1100;
/** As the page draws the first problem of the first task. */
const problem = ballSwaps.draw(7, { difficulty: ballSwaps.difficulty.initial, shots: ballSwaps.shots!.initial, variant: null });

/** A random model whose words are those of the prompts, packed for both engines. */
async function speaker(folder: string): Promise<string> {
  const words = modes.flatMap((mode) => {
    const { context, question, cue, thinking } = ballSwaps.prompt(problem, mode);
    return [context, question, cue, thinking.kind === "text" ? thinking.stop : ""].join(" ").split(/\s+/);
  });
  const known = [...new Set(["<unk>", ...words.filter((word) => word !== "")])];
  const vocab = Object.fromEntries([...known, ...Array.from({ length: vocabSize - known.length }, (_, i) => `word${i}`)].map((word, id) => [word, id]));
  const source = join(folder, "source");
  await writeHuggingFaceFolder(randomLlama({ vocabSize, contextLength: 1024, eos: [vocabSize - 1] }), source);
  const tokenizer = JSON.parse(await readFile(join(source, "tokenizer.json"), "utf8")) as { model: object };
  await writeFile(join(source, "tokenizer.json"), JSON.stringify({ ...tokenizer, model: { type: "WordLevel", vocab, unk_token: "<unk>" } }));
  const out = join(folder, "speaker");
  await mkdir(out, { recursive: true });
  await pack(source, out, { dtypes: ["fp32"], mlc: [] });
  return out;
}

test("it is asked in plain English, thinks by a method that needs no training, and that is said", async ({ page, home, shot }, info) => {
  await open(page, home);
  const dialog = await openKind(page, "transformers.js");
  await dialog.locator('input[type="file"]').setInputFiles(await speaker(info.outputPath("models")));
  await expect(page.locator("model-picker")).toContainText("speaker");
  await expect(page.getByText(ballSwaps.sentence(problem))).toBeVisible();
  await settled(page);
  const task = page.getByRole("combobox", { name: "task" });
  await expect(task.getByRole("option")).toHaveText(tasks.filter(({ language }) => language).map(({ title }) => title));
  await expect(page).toHaveURL(/task=ball-swaps/);
  await expect(page.locator("problem-picture li")).toHaveCount(problem.swaps.length);
  await shot("language");

  const latent = column(page, "latent");
  const method = latent.getByRole("combobox", { name: /^thought/ });
  await expect(method).toHaveValue("rescaled");
  await expect(latent.getByText("not trained for this")).toBeVisible();
  // Rescaled means: as long as an embedding.
  await expect(latent).toContainText("norm 1 × an embedding’s");
  for (const other of ["hidden", "soft", "gumbel", "mixture", "switch"]) {
    await method.selectOption(other);
    await settled(page);
    await expect(latent.getByText("not trained for this")).toBeVisible();
    await expect(latent.locator(".error")).toHaveCount(0);
    await expect(latent.locator(".result .given").first()).toBeVisible();
  }
  for (const mode of modes) await expect(column(page, mode).locator(".error")).toHaveCount(0);

  // The embedded model is asked its own questions again.
  await chooseEmbedded(page, "transformers.js", "float32");
  await expect(task.getByRole("option")).toHaveText(tasks.filter(({ language }) => !language).map(({ title }) => title));
  await settled(page);
  await expect(latent.getByText("not trained for this")).toBeVisible();
  await method.selectOption("hidden");
  await settled(page);
  await expect(latent.getByText("not trained for this")).toHaveCount(0);
  await expect(page.getByText(/^Which letter lies \d arrows? after \w\?$/)).toBeVisible();
});
