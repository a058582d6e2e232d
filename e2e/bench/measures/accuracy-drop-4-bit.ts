/**
 * What four bits cost: the largest drop of accuracy from float32 to 4-bit over
 * all rows (task, mode, difficulty), on the same problems in the same browser.
 *
 * A row counts where the float32 model is better than a guess: where the lower
 * end of its 95 % interval lies above chance. Where both exports guess, their
 * difference is noise of ±3 % or so; these rows are printed, too, and the
 * largest drop among them is `guessing`.
 */
import { task as taskOf } from "../../../probes/tasks/index.ts";
import { wilson } from "../../../probes/statistics/wilson.ts";
import type { DecodingMode } from "../../../probes/trace.ts";
import type { AccuracyRequest } from "../../../workers/engine.ts";
import { firstSeed } from "../accuracy.ts";
import { onBenchPage } from "../bench-page.ts";
import type { Detailed, Measure } from "../measure.ts";

/** With 300, the standard error of a drop is 1 % where 3 % of the answers change. */
const problems = 300;

const everyMode: readonly DecodingMode[] = ["direct", "icl", "cot", "latent"];
const withExamples: readonly DecodingMode[] = ["icl", "cot", "latent"];

interface Rows {
  readonly task: string;
  readonly variant: string | null;
  readonly shots: number;
  readonly modes: readonly DecodingMode[];
  readonly difficulties: readonly number[];
}

const all: readonly Rows[] = [
  { task: "pointer-chase", variant: null, shots: 4, modes: everyMode, difficulties: [1, 2, 3, 4, 5, 6] },
  { task: "reachability", variant: null, shots: 4, modes: everyMode, difficulties: [1, 2, 3, 4] },
  { task: "rules", variant: "in-distribution", shots: 0, modes: ["direct"], difficulties: [0] },
  { task: "rules", variant: "in-distribution", shots: 0, modes: withExamples, difficulties: [1, 2, 3, 5, 8, 11] },
  { task: "rules", variant: "partly-redrawn", shots: 0, modes: withExamples, difficulties: [5, 11] },
];

function requestOf({ task, variant, shots, modes, difficulties }: Rows): AccuracyRequest {
  const cells = difficulties.flatMap((difficulty) => modes.map((mode) => ({ mode, difficulty, thought: "hidden" as const, noise: 0, thoughts: null })));
  return { task, variant, shots, cells, problems, seed: firstSeed };
}

/** What a guess is right in. A solved question on the same ring shows an answer that is not asked for. */
function chance({ task, variant, shots }: Rows, mode: DecodingMode, difficulty: number): number {
  const { chance: blind } = taskOf(task).draw(firstSeed, { difficulty, shots, variant });
  return task === "pointer-chase" && mode === "icl" ? 1 / (1 / blind - shots) : blind;
}

const measure: Measure = {
  name: "accuracy-drop-4-bit",
  unit: "share",
  bar: { atMost: 0.02 },
  run: (stage) =>
    onBenchPage(stage, async (page): Promise<Detailed> => {
      const rates = new Map<string, number>();
      let most = 0;
      let guessing = 0;
      for (const rows of all) {
        const request = requestOf(rows);
        const exact = await page.evaluate((asked) => bench.accuracy("fp32", asked), request);
        const rounded = await page.evaluate((asked) => bench.accuracy("q4", asked), request);
        for (const [i, { mode, difficulty }] of request.cells.entries()) {
          const [right = Number.NaN, kept = Number.NaN] = [exact[i], rounded[i]];
          const drop = (right - kept) / problems;
          if (wilson(right, problems)[0] > chance(rows, mode, difficulty)) most = Math.max(most, drop);
          else guessing = Math.max(guessing, drop);
          const row = [rows.task, ...(rows.variant ? [rows.variant] : []), difficulty, mode].join("-");
          rates.set(`${row}.fp32`, right / problems).set(`${row}.q4`, kept / problems);
        }
      }
      return { value: most, details: new Map([["guessing", guessing], ...rates]) };
    }),
};
export default measure;
