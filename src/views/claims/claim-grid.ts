/** A claim's grid of numbers: as dark as they are large; blue above zero, vermillion below. */
import { css, html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Figure } from "../../../workers/claims/claim.ts";
import { formatNumber } from "../../format.ts";
import { sharedStyle } from "../../theme.ts";

export type GridFigure = Extract<Figure, { kind: "grid" }>;

/** Beyond this many columns numbers would not fit; the tip and the table have them. */
const mostWithText = 14;

@customElement("claim-grid")
export class ClaimGrid extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .scroll { overflow-x: auto; padding-bottom: 4px; }
      svg { display: block; }
      .ground { fill: var(--surface); }
      .above { fill: var(--direct); }
      .below { fill: var(--latent); }
      text { font: 400 12px var(--sans); fill: var(--soft); font-variant-numeric: tabular-nums; }
      .value { fill: var(--ink); text-anchor: middle; }
      .column { text-anchor: middle; }
    `,
  ];

  @property({ attribute: false }) figure: GridFigure | null = null;

  protected override render(): TemplateResult {
    const { figure } = this;
    if (!figure) return html``;
    const { rows, columns, values, rowLabel, columnLabel, unit } = figure;
    const largest = Math.max(1e-300, ...values.filter(Number.isFinite).map(Math.abs));
    const texts = values.map((value) => shortNumber(value, largest));
    const most = Math.max(...texts.map((text) => text.length), ...columns.map((column) => column.length));
    const withText = columns.length <= mostWithText;
    const rowHeight = withText ? 28 : 14;
    const cell = withText ? Math.max(38, 12 + 7 * most) : 12;
    const every = withText ? 1 : Math.ceil(48 / cell);
    // Beside many columns the rows' label takes a line of its own.
    const top = withText ? 22 : 42;
    const left = 12 + 7 * Math.min(24, Math.max(withText ? rowLabel.length + 1 : 0, ...rows.map((row) => row.length)));
    const width = left + columns.length * cell + 4;
    const height = top + rows.length * rowHeight + 20;
    return html`<div class="scroll" tabindex="0" role="group" aria-label="grid: ${rowLabel} by ${columnLabel}">
      <svg width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label="${figure.title}; the panel’s table button shows its numbers">
        <text x="0" y="14">${withText ? rowLabel : `↓ ${rowLabel}`}</text>
        ${rows.map((row, r) => svg`<text x="0" y=${top + r * rowHeight + rowHeight / 2 + 4}>${row}</text>`)}
        ${values.map((value, i) => {
          const [r, c] = [Math.floor(i / columns.length), i % columns.length];
          const [x, y] = [left + c * cell, top + r * rowHeight];
          const share = Number.isNaN(value) ? 0 : Math.min(1, Math.abs(value) / largest);
          return svg`<g><title>${rowLabel} ${rows[r]!}, ${columnLabel} ${columns[c]!}: ${formatNumber(value)}${unit === "1" || unit === "" ? "" : ` ${unit}`}</title>
            <rect class="ground" x=${x + 1} y=${y + 1} width=${cell - 2} height=${rowHeight - 2} rx="3" />
            <rect class=${value < 0 ? "below" : "above"} x=${x + 1} y=${y + 1} width=${cell - 2} height=${rowHeight - 2} rx="3" fill-opacity=${(0.58 * share).toFixed(3)} />
            ${withText ? svg`<text class="value" x=${x + cell / 2} y=${y + rowHeight / 2 + 4}>${texts[i]!}</text>` : nothing}</g>`;
        })}
        ${columns.map((column, c) => (c % every === 0 ? svg`<text class="column" x=${left + c * cell + cell / 2} y=${top - 8}>${column}</text>` : nothing))}
        <text x=${left} y=${height - 6}>${columnLabel} →</text>
      </svg>
    </div>`;
  }
}

/** As many decimals as two digits of the largest take: beside .87, a 0.0003 is 0. The tip and the table have the rest. */
function shortNumber(value: number, largest: number): string {
  if (Number.isNaN(value) || largest >= 100 || largest < 0.01) return formatNumber(value);
  const decimals = largest >= 10 ? 1 : largest >= 0.1 ? 2 : 3;
  return formatNumber(Number(value.toFixed(decimals)));
}
