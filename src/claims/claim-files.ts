/** A claim's run as files: JSON with everything, CSV with the numbers. */
import type { Figure, Judgement } from "../../workers/claims/claim.ts";
import { type ClaimRun, encodeRun } from "../../workers/claims/evidence.ts";
import type { ClaimRecord } from "../../workers/claims/service.ts";

export interface ClaimFile {
  readonly name: string;
  readonly type: string;
  readonly text: string;
}

/** What was judged, under which thresholds, and what came out. */
export interface ExportedJudgement extends Judgement {
  readonly thresholds: Readonly<Record<string, number>>;
}

function fileName({ id, size, sabotaged, seeds }: ClaimRun, ending: string): string {
  return `geodesic-claim-${id}-${size}-seeds-${seeds.join("-")}${sabotaged ? "-sabotaged" : ""}.${ending}`;
}

/** The run as it is kept, with the claim's words and the verdict, so that the file can be read alone. */
export function jsonFile(record: ClaimRecord, run: ClaimRun, judgement: ExportedJudgement): ClaimFile {
  const { title, statement, expectation, rule, data, model, measurement, doesNotShow, wouldChange, sabotage } = record;
  const claim = { title, statement, expectation, rule, data, model, measurement, doesNotShow, wouldChange, ...(run.sabotaged ? { sabotage } : {}) };
  const whole = { ...run, judgement, claim };
  return { name: fileName(run, "json"), type: "application/json", text: encodeRun(whole) };
}

/** Quantities, then every point of every figure, a line each (RFC 4180); empty where there is no number. */
export function csvFile(run: ClaimRun): ClaimFile {
  const { evidence } = run;
  const lines: (string | number | undefined)[][] = [["claim", "part", "name", "role", "x", "value", "low", "high", "unit", "n", "reference"]];
  for (const { id, label, value, low, high, unit, n, reference } of evidence.quantities) {
    lines.push([run.id, "quantity", `${id}: ${label}`, "measured", "", value, low, high, unit, n, reference && `${reference.value} (${reference.source})`]);
  }
  for (const figure of evidence.figures) {
    for (const { name, role, x, value, low, high, unit } of points(figure)) lines.push([run.id, figure.title, name, role, x, value, low, high, unit, "", ""]);
  }
  return { name: fileName(run, "csv"), type: "text/csv", text: lines.map((line) => `${line.map(csvCell).join(",")}\r\n`).join("") };
}

interface Point {
  readonly name: string;
  readonly role: string;
  readonly x: string | number;
  readonly value: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
  readonly unit: string;
}

function points(figure: Figure): Point[] {
  switch (figure.kind) {
    case "lines":
      return figure.lines.flatMap(({ name, role = "measured", x, y, low, high }) => x.map((at, i) => ({ name, role, x: at, value: y[i]!, low: low?.[i], high: high?.[i], unit: figure.y.unit })));
    case "bars":
      return figure.bars.flatMap(({ name, role = "measured", values, low, high }) => figure.categories.map((category, i) => ({ name, role, x: category, value: values[i]!, low: low?.[i], high: high?.[i], unit: figure.y.unit })));
    case "scatter":
      return figure.groups.flatMap(({ name, role = "measured", x, y }) => x.map((at, i) => ({ name, role, x: at, value: y[i]!, unit: figure.y.unit })));
    case "grid":
      return figure.rows.flatMap((row, r) => figure.columns.map((column, c) => ({ name: row, role: "measured", x: column, value: figure.values[r * figure.columns.length + c]!, unit: figure.unit })));
  }
}

function csvCell(value: string | number | undefined): string {
  if (value === undefined || (typeof value === "number" && Number.isNaN(value))) return "";
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Hands a file to the reader. */
export function download({ name, type, text }: ClaimFile): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
