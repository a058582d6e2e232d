/**
 * A measure of one run, in the one shape that maps and populations need: at each
 * step and layer where it has such numbers, and as one number per layer for the
 * run as a whole.
 */
import type { LayerStates } from "./geometry/layer-states.ts";
import { keptLayers } from "./kept-layers.ts";
import type { Probe } from "./probe.ts";
import { mean } from "./statistics/moments.ts";
import { tensor, type Tensor } from "./tensor.ts";
import type { Trace } from "./trace.ts";

/** A measure at steps and layers; columns are layers, or one where the layer does not matter. */
export interface StepMeasure {
  readonly steps: readonly number[];
  /** [steps, columns] */
  readonly values: Tensor;
}

export interface RunMeasure {
  /** The layer of each column; null where the measure is of the model's output and has one column. */
  readonly layers: readonly number[] | null;
  /** [columns] for the run as a whole: the mean over its steps, or the last (`Probe.whole`). */
  readonly whole: Float32Array<ArrayBuffer>;
  /** Null for a measure that only the whole run has. */
  readonly bySteps: StepMeasure | null;
}

/** Whether the measure tells layers apart; one of the output alone does not. */
export function readsLayers({ kind, needs }: Pick<Probe, "kind" | "needs">): boolean {
  return kind !== "series" || needs.includes("residPost");
}

/** Whether it has a number at each step and layer, for a map. */
export function hasLayerMap(probe: Pick<Probe, "kind" | "needs">): boolean {
  return probe.kind !== "profile" && readsLayers(probe);
}

/**
 * @param from    first step that counts
 * @param states  the states of each layer from there on, where they are shared with other measures
 * @throws        RangeError where the trace lacks what the measure needs
 */
export function runMeasure(probe: Probe, trace: Trace, from: number, states?: readonly LayerStates[]): RunMeasure {
  const shared = states ? { states } : {};
  if (probe.kind === "profile") {
    const profile = probe.measure(trace, { layer: 0, from, ...shared });
    if (profile.kind !== "profile") throw wrongKind(probe, profile.kind);
    return { layers: profile.layers, whole: Float32Array.from(profile.values), bySteps: null };
  }
  if (probe.kind === "grid") {
    const grid = probe.measure(trace, { layer: 0, from });
    if (grid.kind !== "grid") throw wrongKind(probe, grid.kind);
    const bySteps = { steps: grid.steps, values: grid.values };
    return { layers: grid.layers, bySteps, whole: wholeOf(bySteps, probe.whole === "last") };
  }
  const layers = readsLayers(probe) ? keptLayers(trace.activations) : null;
  const bySteps = columnsOf(probe, trace, from, layers ?? [0]);
  return { layers, bySteps, whole: wholeOf(bySteps, probe.whole === "last") };
}

/** A series of each layer, side by side. */
function columnsOf(probe: Probe, trace: Trace, from: number, layers: readonly number[]): StepMeasure {
  const columns = layers.length;
  let out: StepMeasure = { steps: [], values: tensor([0, columns]) };
  layers.forEach((layer, column) => {
    const series = probe.measure(trace, { layer, from });
    if (series.kind !== "series") throw wrongKind(probe, series.kind);
    if (column === 0) out = { steps: series.steps, values: tensor([series.steps.length, columns]) };
    series.values.forEach((value, i) => (out.values.data[i * columns + column] = value));
  });
  return out;
}

function wholeOf({ values }: StepMeasure, last: boolean): Float32Array<ArrayBuffer> {
  const [steps = 0, columns = 0] = values.shape;
  return Float32Array.from({ length: columns }, (_, c) => {
    if (last) return steps > 0 ? values.data[(steps - 1) * columns + c]! : NaN;
    return mean(Float32Array.from({ length: steps }, (__, i) => values.data[i * columns + c]!));
  });
}

function wrongKind({ id, kind }: Probe, got: string): RangeError {
  return new RangeError(`runMeasure: expected ${id} to give a ${kind}, got a ${got}`);
}
