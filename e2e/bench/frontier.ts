/** What the embedded model's thoughts hold, on problems that nothing else draws. */
import type { Thought } from "../../probes/trace.ts";
import type { FrontierRequest } from "../../workers/decoding/frontier.ts";
import { firstSeed } from "./accuracy.ts";
import { onBenchPage } from "./bench-page.ts";
import type { Bar, Measure } from "./measure.ts";

/** Three levels, 200 problems: mean mass of each thought on the two letters of its level. */
function requestOf(thought: Thought): FrontierRequest {
  return { difficulty: 3, thought, problems: 200, seed: firstSeed };
}

/** `of` picks the figure out of all masses, each of which is told as a detail: the thought's kind and its number. */
export function frontierFigure(name: string, thoughts: readonly Thought[], of: (masses: readonly number[]) => number, bar: Bar): Measure {
  return {
    name,
    unit: "share",
    bar,
    run: (stage) =>
      onBenchPage(stage, async (page) => {
        const details = new Map<string, number>();
        for (const thought of thoughts) {
          const masses = await page.evaluate((asked) => bench.frontier(asked), requestOf(thought));
          for (const [i, mass] of masses.entries()) details.set(`${thought}-${i + 1}`, mass);
        }
        return { value: of([...details.values()]), details };
      }),
  };
}
