/** The charts of one measure: as measured, and beside it without what length does, where length does anything. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Provenance } from "../../measures/provenance.ts";
import type { Selection } from "../../selection.ts";
import { sharedStyle } from "../../theme.ts";
import "./band-chart.ts";
import type { BandSeries, NullSeries } from "./band-chart.ts";

export interface MeasureChart {
  /** For those who cannot see it. */
  readonly heading: string;
  /** Above it; "" for none. */
  readonly title: string;
  readonly over: "layers" | "steps";
  readonly series: readonly BandSeries[];
  readonly nulls: readonly NullSeries[];
  readonly range: readonly [number | null, number | null];
  readonly reference: { readonly value: number; readonly label: string } | null;
  readonly provenance: (line: number, x: number) => Provenance;
}

@customElement("measure-charts")
export class MeasureCharts extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 0.4rem 1.6rem; align-items: start; }
      .chart { min-width: 0; display: flex; flex-direction: column; gap: 0.3rem; }
      h3 { font-weight: 400; color: var(--soft); }
    `,
  ];

  @property({ attribute: false }) charts: readonly MeasureChart[] = [];
  @property({ attribute: false }) selection: Selection | null = null;
  @property({ type: Boolean }) showTable = false;

  protected override render(): TemplateResult {
    return html`<div class="charts">${this.charts.map(({ heading, title, over, series, nulls, range, reference, provenance }) => html`<div class="chart">
      ${title === "" ? "" : html`<h3>${title}</h3>`}
      <band-chart heading=${heading} over=${over} .series=${series} .nulls=${nulls} .range=${range} .reference=${reference} .selection=${this.selection} .provenance=${provenance} ?showTable=${this.showTable}></band-chart>
    </div>`)}</div>`;
  }
}
