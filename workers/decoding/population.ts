import { probe } from "../../probes/index.ts";
import { type PopulationRow, populationRow } from "../../probes/population/row.ts";
import { Random } from "../../probes/random.ts";
import { task as taskOf } from "../../probes/tasks/index.ts";
import type { Trace } from "../../probes/trace.ts";
import { EngineError } from "../engine.ts";
import type { Decoder, PopulationRequest } from "../engine.ts";
import { requestFor } from "./request.ts";
import { run } from "./run.ts";

/** At most this long between two reports, ms. */
const reportEvery = 80;

/**
 * Measures many runs: every cell answers problem i, with its hidden states, before
 * any answers problem i + 1; the runs of one problem are reduced to their numbers
 * and let go. No more than the runs of two problems are in memory, the second as
 * a control of the first (`PairRow.other`).
 *
 * The same request on the same decoder gives the same rows.
 *
 * @param onRows  called with rows as they are done, several times a second, and awaited
 * @throws EngineError, RangeError where the request asks for what cannot be drawn, run or measured
 * @throws AbortError where the signal stopped it
 */
export async function population(decoder: Decoder, request: PopulationRequest, onRows: (rows: readonly PopulationRow[]) => unknown, signal: AbortSignal): Promise<void> {
  if (!Number.isSafeInteger(request.problems) || request.problems < 1) {
    throw new EngineError(`population: expected a whole number of problems from 1 up, got ${request.problems}; choose one such as 50`);
  }
  if (request.cells.length === 0) throw new EngineError("population: expected at least one way of answering, got none; choose a mode");
  const task = taskOf(request.task);
  const { variant, shots, difficulty, start, draws, steps, keepLast } = request;
  const plan = { probes: request.probes.map(probe), start, draws, steps };
  let before: readonly Trace[] = [];
  let waiting: PopulationRow[] = [];
  let reported = performance.now();
  const report = async (): Promise<void> => {
    if (waiting.length > 0) await onRows(waiting);
    waiting = [];
    reported = performance.now();
  };
  for (let i = 0; i < request.problems; i++) {
    const seed = request.seed + i;
    const problem = task.draw(seed, { difficulty, shots, variant });
    const traces: Trace[] = [];
    for (const { mode, thought, noise, thoughts } of request.cells) {
      const asked = requestFor(task, problem, mode, { thought, noise, thoughts, shots, seed, capture: true });
      traces.push(await run(decoder, asked, () => undefined, signal));
    }
    waiting.push(populationRow(seed, traces, before, { ...plan, keepLast: i < keepLast }, new Random(seed).fork("population")));
    before = traces;
    if (performance.now() - reported > reportEvery) await report();
  }
  await report();
}
