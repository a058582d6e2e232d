/**
 * What every chart of the page shares: one Chart.js canvas that is made once,
 * updated in place and destroyed with its element; the theme's colours, also
 * after a switch of scheme; and the same numbers as a table below it.
 */
import { Chart, LinearScale, LineController, LineElement, PointElement, ScatterController, type ChartConfiguration, type Plugin, type Scale } from "chart.js";
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import type { DecodingMode } from "../../probes/trace.ts";
import { formatNumber } from "../format.ts";
import { colourScheme, modeStyles, palette, sharedStyle } from "../theme.ts";
import { niceTicks } from "./picture/bounds.ts";
import { type CellOrigin, dataTable, dataTableStyle } from "./data-table.ts";
import { legendStyle } from "./picture/legend.ts";

// Only the parts that are used reach the bundle.
Chart.register(LinearScale, LineController, LineElement, PointElement, ScatterController);

/** The stack of `--sans`: a canvas does not resolve CSS variables. */
export const chartFont = '"Inter", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Liberation Sans", sans-serif';
Chart.defaults.font.family = chartFont;
Chart.defaults.font.size = 12;
// Nothing moves but what the data move.
Chart.defaults.animation = false;

export type ChartPoint = { x: number; y: number };
export type PageChart = ChartConfiguration<"scatter", ChartPoint[]>;
export type DrawnChart = Chart<"scatter", ChartPoint[]>;

/** A table: its head, and rows that begin with what they are. */
export interface ChartTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Where its numbers come from. */
  readonly origin?: CellOrigin;
}

export interface AxisOptions {
  readonly title?: string;
  /** Low and high end; asked at each layout, when the chart knows its size. */
  readonly limits: () => readonly [number, number];
  /** At most this many ticks, or the ticks themselves. */
  readonly ticks: number | readonly number[];
  /** Pixels across the axis: fixed, so that plots beside one another line up. */
  readonly size: number;
  readonly format?: (value: number) => string;
  readonly grid?: boolean;
}

export abstract class ChartElement extends LitElement {
  static override styles = [
    sharedStyle,
    dataTableStyle,
    legendStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.4rem; min-height: 0; }
      .canvas { position: relative; height: var(--enlarged-height, var(--chart-height, 150px)); min-width: 0; }
      .below { font-size: var(--small); color: var(--soft); min-height: 1.2rem; }
    `,
  ];

  /** What the chart shows, for those who cannot see it. */
  @property() heading = "";
  /** Shows the numbers under the chart; `geo-panel` sets it. */
  @property({ type: Boolean }) showTable = false;
  private chart: DrawnChart | null = null;

  protected abstract configuration(): PageChart;
  protected abstract table(): ChartTable;
  /** Drawn under the lines, and over them; both are drawn again alone when only the selection has changed. */
  protected drawBelow(_chart: DrawnChart): void {}
  protected drawAbove(_chart: DrawnChart): void {}

  /** The mouse moved to, or a click or tap came at, this place on the canvas, px. */
  protected pointed(_chart: DrawnChart, _x: number, _y: number): void {}

  private point(event: MouseEvent): void {
    if (this.chart) this.pointed(this.chart, event.offsetX, event.offsetY);
  }

  /** Legend or readout under the chart. */
  protected below(): unknown {
    return nothing;
  }

  protected get colours(): (typeof palette)["light" | "dark"] {
    return palette[colourScheme()];
  }

  protected colourOf(mode: DecodingMode): string {
    return modeStyles[mode].colour[colourScheme()];
  }

  protected inkOf(mode: DecodingMode): string {
    return modeStyles[mode].ink[colourScheme()];
  }

  protected override render(): TemplateResult {
    const { head, rows, origin } = this.showTable ? this.table() : { head: [], rows: [] };
    return html`
      <div class="canvas"><canvas role="img" @mousemove=${this.point} @click=${this.point} aria-label="chart: ${this.heading}; the panel’s table button shows its numbers"></canvas></div>
      <div class="below number">${this.below()}</div>
      ${this.showTable ? dataTable(this.heading, head, rows, origin) : nothing}
    `;
  }

  protected override updated(changed: PropertyValues): void {
    const onlySelection = changed.size > 0 && [...changed.keys()].every((key) => key === "selection" || key === "showTable");
    if (this.chart && onlySelection) {
      this.chart.draw();
      return;
    }
    const next = this.configuration();
    if (this.chart) {
      this.chart.data = next.data;
      this.chart.options = next.options ?? {};
      this.chart.update("none");
      return;
    }
    const canvas = this.renderRoot.querySelector("canvas");
    const layers: Plugin<"scatter"> = { id: "page", beforeDatasetsDraw: (chart) => this.drawBelow(chart as DrawnChart), afterDatasetsDraw: (chart) => this.drawAbove(chart as DrawnChart) };
    if (canvas) this.chart = new Chart(canvas, { ...next, plugins: [layers] });
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("geodesic:scheme", this.redraw);
    systemScheme.addEventListener("change", this.redraw);
    // A chart that was taken out and put back is made anew.
    this.requestUpdate();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("geodesic:scheme", this.redraw);
    systemScheme.removeEventListener("change", this.redraw);
    this.chart?.destroy();
    this.chart = null;
  }

  private readonly redraw = (): void => this.requestUpdate();

  /** What all charts have in common. */
  protected options(x: AxisOptions, y: AxisOptions): NonNullable<PageChart["options"]> {
    return {
      responsive: true,
      maintainAspectRatio: false,
      parsing: false,
      // Chart.js would play the last event again after each update, and redraw points as hovered; see `point`.
      events: [],
      layout: { padding: { top: 8, right: 10 }, autoPadding: false },
      scales: { x: this.axis("height", x), y: this.axis("width", y) },
    };
  }

  private axis(across: "width" | "height", { title = "", limits, ticks, size, format = formatNumber, grid = true }: AxisOptions): object {
    const { line, soft } = this.colours;
    return {
      type: "linear",
      bounds: "data",
      border: { display: false },
      grid: { color: line, tickLength: 0, display: grid },
      ticks: { color: soft, padding: 6, autoSkip: false, maxRotation: 0, callback: (value: number | string) => format(Number(value)) },
      title: { display: title !== "", text: title, color: soft, padding: 2 },
      afterDataLimits: (scale: Scale) => ([scale.min, scale.max] = limits() as [number, number]),
      afterBuildTicks: (scale: Scale) => (scale.ticks = (typeof ticks === "number" ? niceTicks(scale.min, scale.max, ticks) : ticks).map((value) => ({ value }))),
      // Ticks at the ends may reach into the padding; the plot itself has exactly the room that is left.
      afterFit: (scale: Scale) => Object.assign(scale, { [across]: size, paddingTop: 0, paddingBottom: 0, paddingLeft: 0, paddingRight: 0 }),
    };
  }

  /** Runs drawing commands with the canvas's state put back afterwards. */
  protected paint({ ctx }: DrawnChart, draw: (ctx: CanvasRenderingContext2D) => void): void {
    ctx.save();
    draw(ctx);
    ctx.restore();
  }

  /** A dashed line across, at pixel `y`, that says what it is. */
  protected drawLevel(ctx: CanvasRenderingContext2D, { left, right }: DrawnChart["chartArea"], y: number, label: string): void {
    ctx.strokeStyle = this.colours.faint;
    ctx.lineWidth = 1.2;
    ctx.setLineDash([4, 4]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(right, y);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.font = `400 12px ${chartFont}`;
    ctx.fillStyle = this.colours.soft;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    ctx.fillText(label, left + 4, y - 3);
  }

  /** Size of the canvas, before a first layout as well. */
  protected get canvasSize(): { width: number; height: number } {
    if (this.chart) return this.chart;
    const box = this.renderRoot.querySelector(".canvas");
    return { width: box?.clientWidth ?? 0, height: box?.clientHeight ?? 0 };
  }
}

const systemScheme = matchMedia("(prefers-color-scheme: dark)");
