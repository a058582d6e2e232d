/** The main job: a question, four ways of thinking, and everything that lies behind the numbers. */
import type { Page } from "@playwright/test";
import { task } from "../probes/tasks/index.ts";
import type { PointerChaseProblem, ReachabilityProblem, RulesProblem } from "../probes/tasks/index.ts";
import { formatNumber, formatPercent } from "../src/format.ts";
import { holdsInWords, ringLabel } from "../src/views/picture/thought-ring.ts";
import { expect, test } from "./fixtures.ts";
import { answer, answers, chip, column, fill, lensCursor, marked, modes, open, panel, probe, read, saved, settled, slide, strip, tableOf } from "./pages.ts";

const chase = task("pointer-chase").draw(7, { difficulty: 4, shots: 3, variant: null }) as PointerChaseProblem;

/** The path, walked here along the arrows and nowhere else. */
function walk({ edges, start, hops }: PointerChaseProblem): string[] {
  const next = new Map(edges.map(([from, to]) => [from, to]));
  const path = [start];
  while (path.length <= hops) path.push(next.get(path.at(-1)!)!);
  return path;
}

test("opens with a real run: four answers, the right ones said to be right, by number and word", async ({ page, home }) => {
  await open(page, home);
  await expect(page.getByText("The same question, four ways of thinking. Watch where the model’s hidden state goes.")).toBeVisible();
  await expect(page.getByText(`Which letter lies 4 arrows after ${chase.start}?`)).toBeVisible();
  await expect(page.getByText("✓ probe verified")).toBeVisible();
  const right = walk(chase).at(-1)!;
  for (const mode of modes) {
    const { trace } = await saved(page, mode);
    expect(trace.mode).toBe(mode);
    expect(trace.problem).toEqual({ task: "pointer-chase", seed: 7, difficulty: 4, shots: 3, variant: null });
    expect(trace.answer.expected).toBe(right);
    expect(await answer(page, mode)).toBe(trace.answer.text);
    expect(trace.answer.correct).toBe(trace.answer.text === right);
    await expect(column(page, mode)).toContainText(trace.answer.correct ? "✓ right" : `✗ wrong`);
    if (!trace.answer.correct) await expect(column(page, mode)).toContainText(`should be ${right}`);
    // The number on the page is the model's, and the lens's last layer says the same.
    const p = Math.exp(trace.answer.expectedLogprob!);
    await expect(column(page, mode)).toContainText(`p(${right}) ${formatPercent(p)}`);
    expect(trace.lens!.answerLogprob.data.at(-1)!).toBeCloseTo(trace.answer.expectedLogprob!, 3);
    const passes = 1 + trace.steps.filter((step) => step.phase !== "prompt").length;
    await expect(column(page, mode)).toContainText(`${passes} pass`);
  }
  const given = await answers(page);
  expect([given.cot, given.latent]).toEqual([right, right]);
});

test("the chain of thought writes the path; the latent loop carries the same one, unwritten", async ({ page, home }) => {
  await open(page, home);
  const path = walk(chase);
  for (let step = 1; step <= 4; step++) {
    await expect(chip(page, "cot", step)).toHaveText(path[step]!);
    await expect(chip(page, "latent", step)).toHaveAccessibleName(new RegExp(`^thought ${step} ${path[step]!}, holds ${path[step]!} \\d+ %`));
    await expect(chip(page, "latent", step).locator("svg .slice")).not.toHaveCount(0);
  }
  const { trace } = await saved(page, "latent");
  const thoughts = trace.steps.filter((step) => step.phase === "thought");
  expect(thoughts.map((step) => step.token)).toEqual([null, null, null, null]);
  for (const [i, step] of thoughts.entries()) await expect(chip(page, "latent", i + 1)).toHaveAccessibleName(`thought ${i + 1} ${ringLabel(step.holds!)}, holds ${holdsInWords(step.holds!)}`);
  await expect(page.locator("problem-picture svg")).toHaveAccessibleName(new RegExp(`the path from ${chase.start}: ${path.slice(0, 3).join(", ")}$`));
});

test("keys move one selection through every view", async ({ page, home }) => {
  await open(page, home);
  const entropy = page.locator("#measure-entropy").locator(".below");
  expect(await marked(page)).toEqual({ direct: null, icl: null, cot: "2", latent: "2" });
  expect(await lensCursor(page)).toMatch(/^layer 3, step 2: /);
  const before = await entropy.innerText();

  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => marked(page)).toEqual({ direct: null, icl: null, cot: "1", latent: "1" });
  expect(await lensCursor(page)).toMatch(/^layer 3, step 1: /);
  await expect(entropy).not.toHaveText(before);
  await page.keyboard.press("ArrowLeft");
  await expect.poll(() => marked(page)).toEqual({ direct: "0", icl: "0", cot: "0", latent: "0" });
  await expect(page.locator("problem-picture svg")).toHaveAccessibleName(new RegExp(`the path from ${chase.start}: ${chase.start}$`));

  await page.keyboard.press("ArrowDown");
  await expect.poll(() => lensCursor(page)).toMatch(/^layer 2, step 0: /);
  await expect(page.getByRole("slider", { name: "layer" })).toHaveValue("2");
  for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowUp");
  await expect.poll(() => lensCursor(page)).toMatch(/^layer 3, step 0: /);

  for (const [i, mode] of modes.entries()) {
    await page.keyboard.press(String(i + 1));
    await expect(column(page, mode).getByRole("button", { pressed: true })).toBeVisible();
    await expect(page.locator(`lens-grid[mode="${mode}"]`)).toBeVisible();
  }
  await page.keyboard.press("m");
  await expect(page.locator('lens-grid[mode="direct"]')).toBeVisible();

  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "pause" })).toBeVisible();
  await expect(chip(page, "latent", 5)).toHaveClass(/future/);
  await expect(chip(page, "latent", 2)).toHaveAttribute("aria-current", "true");
  await page.keyboard.press("Space");
  await expect(page.getByRole("button", { name: "play", exact: true })).toBeVisible();

  await page.keyboard.press("Shift+?");
  await expect(page.getByRole("dialog", { name: "help" })).toBeVisible();
  await page.keyboard.press("n");
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "help" })).toBeHidden();
  const seed = page.getByRole("spinbutton", { name: /problem number/ });
  await expect(seed).toHaveValue("7");
  await page.keyboard.press("n");
  await expect(seed).not.toHaveValue("7");
  await settled(page);
  const drawn = task("pointer-chase").draw(Number(await seed.inputValue()), { difficulty: 4, shots: 3, variant: null }) as PointerChaseProblem;
  expect(await answer(page, "cot")).toBe(walk(drawn).at(-1));
});

test("the measures at the cursor are those of the trace, and their tables hold every step", async ({ page, home }) => {
  await open(page, home);
  const { trace } = await saved(page, "latent");
  const origin = trace.steps.findLastIndex((step) => step.phase === "prompt");
  const entropy = page.locator("#measure-entropy");
  const { head, rows } = await tableOf(entropy);
  const latent = head.findIndex((cell) => cell.startsWith("latent loop"));
  expect(head[latent]).toContain("nats");
  for (const row of rows) {
    const step = trace.steps[read(row[0]!) + origin];
    if (step && step.index >= trace.questionStart) expect(row[latent]).toBe(formatNumber(step.entropy));
  }
  for (const step of [1, 3]) {
    await chip(page, "latent", step).click();
    await expect(entropy.locator(".readout")).toContainText(`latent loop ${formatNumber(trace.steps[step + origin]!.entropy)}`);
    await expect(page.locator("#measure-answer-probability").locator(".readout")).toContainText(`latent loop ${formatNumber(Math.exp(trace.steps[step + origin]!.answerLogprob!))}`);
  }
  // Turning angles are angles; the step length is that of the hidden states themselves, at the chosen layer.
  const angles = await tableOf(page.locator("#measure-turning-angle"));
  for (const row of angles.rows) for (const cell of row.slice(1)) if (cell !== "–") expect([read(cell) >= 0 && read(cell) <= Math.PI + 0.01, cell]).toEqual([true, cell]);
  const lengths = await tableOf(page.locator("#measure-step-length"));
  const { residPost } = trace.activations;
  const [, layers = 0, width = 0] = residPost.shape;
  const state = (index: number): Float32Array => residPost.data.subarray((index * layers + 3) * width, (index * layers + 4) * width);
  const row = lengths.rows.find((cells) => read(cells[0]!) === 2)!;
  const far = Math.hypot(...state(origin + 2).map((x, i) => x - state(origin + 1)[i]!));
  expect(read(row[latent]!)).toBeCloseTo(far, 1);
});

test("a hover and a click select: chips, lens cells, buttons of the player", async ({ page, home }) => {
  await open(page, home);
  await chip(page, "cot", 3).hover();
  await expect(chip(page, "cot", 3)).toHaveAttribute("aria-current", "true");
  await expect(chip(page, "latent", 3)).toHaveAttribute("aria-current", "true");
  await expect(page.locator('lens-grid[mode="cot"]')).toBeVisible();
  await expect(panel(page, "What does each step hold?")).toContainText(`step 3 reads “${walk(chase)[3]}” and would say next`);

  await chip(page, "latent", 2).hover();
  await expect(panel(page, "What does each step hold?")).toContainText("thought 2: the vector that was fed in reads out as");
  await expect(page.locator("token-bars svg")).toHaveAccessibleName(new RegExp(`^${walk(chase)[2]} `));

  await page.locator("lens-grid .hit").filter({ hasText: /^layer 1, step 4: / }).click();
  await expect.poll(() => lensCursor(page)).toMatch(/^layer 1, step 4: /);
  await expect(page.getByRole("slider", { name: "layer" })).toHaveValue("1");
  await expect(chip(page, "cot", 4)).toHaveAttribute("aria-current", "true");
  await page.getByRole("button", { name: "step back" }).click();
  await expect(page.getByText("step 3 of 5")).toBeVisible();
});

test("the projection: exact PCA by layer, with variance and trust", async ({ page, home }) => {
  await open(page, home);
  const trajectory = panel(page, "Where does the hidden state go?");
  await expect(trajectory).toContainText("exact PCA of all runs together");
  await expect(trajectory.locator("picture-quality")).toContainText(/trustworthiness 0\.\d+ over \d+ neighbours\s*continuity 0\.\d+\s*stress 0\.\d+\s*geodesic correlation 0\.\d+/);
  const seen = new Set<string>();
  for (const layer of [3, 2, 1, 0]) {
    await slide(page.getByRole("slider", { name: "layer" }), layer);
    await expect.poll(async () => (await tableOf(trajectory)).head.join(), { message: `layer ${layer}` }).not.toMatch(new RegExp(`^(${[...seen].join("|") || "nothing"})$`));
    const { head } = await tableOf(trajectory);
    seen.add(head.join());
    const shares = head.slice(-2).map((cell) => Number(/· ([\d.]+) % of variance/.exec(cell)?.[1]));
    expect(shares[0]).toBeGreaterThanOrEqual(shares[1]!);
    expect(shares[0]! + shares[1]!).toBeLessThanOrEqual(101);
    await expect(page).toHaveURL(layer === 3 ? /#/ : new RegExp(`layer=${layer}`));
  }
  const rows = async (extent: string): Promise<number> => {
    await page.getByRole("combobox", { name: "first step drawn" }).selectOption(extent);
    await expect(page).toHaveURL(extent === "thinking" ? /#/ : new RegExp(`extent=${extent}`));
    return (await tableOf(trajectory)).rows.length;
  };
  const thinking = await rows("thinking");
  await expect.poll(() => rows("question")).toBeGreaterThan(thinking);
  const question = await rows("question");
  await expect.poll(() => rows("all")).toBeGreaterThan(question);
  const phases = new Set((await tableOf(trajectory)).rows.map((row) => row[2]));
  expect(phases).toEqual(new Set(["prompt", "thought", "answer"]));
});

test("UMAP: progress by epoch, can be stopped, another seed is another layout, the same seed the same", async ({ page, home }) => {
  await open(page, home);
  const trajectory = panel(page, "Where does the hidden state go?");
  const layout = async (): Promise<string> => (await tableOf(trajectory)).rows.map((row) => row.slice(-2).join()).join(" ");
  const seed = page.getByRole("combobox", { name: "UMAP seed" });
  const done = (n: number) => expect(page.locator("#trajectory .caption")).toHaveText(new RegExp(`UMAP, seed ${n}, 500 epochs: only neighbourhoods mean something, not distances`));
  await page.getByRole("button", { name: "UMAP" }).click();
  await expect(page).toHaveURL(/projection=umap/);
  await done(1);
  const first = await layout();
  await seed.selectOption("2");
  await done(2);
  const second = await layout();
  expect(second).not.toBe(first);
  await seed.selectOption("1");
  await done(1);
  expect(await layout()).toBe(first);

  // With all tokens of all runs there is time to stop it; the page itself waits for the bar, since it is gone in a moment.
  const stopped = page.evaluate(
    () =>
      new Promise<string>((done) => {
        const look = (): void => {
          const bar = document.querySelector("geodesic-app")?.shadowRoot?.querySelector("probe-page")?.shadowRoot?.querySelector("trajectory-panel")?.shadowRoot?.querySelector("#trajectory progress-line")?.shadowRoot;
          const button = bar?.querySelector("button");
          if (!bar || !button) return void requestAnimationFrame(look);
          done(bar.textContent ?? "");
          button.click();
        };
        look();
      }),
  );
  await page.getByRole("combobox", { name: "first step drawn" }).selectOption("all");
  expect(await stopped).toMatch(/UMAP epochs[^]*\d+ of 500/);
  await expect(trajectory.locator("progress-line")).toHaveCount(0);
  await expect(page.locator("#trajectory .caption")).toHaveText(/UMAP, seed 1, stopped after \d+ epochs/);
  await expect(trajectory.getByRole("alert")).toHaveCount(0);
  await page.getByRole("button", { name: "PCA" }).click();
  await expect(trajectory).toContainText("exact PCA");
});

test("each control stands beside the latent loop with an answer of its own", async ({ page, home }) => {
  await open(page, home);
  const latent = column(page, "latent");
  const select = latent.getByRole("combobox", { name: /^control/ });
  const own = await answer(page, "latent");
  const given: Record<string, string> = {};
  for (const control of ["none", "pause", "random", "swapped", "argmax", "noise"]) {
    await select.selectOption(control);
    const words = await select.locator(`option[value="${control}"]`).innerText();
    await expect(latent.getByRole("heading", { name: `control: ${words}` })).toBeVisible();
    await expect(latent.locator(".control .result .given")).toBeVisible();
    given[control] = await latent.locator(".control .result .given").innerText();
    await expect(latent.locator(".control .verdict")).toHaveText(given[control] === walk(chase).at(-1) ? "✓ right" : "✗ wrong");
    await expect(latent.locator("token-strip[hollow] button.latent")).toHaveCount(control === "none" ? 0 : 4);
    await expect(page).toHaveURL(new RegExp(`control=${control}`));
  }
  expect(await answer(page, "latent")).toBe(own);
  // In pointer chase the thought is what it reads out as; without it, or with another's, nothing is left.
  expect(given["argmax"]).toBe(own);
  expect([given["none"], given["random"], given["swapped"]]).not.toContain(own);
  await expect(panel(page, "Where does the hidden state go?").locator(".legend")).toContainText("control");
  await select.selectOption("hidden");
  await expect(latent.getByRole("heading", { name: /^control:/ })).toHaveCount(0);
});

test("the control that was chosen last is the one that is shown, however fast they are chosen", async ({ page, home }) => {
  await open(page, home);
  await column(page, "latent").getByRole("combobox", { name: /^control/ }).evaluate((select) => {
    for (const control of ["random", "noise", "pause"]) {
      (select as HTMLSelectElement).value = control;
      select.dispatchEvent(new Event("change", { bubbles: true }));
    }
  });
  await settled(page);
  await expect(column(page, "latent").getByRole("heading", { name: "control: a pause token" })).toBeVisible();
  await expect(column(page, "latent").locator(".control .result .given")).toBeVisible();
});

test("reachability: a thought holds both branches of its level at once", async ({ page, home }) => {
  await open(page, home, probe({ task: "reachability", difficulty: 3, seed: 7 }));
  const { frontier, answer: right } = task("reachability").draw(7, { difficulty: 3, shots: 3, variant: null }) as ReachabilityProblem;
  const { trace } = await saved(page, "latent");
  const thoughts = trace.steps.filter((step) => step.phase === "thought");
  for (const [i, level] of frontier.entries()) {
    const label = (await chip(page, "latent", i + 1).getAttribute("aria-label"))!;
    const [first, second] = [...label.matchAll(/(\w) (\d+) %/g)];
    expect(new Set([first?.[1], second?.[1]])).toEqual(new Set(level));
    expect(Number(second![2])).toBeGreaterThan(20);
    expect(Number(first![2])).toBe(Math.round(100 * Math.exp(thoughts[i]!.holds![0]!.logprob)));
    await expect(chip(page, "latent", i + 1).locator(".ring-text")).toHaveText(`${first![1]}${second![1]}`);
  }
  expect(await answer(page, "latent")).toBe(right);
  expect(await answer(page, "cot")).toBe(right);
});

test("rules: the chain of thought names the rule; more examples, better answers", async ({ page, home }) => {
  await open(page, home, probe({ task: "rules", difficulty: 6, seed: 7 }));
  const { rule, answer: right, shots } = task("rules").draw(7, { difficulty: 6, shots: 3, variant: "in-distribution" }) as RulesProblem;
  await expect(chip(page, "cot", 1)).toHaveText(`<r${rule}>`);
  expect(await answer(page, "cot")).toBe(right);
  await expect(page.locator("problem-picture svg")).toHaveAccessibleName(new RegExp(`solved examples: ${shots[0]![0]} gives ${shots[0]![1]}`));
  await page.getByRole("combobox", { name: "rule", exact: true }).selectOption("fresh-rule");
  await settled(page);
  await expect(page).toHaveURL(/variant=fresh-rule/);
  const fresh = await saved(page, "icl");
  expect(fresh.trace.problem?.variant).toBe("fresh-rule");
  await slide(page.getByRole("slider", { name: "shots" }), 2);
  await expect(page.getByText(/^If \w is \d, \w is \d, which label has \w\?$/)).toBeVisible();
  await settled(page);
  await expect.poll(async () => (await saved(page, "icl")).trace.problem?.difficulty).toBe(2);
});

test("hops, shots and thoughts ask again", async ({ page, home }) => {
  await open(page, home);
  await slide(page.getByRole("slider", { name: "hops" }), 2);
  await expect(page.getByText(`Which letter lies 2 arrows after`)).toBeVisible();
  await settled(page);
  await expect(strip(page, "latent").locator("button.latent")).toHaveCount(2);
  const two = task("pointer-chase").draw(7, { difficulty: 2, shots: 3, variant: null }) as PointerChaseProblem;
  expect(await answer(page, "cot")).toBe(walk(two).at(-1));
  const tokens = async () => Number(/^(\d+) tokens/.exec(await strip(page, "icl").locator("button.context").innerText())?.[1]);
  const three = await tokens();
  await slide(page.getByRole("slider", { name: "shots" }), 1);
  await settled(page);
  await expect.poll(tokens).toBeLessThan(three);
  await slide(page.getByRole("slider", { name: "thoughts" }), 1);
  await settled(page);
  await expect(strip(page, "latent").locator("button.latent")).toHaveCount(1);
  await expect(column(page, "latent")).toContainText("feeds its own hidden state back, once");
  await expect(page).toHaveURL(/difficulty=2.*thoughts=1/);
  // The folded context opens to its tokens, and each can be chosen.
  await strip(page, "direct").locator("button.context").click();
  await expect(strip(page, "direct").locator("button.prompt").first()).toHaveText("<bos>");
});

test.describe("prompts of one's own", () => {
  const type = async (page: Page, prompt: string, expected = ""): Promise<void> => {
    const editor = page.locator("prompt-editor");
    if ((await editor.locator("details[open]").count()) === 0) await editor.locator("summary").click();
    for (const mode of modes) await editor.locator(`textarea[name="${mode}-question"]`).fill(mode === "cot" ? prompt.replace("<direct>", "<cot>") : mode === "latent" ? prompt.replace("<direct>", "<latent>").replace(" <ans>", "") : prompt);
    await fill(editor.locator('input[name="expected"]'), expected);
    await editor.getByRole("button", { name: "run these prompts" }).click();
    await settled(page);
  };
  const edges = chase.edges.flat().join(" ");
  const oneHop = `<bos> <hop> ${edges} <direct> 1 ${chase.start} <ans>`;

  test("what was typed runs in all four modes, and the task comes back", async ({ page, home }) => {
    await open(page, home);
    await expect(page.locator('prompt-editor textarea[name="direct-question"]')).toHaveValue(new RegExp(`<direct> 4 ${chase.start} <ans>$`));
    const next = walk(chase)[1]!;
    await type(page, oneHop, next);
    await expect(page.getByText("Your own prompts.")).toBeVisible();
    for (const mode of modes) await expect(column(page, mode).locator(".result .given")).toHaveText(/^\w$/);
    expect(await answer(page, "direct")).toBe(next);
    expect((await saved(page, "direct")).trace.problem).toBeNull();
    await expect(page).not.toHaveURL(new RegExp(encodeURIComponent("<direct>")));
    await page.getByRole("button", { name: "back to the task" }).click();
    // The answers of before stand there until the new runs begin.
    await expect.poll(() => answer(page, "cot")).toBe(walk(chase).at(-1));
  });

  test("what cannot be run is said in words, in its column, and the page goes on", async ({ page, home }) => {
    await open(page, home);
    await type(page, `${oneHop} wombat`);
    for (const mode of modes) await expect(column(page, mode).getByRole("alert")).toContainText("wombat");
    await type(page, "a ".repeat(400).trim());
    for (const mode of modes) await expect(column(page, mode).getByRole("alert")).toContainText(/expected at most \d+ positions, the model's context, got 4\d\d/);
    await type(page, "");
    await expect(column(page, "direct").getByRole("alert")).toContainText("expected a prompt, got an empty one");
    await type(page, oneHop);
    await expect(column(page, "direct").getByRole("alert")).toHaveCount(0);
    expect(await answer(page, "direct")).toBe(walk(chase)[1]);
    // Nothing was expected, so nothing is said to be right or wrong.
    await expect(column(page, "direct").locator(".verdict")).toHaveCount(0);
    await page.keyboard.press("Escape");
  });

  test("text is text, whatever it looks like", async ({ page, home }) => {
    const markup = "<img src=x onerror=globalThis.intruder=1>";
    await open(page, home);
    await type(page, `${oneHop} ${markup}`, markup);
    await expect(column(page, "direct").getByRole("alert")).toContainText("<img");
    await expect(page.locator("geodesic-app img")).toHaveCount(0);
    expect(await page.evaluate(() => "intruder" in globalThis)).toBe(false);
  });
});
