/**
 * What a probe is: a pure function from a trace to numbers with a unit, a
 * source and a caveat. Views switch on a measurement's `kind`, never on the
 * probe that made it.
 */
import type { LayerStates } from "./geometry/layer-states.ts";
import type { Tensor } from "./tensor.ts";
import type { Trace } from "./trace.ts";

export interface ProbeOptions {
  /** The layer whose trajectory is measured, 0 … L. */
  readonly layer: number;
  /** First step that counts; the prompt's shared context before it is left out. */
  readonly from: number;
  /** The states of each layer from that step on, where several measures of one run are to share them (`layerStates`). */
  readonly states?: readonly LayerStates[];
}

/** One number per step. */
export interface Series {
  readonly kind: "series";
  /** The step at which each value stands. */
  readonly steps: readonly number[];
  /** NaN where the measure is not defined at that step. */
  readonly values: Float32Array;
}

/** One number per step and layer, [steps, layers]. */
export interface Grid {
  readonly kind: "grid";
  readonly steps: readonly number[];
  readonly layers: readonly number[];
  readonly values: Tensor;
}

/** One number per layer, of the run as a whole. */
export interface Profile {
  readonly kind: "profile";
  readonly layers: readonly number[];
  /** NaN where the measure is not defined at that layer. */
  readonly values: Float32Array;
}

export type Measurement = Series | Grid | Profile;

/** What is looked at: the path through a layer, the cloud of its states, one layer beside the one below, what a state reads out as, a latent thought. */
export type ProbeGroup = "path" | "cloud" | "layers" | "readout" | "thought";
export const probeGroups: readonly ProbeGroup[] = ["path", "cloud", "layers", "readout", "thought"];

export interface Probe {
  /** Kebab-case, stable; used in addresses and files. */
  readonly id: string;
  /** As the field calls it, in a list or a table. */
  readonly name: string;
  readonly group: ProbeGroup;
  /** What it gives: a number per step, per step and layer, or per layer. */
  readonly kind: Measurement["kind"];
  /** As a chart's title: a question or a noun that a newcomer understands. */
  readonly title: string;
  /** For example `nats`, `rad`, `1`. */
  readonly unit: string;
  /** Paper, equation. */
  readonly source: string;
  /** The formula in one line of plain text. */
  readonly formula: string;
  /** What it means, for a newcomer; three sentences. */
  readonly help: string;
  /** Where it misleads. */
  readonly caveat: string;
  /** What the trace must hold; the page greys out a probe whose needs are not met. */
  readonly needs: readonly ("residPost" | "logits" | "lens" | "answer" | "vectors")[];
  /** The range that makes sense on an axis; null ends are found from the data. */
  readonly range: readonly [number | null, number | null];
  /** How the numbers of its steps become one for the run: the last one; left out: their mean. */
  readonly whole?: "last";
  /** What the number of steps alone does to it. Modes of different length are then not compared by it without a correction. */
  readonly length?: string;
  measure(trace: Trace, options: ProbeOptions): Measurement;
}
