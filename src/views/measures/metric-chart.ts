/**
 * One measure, step by step, all runs over one another. The ground before step
 * 0 is tinted: there the model still reads the prompt. One cursor runs through
 * all small multiples; the values under it stand below in words.
 */
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { DecodingMode } from "../../../probes/trace.ts";
import { formatNumber } from "../../format.ts";
import { figure, type Provenance } from "../../measures/provenance.ts";
import { SelectEvent, type Selection } from "../../selection.ts";
import { modeStyles } from "../../theme.ts";
import { words } from "../../words.ts";
import { ChartElement, type ChartTable, type DrawnChart, type PageChart } from "../chart-element.ts";
import { dashOf, modeMark } from "../picture/legend.ts";

export interface MetricSeries {
  readonly mode: DecodingMode;
  /** Drawn thin and hollow: a control, or a run beside another. */
  readonly control: boolean;
  /** In the key and the table; left out: as the mode, or "control". */
  readonly name?: string;
  /** Relative to the end of the prompt. */
  readonly steps: readonly number[];
  /** NaN where the measure is not defined; the line has a gap there. */
  readonly values: Float32Array;
  /** Where its value at a step comes from. */
  readonly origin?: (step: number) => Provenance;
}

@customElement("metric-chart")
export class MetricChart extends ChartElement {
  static override styles = [...ChartElement.styles, css`:host { --chart-height: 172px; }`];

  /** For the table; `1` is none. */
  @property() unit = "";
  @property({ attribute: false }) series: readonly MetricSeries[] = [];
  @property({ attribute: false }) selection: Selection | null = null;
  /** The measure's own range; null ends come from the data. */
  @property({ attribute: false }) range: readonly [number | null, number | null] = [null, null];
  /** First and last step of the axis that all small multiples share. */
  @property({ type: Number }) first = 0;
  @property({ type: Number }) last = 1;

  protected configuration(): PageChart {
    const dense = this.last - this.first > 60;
    return {
      type: "scatter",
      data: {
        datasets: this.series.map(({ mode, control, name, steps, values }) => {
          const style = modeStyles[mode];
          const colour = this.colourOf(mode);
          return {
            data: steps.map((x, i) => ({ x, y: values[i] ?? Number.NaN })),
            showLine: true,
            clip: 6,
            order: control ? 1 : 0,
            borderColor: colour,
            backgroundColor: control || style.shape === "ring" ? this.colours.raised : colour,
            borderWidth: control ? 1.2 : 2,
            borderDash: dashOf(mode, control ? (name === undefined ? 0 : 1) : null),
            pointStyle: style.pointStyle,
            pointRadius: dense ? 0 : control ? 2.2 : 3,
            pointBorderWidth: control ? 1.2 : 1.6,
            pointHitRadius: 0,
          };
        }),
      },
      options: this.options(
        { title: "step, 0 = end of the prompt", limits: () => [this.first - 0.4, this.last + 0.4], ticks: this.stepTicks(), size: 40, grid: false },
        { limits: () => this.valueLimits(), ticks: 4, size: 44 },
      ),
    };
  }

  /** Whole steps only, 0 among them. */
  private stepTicks(): number[] {
    const { first, last } = this;
    const room = Math.max(2, Math.floor(this.canvasSize.width / 34));
    const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((n) => (last - first) / n < room) ?? 1000;
    const ticks: number[] = [];
    for (let step = Math.ceil(first / every) * every; step <= last; step += every) ticks.push(step === 0 ? 0 : step);
    return ticks;
  }

  private valueLimits(): [number, number] {
    const seen = this.series.flatMap(({ values }) => [...values].filter(Number.isFinite));
    const [low, high] = this.range;
    const bottom = low ?? Math.min(...seen);
    const top = high ?? Math.max(...seen);
    if (!Number.isFinite(bottom) || !Number.isFinite(top)) return [0, 1];
    const margin = (top - bottom || Math.abs(top) || 1) * 0.08;
    return [low ?? bottom - margin, high ?? top + margin];
  }

  protected override drawBelow(chart: DrawnChart): void {
    const { chartArea, scales } = chart;
    const { surface, strong, soft } = this.colours;
    const zero = scales["x"]!.getPixelForValue(0);
    this.paint(chart, (ctx) => {
      if (zero > chartArea.left) {
        ctx.fillStyle = surface;
        ctx.globalCompositeOperation = "destination-over";
        ctx.fillRect(chartArea.left, chartArea.top, zero - chartArea.left, chartArea.height);
        ctx.globalCompositeOperation = "source-over";
        line(ctx, zero, chartArea.top, chartArea.bottom, strong);
      }
      const at = this.selection ? scales["x"]!.getPixelForValue(this.selection.step) : Number.NaN;
      if (at >= chartArea.left && at <= chartArea.right) line(ctx, at, chartArea.top, chartArea.bottom, soft);
    });
  }

  /** The points under the cursor, larger. */
  protected override drawAbove(chart: DrawnChart): void {
    const step = this.selection?.step;
    if (step === undefined) return;
    this.paint(chart, (ctx) => {
      this.series.forEach(({ mode, steps, values }, s) => {
        const i = steps.indexOf(step);
        const element = chart.getDatasetMeta(s).data[i];
        if (!element || Number.isNaN(values[i])) return;
        const { x, y } = element.getProps(["x", "y"], true) as { x: number; y: number };
        ctx.strokeStyle = this.colourOf(mode);
        ctx.lineWidth = 1.5;
        ctx.beginPath();
        ctx.arc(x, y, 6.5, 0, 2 * Math.PI);
        ctx.stroke();
      });
    });
  }

  protected override pointed(chart: DrawnChart, x: number): void {
    const step = Math.round(chart.scales["x"]!.getValueForPixel(x) ?? 0);
    if (step >= this.first && step <= this.last && step !== this.selection?.step) this.dispatchEvent(new SelectEvent({ step }));
  }

  protected override below(): unknown {
    const step = this.selection?.step;
    if (step === undefined) return "";
    const found = this.series.flatMap((series) => {
      const value = series.values[series.steps.indexOf(step)];
      return value === undefined || Number.isNaN(value) ? [] : [{ mode: series.mode, control: series.control, name: nameOf(series), value, origin: series.origin }];
    });
    if (found.length === 0) return `step ${step}: not defined here`;
    return html`<div class="legend readout">${found.map(
      ({ mode, control, name, value, origin }) => html`<span class="key" title=${name}>${modeMark(mode, control ? 0 : null, false)}<span class="visually-hidden">${name} </span>${origin ? figure(formatNumber(value), () => origin(step)) : formatNumber(value)}</span>`,
    )}</div>`;
  }

  protected table(): ChartTable {
    const steps = [...new Set(this.series.flatMap((s) => s.steps))].sort((a, b) => a - b);
    const unit = this.unit === "1" || this.unit === "" ? "" : ` (${this.unit})`;
    return {
      head: ["step", ...this.series.map((series) => `${nameOf(series)}${unit}`)],
      rows: steps.map((step) => [formatNumber(step), ...this.series.map((s) => formatNumber(s.values[s.steps.indexOf(step)] ?? Number.NaN))]),
      origin: (row, column) => this.series[column - 1]?.origin?.(steps[row]!) ?? null,
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

function nameOf({ mode, control, name = control ? "control" : words.modes[mode].name }: MetricSeries): string {
  return name;
}
