import { task as taskOf } from "../../probes/tasks/index.ts";
import { EngineError } from "../engine.ts";
import type { AccuracyProgress, AccuracyRequest, Decoder } from "../engine.ts";
import { decode } from "./decode.ts";
import { isCorrect } from "./grading.ts";
import { prepare } from "./prepare.ts";
import { requestFor } from "./request.ts";
import { Pulse } from "./stopping.ts";

/** At most this long between two reports, ms. */
const reportEvery = 80;

/**
 * How often the model is right, in each cell of the request. All cells answer
 * problem i before any answers problem i + 1, so that rates grow side by side,
 * a stop leaves them comparable, and the part of the prompt that cells share
 * (the graph) goes through the network once.
 *
 * @param onProgress  called for each cell that has moved on, several times a second, and once at its end
 * @returns           one count per cell
 * @throws EngineError, RangeError where the request asks for what cannot be drawn or run
 * @throws AbortError where the signal stopped it
 */
export async function accuracy(
  decoder: Decoder,
  request: AccuracyRequest,
  onProgress: (progress: AccuracyProgress) => unknown,
  signal: AbortSignal,
): Promise<AccuracyProgress[]> {
  if (!Number.isSafeInteger(request.problems) || request.problems < 1) {
    throw new EngineError(`accuracy: expected a whole number of problems from 1 up, got ${request.problems}; choose one such as 100`);
  }
  const task = taskOf(request.task);
  const { variant, shots, cells } = request;
  const counts = cells.map((_, cell) => ({ cell, correct: 0, answered: 0 }));
  const moved = new Set<number>();
  const pulse = new Pulse(signal);
  let cached: readonly number[] = [];
  let reported = performance.now();
  const report = async (): Promise<void> => {
    for (const cell of moved) await onProgress({ ...counts[cell]! });
    moved.clear();
    reported = performance.now();
  };

  for (let i = 0; i < request.problems; i++) {
    const seed = request.seed + i;
    for (const [index, { mode, difficulty, thought, noise, thoughts }] of cells.entries()) {
      const problem = task.draw(seed, { difficulty, shots, variant });
      const asked = requestFor(task, problem, mode, { thought, noise, thoughts, shots, seed, capture: false, kept: 1 });
      const prepared = prepare(decoder, asked);
      const { text } = await decode(decoder, asked, prepared, { capture: false, cached, observe: () => undefined, pulse });
      cached = prepared.tokens;
      const count = counts[index]!;
      count.answered++;
      if (isCorrect(asked, text)) count.correct++;
      moved.add(index);
      if (performance.now() - reported > reportEvery) await report();
    }
  }
  await report();
  return counts;
}
