/**
 * Steps and measures as CSV: one row per step of each trace, one column per
 * fact, then one per probe that gives a number per step.
 *
 * RFC 4180: comma, CRLF, quotes doubled; UTF-8 once it is encoded. An empty
 * field is a value that is not there or not defined. Texts are the model's own:
 * a spreadsheet may take one that begins with = for a formula, so import such
 * columns as text.
 */
import { probes as allProbes, missingNeeds } from "./index.ts";
import type { Probe } from "./probe.ts";
import type { Trace } from "./trace.ts";

export interface CsvOptions {
  /** The layer that is measured. */
  readonly layer: number;
  /** First step to write; `question` is where each trace's question begins. */
  readonly from?: number | "question";
  readonly probes?: readonly Probe[];
}

const factColumns = [
  "trace", "model", "revision", "mode", "thought", "problem_seed", "seed", "step", "phase", "token", "text", "logprob_nats",
  "top_token", "top_text", "top_logprob_nats", "entropy_nats", "answer_logprob_nats", "holds", "norm_ratio", "milliseconds", "layer",
] as const;

/** The table as text; each trace's rows in the order of its steps. */
export function stepsCsv(traces: readonly Trace[], options: CsvOptions): string {
  const { layer, probes = allProbes } = options;
  const measures = traces.map((trace) => {
    const from = firstRow(trace, options.from ?? 0);
    return new Map(probes.map((p) => [p.id, missingNeeds(p, trace).length === 0 ? valuesByStep(p, trace, layer, from) : null]));
  });
  // A column for each probe that measures some trace step by step.
  const columns = probes.filter((p) => measures.some((m) => m.get(p.id)));
  const rows: (string | number | null)[][] = [[...factColumns, ...columns.map((p) => `${p.id}_${p.unit}`)]];
  traces.forEach((trace, i) => {
    for (const step of trace.steps.slice(firstRow(trace, options.from ?? 0))) {
      const top = step.top[0];
      rows.push([
        i, trace.model.id, trace.model.revision, trace.mode, trace.thought, trace.problem?.seed ?? null, trace.seed, step.index, step.phase, step.token, step.text, step.logprob,
        top?.token ?? null, top?.text ?? null, top?.logprob ?? null, step.entropy, step.answerLogprob, step.holds?.[0]?.text ?? null, step.normRatio, step.milliseconds, layer,
        ...columns.map((p) => measures[i]!.get(p.id)?.get(step.index) ?? null),
      ]);
    }
  });
  return csv(rows);
}

/** Rows of fields as CSV. */
export function csv(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((fields) => `${fields.map(csvField).join(",")}\r\n`).join("");
}

function csvField(value: string | number | null): string {
  if (value === null || Number.isNaN(value)) return "";
  if (typeof value === "number") return String(value);
  // Outer spaces are part of a token, and some readers strip them unless quoted.
  return value === "" || /[",\r\n]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function firstRow(trace: Trace, from: number | "question"): number {
  return from === "question" ? trace.questionStart : from;
}

function valuesByStep(p: Probe, trace: Trace, layer: number, from: number): Map<number, number> | null {
  const measurement = p.measure(trace, { layer, from });
  if (measurement.kind !== "series") return null;
  return new Map(measurement.steps.map((step, i) => [step, measurement.values[i]!]));
}
