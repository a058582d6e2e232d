/**
 * What the page is shown of a population that is kept in the probe worker: for each
 * chosen measure the curves with their bands, the nulls, and the comparison of modes.
 */
import type { PathNull } from "../probes/nulls/null-trace.ts";
import { pathNulls } from "../probes/nulls/null-trace.ts";
import { type Band, type BandKind, type CellSummary, type Comparison, type CurveOptions, type LengthCorrection, Population } from "../probes/population/population.ts";
import type { PopulationRow } from "../probes/population/row.ts";
import { mean } from "../probes/statistics/moments.ts";
import { median } from "../probes/statistics/quantile.ts";

/** The model's own runs, or those of the same model before training. */
export type PopulationPart = "model" | "untrained";

export interface PopulationViewRequest {
  readonly measures: readonly { readonly probe: string; readonly correction: LengthCorrection; readonly over: CurveOptions["over"] }[];
  readonly layer: number;
  readonly band: BandKind;
  /** The cell whose nulls are drawn. */
  readonly nullsOf: number;
}

export interface NullCurve {
  readonly kind: PathNull | "untrained";
  readonly band: Band;
}

export interface MeasureView {
  readonly probe: string;
  readonly correction: LengthCorrection;
  /** One per cell. */
  readonly curves: readonly Band[];
  readonly nulls: readonly NullCurve[];
  readonly summaries: readonly CellSummary[];
  /** Means of the untrained model, per cell; NaN where it was not run. */
  readonly untrained: readonly number[];
  readonly comparisons: readonly Comparison[];
}

export interface CellCount {
  /** Share of right answers; NaN where none was judged. */
  readonly right: number;
  /** Median number of states on the path. */
  readonly states: number;
}

/** How alike two cells move on the same problem, and on different ones; means over problems at one layer. */
export interface FlowView {
  readonly a: number;
  readonly b: number;
  /** Order 0, 1, 2 and curvature. */
  readonly same: readonly number[];
  readonly other: readonly number[];
  readonly n: number;
}

export interface PopulationView {
  readonly problems: number;
  readonly untrainedProblems: number;
  readonly cells: readonly CellCount[];
  readonly measures: readonly MeasureView[];
  readonly flows: readonly FlowView[];
}

export class PopulationViews {
  private readonly parts: Record<PopulationPart, Population>;

  constructor(probes: readonly string[], cells: number) {
    this.parts = { model: new Population(probes, cells), untrained: new Population(probes, cells) };
  }

  get population(): Population {
    return this.parts.model;
  }

  add(part: PopulationPart, rows: readonly PopulationRow[]): void {
    this.parts[part].add(rows);
  }

  view({ measures, layer, band, nullsOf }: PopulationViewRequest): PopulationView {
    const { model, untrained } = this.parts;
    return {
      problems: model.rows.length,
      untrainedProblems: untrained.rows.length,
      cells: Array.from({ length: model.cells }, (_, cell) => countOf(model.rows, cell)),
      flows: flowsOf(model.rows, layer),
      measures: measures.map(({ probe, correction, over }): MeasureView => {
        const options: CurveOptions = { over, layer, correction, band };
        const nulls: NullCurve[] = correction === "raw" ? pathNulls.map((kind) => ({ kind, band: model.nullCurve(probe, nullsOf, kind, options) })) : [];
        const fresh = untrained.curves(probe, options)[nullsOf];
        if (fresh) nulls.push({ kind: "untrained", band: fresh });
        return {
          probe,
          correction,
          curves: model.curves(probe, options),
          nulls: nulls.filter(({ band: found }) => found.middle.some((value) => !Number.isNaN(value))),
          summaries: model.summaries(probe, layer, correction),
          untrained: Array.from({ length: model.cells }, (_, cell) => mean(untrained.wholes(probe, cell, layer, correction))),
          comparisons: model.comparisons(probe, layer, correction),
        };
      }),
    };
  }
}

function countOf(rows: readonly PopulationRow[], cell: number): CellCount {
  return {
    right: mean(rows.map((row) => (row.cells[cell]!.correct === null ? NaN : Number(row.cells[cell]!.correct)))),
    states: median(rows.map((row) => row.cells[cell]!.states)),
  };
}

function flowsOf(rows: readonly PopulationRow[], layer: number): FlowView[] {
  return (rows[0]?.pairs ?? []).map(({ a, b }, pair) => {
    const of = (which: "same" | "other"): number[] =>
      [0, 1, 2, 3].map((order) =>
        mean(rows.map((row) => {
          const { shape: [, layers = 0], data } = row.pairs[pair]![which];
          return data[order * layers + Math.min(layer, layers - 1)] ?? NaN;
        })));
    return { a, b, same: of("same"), other: of("other"), n: rows.length };
  });
}
