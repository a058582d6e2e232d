/**
 * What every chart of the page shares: one Chart.js canvas that is made once,
 * updated in place and destroyed with its element; the theme's colours, also
 * after a switch of scheme; and the same numbers as a table, one button away.
 */
import { Chart, LinearScale, LineController, LineElement, PointElement, ScatterController, Tooltip, type ChartConfiguration, type ScaleOptionsByType } from "chart.js";
import { css, html, LitElement, type TemplateResult } from "lit";
import { property, state } from "lit/decorators.js";
import type { DecodingMode } from "../../probes/trace.ts";
import { formatNumber } from "../format.ts";
import { colourScheme, modeStyles, palette, sharedStyle } from "../theme.ts";

// Only the parts that are used reach the bundle.
Chart.register(LinearScale, LineController, LineElement, PointElement, ScatterController, Tooltip);
Chart.defaults.animation = false;
Chart.defaults.font.family = getFontFamily();
Chart.defaults.font.size = 12;

function getFontFamily(): string {
  return '"Inter", "Segoe UI", system-ui, -apple-system, "Helvetica Neue", "Liberation Sans", sans-serif';
}

export type ChartPoint = { x: number; y: number };
export type PageChart = ChartConfiguration<"scatter" | "line", ChartPoint[]>;

/** A table: its head, and rows that begin with what they are. */
export interface ChartTable {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export abstract class ChartElement extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.35rem; min-height: 0; }
      .canvas { position: relative; height: var(--chart-height, 150px); min-width: 0; }
      .canvas[hidden] { display: none; }
      .below { display: flex; flex-wrap: wrap; gap: 0.3rem 0.9rem; align-items: center; font-size: var(--small); color: var(--soft); }
      .below button { min-height: 1.5rem; padding: 0 0.45rem; color: var(--soft); border-color: var(--line); margin-left: auto; }
      .scroll { overflow: auto; max-height: 22rem; }
      .key { display: inline-flex; align-items: center; gap: 0.35rem; }
      .key svg { width: 30px; height: 12px; }
    `,
  ];

  /** Says what the chart shows to those who cannot see it. */
  @property() heading = "";
  @state() private asTable = false;
  protected chart: Chart<"scatter" | "line", ChartPoint[]> | null = null;

  /** The chart as it should stand now. */
  protected abstract configuration(): PageChart;
  protected abstract table(): ChartTable;

  /** Legend or notes under the chart. */
  protected below(): unknown {
    return "";
  }

  protected get scheme(): "light" | "dark" {
    return colourScheme();
  }

  protected get colours(): (typeof palette)["light" | "dark"] {
    return palette[this.scheme];
  }

  protected modeColour(mode: DecodingMode): string {
    return modeStyles[mode].colour[this.scheme];
  }

  protected override render(): TemplateResult {
    return html`
      <div class="canvas" ?hidden=${this.asTable}><canvas role="img" aria-label="${this.heading}; the table button shows the numbers"></canvas></div>
      ${this.asTable ? this.tableBody() : ""}
      <div class="below">${this.below()}<button @click=${this.toggle} aria-pressed=${this.asTable} aria-label="${this.asTable ? "chart" : "table"}: ${this.heading}">${this.asTable ? "chart" : "table"}</button></div>
    `;
  }

  private tableBody(): TemplateResult {
    const { head, rows } = this.table();
    return html`<div class="scroll" tabindex="0" role="region" aria-label="table: ${this.heading}"><table>
      <thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr>${row.map((cell, i) => (i === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`))}</tr>`)}</tbody>
    </table></div>`;
  }

  private toggle(): void {
    this.asTable = !this.asTable;
  }

  protected override updated(): void {
    if (this.asTable) return;
    const next = this.configuration();
    if (this.chart) {
      this.chart.data = next.data;
      if (next.options) this.chart.options = next.options;
      this.chart.update("none");
    } else {
      const canvas = this.renderRoot.querySelector("canvas");
      if (canvas) this.chart = new Chart(canvas, next);
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("geodesic:scheme", this.redraw);
    systemScheme.addEventListener("change", this.redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("geodesic:scheme", this.redraw);
    systemScheme.removeEventListener("change", this.redraw);
    this.chart?.destroy();
    this.chart = null;
  }

  private readonly redraw = (): void => this.requestUpdate();

  /** An axis in the house style. */
  protected axis(title: string, range: { min?: number; max?: number } = {}, ticks = 5): Partial<ScaleOptionsByType<"linear">> {
    const { line, soft } = this.colours;
    return {
      type: "linear",
      ...range,
      border: { display: false },
      grid: { color: line, tickLength: 0 },
      ticks: { color: soft, maxTicksLimit: ticks, padding: 6, callback: (value: number | string) => formatNumber(Number(value)), maxRotation: 0 },
      title: { display: title !== "", text: title, color: soft, padding: 2 },
    } as unknown as Partial<ScaleOptionsByType<"linear">>;
  }
}

const systemScheme = matchMedia("(prefers-color-scheme: dark)");
