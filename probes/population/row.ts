/**
 * What is kept of one problem in a population: every measure of every mode's run,
 * beside its nulls, without the hidden states that they came from.
 *
 * Lengths are matched by problem: besides the whole run, each measure is taken over
 * the last m of its states, m the fewest that a mode has for this problem, among
 * those that have enough to turn (three).
 */
import { flowSimilarity } from "../geometry/flow-similarity.ts";
import { layerStates } from "../geometry/layer-states.ts";
import { hasTrajectory, trajectory } from "../geometry/trajectory.ts";
import { firstStep, type JointStart } from "../joint.ts";
import { missingNeeds } from "../index.ts";
import { nullTrace, type PathNull, pathNulls } from "../nulls/null-trace.ts";
import type { Probe } from "../probe.ts";
import type { Random } from "../random.ts";
import { runMeasure, type StepMeasure } from "../run-measure.ts";
import { row, tensor, type Tensor } from "../tensor.ts";
import type { Trace } from "../trace.ts";

export interface RowPlan {
  readonly probes: readonly Probe[];
  /** Where the path begins. */
  readonly start: JointStart;
  /** Times that each null is drawn; 0 leaves the nulls out. */
  readonly draws: number;
  /** The most steps of a run of which the numbers are kept one by one; its number as a whole counts all. */
  readonly steps: number;
  /** Whether the last state is kept. */
  readonly keepLast: boolean;
}

/** One measure of one run. Columns as in `RunMeasure`. */
export interface MeasureRow {
  /** [columns] */
  readonly whole: Float32Array<ArrayBuffer>;
  /** Over the last m states, [columns]; NaN where there is nothing to match. */
  readonly matched: Float32Array<ArrayBuffer>;
  /** Mean over the draws of each null, [columns]; absent where it has none. */
  readonly nulls: Partial<Record<PathNull, Float32Array<ArrayBuffer>>>;
  /** Step of the first row, counted from the end of the prompt, and [steps, columns]; null for measures of whole runs. */
  readonly bySteps: { readonly first: number; readonly values: Tensor; readonly nulls: Partial<Record<PathNull, Tensor>> } | null;
}

export interface CellRow {
  readonly correct: boolean | null;
  /** States that the path has. */
  readonly states: number;
  /** In the order of the plan's probes; null where the run lacks what one needs. */
  readonly measures: readonly (MeasureRow | null)[];
  /** The last state, from which the answer is read, [L+1, D]; empty where it is not kept. */
  readonly last: Tensor;
}

/** How alike two cells move (`flow-similarity.ts`): rows order 0, 1, 2 and curvature, a column per layer. */
export interface PairRow {
  readonly a: number;
  readonly b: number;
  /** On the same problem, [4, L+1]. */
  readonly same: Tensor;
  /** The control: a on this problem, b on the one before; all NaN for the first problem. */
  readonly other: Tensor;
}

export interface PopulationRow {
  /** Seed of the problem. */
  readonly seed: number;
  readonly cells: readonly CellRow[];
  readonly pairs: readonly PairRow[];
}

/** Fewer states have no angle. */
const leastStates = 3;

/**
 * @param traces  of one problem, one per cell
 * @param before  of the problem before, one per cell; empty for the first
 */
export function populationRow(seed: number, traces: readonly Trace[], before: readonly Trace[], plan: RowPlan, random: Random): PopulationRow {
  const lengths = traces.map((trace) => trace.steps.length - firstStep(trace, plan.start));
  const enough = lengths.filter((n) => n >= leastStates);
  const matched = enough.length > 0 ? Math.min(...enough) : 0;
  return {
    seed,
    cells: traces.map((trace, i) => cellRow(trace, matched > 0 && lengths[i]! >= matched ? matched : null, plan, random)),
    pairs: traces.flatMap((trace, a) => traces.slice(a + 1).map((other, i) => pairRow(a, a + 1 + i, trace, other, before[a + 1 + i] ?? null, plan.start))),
  };
}

function pairRow(a: number, b: number, trace: Trace, other: Trace, before: Trace | null, start: JointStart): PairRow {
  return { a, b, same: flows(trace, other, start), other: flows(trace, before, start) };
}

function flows(a: Trace, b: Trace | null, start: JointStart): Tensor {
  const layers = a.activations.residPost.shape[1] ?? 0;
  const out = tensor([4, layers]);
  out.data.fill(NaN);
  if (!b || !hasTrajectory(a) || !hasTrajectory(b)) return out;
  for (let layer = 0; layer < layers; layer++) {
    const { order0, order1, order2, curvature } = flowSimilarity(trajectory(a, layer, firstStep(a, start)), trajectory(b, layer, firstStep(b, start)));
    [order0, order1, order2, curvature].forEach((value, order) => (out.data[order * layers + layer] = value));
  }
  return out;
}

function cellRow(trace: Trace, matched: number | null, plan: RowPlan, random: Random): CellRow {
  const from = firstStep(trace, plan.start);
  const captured = hasTrajectory(trace);
  const origin = trace.steps.findLastIndex((step) => step.phase === "prompt");
  const states = captured ? layerStates(trace, from) : undefined;
  const short = matched === null ? null : { from: trace.steps.length - matched, states: captured ? layerStates(trace, trace.steps.length - matched) : undefined };
  const drawn = captured ? pathNulls.map((kind) => [kind, Array.from({ length: plan.draws }, () => drawNull(trace, kind, from, random))] as const) : [];
  const { residPost } = trace.activations;
  return {
    correct: trace.answer.correct,
    states: trace.steps.length - from,
    last: captured && plan.keepLast ? tensor(residPost.shape.slice(1), row(residPost, trace.steps.length - 1).slice()) : tensor([0, 0]),
    measures: plan.probes.map((probe) => {
      if (missingNeeds(probe, trace).length > 0) return null;
      const own = runMeasure(probe, trace, from, states);
      const nulls: Partial<Record<PathNull, Float32Array<ArrayBuffer>>> = {};
      const stepNulls: Partial<Record<PathNull, Tensor>> = {};
      // Only the residual stream was drawn anew.
      if (plan.draws > 0 && probe.needs.every((need) => need === "residPost")) {
        for (const [kind, draws] of drawn) {
          const measured = draws.map((draw) => runMeasure(probe, draw.trace, from, draw.states));
          nulls[kind] = meanOf(measured.map((m) => m.whole));
          if (own.bySteps) {
            const [steps = 0, columns = 0] = own.bySteps.values.shape;
            stepNulls[kind] = cut(tensor([steps, columns], meanOf(measured.map((m) => m.bySteps!.values.data))), plan.steps);
          }
        }
      }
      return {
        whole: own.whole,
        matched: short ? runMeasure(probe, trace, short.from, short.states).whole : new Float32Array(own.whole.length).fill(NaN),
        nulls,
        bySteps: own.bySteps && { first: firstOf(own.bySteps, from) - origin, values: cut(own.bySteps.values, plan.steps), nulls: stepNulls },
      };
    }),
  };
}

function drawNull(trace: Trace, kind: PathNull, from: number, random: Random): { trace: Trace; states: ReturnType<typeof layerStates> } {
  const drawn = nullTrace(trace, kind, from, random);
  return { trace: drawn, states: layerStates(drawn, from) };
}

function firstOf({ steps }: StepMeasure, from: number): number {
  return steps[0] ?? from;
}

/** The first rows of [n, columns], in a buffer of their own. */
function cut({ shape: [n = 0, columns = 0], data }: Tensor, most: number): Tensor {
  const kept = Math.min(n, most);
  return tensor([kept, columns], data.slice(0, kept * columns));
}

/** The mean of each entry, NaN left out. */
function meanOf(draws: readonly Float32Array[]): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: draws[0]?.length ?? 0 }, (_, i) => {
    let sum = 0;
    let count = 0;
    for (const draw of draws) {
      if (Number.isNaN(draw[i]!)) continue;
      sum += draw[i]!;
      count++;
    }
    return count > 0 ? sum / count : NaN;
  });
}
