/** What is offered at a step is what the run's mode allows, and each offer is carried out as it says. */
import { expect, test } from "vitest";
import type { DecodingMode } from "../../probes/trace.ts";
import { exampleTrace } from "../../probes/trace.example.ts";
import { type ActSizes, offersAt } from "./act-offers.ts";
import { LiveRun } from "../live-run.ts";

const sizes: ActSizes = { sigma: 0.5, kept: 2, scale: 1, other: 8 };
// Five steps of prompt, so that step 0 is index 4; four of thinking; the cue.
const runOf = (mode: DecodingMode, problem = true): LiveRun => LiveRun.opened(problem ? exampleTrace({ mode, steps: 10 }) : { ...exampleTrace({ mode, steps: 10 }), problem: null }, "example");
const kinds = (run: LiveRun, step: number, inside = true): string[] => [...new Set(offersAt(run, { mode: run.mode, step, layer: 1 }, sizes, [runOf("cot"), runOf("direct")], inside).flatMap(({ offers }) => offers.map(({ act }) => act.kind)))].sort();

test("a thought can be replaced, left out, repeated, moved, pushed; a token changed, and the chain cut; any state patched and pushed", () => {
  expect(kinds(runOf("latent"), 1)).toEqual(["patch", "push", "reorder", "repeat", "replace", "skip", "steer"]);
  expect(kinds(runOf("cot"), 1)).toEqual(["corrupt", "patch", "push", "truncate"]);
  expect([kinds(runOf("latent"), 0), kinds(runOf("direct"), -1), kinds(runOf("cot"), 5)]).toEqual([["patch", "push"], ["patch", "push"], ["patch", "push"]]);
  expect(kinds(runOf("latent"), 6)).toEqual([]);
});

test("inside the network only where the engine reaches; another problem only where there is a task", () => {
  expect([kinds(runOf("cot"), 1, false), kinds(runOf("direct"), 0, false)]).toEqual([["corrupt", "truncate"], []]);
  expect(kinds(runOf("latent", false), 2)).toEqual(["patch", "reorder", "repeat", "replace", "skip"]);
});

test("the first thought has none before it, and the last none behind it", () => {
  const labels = (step: number): string[] => offersAt(runOf("latent"), { mode: "latent", step, layer: 0 }, sizes, []).flatMap(({ offers }) => offers.map(({ label }) => label));
  expect([labels(1).includes("the mean of those before"), labels(2).includes("the mean of those before")]).toEqual([false, true]);
  expect([labels(3).includes("swapped with the next"), labels(4).includes("swapped with the next")]).toEqual([true, false]);
});

test("a swap names every thought once; a token is offered others than its own, likeliest first", () => {
  const [, or] = offersAt(runOf("latent"), { mode: "latent", step: 2, layer: 0 }, sizes, []);
  expect(or!.offers.find(({ act }) => act.kind === "reorder")!.act).toEqual({ kind: "reorder", order: [1, 3, 2, 4] });
  const run = runOf("cot");
  const [tokens] = offersAt(run, { mode: "cot", step: 2, layer: 0 }, sizes, []);
  // In the example trace each step would say h, else "c".
  expect(tokens!.offers.map(({ act }) => act)).toEqual([{ kind: "corrupt", token: 2, by: 7 }, { kind: "corrupt", token: 2, by: 3 }, { kind: "corrupt", token: 2, by: null }]);
});
