/** Accuracy of the embedded model in the browser, on problems that nothing else draws. */
import type { AccuracyCell, AccuracyRequest } from "../../workers/engine.ts";
import { onBenchPage } from "./bench-page.ts";
import type { Bar, Measure } from "./measure.ts";
import type { Dtype } from "./page/main.ts";

/** The first of the bench's seeds; training and page draw theirs elsewhere. */
export const firstSeed = 1_000_000;

const problems = 200;

/** One cell of the accuracy panel; what is left out is as on the page. */
export interface Cell extends Partial<Omit<AccuracyRequest, "cells">> {
  readonly task: string;
  readonly mode: AccuracyCell["mode"];
  readonly difficulty: number;
  readonly thought?: AccuracyCell["thought"];
  readonly noise?: number;
}

export function requestOf({ mode, difficulty, thought = "hidden", noise = 0, ...request }: Cell): AccuracyRequest {
  const cell: AccuracyCell = { mode, difficulty, thought, noise, thoughts: null };
  return { variant: null, shots: 0, problems, seed: firstSeed, ...request, cells: [cell] };
}

/** The share of 200 held-out problems that the model answers right; `q0f32` runs it on WebLLM. */
export function accuracyFigure(name: string, cell: Cell, bar: Bar, dtype: Dtype = "fp32"): Measure {
  return {
    name,
    unit: "share",
    bar,
    run: (stage) =>
      onBenchPage(stage, async (page) => {
        const request = requestOf(cell);
        const [correct = Number.NaN] = await page.evaluate(([from, asked]) => bench.accuracy(from, asked), [dtype, request] as const);
        return correct / request.problems;
      }),
  };
}
