/** The numbers of a claim, run beside run: value, interval, n, and what literature or theory gives. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Evidence, Quantity } from "../../../workers/claims/claim.ts";
import { formatNumber } from "../../format.ts";
import { sharedStyle } from "../../theme.ts";

export interface NumbersColumn {
  readonly name: string;
  readonly evidence: Evidence;
  /** What the figures show. */
  readonly chosen: boolean;
  readonly spoiled: boolean;
}

@customElement("claim-numbers")
export class ClaimNumbers extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { container-type: inline-size; }
      .scroll { overflow-x: auto; }
      table { width: 100%; }
      th, td { vertical-align: top; padding: 0.4rem 1rem 0.4rem 0; text-align: left; }
      thead th { vertical-align: bottom; }
      .value { font-weight: 600; white-space: nowrap; }
      .interval { color: var(--soft); white-space: nowrap; }
      .label { min-width: min(15rem, 40vw); }
      .reference { color: var(--soft); min-width: 12rem; }
      .reference.inside { display: none; min-width: 0; margin-top: 0.15rem; }
      @container (max-width: 44rem) { .reference { display: none; } .reference.inside { display: block; } .interval { display: block; } }
      .reference b { color: var(--ink); font-weight: 600; }
      .chosen { color: var(--ink); font-weight: 600; }
      td.other .value { font-weight: 400; }
      .spoiled { text-decoration: underline wavy var(--wrong) 1px; text-underline-offset: 3px; }
    `,
  ];

  @property({ attribute: false }) columns: readonly NumbersColumn[] = [];

  protected override render(): TemplateResult {
    const { columns } = this;
    const ids = [...new Set(columns.flatMap(({ evidence }) => evidence.quantities.map(({ id }) => id)))];
    const find = (column: NumbersColumn, id: string): Quantity | undefined => column.evidence.quantities.find((quantity) => quantity.id === id);
    const first = (id: string): Quantity => columns.map((column) => find(column, id)).find((quantity) => quantity !== undefined)!;
    const references = ids.some((id) => first(id).reference);
    return html`<div class="scroll" tabindex="0" role="region" aria-label="numbers"><table>
      <caption class="visually-hidden">what was measured, with 95 % intervals</caption>
      <thead><tr><th scope="col">quantity</th>${columns.map(({ name, chosen, spoiled }) => html`<th scope="col" class="${chosen ? "chosen" : ""} ${spoiled ? "spoiled" : ""}">${name}</th>`)}<th scope="col">n</th>${references ? html`<th scope="col" class="reference">literature or theory</th>` : nothing}</tr></thead>
      <tbody>${ids.map((id) => {
        const { label, unit, reference } = first(id);
        return html`<tr><th scope="row" class="label">${label}${unit === "1" || unit === "" ? "" : html` <span class="soft">(${unit})</span>`}${reference ? html`<span class="reference inside">${referenceOf(reference)}</span>` : nothing}</th>
          ${columns.map((column) => html`<td class=${column.chosen ? "" : "other"}>${value(find(column, id))}</td>`)}
          <td>${columns.map((column) => find(column, id)?.n).find((n) => n !== undefined) ?? ""}</td>
          ${references ? html`<td class="reference">${reference ? referenceOf(reference) : ""}</td>` : nothing}</tr>`;
      })}</tbody>
    </table></div>`;
  }
}

function value(quantity: Quantity | undefined): TemplateResult {
  if (!quantity) return html`–`;
  const { low, high } = quantity;
  return html`<span class="value">${formatNumber(quantity.value)}</span>${low === undefined || high === undefined || Number.isNaN(low + high) ? nothing : html` <span class="interval">[${formatNumber(low)}, ${formatNumber(high)}]</span>`}`;
}

function referenceOf({ value, source }: NonNullable<Quantity["reference"]>): TemplateResult {
  return html`<b>${typeof value === "number" ? formatNumber(value) : value}</b> ${source}`;
}
