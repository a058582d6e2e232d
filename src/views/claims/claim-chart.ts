/**
 * Lines with bands, or groups of points, of one claim. What was measured has a
 * colour, a shape and a dash of its own; theory is a thin line in ink, the null grey and dashed.
 */
import { css, html, nothing, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Axis, Figure, SeriesRole } from "../../../workers/claims/claim.ts";
import { formatNumber } from "../../format.ts";
import { colourScheme, seriesStyles } from "../../theme.ts";
import { ChartElement, type ChartTable, type DrawnChart, type PageChart } from "../chart-element.ts";
import { axisTitle, figureTable, formatPower, seriesName } from "../figure-table.ts";

/** One series, lines and groups alike. */
interface Series {
  readonly name: string;
  readonly role: SeriesRole;
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly low?: readonly number[] | undefined;
  readonly high?: readonly number[] | undefined;
}

export type ChartFigure = Extract<Figure, { kind: "lines" | "scatter" }>;

@customElement("claim-chart")
export class ClaimChart extends ChartElement {
  static override styles = [
    ...ChartElement.styles,
    css`
      :host { --chart-height: 300px; }
      .y { font-size: var(--small); color: var(--soft); order: -1; }
      .swatch { width: 30px; height: 14px; flex: none; overflow: visible; }
      .swatch line { stroke-width: 2; }
      .key { white-space: normal; }
    `,
  ];

  @property({ attribute: false }) figure: ChartFigure | null = null;

  private get series(): readonly Series[] {
    const { figure } = this;
    if (!figure) return [];
    return (figure.kind === "lines" ? figure.lines : figure.groups).map((series) => ({ role: "measured" as const, ...series }));
  }

  private colourFor(index: number): string {
    const { role } = this.series[index]!;
    if (role === "theory") return this.colours.ink;
    if (role === "null") return this.colours.faint;
    return this.styleFor(index).colour[colourScheme()];
  }

  /** Measured series count by themselves, so that theory and nulls take no colour away. */
  private styleFor(index: number): (typeof seriesStyles)[number] {
    const before = this.series.slice(0, index).filter(({ role }) => role === "measured").length;
    return seriesStyles[before % seriesStyles.length]!;
  }

  private dashFor(index: number): number[] {
    const { role } = this.series[index]!;
    const before = this.series.slice(0, index).filter((other) => other.role === role).length;
    if (role === "null") return [...nullDashes[before % nullDashes.length]!];
    if (role === "theory") return [...theoryDashes[before % theoryDashes.length]!];
    return [...this.styleFor(index).dash];
  }

  protected configuration(): PageChart {
    const { figure, series } = this;
    const lines = figure?.kind === "lines";
    const points = series.reduce((sum, { x }) => sum + x.length, 0);
    return {
      type: "scatter",
      data: {
        datasets: series.map(({ role, x, y }, i) => {
          const colour = this.colourFor(i);
          const measured = role === "measured";
          return {
            data: x.map((at, k) => ({ x: placed(at, figure?.x), y: placed(y[k]!, figure?.y) })),
            showLine: lines,
            clip: 6,
            // The measured line lies on top of what it is compared with.
            order: measured ? 0 : 1,
            borderColor: colour,
            backgroundColor: measured ? colour : this.colours.raised,
            borderWidth: measured ? 2 : 1.3,
            borderDash: this.dashFor(i),
            pointStyle: measured ? this.styleFor(i).pointStyle : "circle",
            pointRadius: lines ? (measured && x.length <= 40 ? 3.4 : 0) : points > 800 ? 1.6 : 3,
            pointBorderWidth: 1.2,
            pointHitRadius: 0,
          };
        }),
      },
      options: this.options(
        { title: figure ? axisTitle(figure.x) : "", limits: () => this.limits("x"), ticks: this.ticks("x"), size: 42, grid: false, format: this.format("x") },
        { limits: () => this.limits("y"), ticks: this.ticks("y"), size: 52, format: this.format("y") },
      ),
    };
  }

  /** Ends of an axis as they are drawn: of logarithms where it is logarithmic. */
  private limits(axis: "x" | "y"): [number, number] {
    const { figure } = this;
    const values = this.series.flatMap(({ x, y, low = [], high = [] }) => (axis === "x" ? x : [...y, ...low, ...high])).map((value) => placed(value, figure?.[axis])).filter(Number.isFinite);
    const [low, high] = [Math.min(...values), Math.max(...values)];
    if (values.length === 0) return [0, 1];
    const margin = (high - low || Math.abs(high) || 1) * (axis === "x" ? 0.03 : 0.07);
    // Shares and other quantities that begin at 0 do so on paper.
    const floor = axis === "y" && !figure?.y.log && low >= 0 && low < 0.35 * high ? 0 : low - margin;
    return [floor, high + margin];
  }

  private ticks(axis: "x" | "y"): number | number[] {
    if (!this.figure?.[axis].log) {
      const room = axis === "x" ? Math.max(3, Math.floor((this.canvasSize.width - 60) / 44)) : 6;
      const xs = this.figure?.kind === "lines" && axis === "x" ? [...new Set(this.series.flatMap(({ x }) => x))].sort((a, b) => a - b) : [];
      // Few whole numbers, such as hops or layers: each of them.
      return xs.length > 1 && xs.length <= room && xs.every(Number.isInteger) && xs.at(-1)! - xs[0]! < 2 * xs.length ? xs : Math.min(room, 10);
    }
    const [low, high] = this.limits(axis);
    const every = Math.max(1, Math.ceil((high - low) / 7));
    const powers = Array.from({ length: Math.max(0, Math.floor(high) - Math.ceil(low) + 1) }, (_, i) => Math.ceil(low) + i).filter((power) => power % every === 0);
    if (powers.length >= 3) return powers;
    // Two decades and less: 1, 2 and 5 of each.
    return Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i).flatMap((power) => [1, 2, 5].map((factor) => power + Math.log10(factor))).filter((at) => at >= low && at <= high);
  }

  private format(axis: "x" | "y"): (value: number) => string {
    return this.figure?.[axis].log ? (value) => formatPower(value) : formatNumber;
  }

  protected override drawBelow(chart: DrawnChart): void {
    const { chartArea, scales } = chart;
    const [x, y] = [scales["x"]!, scales["y"]!];
    const { figure } = this;
    this.paint(chart, (ctx) => {
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top - 6, chartArea.width + 6, chartArea.height + 12);
      ctx.clip();
      this.series.forEach(({ x: at, low, high }, i) => {
        if (!low || !high || !figure) return;
        const place = (value: number): number => y.getPixelForValue(Number.isFinite(placed(value, figure.y)) ? placed(value, figure.y) : this.limits("y")[0]);
        ctx.fillStyle = ctx.strokeStyle = this.colourFor(i);
        if (at.length === 1) {
          ctx.lineWidth = 1.6;
          ctx.beginPath();
          ctx.moveTo(x.getPixelForValue(placed(at[0]!, figure.x)), place(low[0]!));
          ctx.lineTo(x.getPixelForValue(placed(at[0]!, figure.x)), place(high[0]!));
          ctx.stroke();
          return;
        }
        const known = at.map((_, k) => k).filter((k) => !Number.isNaN(low[k]! + high[k]!));
        ctx.globalAlpha = 0.16;
        ctx.beginPath();
        for (const k of known) ctx.lineTo(x.getPixelForValue(placed(at[k]!, figure.x)), place(high[k]!));
        for (const k of known.toReversed()) ctx.lineTo(x.getPixelForValue(placed(at[k]!, figure.x)), place(low[k]!));
        ctx.closePath();
        ctx.fill();
        ctx.globalAlpha = 1;
      });
    });
  }

  protected override render(): TemplateResult {
    return html`${this.figure ? html`<p class="y">↑ ${axisTitle(this.figure.y)}${this.figure.y.log ? ", logarithmic" : ""}</p>` : nothing}${super.render()}`;
  }

  protected override below(): unknown {
    const lines = this.figure?.kind === "lines";
    return html`<div class="legend">${this.series.map(({ name, role, low }, i) => html`<span class="key">${this.swatch(i, lines)}${seriesName(name, role)}${low ? html`<span class="visually-hidden">, band: 95 % interval</span>` : nothing}</span>`)}</div>`;
  }

  private swatch(index: number, line: boolean): TemplateResult {
    const colour = this.colourFor(index);
    const { role } = this.series[index]!;
    return html`<svg class="swatch" viewBox="-15 -7 30 14" aria-hidden="true">
      ${line ? svg`<line x1="-15" x2="15" stroke=${colour} stroke-dasharray=${this.dashFor(index).join(" ") || "none"} />` : nothing}
      ${role === "measured" || !line ? svg`<path d=${outlines[this.styleFor(index).pointStyle]} fill=${role === "measured" ? colour : "none"} stroke=${colour} stroke-width="1.4" />` : nothing}
    </svg>`;
  }

  protected table(): ChartTable {
    return this.figure ? figureTable(this.figure) : { head: [], rows: [] };
  }
}

/** Of several theories, or nulls, each has a dash of its own. */
const theoryDashes: readonly (readonly number[])[] = [[], [1.5, 3], [8, 3, 1.5, 3]];
const nullDashes: readonly (readonly number[])[] = [[4, 4], [1.5, 5], [10, 4]];

const outlines: Readonly<Record<(typeof seriesStyles)[number]["pointStyle"], string>> = {
  circle: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
  triangle: "M0 -4.6L4.3 3.2H-4.3Z",
  rect: "M-3.6 -3.6h7.2v7.2h-7.2Z",
  rectRot: "M0 -4.6L4.6 0L0 4.6L-4.6 0Z",
  star: "M-4 0H4M0 -4V4M-2.8 -2.8L2.8 2.8M-2.8 2.8L2.8 -2.8",
  crossRot: "M-3 -3L3 3M-3 3L3 -3",
};

/** Where a value stands on its axis; NaN where a logarithm has none. */
function placed(value: number, axis: Axis | undefined): number {
  if (!axis?.log) return value;
  return value > 0 ? Math.log10(value) : Number.NaN;
}
