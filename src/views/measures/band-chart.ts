/**
 * One measure over many problems: a line per mode with its band, over the layers or
 * over the steps, and in grey what chance gives. The values under the cursor
 * stand below in words.
 */
import { css, html, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Band } from "../../../probes/population/population.ts";
import type { DecodingMode } from "../../../probes/trace.ts";
import { formatNumber } from "../../format.ts";
import { figure, figureStyle, type Provenance } from "../../measures/provenance.ts";
import { SelectEvent, type Selection } from "../../selection.ts";
import { modeStyles } from "../../theme.ts";
import { ChartElement, type ChartTable, type DrawnChart, type PageChart } from "../chart-element.ts";
import { dashOf, modeMark } from "../picture/legend.ts";

export interface BandSeries {
  readonly mode: DecodingMode;
  /** Which of several controls, from 0; null for the mode itself. */
  readonly control: number | null;
  readonly label: string;
  readonly band: Band;
}

/** What chance gives, in grey. */
export interface NullSeries {
  readonly label: string;
  readonly dash: readonly number[];
  readonly band: Band;
}

@customElement("band-chart")
export class BandChart extends ChartElement {
  static override styles = [
    ...ChartElement.styles,
    figureStyle,
    css`
      :host { --chart-height: 210px; }
      .rows { display: flex; flex-direction: column; gap: 0.2rem; }
      .key svg.null { width: 34px; height: 14px; flex: none; }
      .key line.null { stroke: var(--faint); stroke-width: 1.5; }
    `,
  ];

  @property({ attribute: false }) series: readonly BandSeries[] = [];
  @property({ attribute: false }) nulls: readonly NullSeries[] = [];
  @property() over: "layers" | "steps" = "layers";
  @property({ attribute: false }) selection: Selection | null = null;
  /** The measure's own range; null ends come from the data. */
  @property({ attribute: false }) range: readonly [number | null, number | null] = [null, null];
  /** A value that means something, and what. */
  @property({ attribute: false }) reference: { readonly value: number; readonly label: string } | null = null;
  /** As the band is: "median and middle 95 % of problems". */
  @property() bandWords = "";
  /** Where a value comes from, by the index of its line. */
  @property({ attribute: false }) provenance: ((line: number, x: number) => Provenance) | null = null;

  protected configuration(): PageChart {
    const [first, last] = this.ends();
    return {
      type: "scatter",
      data: {
        datasets: [
          ...this.series.map(({ mode, control, band }) => {
            const style = modeStyles[mode];
            const colour = this.colourOf(mode);
            return {
              data: band.x.map((x, i) => ({ x, y: band.middle[i]! })),
              showLine: true,
              clip: 6,
              order: control === null ? 0 : 1,
              borderColor: colour,
              backgroundColor: control !== null || style.shape === "ring" ? this.colours.raised : colour,
              borderWidth: control === null ? 2 : 1.2,
              borderDash: dashOf(mode, control),
              pointStyle: style.pointStyle,
              pointRadius: band.x.length > 40 ? 0 : control === null ? 3.2 : 2.4,
              pointBorderWidth: control === null ? 1.8 : 1.2,
              pointHitRadius: 0,
            };
          }),
          ...this.nulls.map(({ dash, band }) => ({
            data: band.x.map((x, i) => ({ x, y: band.middle[i]! })),
            showLine: true,
            clip: 6,
            order: 2,
            borderColor: this.colours.faint,
            backgroundColor: this.colours.faint,
            borderWidth: 1.4,
            borderDash: [...dash],
            pointRadius: band.x.length === 1 ? 3 : 0,
            pointHitRadius: 0,
          })),
        ],
      },
      options: this.options(
        { title: this.over === "layers" ? "layer" : "step, 0 = end of the prompt", limits: () => [first - 0.4, last + 0.4], ticks: this.ticks(first, last), size: 40, grid: false, format: (x) => (this.over === "layers" && x === 0 ? "embed" : formatNumber(x)) },
        { limits: () => this.valueLimits(), ticks: 5, size: 48 },
      ),
    };
  }

  private ends(): readonly [number, number] {
    const xs = this.series.flatMap(({ band }) => band.x);
    return xs.length > 0 ? [Math.min(...xs), Math.max(...xs)] : [0, 1];
  }

  private ticks(first: number, last: number): number[] {
    const room = Math.max(2, Math.floor((this.canvasSize.width || 300) / 40));
    const every = [1, 2, 5, 10, 20, 50, 100].find((n) => (last - first) / n < room) ?? 200;
    const ticks: number[] = [];
    for (let x = Math.ceil(first / every) * every; x <= last; x += every) ticks.push(x === 0 ? 0 : x);
    return ticks;
  }

  private valueLimits(): [number, number] {
    const bands = [...this.series, ...this.nulls].map(({ band }) => band);
    const seen = [...bands.flatMap(({ low, high, middle }) => [...low, ...high, ...middle]), ...(this.reference ? [this.reference.value] : [])].filter(Number.isFinite);
    const [least, most] = this.range;
    const bottom = least ?? Math.min(...seen);
    // A range is where values can lie; a chart of many near one end shows that end.
    const top = Math.min(most ?? Infinity, Math.max(...seen));
    if (!Number.isFinite(bottom) || !Number.isFinite(top)) return [0, 1];
    const margin = (top - bottom || Math.abs(top) || 1) * 0.08;
    return [least ?? bottom - margin, most !== null && top + margin > most ? most : top + margin];
  }

  protected override drawBelow(chart: DrawnChart): void {
    const { chartArea, scales } = chart;
    const [x, y] = [scales["x"]!, scales["y"]!];
    this.paint(chart, (ctx) => {
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      ctx.clip();
      const at = this.cursor();
      if (at !== null) line(ctx, x.getPixelForValue(at), chartArea.top, chartArea.bottom, this.colours.strong);
      for (const { band } of this.nulls) this.fill(ctx, band, this.colours.faint, 0.14, x, y);
      for (const { band, mode, control } of this.series) this.fill(ctx, band, this.colourOf(mode), control === null ? 0.16 : 0.08, x, y);
      if (this.reference) this.drawLevel(ctx, chartArea, y.getPixelForValue(this.reference.value), this.reference.label);
    });
  }

  /** A band, in pieces where it is not defined; a single point as a bar. */
  private fill(ctx: CanvasRenderingContext2D, { x: xs, low, high }: Band, colour: string, alpha: number, x: DrawnChart["scales"][string], y: DrawnChart["scales"][string]): void {
    ctx.fillStyle = colour;
    ctx.globalAlpha = alpha;
    for (let from = 0; from < xs.length; from++) {
      if (Number.isNaN(low[from]! + high[from]!)) continue;
      let to = from;
      while (to + 1 < xs.length && !Number.isNaN(low[to + 1]! + high[to + 1]!)) to++;
      ctx.beginPath();
      // A single point is given some width.
      const spread = to === from ? 5 : 0;
      for (let i = from; i <= to; i++) ctx.lineTo(x.getPixelForValue(xs[i]!) - spread, y.getPixelForValue(high[i]!));
      if (spread > 0) ctx.lineTo(x.getPixelForValue(xs[to]!) + spread, y.getPixelForValue(high[to]!));
      for (let i = to; i >= from; i--) ctx.lineTo(x.getPixelForValue(xs[i]!) + spread, y.getPixelForValue(low[i]!));
      if (spread > 0) ctx.lineTo(x.getPixelForValue(xs[from]!) - spread, y.getPixelForValue(low[from]!));
      ctx.closePath();
      ctx.fill();
      from = to;
    }
    ctx.globalAlpha = 1;
  }

  private cursor(): number | null {
    if (!this.selection) return null;
    return this.over === "layers" ? this.selection.layer : this.selection.step;
  }

  protected override pointed(chart: DrawnChart, px: number): void {
    const [first, last] = this.ends();
    const x = Math.round(chart.scales["x"]!.getValueForPixel(px) ?? 0);
    if (x < first || x > last || x === this.cursor()) return;
    this.dispatchEvent(new SelectEvent(this.over === "layers" ? { layer: x } : { step: x }));
  }

  protected override below(): TemplateResult {
    return html`<div class="rows"><div class="legend">${this.series.map((series, i) => {
      const value = this.valueAt(series.band);
      return html`<span class="key" title=${series.label}>${modeMark(series.mode, series.control)}<span>${series.label}</span>${value === null ? "" : html`<span class="number">${this.written(value, i)}</span>`}</span>`;
    })}</div>
    ${this.nulls.length === 0 ? "" : html`<div class="legend">${this.nulls.map(({ label, dash, band }, i) => {
      const value = this.valueAt(band);
      return html`<span class="key"><svg class="null" viewBox="0 0 34 14" aria-hidden="true">${svg`<line class="null" x1="1" x2="33" y1="7" y2="7" stroke-dasharray=${dash.join(" ") || "none"} />`}</svg><span>${label}</span>${value === null ? "" : html`<span class="number">${this.written(value, this.series.length + i)}</span>`}</span>`;
    })}</div>`}</div>`;
  }

  private written(value: number, line: number): unknown {
    const { provenance } = this;
    const at = this.cursor() ?? 0;
    return provenance ? figure(formatNumber(value), () => provenance(line, at)) : formatNumber(value);
  }

  /** The middle at the cursor; null where there is none. */
  private valueAt({ x, middle }: Band): number | null {
    const at = this.cursor();
    // A measure of the output has one column, whatever the layer.
    const i = x.length === 1 && this.over === "layers" ? 0 : x.indexOf(at ?? NaN);
    const value = middle[i];
    return value === undefined || Number.isNaN(value) ? null : value;
  }

  protected table(): ChartTable {
    const lines = [...this.series, ...this.nulls];
    const xs = [...new Set(lines.flatMap(({ band }) => band.x))].sort((a, b) => a - b);
    return {
      head: [this.over === "layers" ? "layer" : "step", ...lines.flatMap(({ label }) => [label, "95 %", "n"])],
      rows: xs.map((x) => [
        this.over === "layers" && x === 0 ? "embed" : formatNumber(x),
        ...lines.flatMap(({ band }) => {
          const i = band.x.indexOf(x);
          if (i < 0) return ["–", "–", "0"];
          return [formatNumber(band.middle[i]!), `${formatNumber(band.low[i]!)} to ${formatNumber(band.high[i]!)}`, String(band.n[i]!)];
        }),
      ]),
    };
  }
}

function line(ctx: CanvasRenderingContext2D, x: number, top: number, bottom: number, colour: string): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(Math.round(x) + 0.5, top);
  ctx.lineTo(Math.round(x) + 0.5, bottom);
  ctx.stroke();
}
