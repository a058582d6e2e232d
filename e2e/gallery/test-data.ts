/** Hand-made shapes for the gallery, from a seeded source. Nothing here was measured. */
import { wilson } from "../../probes/statistics/wilson.ts";
import { tensor } from "../../probes/tensor.ts";
import type { DecodingMode, Thought } from "../../probes/trace.ts";
import type { InnerState } from "../../workers/lab/toy-decoder.ts";
import type { LessonResult } from "../../workers/lab/results.ts";
import type { Figure } from "../../workers/claims/claim.ts";
import type { AccuracyRow } from "../../src/views/measures/accuracy-chart.ts";
import type { HeatCell } from "../../src/views/heat-map.ts";
import type { JointProjection } from "../../src/picture/joint-picture.ts";
import { nullWords } from "../../src/measures/measure-words.ts";
import type { BandSeries, NullSeries } from "../../src/views/measures/band-chart.ts";
import type { MetricSeries } from "../../src/views/measures/metric-chart.ts";
import type { PlotTrack } from "../../src/views/picture/trajectory-plot.ts";
import { words } from "../../src/words.ts";
import type { MeasureView } from "../../workers/population-views.ts";

/** A linear congruential source (Numerical Recipes): the same picture each time. */
function source(seed: number): () => number {
  let state = seed;
  return () => (state = (1664525 * state + 1013904223) % 2 ** 32) / 2 ** 32;
}

interface Run {
  readonly mode: DecodingMode;
  readonly control: boolean;
  readonly thinking: readonly string[];
}

const runs: readonly Run[] = [
  { mode: "direct", control: false, thinking: [] },
  { mode: "icl", control: false, thinking: [] },
  { mode: "cot", control: false, thinking: ["k", "b", "t", "m", "<ans>"] },
  { mode: "latent", control: false, thinking: ["◌ k", "◌ b", "◌ t", "◌ m", "<ans>"] },
  { mode: "latent", control: true, thinking: ["◌ k", "◌ z", "◌ q", "◌ q", "<ans>"] },
];

export function tracks(context = 4): PlotTrack[] {
  return runs.map(({ mode, control, thinking }, r) => {
    const random = source(7 + r);
    const shared = source(3);
    const labels = [...Array.from({ length: context }, (_, i) => "abcdefghij"[i % 10]!), ...thinking];
    const steps = labels.map((_, i) => i - context + 1);
    const points = new Float32Array(2 * labels.length);
    labels.forEach((_, i) => {
      const t = i - context + 1;
      const spread = t <= 0 ? 2.5 : 1.2;
      const angle = 0.9 * t + (control ? 1.9 : 0);
      const jitter = t <= 0 ? shared : random;
      points[2 * i] = (t <= 0 ? 0.4 * t + (mode === "icl" ? 1.4 : 0) : 5 * Math.sin(angle) + (mode === "cot" ? 1.6 : 0)) + spread * (jitter() - 0.5);
      points[2 * i + 1] = (t <= 0 ? 0 : 3.2 - 3.2 * Math.cos(angle) - 0.5 * t) + spread * (jitter() - 0.5);
    });
    return { mode, control, steps, labels, phases: steps.map((step, i) => (step <= 0 ? "prompt" : labels[i] === "<ans>" ? "answer" : "thought")), points };
  });
}

export function metricSeries(which: number): MetricSeries[] {
  return runs.map(({ mode, control, thinking }, r) => {
    const random = source(31 * which + r);
    const steps = Array.from({ length: 5 + thinking.length }, (_, i) => i - 4);
    const values = Float32Array.from(steps, (step) => {
      const settled = mode === "cot" || (mode === "latent" && !control);
      if (which === 0) return step < 0 ? 2.4 + 0.5 * random() : settled ? Math.max(0.01, 1.9 - 0.45 * step + 0.2 * random()) : 2.1 + 0.3 * random();
      if (which === 1) return step < 0 ? 0.05 * random() : settled ? Math.min(0.99, 0.06 + 0.03 * step ** 2.1) : 0.06 + 0.05 * random();
      if (which === 2) return step === -4 ? NaN : 8 + 14 * random() + (step > 0 ? 9 : 0);
      return step === -4 || step === (steps.at(-1) ?? 0) ? NaN : 1.2 + 1.2 * random();
    });
    return { mode, control, steps, values };
  });
}

export function accuracyRows(): AccuracyRow[] {
  const shapes: readonly [DecodingMode, Thought | null, string, (hops: number) => number][] = [
    ["direct", null, "direct", (h) => 0.95 * Math.exp(-0.75 * (h - 1)) + 0.06],
    ["icl", null, "examples (ICL)", (h) => 0.9 * Math.exp(-0.6 * (h - 1)) + 0.07],
    ["cot", null, "chain of thought", (h) => 1 - 0.006 * h],
    ["latent", null, "latent loop", (h) => 1 - 0.012 * h * h],
    ["latent", "none", "no thoughts", (h) => 0.9 * Math.exp(-0.8 * (h - 1)) + 0.05],
    ["latent", "pause", "a pause token", (h) => 0.85 * Math.exp(-0.7 * (h - 1)) + 0.07],
    ["latent", "random", "random vectors, same norm", () => 0.09],
    ["latent", "swapped", "another problem’s thoughts", () => 0.05],
  ];
  return shapes.map(([mode, control, label, rate]) => ({
    mode,
    control,
    label,
    cells: [1, 2, 3, 4, 5, 6].map((difficulty) => {
      const correct = Math.round(50 * Math.min(1, rate(difficulty)));
      const [low, high] = wilson(correct, 50);
      return { difficulty, correct, answered: 50, low, high };
    }),
  }));
}

/** Cells of a sweep, columns outermost, one rate each; the last two are still to come. */
export function heatCells(columns: number, rows: number, rate: (column: number, row: number) => number): (HeatCell | null)[] {
  return Array.from({ length: columns * rows }, (_, i) => {
    if (i >= columns * rows - 2) return null;
    const [column, row] = [Math.floor(i / rows), i % rows];
    const correct = Math.round(20 * rate(column, row));
    const [low, high] = wilson(correct, 20);
    const change = -4 * (0.9 - rate(column, row));
    return { correct, answered: 20, low, high, change, changeLow: change - 0.4, changeHigh: change + 0.4, done: `the state at step ${column}, layer ${row}, becomes another one` };
  });
}

/** Curves with bands over layers, one per mode, as if over 50 problems. */
export function bandSeries(layers = 12): BandSeries[] {
  return runs.filter(({ control }) => !control).map(({ mode }, r) => {
    const random = source(50 + r);
    const x = Array.from({ length: layers + 1 }, (_, layer) => layer);
    const middle = Float32Array.from(x, (layer) => 0.25 + 0.12 * r + 0.2 * Math.sin(layer / 4 + r) + 0.03 * random());
    return { mode, control: null, label: words.modes[mode].name, band: { x, middle, low: middle.map((y) => y - 0.05 - 0.02 * r), high: middle.map((y) => y + 0.06), n: new Int32Array(x.length).fill(50) } };
  });
}

export function nullSeries(layers = 12): NullSeries[] {
  const x = Array.from({ length: layers + 1 }, (_, layer) => layer);
  const flat = (value: number): Float32Array<ArrayBuffer> => new Float32Array(x.length).fill(value);
  return (["shuffled", "walk", "untrained"] as const).map((kind, i) => ({ label: nullWords[kind].short, dash: nullWords[kind].dash, band: { x, middle: flat(0.18 + 0.16 * i), low: flat(0.15 + 0.16 * i), high: flat(0.22 + 0.16 * i), n: new Int32Array(x.length).fill(50) } }));
}

/** A measure of each step and layer, column by column; some cells have none. */
export function mapValues(columns: number, rows: number): Float32Array {
  const random = source(99);
  return Float32Array.from({ length: columns * rows }, (_, i) => (i % rows === 0 && i < rows ? Number.NaN : Math.sin(i / rows / 5) + (i % rows) / rows + 0.2 * random()));
}

/** Two measures in four modes, as the comparison table has them. */
export function measureViews(): MeasureView[] {
  const random = source(5);
  return (["directness", "turning-angle"] as const).map((probe) => ({
    probe,
    correction: "raw",
    curves: [],
    nulls: [],
    untrained: [0.3, 0.5, 0.33, 0.25],
    summaries: [0, 1, 2, 3].map((cell) => ({ n: 50, mean: 0.2 + 0.15 * cell, interval: [0.18 + 0.15 * cell, 0.23 + 0.15 * cell] as const, shuffled: 0.15, walk: 0.4, walkEffect: -2 + cell, walkP: 0.001 * (1 + cell) })),
    comparisons: [0, 1, 2].flatMap((a) => [1, 2, 3].filter((b) => b > a).map((b) => ({ a, b, n: 50, difference: 0.1 * (b - a), interval: [0.05, 0.2] as const, effect: b - a, p: 10 ** (-1 - 4 * random()), corrected: 0.04 }))),
  }));
}

/** A picture of the tracks above, with what is said of it. */
export function jointPicture(seed: number, method: JointProjection["method"] = "pca"): JointProjection {
  return {
    tracks: tracks(), method, layer: 3, seed, start: "thinking", states: 24, epochs: method === "umap" ? 500 : 0, stopped: false, made: "now", fit: "", runs: [],
    explained: method === "umap" ? null : [0.61, 0.22], trustworthiness: 0.97 - 0.03 * seed, continuity: 0.95, neighbours: 5, stress: 0.12, geodesic: 0.83, remarks: method === "umap" ? ["the third seed tears the latent loop apart"] : [],
  };
}

/** A claim's figure of each kind: bands and gaps, intervals, theory and null, values below zero. */
/** What a block keeps: units that go up and down, one of them far, and a pattern that looks at neighbours. */
export function innerStates(tokens: number): InnerState[] {
  const vectors = tensor([tokens, 24]);
  vectors.data.forEach((_, i) => (vectors.data[i] = Math.sin(i / 7) * (i % 24 === 5 ? 3 : 1)));
  const pattern = tensor([2, tokens, tokens]);
  for (let head = 0; head < 2; head++) for (let t = 0; t < tokens; t++) for (let s = 0; s <= t; s++) pattern.data[(head * tokens + t) * tokens + s] = (1 - 1 / (head + 2)) ** (t - s) / (head + 2);
  return [
    { kind: "vectors", name: "hidden", title: "hidden units", columns: "unit", layer: 1, values: vectors },
    { kind: "pattern", name: "pattern", title: "attention pattern: who looks where", columns: "token looked at", layer: 2, values: pattern },
  ];
}

/** Two trainings: one that learns, one at chance. */
export function labResults(): LessonResult[] {
  const result = (architecture: "mlp" | "rnn", right: number): LessonResult => ({
    architecture, task: "cups", seed: 1, date: "2026-11-27", parameters: 19_000, steps: 800, seconds: 60, stepMilliseconds: 31,
    losses: [[10, 3], [800, 3 - 2.9 * right]],
    progress: [{ step: 100, correct: 20, of: 100 }, { step: 800, correct: 100 * right, of: 100 }],
    accuracy: Array.from({ length: 8 }, (_, i) => ({ difficulty: i + 1, correct: Math.round(500 * Math.max(0.2, right ** (i / 6))), of: 500 })),
  });
  return [result("mlp", 0.2), result("rnn", 0.95)];
}

export function claimFigures(): Figure[] {
  const random = source(7);
  const x = Array.from({ length: 12 }, (_, i) => i + 1);
  const wave = (phase: number): number[] => x.map((at) => 0.5 + 0.4 * Math.sin(at / 2 + phase));
  const near = (values: readonly number[], by: number): number[] => values.map((value) => value + by);
  const [one, two] = [wave(0), wave(1).map((value, i) => (i === 5 ? Number.NaN : value))] as const;
  return [
    {
      kind: "lines", title: "Lines with bands, a gap, a theory and a null", x: { label: "step", unit: "" }, y: { label: "share", unit: "1" },
      lines: [
        { name: "one", x, y: one, low: near(one, -0.08), high: near(one, 0.08) },
        { name: "two", x, y: two, low: near(two, -0.03), high: near(two, 0.12) },
        { name: "closed form", role: "theory", x, y: near(one, 0.04) },
        { name: "chance", role: "null", x, y: x.map(() => 0.1) },
      ],
    },
    {
      kind: "lines", title: "Both axes logarithmic", x: { label: "examples", unit: "", log: true }, y: { label: "loss", unit: "nats", log: true },
      lines: [{ name: "measured", x: x.map((at) => 2 ** at), y: x.map((at) => 2 ** (-at / 3)) }, { name: "n^(−1/3)", role: "theory", x: x.map((at) => 2 ** at), y: x.map((at) => 1.1 * 2 ** (-at / 3)) }],
    },
    {
      kind: "bars", title: "Bars on both sides of zero", y: { label: "gain", unit: "" }, categories: ["a name that is longer than its bar is", "short"],
      bars: [{ name: "with", values: [0.62, -0.2], low: [0.5, -0.3], high: [0.7, -0.1] }, { name: "without", values: [0.1, Number.NaN] }, { name: "chance", role: "null", values: [0.05, 0.05] }],
    },
    {
      kind: "scatter", title: "Two groups", x: { label: "x", unit: "px" }, y: { label: "y", unit: "px" },
      groups: [0, 1].map((g) => ({ name: g === 0 ? "inner" : "outer", x: Array.from({ length: 40 }, () => g + random()), y: Array.from({ length: 40 }, () => g + random()) })),
    },
    { kind: "grid", title: "A grid", rowLabel: "layer", columnLabel: "head", rows: ["1", "2", "3"], columns: ["1", "2", "3", "4"], values: Array.from({ length: 12 }, (_, i) => (i === 7 ? Number.NaN : random() - 0.4)), unit: "1" },
  ];
}
