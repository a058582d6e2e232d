/** A claim's figure as a table: the same numbers, with the role of each series in its name. */
import type { Axis, Figure, SeriesRole } from "../../workers/claims/claim.ts";
import { formatNumber } from "../format.ts";
import type { ChartTable } from "./chart-element.ts";

/** "equivariance error (rad)" */
export function axisTitle({ label, unit }: Axis): string {
  return unit === "" || unit === "1" ? label : `${label} (${unit})`;
}

/** A series' name, with what it is where it was not measured. */
export function seriesName(name: string, role: SeriesRole = "measured"): string {
  if (role === "theory") return `${name} (theory)`;
  return role === "null" ? `${name} (null)` : name;
}

/** 10^value, a tick of a logarithmic axis: a power of ten as such where it is far from 1 (`0.01`, `10⁻⁴`). */
export function formatPower(value: number): string {
  const text = formatNumber(Number((10 ** value).toPrecision(3)));
  return text.startsWith("1×") ? text.slice(2) : text;
}

function cell(value: number | undefined, low?: number, high?: number): string {
  if (value === undefined) return formatNumber(Number.NaN);
  return low === undefined || high === undefined || Number.isNaN(low + high) ? formatNumber(value) : `${formatNumber(value)} [${formatNumber(low)}, ${formatNumber(high)}]`;
}

export function figureTable(figure: Figure): ChartTable {
  switch (figure.kind) {
    case "lines": {
      const xs = [...new Set(figure.lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
      return {
        head: [axisTitle(figure.x), ...figure.lines.map(({ name, role }) => seriesName(name, role))],
        rows: xs.map((x) => [formatNumber(x), ...figure.lines.map((line) => {
          const i = line.x.indexOf(x);
          return i < 0 ? "" : cell(line.y[i], line.low?.[i], line.high?.[i]);
        })]),
      };
    }
    case "bars":
      return {
        head: ["", ...figure.bars.map(({ name, role }) => seriesName(name, role))],
        rows: figure.categories.map((category, i) => [category, ...figure.bars.map(({ values, low, high }) => cell(values[i], low?.[i], high?.[i]))]),
      };
    case "scatter":
      return {
        head: ["group", axisTitle(figure.x), axisTitle(figure.y)],
        rows: figure.groups.flatMap(({ name, role, x, y }) => x.map((value, i) => [seriesName(name, role), formatNumber(value), formatNumber(y[i]!)])),
      };
    case "grid":
      return {
        head: [`${figure.rowLabel} \\ ${figure.columnLabel}`, ...figure.columns],
        rows: figure.rows.map((row, r) => [row, ...figure.columns.map((_, c) => formatNumber(figure.values[r * figure.columns.length + c]!))]),
      };
  }
}
