/**
 * The figures that a change of code or weights must not break, asserted on
 * each run, by the bench's own measures: accuracy, and hidden states against
 * the float64 reference. Times are the bench's alone: `npm run bench`.
 */
import { expect, test as base } from "@playwright/test";
import pointerChaseCot from "./bench/measures/accuracy-pointer-chase-4-cot.ts";
import pointerChaseDirect from "./bench/measures/accuracy-pointer-chase-4-direct.ts";
import pointerChaseLatent from "./bench/measures/accuracy-pointer-chase-4-latent.ts";
import reachabilityDirect from "./bench/measures/accuracy-reachability-3-direct.ts";
import reachabilityArgmax from "./bench/measures/accuracy-reachability-3-latent-argmax.ts";
import reachabilityLatent from "./bench/measures/accuracy-reachability-3-latent.ts";
import rulesFresh from "./bench/measures/accuracy-rules-11-fresh.ts";
import rules from "./bench/measures/accuracy-rules-5.ts";
import hiddenStateDifference from "./bench/measures/hidden-state-difference.ts";
import { barText, keeps, type Stage } from "./bench/measure.ts";
import { benchPageOnce } from "./bench/stage.ts";

/** The bench's page is built once for all of them. */
const test = base.extend<object, { stage: Stage }>({
  stage: [
    async ({ browser }, use) => {
      const bench = benchPageOnce();
      await use({ browser, home: process.env["GEODESIC_URL"] ?? "", bench: bench.url });
      await bench.close();
    },
    { scope: "worker", timeout: 120_000 },
  ],
});

const figures = [pointerChaseDirect, pointerChaseCot, pointerChaseLatent, reachabilityDirect, reachabilityLatent, reachabilityArgmax, rules, rulesFresh, hiddenStateDifference];

for (const { name, unit, bar, run } of figures) {
  test(`${name}: ${barText(bar)} ${unit}`, async ({ stage }) => {
    const got = await run(stage);
    const value = typeof got === "number" ? got : got.value;
    expect(keeps(value, bar), `${name}: expected ${barText(bar)} ${unit}, got ${value}`).toBe(true);
  });
}
