/** The numbers behind a chart, as a real table in a region that scrolls and can be reached with the keyboard. */
import { css, html, type TemplateResult } from "lit";
import { figure, figureStyle, type Provenance } from "../measures/provenance.ts";

export const dataTableStyle = [figureStyle, css`
  .table { max-height: 20rem; overflow: auto; border-top: 1px solid var(--line); }
  .table thead th { position: sticky; top: 0; background: var(--raised); vertical-align: bottom; }
  .table caption { text-align: left; font-size: var(--small); color: var(--soft); padding: 0.4rem 0; }
`];

/** Where the number in a cell comes from; null for one that is none. */
export type CellOrigin = (row: number, column: number) => Provenance | null;

/** The first column names its row. */
export function dataTable(caption: string, head: readonly string[], rows: readonly (readonly string[])[], origin?: CellOrigin): TemplateResult {
  const cell = (text: string, row: number, column: number): unknown => {
    const of = text === "–" ? null : (origin?.(row, column) ?? null);
    return of ? figure(text, () => of) : text;
  };
  return html`<div class="table" tabindex="0" role="region" aria-label="table: ${caption}">
    <table>
      <caption>${caption}</caption>
      <thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
      <tbody>${rows.map(([first, ...rest], r) => html`<tr><th scope="row">${first}</th>${rest.map((text, c) => html`<td>${cell(text, r, c + 1)}</td>`)}</tr>`)}</tbody>
    </table>
  </div>`;
}
