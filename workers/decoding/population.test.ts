/** Populations of the embedded model on the float64 reference. */
import { expect, test } from "vitest";
import { stepLengths } from "../../probes/geometry/step-length.ts";
import { trajectory } from "../../probes/geometry/trajectory.ts";
import { Population } from "../../probes/population/population.ts";
import type { PopulationRow } from "../../probes/population/row.ts";
import { mean } from "../../probes/statistics/moments.ts";
import { row } from "../../probes/tensor.ts";
import { task } from "../../probes/tasks/index.ts";
import type { DecodingMode } from "../../probes/trace.ts";
import type { PopulationRequest } from "../engine.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";
import { population } from "./population.ts";
import { requestFor } from "./request.ts";
import { run } from "./run.ts";

const going = new AbortController().signal;
const decoder = nanoDecoder();
const cell = (mode: DecodingMode): PopulationRequest["cells"][number] => ({ mode, thought: "hidden", noise: 0, thoughts: null });
const request = (part: Partial<PopulationRequest> = {}): PopulationRequest => ({
  task: "pointer-chase", variant: null, difficulty: 2, shots: 2, cells: [cell("direct"), cell("latent")], problems: 3, seed: 500,
  probes: ["step-length", "directness", "lens-entropy"], start: "question", draws: 2, steps: 40, keepLast: 2, ...part,
});
async function rowsOf(part: Partial<PopulationRequest> = {}): Promise<PopulationRow[]> {
  const rows: PopulationRow[] = [];
  await population(decoder, request(part), (more) => void rows.push(...more), going);
  return rows;
}

test("each number is that of the run by itself", async () => {
  const rows = await rowsOf({ problems: 2 });
  expect(rows.map(({ seed }) => seed)).toEqual([500, 501]);
  const t = task("pointer-chase");
  for (const [i, mode] of (["direct", "latent"] as const).entries()) {
    const trace = await run(decoder, requestFor(t, t.draw(501, { difficulty: 2, shots: 2, variant: null }), mode, { shots: 2, seed: 501 }), () => undefined, going);
    const found = rows[1]!.cells[i]!;
    for (const layer of [0, 3]) expect(found.measures[0]!.whole[layer]).toBeCloseTo(mean(stepLengths(trajectory(trace, layer, trace.questionStart))), 5);
    expect([found.correct, found.states]).toEqual([trace.answer.correct, trace.steps.length - trace.questionStart]);
    expect([...found.last.data]).toEqual([...row(trace.activations.residPost, trace.steps.length - 1)]);
    expect(found.measures[2]!.bySteps!.values.data[0]).toBeCloseTo(trace.lens!.entropy.data[trace.questionStart * 4]!, 5);
  }
  expect(await rowsOf({ problems: 2 })).toEqual(rows);
});
test("rows make a population, of which the modes can be compared", async () => {
  const rows = await rowsOf();
  const all = new Population(["step-length", "directness", "lens-entropy"], 2);
  all.add(rows);
  expect(all.curves("directness", { over: "layers", layer: 0, correction: "walk", band: "problems" }).map((band) => [...band.n])).toEqual([[3, 3, 3, 3], [3, 3, 3, 3]]);
  expect(all.comparisons("step-length", 3, "raw")).toHaveLength(1);
});
test("only the first so many keep the state that answers", async () => expect((await rowsOf()).map(({ cells }) => cells[0]!.last.data.length)).toEqual([4 * 96, 4 * 96, 0]));
test("it stops between runs, and leaves the rows that came", async () => {
  const controller = new AbortController();
  const rows: PopulationRow[] = [];
  setTimeout(() => controller.abort(), 60);
  await expect(population(decoder, request({ problems: 100_000 }), (more) => void rows.push(...more), controller.signal)).rejects.toMatchObject({ name: "AbortError" });
  expect(rows.length).toBeLessThan(1000);
});
test("what cannot be measured is refused", async () => {
  await expect(rowsOf({ problems: 0 })).rejects.toThrow("population: expected a whole number of problems from 1 up, got 0; choose one such as 50");
  await expect(rowsOf({ cells: [] })).rejects.toThrow("expected at least one way of answering");
  await expect(rowsOf({ probes: ["beauty"] })).rejects.toThrow('got "beauty"');
  await expect(rowsOf({ task: "chess" })).rejects.toThrow("task: expected one of");
});
