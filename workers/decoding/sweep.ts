/**
 * Sweeps: the same problems again and again, with one thing altered at a time.
 * A heat map of patches (step × layer) says where a run keeps what it needs; a
 * curve over σ how much noise its thoughts bear; a chain of thought cut short, or
 * with a wrong token in it, at each place in turn, which of its tokens count.
 *
 * A patch is an interchange: the residual stream of the run on another problem,
 * as hard and drawn from a seed far away, at the same step and layer. Where the
 * answer changes, what was needed lay there.
 */
import type { Intervention } from "../../probes/intervention.ts";
import { mean, variance } from "../../probes/statistics/moments.ts";
import { wilson } from "../../probes/statistics/wilson.ts";
import { task as taskOf } from "../../probes/tasks/index.ts";
import type { Task } from "../../probes/tasks/task.ts";
import { row } from "../../probes/tensor.ts";
import { EngineError } from "../engine.ts";
import type { Decoder, RunRequest, SweepCell, SweepGrid, SweepRequest } from "../engine.ts";
import { decode } from "./decode.ts";
import type { Pass } from "./decode.ts";
import { isCorrect } from "./grading.ts";
import { prepare } from "./prepare.ts";
import { otherSeed, requestFor } from "./request.ts";
import { Pulse } from "./stopping.ts";

/** At most this long between two reports, ms. */
const reportEvery = 80;

/** What the run on the other problem left behind; an error says that it has no such place. */
interface Source {
  /** Residual stream by step from the end of the prompt (0 is the first step behind it), then layer. */
  state(step: number, layer: number): number[] | EngineError;
  /** The thought with this number. */
  thought(index: number): number[] | EngineError;
}

/**
 * @param onProgress  called for each cell that has moved on, several times a second, and once at its end
 * @returns           the unaltered runs, then one per cell of the grid; a cell leaves out the problems whose other run has no such step
 * @throws EngineError, RangeError where the request asks for what cannot be drawn or run
 * @throws AbortError where the signal stopped it
 */
export async function sweep(decoder: Decoder, request: SweepRequest, grid: SweepGrid, onProgress: (cell: SweepCell) => unknown, signal: AbortSignal): Promise<SweepCell[]> {
  if (!Number.isSafeInteger(request.problems) || request.problems < 1) {
    throw new EngineError(`sweep: expected a whole number of problems from 1 up, got ${request.problems}; choose one such as 100`);
  }
  const task = taskOf(request.task);
  const cells = cellsOf(grid, decoder);
  const tallies = [-1, ...cells.keys()].map((cell): Tally => ({ cell, correct: 0, answered: 0, changes: [] }));
  const moved = new Set<number>();
  const pulse = new Pulse(signal);
  const borrows = grid.kind === "patch" || (grid.kind === "thoughts" && grid.replacements.includes("swapped"));
  let lacking: EngineError | null = null;
  let reported = performance.now();
  const report = async (): Promise<void> => {
    for (const index of moved) await onProgress(finished(tallies[index]!));
    moved.clear();
    reported = performance.now();
  };

  for (let i = 0; i < request.problems; i++) {
    const asked = requestOf(task, request, request.seed + i);
    const source = borrows ? await sourceOf(decoder, requestOf(task, request, request.seed + i + otherSeed), pulse) : null;
    const prompt = prepare(decoder, asked).tokens;
    // What of the prompt stands in the cache, unaltered.
    let cached: readonly number[] = [];
    let unaltered: number | null = null;
    for (const [index, interventionsOf] of [null, ...cells].entries()) {
      const interventions = interventionsOf?.({ source, prompt: prompt.length, thoughts: asked.thoughts }) ?? [];
      if (interventions instanceof EngineError) {
        lacking = interventions;
        continue;
      }
      const altered: RunRequest = { ...asked, interventions };
      const { text, expectedLogprob } = await decode(decoder, altered, prepare(decoder, altered), { capture: false, cached, observe: () => undefined, pulse });
      const edited = interventions.flatMap((item) => (item.kind === "residual" ? [item.step] : []));
      cached = prompt.slice(0, Math.min(prompt.length, ...edited));
      const tally = tallies[index]!;
      tally.answered++;
      if (isCorrect(altered, text)) tally.correct++;
      if (interventionsOf === null) unaltered = expectedLogprob;
      tally.changes.push((expectedLogprob ?? 0) - (unaltered ?? 0));
      moved.add(index);
      if (performance.now() - reported > reportEvery) await report();
    }
  }
  await report();
  // A place that no problem has is a wrong question, and not a cell without answers.
  if (lacking && tallies.some(({ answered }) => answered === 0)) throw lacking;
  return tallies.map(finished);
}

function requestOf(task: Task, { mode, difficulty, shots, variant, thought, thoughts }: SweepRequest, seed: number): RunRequest {
  const problem = task.draw(seed, { difficulty, shots, variant });
  return requestFor(task, problem, mode, { thought, thoughts, shots, seed, capture: false, kept: 1 });
}

/** What was counted so far in one cell. */
interface Tally {
  readonly cell: number;
  correct: number;
  answered: number;
  /** Of each problem. */
  readonly changes: number[];
}

function finished({ cell, correct, answered, changes }: Tally): SweepCell {
  const [low, high] = wilson(correct, answered);
  const change = answered === 0 ? 0 : mean(changes);
  const half = 1.96 * Math.sqrt(variance(changes) / answered);
  return { cell, correct, answered, low, high, change, changeLow: change - half, changeHigh: change + half };
}

interface CellContext {
  readonly source: Source | null;
  /** Tokens of the prompt. */
  readonly prompt: number;
  readonly thoughts: number;
}

/** What is done in each cell of the grid, in its order. */
function cellsOf(grid: SweepGrid, { spec }: Pick<Decoder, "spec">): ((context: CellContext) => Intervention[] | EngineError)[] {
  const some = <T>(what: string, values: readonly T[]): readonly T[] => {
    if (values.length === 0) throw new EngineError(`sweep: expected ${what}, got none; name at least one`);
    return values;
  };
  switch (grid.kind) {
    case "noise":
      if (grid.thoughts) some("thoughts", grid.thoughts);
      return some("sizes of noise", grid.sigmas).map((sigma) => ({ thoughts }) =>
        (grid.thoughts ?? Array.from({ length: thoughts }, (_, i) => i)).map((thought) => ({ kind: "replace", thought, replacement: { by: "noise", sigma } })));
    case "thoughts":
      return some("thoughts", grid.thoughts).flatMap((thought) =>
        some("replacements", grid.replacements).map((by) => ({ source }: CellContext): Intervention[] | EngineError => {
          if (by === "skip") return [{ kind: "skip", thought }];
          if (by === "swapped") return placed(source!.thought(thought), (vector) => ({ kind: "replace", thought, replacement: { by: "vector", vector, from: "another problem" } }));
          return [{ kind: "replace", thought, replacement: { by } }];
        }));
    case "patch": {
      const wrong = some("layers", grid.layers).find((layer) => !(Number.isInteger(layer) && layer >= 0 && layer <= spec.layers));
      if (wrong !== undefined) throw new EngineError(`sweep: expected layers from 0 to ${spec.layers}, got ${wrong}; choose some of this model's`);
      return some("steps", grid.steps).flatMap((step) =>
        grid.layers.map((layer) => ({ source, prompt }: CellContext): Intervention[] | EngineError =>
          placed(source!.state(step, layer), (vector) => ({ kind: "residual", step: prompt + step, layer, operation: "replace", vector, from: "another problem" }))));
    }
    case "chain":
      return some("tokens of the thinking", grid.tokens).map((token) => () => [grid.by === "truncate" ? { kind: "truncate", after: token } : { kind: "corrupt", token, by: null }]);
  }
}

function placed(found: number[] | EngineError, by: (vector: number[]) => Intervention): Intervention[] | EngineError {
  return found instanceof EngineError ? found : [by(found)];
}

/** Runs the other problem and keeps its states. */
async function sourceOf(decoder: Decoder, request: RunRequest, pulse: Pulse): Promise<Source> {
  const prepared = prepare(decoder, request);
  const passes: Pass[] = [];
  await decode(decoder, request, prepared, { capture: true, cached: [], pulse, observe: (pass) => void passes.push(pass) });
  const states = passes.flatMap(({ forward }) => {
    const { residPost } = forward;
    return residPost ? Array.from({ length: residPost.shape[0]! }, (_, t) => (layer: number) => [...row(residPost, t, layer)]) : [];
  });
  const thoughts = passes.flatMap(({ phase, vectors }) => (phase === "thought" && vectors ? [vectors] : []));
  return {
    state: (step, layer) => {
      const found = states[prepared.tokens.length + step];
      if (!found) return new EngineError(`sweep: expected steps from ${-prepared.tokens.length} to ${states.length - prepared.tokens.length - 1}, counted from the end of the prompt, got ${step}; choose some of these`);
      return found(layer);
    },
    thought: (index) => {
      const found = thoughts[index];
      if (!found) return new EngineError(`sweep: expected thoughts from 0 to ${thoughts.length - 1}, got ${index}; choose some of these`);
      return [...found.data];
    },
  };
}
