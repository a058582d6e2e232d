import { expect, test } from "vitest";
import { gauss, layered, walk } from "../geometry/clouds.test-support.ts";
import { turningAngles } from "../geometry/turning-angle.ts";
import { probe } from "../index.ts";
import { finish } from "../projection/steps.ts";
import { Random } from "../random.ts";
import { mean } from "../statistics/moments.ts";
import { tensor, type Tensor } from "../tensor.ts";
import { exampleTrace } from "../trace.example.ts";
import type { Trace } from "../trace.ts";
import { cloudsOf } from "./clouds.ts";
import { Population } from "./population.ts";
import { type MeasureRow, populationRow, type PopulationRow, type RowPlan } from "./row.ts";

/** A run whose layers are these paths [T, D]; its prompt is the first step. */
function traceOf(paths: readonly Tensor[], correct = true): Trace {
  const [T = 0, D = 0] = paths[0]!.shape;
  const made = exampleTrace({ steps: T, layers: paths.length - 1, hiddenSize: D, lens: false });
  return {
    ...made,
    questionStart: 0,
    steps: made.steps.map((step, i) => ({ ...step, phase: i === 0 ? "prompt" : "thought" })),
    answer: { ...made.answer, correct },
    activations: { residPost: layered(paths), finalNorm: tensor([T, D]) },
  };
}
const plan = (ids: readonly string[], part: Partial<RowPlan> = {}): RowPlan => ({ probes: ids.map(probe), start: "question", draws: 3, steps: 64, keepLast: true, ...part });

test("a row holds each run's numbers, its nulls, and those over the last m states", () => {
  const [long, short] = [walk(gauss(20, 300, 1)), gauss(8, 300, 2)];
  const { cells, pairs } = populationRow(5, [traceOf([long]), traceOf([short])], [], plan(["turning-angle", "directness", "entropy"]), new Random(1));
  const [angle, direct, entropy] = cells[0]!.measures;
  expect(angle!.whole[0]).toBeCloseTo(mean(turningAngles(long)), 5);
  // m is 8, the short run's.
  expect(angle!.matched[0]).toBeCloseTo(mean(turningAngles(tensor([8, 300], long.data.slice(12 * 300)))), 5);
  expect(cells[1]!.measures[0]!.matched).toEqual(cells[1]!.measures[0]!.whole);
  // Closed forms: walks turn by π/2, shuffled states of a walk by more, independent ones by 2π/3 in any order.
  expect(Math.abs(angle!.nulls.walk![0]! - Math.PI / 2)).toBeLessThan(0.06);
  expect(Math.abs(cells[1]!.measures[0]!.nulls.shuffled![0]! - (2 * Math.PI) / 3)).toBeLessThan(0.06);
  expect(Math.abs(direct!.whole[0]! / direct!.nulls.walk![0]! - 1)).toBeLessThan(0.15);
  expect(entropy!.nulls).toEqual({});
  expect([cells[0]!.states, cells[1]!.states, cells[0]!.last.shape]).toEqual([20, 8, [1, 300]]);
  expect([angle!.bySteps!.first, angle!.bySteps!.values.shape, direct!.bySteps!.nulls.walk!.shape]).toEqual([1, [18, 1], [19, 1]]);
  expect([pairs.length, pairs[0]!.same.shape, pairs[0]!.other.data.every(Number.isNaN)]).toEqual([1, [4, 1], true]);
});
test("a row is cut at so many steps; without draws there are no nulls; a probe that lacks something is null", () => {
  const { cells } = populationRow(1, [traceOf([gauss(20, 4, 1)])], [], plan(["step-length", "lens-entropy"], { steps: 5, draws: 0 }), new Random(1));
  expect([cells[0]!.measures[0]!.bySteps!.values.shape, cells[0]!.measures[0]!.nulls, cells[0]!.measures[1]]).toEqual([[5, 1], {}, null]);
});
test("a run too short to turn is matched with nothing", () => {
  const { cells } = populationRow(1, [traceOf([gauss(2, 4, 1)]), traceOf([gauss(9, 4, 1)])], [], plan(["turning-angle"]), new Random(1));
  expect(cells[0]!.measures[0]!.matched[0]).toBeNaN();
  expect(cells[1]!.measures[0]!.matched).toEqual(cells[1]!.measures[0]!.whole);
  expect(populationRow(1, [traceOf([gauss(1, 4, 1)])], [], plan(["turning-angle"]), new Random(1)).cells[0]!.measures[0]!.whole[0]).toBeNaN();
});
test("the flow of a run beside the same problem's and, as a control, the one before's", () => {
  const a = walk(gauss(9, 40, 1));
  const traces = [traceOf([a, a]), traceOf([a, a])];
  const [pair] = populationRow(2, traces, [traceOf([walk(gauss(9, 40, 7)), a]), traceOf([walk(gauss(9, 40, 8)), walk(gauss(9, 40, 9))])], plan([]), new Random(1)).pairs;
  // Order 1, both layers.
  expect([...pair!.same.data.subarray(2, 4)]).toEqual([expect.closeTo(1, 5), expect.closeTo(1, 5)]);
  for (const value of pair!.other.data.subarray(2, 4)) expect(Math.abs(value)).toBeLessThan(0.3);
});

/** Rows with given numbers of one measure at one layer; the rest is empty. */
function rowsOf(cells: readonly (readonly number[])[], states: readonly (readonly number[])[] = cells.map((c) => c.map(() => 10)), walkOf: number | null = null): PopulationRow[] {
  return cells[0]!.map((_, i): PopulationRow => ({
    seed: i,
    pairs: [],
    cells: cells.map((values, c) => {
      const measure: MeasureRow = { whole: Float32Array.of(values[i]!), matched: Float32Array.of(values[i]! / 2), nulls: walkOf === null ? {} : { walk: Float32Array.of(walkOf) }, bySteps: { first: c - 1, values: tensor([2, 1], Float32Array.of(values[i]!, 10 * values[i]!)), nulls: {} } };
      return { correct: true, states: states[c]![i]!, measures: [measure], last: tensor([0, 0]) };
    }),
  }));
}
const populationOf = (rows: PopulationRow[]): Population => {
  const population = new Population(["directness"], rows[0]!.cells.length);
  population.add(rows);
  return population;
};
const options = { over: "layers", layer: 0, correction: "raw", band: "problems" } as const;

test("bands are quantiles over problems, or the mean with its bootstrap interval", () => {
  const values = Array.from({ length: 41 }, (_, i) => i);
  const population = populationOf(rowsOf([values]));
  const [band] = population.curves("directness", options);
  expect([band!.x, band!.middle[0], band!.low[0], band!.high[0], band!.n[0]]).toEqual([[0], 20, 1, 39, 41]);
  const [meanBand] = population.curves("directness", { ...options, band: "mean" });
  // ± 1.96 s/√n, s² = (n² − 1)/12 · n/(n − 1).
  const half = (1.96 * Math.sqrt((41 * 42) / 12)) / Math.sqrt(41);
  expect(meanBand!.middle[0]).toBe(20);
  expect(Math.abs(meanBand!.high[0]! - meanBand!.low[0]! - 2 * half)).toBeLessThan(0.8);
});
test("curves over steps begin where their runs do, and count who is there", () => {
  const population = populationOf(rowsOf([[1, 2, 3], [4, NaN, 6]]));
  const [a, b] = population.curves("directness", { ...options, over: "steps" });
  expect([a!.x, [...a!.middle], b!.x, [...b!.middle], [...b!.n]]).toEqual([[-1, 0], [2, 20], [0, 1], [5, 50], [2, 2]]);
});
test("corrections: over the walk's, over the last m states, residual on length", () => {
  const population = populationOf(rowsOf([[2, 4], [6, 8]], undefined, 4));
  expect([...population.wholes("directness", 1, 0, "walk")]).toEqual([1.5, 2]);
  expect([...population.wholes("directness", 1, 0, "matched")]).toEqual([3, 4]);
  expect([...populationOf(rowsOf([[2]])).wholes("directness", 0, 0, "walk")]).toEqual([NaN]);
  // Both modes follow one law of length, 3/√n, so nothing is left between them.
  const lengths = [[4, 9, 16, 25], [9, 16, 25, 36]];
  const law = populationOf(rowsOf(lengths.map((ns) => ns.map((n) => 3 / Math.sqrt(n))), lengths));
  for (const cell of [0, 1]) for (const left of law.wholes("directness", cell, 0, "residual")) expect(Math.abs(left)).toBeLessThan(1e-6);
  expect(law.comparisons("directness", 0, "raw")[0]!.p).toBeLessThan(0.2);
});
test("two modes on the same problems: difference, effect, p", () => {
  const a = [3, 5, 4, 6, 5.5];
  const b = [1, 2, 2.5, 3, 2];
  const [found] = populationOf(rowsOf([a, b])).comparisons("directness", 0, "raw");
  const differences = a.map((x, i) => x - b[i]!);
  expect(found).toMatchObject({ a: 0, b: 1, n: 5, p: 2 / 32, corrected: 2 / 32 });
  expect(found!.difference).toBeCloseTo(mean(differences), 6);
  expect(found!.effect).toBeCloseTo(mean(differences) / Math.sqrt(differences.reduce((s, d) => s + (d - mean(differences)) ** 2, 0) / 4), 6);
  const three = populationOf(rowsOf([a, b, b])).comparisons("directness", 0, "raw");
  expect(three.map((c) => [c.a, c.b, c.p])).toEqual([[0, 1, 2 / 32], [0, 2, 2 / 32], [1, 2, 1]]);
  // Holm: the two smallest of three, times three.
  expect(three[0]!.corrected).toBeCloseTo(3 * (2 / 32), 12);
});
test("a run beside its own walks", () => {
  const [cell] = populationOf(rowsOf([[5, 6, 7, 8]], undefined, 4)).summaries("directness", 0, "raw");
  expect(cell).toMatchObject({ n: 4, mean: 6.5, walk: 4, shuffled: NaN, walkP: 2 / 16 });
});
test("no problems, missing numbers, another measure", () => {
  const empty = new Population(["directness"], 2);
  expect(empty.curves("directness", options).map((b) => b.x)).toEqual([[], []]);
  expect(empty.summaries("directness", 0, "raw")[0]).toMatchObject({ n: 0, mean: NaN, walkP: NaN });
  expect(empty.comparisons("directness", 0, "residual")[0]).toMatchObject({ n: 0, p: NaN, corrected: NaN });
  expect(populationOf(rowsOf([[NaN, NaN]])).summaries("directness", 0, "raw")[0]!.n).toBe(0);
  expect(() => empty.curves("entropy", options)).toThrow("expected one of directness; got \"entropy\"");
  expect(() => empty.add(rowsOf([[1]]))).toThrow("expected 2 cells, got 1");
});

/** One problem per row, its last state from these clouds [n, D], one per cell. */
function cloudRows(clouds: readonly Tensor[], correct: (cell: number, i: number) => boolean | null = () => true): Population {
  const [n = 0, D = 0] = clouds[0]!.shape;
  const population = new Population([], clouds.length);
  population.add(Array.from({ length: n }, (_, i) => ({ seed: i, pairs: [], cells: clouds.map((cloud, cell) => ({ correct: correct(cell, i), states: 3, measures: [], last: tensor([1, D], cloud.data.slice(i * D, (i + 1) * D)) })) })));
  return population;
}
test("clouds of last states: the same one is alike, independent ones are not", () => {
  const [a, b] = [gauss(120, 6, 1), gauss(120, 6, 2)];
  const { cells, pairs, deviations } = finish(cloudsOf(cloudRows([a, a, b]), [0]));
  expect(cells.map((c) => [c.cell, c.n])).toEqual([[0, 120], [1, 120], [2, 120]]);
  // Isotropic: D / (1 + D/n).
  expect(Math.abs(cells[0]!.participationRatio / (6 / (1 + 6 / 120)) - 1)).toBeLessThan(0.06);
  const [same, other] = [pairs[0]!, pairs[1]!];
  for (const value of [same.cka, same.debiasedCka, same.overlap]) expect(value).toBeCloseTo(1, 9);
  expect(same.procrustes).toBeCloseTo(0, 6);
  expect(Math.abs(other.debiasedCka)).toBeLessThan(0.05);
  expect(Math.abs(other.overlap - other.expectedOverlap)).toBeLessThan(0.04);
  expect(deviations[0]).toMatchObject({ correct: 120, wrong: 0, separability: NaN });
});
test("wrong runs that lie elsewhere are told apart; of the same cloud they are not", () => {
  const far = tensor([80, 4], gauss(80, 4, 1).data.map((x, i) => x + (i % 8 < 4 ? 0 : 30)));
  const [away, among] = finish(cloudsOf(cloudRows([far, gauss(80, 4, 2)], (_, i) => i % 2 === 0), [0])).deviations;
  expect(away).toMatchObject({ correct: 40, wrong: 40, separability: 1, leaving: 40 });
  expect(Math.abs(among!.separability - 0.5)).toBeLessThan(0.15);
  expect(among!.interval[0]).toBeLessThan(0.5);
  expect(finish(cloudsOf(cloudRows([far], () => null), [0])).deviations).toEqual([]);
});
