/** The page's own runs against the golden traces, which a float64 forward pass wrote. */
import { readFileSync } from "node:fs";
import { decodeTrace } from "../probes/trace-file.ts";
import { expect, ready, test } from "./fixtures.ts";
import { goldenFile, goldenRuns } from "./golden/runs.ts";

for (const golden of goldenRuns) {
  test(`${golden.task}, ${golden.mode}: the saved run equals the golden trace, every layer`, async ({ page, home }) => {
    const { task, difficulty, shots, seed, mode } = golden;
    await page.goto(`${home}#/probe?task=${task}&difficulty=${difficulty}&shots=${shots}&seed=${seed}&mode=${mode}`);
    await ready(page);
    const download = page.waitForEvent("download");
    await page.getByRole("button", { name: "save", exact: true }).click();
    const saved = decodeTrace(readFileSync(await (await download).path()));
    const kept = decodeTrace(readFileSync(goldenFile(golden)));
    expect(saved.mode).toBe(mode);
    expect(saved.steps.map(({ phase, token, text }) => [phase, token, text])).toEqual(kept.steps.map(({ phase, token, text }) => [phase, token, text]));
    expect(saved.answer.text).toBe(kept.answer.text);
    const states = saved.activations.residPost;
    expect(states.shape).toEqual(kept.activations.residPost.shape);
    expect(states.data.reduce((most, x, i) => Math.max(most, Math.abs(x - kept.activations.residPost.data[i]!)), 0)).toBeLessThan(1e-4);
    // The lens too: the same likeliest token wherever it is clear which one that is.
    const clear = (i: number): boolean => kept.lens!.logprobs.data[i * kept.lens!.kept]! - kept.lens!.logprobs.data[i * kept.lens!.kept + 1]! > 1e-2;
    kept.lens!.entropy.data.forEach((_, i) => {
      if (clear(i)) expect(saved.lens!.tokens.data[i * saved.lens!.kept]).toBe(kept.lens!.tokens.data[i * kept.lens!.kept]);
    });
  });
}
