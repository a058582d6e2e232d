/**
 * Many problems, answered in several ways: the numbers of each, and what they say
 * together. Problems are the cases; steps of one run are never counted as such.
 */
import type { PathNull } from "../nulls/null-trace.ts";
import { Random } from "../random.ts";
import { bootstrapInterval } from "../statistics/bootstrap.ts";
import { pairedEffectSize } from "../statistics/effect-size.ts";
import { holm } from "../statistics/holm.ts";
import { mean } from "../statistics/moments.ts";
import { quantile } from "../statistics/quantile.ts";
import { residuals } from "../statistics/residuals.ts";
import { wilcoxonSignedRank } from "../statistics/wilcoxon.ts";
import type { CellRow, MeasureRow, PopulationRow } from "./row.ts";

/**
 * What is done about length before modes are compared:
 *
 * - `raw`       nothing
 * - `walk`      each run's number over that of random walks of its own step lengths
 * - `matched`   over the last m states of each run, m the fewest that a mode has for the problem
 * - `residual`  log of the number less its line on log steps, over all runs of all modes
 */
export type LengthCorrection = "raw" | "walk" | "matched" | "residual";
export const lengthCorrections: readonly LengthCorrection[] = ["raw", "walk", "matched", "residual"];

/** `problems`: median and the middle 95 % of problems; `mean`: the mean and its 95 % bootstrap interval. */
export type BandKind = "problems" | "mean";

/** A curve with its band. */
export interface Band {
  /** Layers, or steps counted from the end of the prompt. */
  readonly x: readonly number[];
  readonly middle: Float32Array<ArrayBuffer>;
  readonly low: Float32Array<ArrayBuffer>;
  readonly high: Float32Array<ArrayBuffer>;
  /** Problems at each point. */
  readonly n: Int32Array<ArrayBuffer>;
}

export interface CurveOptions {
  readonly over: "layers" | "steps";
  /** For curves over steps. */
  readonly layer: number;
  readonly correction: LengthCorrection;
  readonly band: BandKind;
}

/** One number of one cell over all problems. */
export interface CellSummary {
  readonly n: number;
  readonly mean: number;
  /** 95 % bootstrap interval of the mean. */
  readonly interval: readonly [number, number];
  /** Means of the nulls over the same problems; NaN where there is none, and for corrected values. */
  readonly shuffled: number;
  readonly walk: number;
  /** d_z and Wilcoxon's p of value less walk, problem by problem. */
  readonly walkEffect: number;
  readonly walkP: number;
}

/** Two cells on the same problems. */
export interface Comparison {
  readonly a: number;
  readonly b: number;
  /** Problems at which both have a number. */
  readonly n: number;
  /** Mean of a − b, and its 95 % bootstrap interval. */
  readonly difference: number;
  readonly interval: readonly [number, number];
  /** d_z: mean difference over the standard deviation of the differences. */
  readonly effect: number;
  /** Wilcoxon's signed-rank test, two-sided. */
  readonly p: number;
  /** The same corrected for the number of pairs (Holm). */
  readonly corrected: number;
}

/** Resamples of an interval in a table. */
const resamples = 1000;
/** Of each point of a curve: there are many. */
const curveResamples = 300;

export class Population {
  private readonly kept: PopulationRow[] = [];

  /**
   * @param probes  ids, in the order of each row's measures
   * @param cells   how many ways of answering
   */
  constructor(
    readonly probes: readonly string[],
    readonly cells: number,
  ) {}

  add(rows: readonly PopulationRow[]): void {
    for (const row of rows) {
      if (row.cells.length !== this.cells) throw new RangeError(`Population: expected ${this.cells} cells, got ${row.cells.length}; begin a new population`);
      this.kept.push(row);
    }
  }

  get rows(): readonly PopulationRow[] {
    return this.kept;
  }

  /** Columns of a measure: layers, or 1; 0 while nothing is known of it. */
  columns(probe: string): number {
    const index = this.indexOf(probe);
    for (const row of this.kept) for (const cell of row.cells) {
      const measure = cell.measures[index];
      if (measure) return measure.whole.length;
    }
    return 0;
  }

  /** The curve of each cell. */
  curves(probe: string, options: CurveOptions): Band[] {
    return Array.from({ length: this.cells }, (_, cell) => (options.over === "layers" ? this.overLayers(probe, cell, options) : this.overSteps(probe, cell, options, null)));
  }

  /** The curve of one cell's null, as it is; empty where the measure has none. */
  nullCurve(probe: string, cell: number, kind: PathNull, options: CurveOptions): Band {
    if (options.over === "steps") return this.overSteps(probe, cell, options, kind);
    return this.band(Array.from({ length: this.columns(probe) }, (_, layer) => this.values(probe, cell, (m) => m.nulls[kind]?.[layer] ?? NaN)), options.band, 0);
  }

  /** One number per problem, in the order of the rows; NaN where there is none. */
  wholes(probe: string, cell: number, layer: number, correction: LengthCorrection): Float64Array<ArrayBuffer> {
    if (correction === "residual") return this.residuals(probe, layer)[cell]!;
    return this.values(probe, cell, (measure) => corrected(measure, Math.min(layer, measure.whole.length - 1), correction));
  }

  summaries(probe: string, layer: number, correction: LengthCorrection): CellSummary[] {
    return Array.from({ length: this.cells }, (_, cell) => {
      const values = this.wholes(probe, cell, layer, correction);
      // Nulls are of the measure as it is.
      const ofNull = (kind: PathNull): Float64Array => this.values(probe, cell, (m) => (correction === "raw" ? (m.nulls[kind]?.[Math.min(layer, m.whole.length - 1)] ?? NaN) : NaN));
      const raw = this.wholes(probe, cell, layer, "raw");
      const walk = ofNull("walk");
      const above = raw.map((value, i) => value - walk[i]!);
      return {
        n: defined(values),
        mean: mean(values),
        interval: bootstrapInterval(values, new Random(1), mean, resamples),
        shuffled: mean(ofNull("shuffled")),
        walk: mean(walk),
        walkEffect: pairedEffectSize(above),
        walkP: wilcoxonSignedRank(above).p,
      };
    });
  }

  comparisons(probe: string, layer: number, correction: LengthCorrection): Comparison[] {
    const values = Array.from({ length: this.cells }, (_, cell) => this.wholes(probe, cell, layer, correction));
    const pairs = values.flatMap((a, i) => values.slice(i + 1).map((b, j) => ({ a: i, b: i + 1 + j, differences: a.map((x, row) => x - b[row]!) })));
    const tests = pairs.map(({ differences }) => testOf(differences));
    const all = holm(tests.map((t) => t.p));
    return pairs.map(({ a, b, differences }, i) => ({
      a,
      b,
      n: defined(differences),
      difference: mean(differences),
      interval: bootstrapInterval(differences, new Random(1), mean, resamples),
      effect: pairedEffectSize(differences),
      p: tests[i]!.p,
      corrected: all[i]!,
    }));
  }

  private overLayers(probe: string, cell: number, { correction, band }: CurveOptions): Band {
    return this.band(Array.from({ length: this.columns(probe) }, (_, layer) => this.wholes(probe, cell, layer, correction)), band, 0);
  }

  /** Runs need not begin at the same step; each point has the problems that have a number there. */
  private overSteps(probe: string, cell: number, { layer, band, correction }: CurveOptions, kind: PathNull | null): Band {
    const steps = this.kept.flatMap((row) => row.cells[cell]!.measures[this.indexOf(probe)]?.bySteps ?? []);
    const first = Math.min(...steps.map((s) => s.first));
    const last = Math.max(...steps.map((s) => s.first + (s.values.shape[0] ?? 0) - 1));
    if (!(last >= first)) return this.band([], band, 0);
    const columns = Array.from({ length: last - first + 1 }, (_, i) => Float64Array.from(steps, (s) => {
      const [n = 0, width = 0] = s.values.shape;
      const row = first + i - s.first;
      if (row < 0 || row >= n) return NaN;
      const at = row * width + Math.min(layer, width - 1);
      if (kind) return s.nulls[kind]?.data[at] ?? NaN;
      if (correction === "raw") return s.values.data[at]!;
      // The other corrections are of whole runs.
      return correction === "walk" ? ratio(s.values.data[at]!, s.nulls.walk?.data[at]) : NaN;
    }));
    return this.band(columns, band, first);
  }

  private band(columns: readonly Float64Array[], kind: BandKind, first: number): Band {
    const random = new Random(1);
    const ends = columns.map((values): readonly [number, number] => (kind === "problems" ? [quantile(values, 0.025), quantile(values, 0.975)] : bootstrapInterval(values, random, mean, curveResamples)));
    return {
      x: columns.map((_, i) => first + i),
      middle: Float32Array.from(columns, (values) => (kind === "problems" ? quantile(values, 0.5) : mean(values))),
      low: Float32Array.from(ends, ([low]) => low),
      high: Float32Array.from(ends, ([, high]) => high),
      n: Int32Array.from(columns, defined),
    };
  }

  /** For each cell the residuals of log measure on log states, over all runs of all cells; numbers not above 0 have none. */
  private residuals(probe: string, layer: number): Float64Array<ArrayBuffer>[] {
    const all = Array.from({ length: this.cells }, (_, cell) => this.values(probe, cell, (m) => Math.log(m.whole[Math.min(layer, m.whole.length - 1)]!)));
    const lengths = Array.from({ length: this.cells }, (_, cell) => Float64Array.from(this.kept, (row) => Math.log(row.cells[cell]!.states)));
    const left = residuals(lengths.flatMap((x) => [...x]), all.flatMap((y) => [...y]));
    const n = this.kept.length;
    return all.map((_, cell) => left.slice(cell * n, (cell + 1) * n));
  }

  private values(probe: string, cell: number, take: (measure: MeasureRow, cell: CellRow) => number): Float64Array<ArrayBuffer> {
    const index = this.indexOf(probe);
    return Float64Array.from(this.kept, (row) => {
      const measure = row.cells[cell]!.measures[index];
      return measure ? take(measure, row.cells[cell]!) : NaN;
    });
  }

  private indexOf(probe: string): number {
    const index = this.probes.indexOf(probe);
    if (index < 0) throw new RangeError(`Population: expected one of ${this.probes.join(", ")}; got ${JSON.stringify(probe)}; measure it first`);
    return index;
  }
}

function corrected(measure: MeasureRow, layer: number, correction: LengthCorrection): number {
  if (correction === "matched") return measure.matched[layer]!;
  const value = measure.whole[layer]!;
  return correction === "walk" ? ratio(value, measure.nulls.walk?.[layer]) : value;
}

/** NaN where the null is 0 or there is none. */
function ratio(value: number, walk: number | undefined): number {
  return walk === undefined || walk === 0 ? NaN : value / walk;
}

/** Signed ranks; differences that are all 0 are no evidence of any. */
function testOf(differences: Float64Array): { p: number } {
  const { p, used } = wilcoxonSignedRank(differences);
  return { p: used === 0 && defined(differences) > 0 ? 1 : p };
}

function defined(values: Float64Array): number {
  let n = 0;
  for (const value of values) if (!Number.isNaN(value)) n++;
  return n;
}
