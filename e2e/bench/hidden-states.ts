/**
 * The browser's hidden states against an independent float64 forward pass:
 * max |difference| over every layer and position, and over the final norm, of
 * two latent runs of more than 40 positions. Each side feeds back its own thoughts.
 */
import { requestFor } from "../../workers/decoding/request.ts";
import { run } from "../../workers/decoding/run.ts";
import { nanoDecoder } from "../../workers/reference/nano.test-support.ts";
import { task as taskOf } from "../../probes/tasks/index.ts";
import { firstSeed } from "./accuracy.ts";
import { onBenchPage } from "./bench-page.ts";
import type { Bar, Measure } from "./measure.ts";
import type { Dtype } from "./page/main.ts";

const positions = 40;

/** max |a − b|; NaN where there is one. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`hidden states: expected ${b.length} numbers, got ${a.length}; the two runs differ in steps`);
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)));
  return most;
}

export function hiddenStateFigure(name: string, dtype: Dtype, bar: Bar): Measure {
  return {
    name,
    unit: "max-abs",
    bar,
    run: (stage) =>
      onBenchPage(stage, async (page) => {
        const reference = nanoDecoder();
        let most = 0;
        for (const [id, difficulty] of [["pointer-chase", 4], ["reachability", 3]] as const) {
          const task = taskOf(id);
          const request = requestFor(task, task.draw(firstSeed, { difficulty, shots: 0, variant: null }), "latent", { shots: 0 });
          const got = await page.evaluate(([from, asked]) => bench.hiddenStates(from, asked), [dtype, request] as const);
          const { activations: want } = await run(reference, request, () => undefined, new AbortController().signal);
          const [steps = 0] = want.residPost.shape;
          if (steps < positions) throw new Error(`hidden states: expected at least ${positions} positions, got ${steps}; ask a longer question`);
          most = Math.max(most, difference(got.residPost.data, want.residPost.data), difference(got.finalNorm.data, want.finalNorm.data));
        }
        return most;
      }),
  };
}
