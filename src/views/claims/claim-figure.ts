/** A figure of a claim, whatever its kind, and the same numbers as a table. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Figure } from "../../../workers/claims/claim.ts";
import { sharedStyle } from "../../theme.ts";
import "./claim-bars.ts";
import "./claim-chart.ts";
import "./claim-grid.ts";
import { dataTable, dataTableStyle } from "../data-table.ts";
import { figureTable } from "../figure-table.ts";

/** Rows beyond this are left to the export. */
const mostRows = 500;

@customElement("claim-figure")
export class ClaimFigure extends LitElement {
  static override styles = [sharedStyle, dataTableStyle, css`:host { display: flex; flex-direction: column; gap: 0.5rem; min-width: 0; } .cut { padding: 0.4rem 0; }`];

  @property({ attribute: false }) figure: Figure | null = null;
  /** Shows the numbers below; `geo-panel` sets it. */
  @property({ type: Boolean }) showTable = false;

  protected override render(): TemplateResult {
    const { figure } = this;
    if (!figure) return html``;
    return html`${picture(figure)}${this.showTable ? table(figure) : nothing}`;
  }
}

function picture(figure: Figure): TemplateResult {
  switch (figure.kind) {
    case "lines":
    case "scatter":
      return html`<claim-chart heading=${figure.title} .figure=${figure}></claim-chart>`;
    case "bars":
      return html`<claim-bars .figure=${figure}></claim-bars>`;
    case "grid":
      return html`<claim-grid .figure=${figure}></claim-grid>`;
  }
}

function table(figure: Figure): TemplateResult {
  const { head, rows } = figureTable(figure);
  return html`${dataTable(`${figure.title}; in brackets the low and high end, of the 95 % interval unless said otherwise`, head, rows.slice(0, mostRows))}
    ${rows.length > mostRows ? html`<p class="small soft cut">${rows.length - mostRows} more rows are in the exported file</p>` : nothing}`;
}
