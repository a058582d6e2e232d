/**
 * Modes beside one another in numbers: for each measure what each mode has, beside
 * its nulls, and how far any two lie apart, with effect size, p and n.
 */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { probe as findProbe } from "../../../probes/index.ts";
import type { CellSummary, Comparison } from "../../../probes/population/population.ts";
import type { MeasureView } from "../../../workers/population-views.ts";
import { formatNumber, formatP } from "../../format.ts";
import { correctionWords } from "../../measures/measure-words.ts";
import { figure, figureStyle, type Provenance } from "../../measures/provenance.ts";
import { sharedStyle } from "../../theme.ts";
import { dataTableStyle } from "../data-table.ts";

/** A number of this table: of one mode, or of two. */
export type TableNumber =
  | { readonly kind: "mean" | "shuffled" | "walk" | "untrained" | "walkP"; readonly measure: MeasureView; readonly cell: number }
  | { readonly kind: "difference" | "effect" | "p" | "corrected"; readonly measure: MeasureView; readonly comparison: Comparison };

@customElement("comparison-table")
export class ComparisonTable extends LitElement {
  static override styles = [
    sharedStyle,
    dataTableStyle,
    figureStyle,
    css`
      .table { max-height: 26rem; }
      table { width: 100%; }
      .tables { display: flex; flex-direction: column; gap: 1.2rem; }
      th[scope="rowgroup"] { font-weight: 600; padding-top: 0.7rem; }
      p { margin-bottom: 0.3rem; }
      td { white-space: nowrap; }
    `,
  ];

  @property({ attribute: false }) measures: readonly MeasureView[] = [];
  /** Names of the cells. */
  @property({ attribute: false }) labels: readonly string[] = [];
  @property() where = "";
  @property({ attribute: false }) provenance: ((number: TableNumber) => Provenance) | null = null;

  protected override render(): TemplateResult {
    const untrained = this.measures.some((m) => m.untrained.some((value) => !Number.isNaN(value)));
    return html`<div class="tables">
      <div>
      <p class="soft small">Each mode beside what chance gives${this.where}. Mean over problems with its 95 % bootstrap interval; p: Wilcoxon’s signed ranks of value less walk, problem by problem.</p>
      <div class="table" tabindex="0" role="region" aria-label="table: each mode beside its nulls"><table>
        <thead><tr><th scope="col">measure</th><th scope="col">n</th><th scope="col">mean</th><th scope="col">95 %</th><th scope="col">shuffled order</th><th scope="col">random walk</th>${untrained ? html`<th scope="col">untrained</th>` : ""}<th scope="col">d<sub>z</sub> against walk</th><th scope="col">p against walk</th></tr></thead>
        ${this.measures.map((measure) => html`<tbody>
          <tr><th scope="rowgroup" colspan=${untrained ? 9 : 8}>${nameOf(measure)}</th></tr>
          ${measure.summaries.map((summary, cell) => this.modeRow(measure, summary, cell, untrained))}
        </tbody>`)}
      </table></div></div>
      <div>
      <p class="soft small">Any two modes on the same problems${this.where}. Difference first less second; d<sub>z</sub>: mean difference over its standard deviation; p: Wilcoxon’s signed ranks, then corrected for the number of pairs (Holm).</p>
      <div class="table" tabindex="0" role="region" aria-label="table: any two modes"><table>
        <thead><tr><th scope="col">measure</th><th scope="col">n</th><th scope="col">difference</th><th scope="col">95 %</th><th scope="col">d<sub>z</sub></th><th scope="col">p</th><th scope="col">p, corrected</th></tr></thead>
        ${this.measures.map((measure) => html`<tbody>
          <tr><th scope="rowgroup" colspan="7">${nameOf(measure)}</th></tr>
          ${measure.comparisons.map((comparison) => this.pairRow(measure, comparison))}
        </tbody>`)}
      </table></div></div>
    </div>`;
  }

  private modeRow(measure: MeasureView, { n, mean, interval, shuffled, walk, walkEffect, walkP }: CellSummary, cell: number, untrained: boolean): TemplateResult {
    const cellOf = (kind: "mean" | "shuffled" | "walk" | "untrained" | "walkP", text: string): unknown => this.written(text, { kind, measure, cell });
    return html`<tr><th scope="row">${this.labels[cell]}</th><td>${n}</td><td>${cellOf("mean", formatNumber(mean))}</td><td>${intervalOf(interval)}</td><td>${cellOf("shuffled", formatNumber(shuffled))}</td><td>${cellOf("walk", formatNumber(walk))}</td>
      ${untrained ? html`<td>${cellOf("untrained", formatNumber(measure.untrained[cell] ?? Number.NaN))}</td>` : ""}<td>${formatNumber(walkEffect)}</td><td>${cellOf("walkP", formatP(walkP))}</td></tr>`;
  }

  private pairRow(measure: MeasureView, comparison: Comparison): TemplateResult {
    const { a, b, n, difference, interval, effect, p, corrected } = comparison;
    const cellOf = (kind: "difference" | "effect" | "p" | "corrected", text: string): unknown => this.written(text, { kind, measure, comparison });
    return html`<tr><th scope="row">${this.labels[a]} – ${this.labels[b]}</th><td>${n}</td><td>${cellOf("difference", formatNumber(difference))}</td><td>${intervalOf(interval)}</td><td>${cellOf("effect", formatNumber(effect))}</td><td>${cellOf("p", formatP(p))}</td><td>${cellOf("corrected", formatP(corrected))}</td></tr>`;
  }

  private written(text: string, number: TableNumber): unknown {
    const { provenance } = this;
    return provenance && text !== "–" ? figure(text, () => provenance(number)) : text;
  }
}

function intervalOf([low, high]: readonly [number, number]): string {
  return Number.isNaN(low) ? "–" : `${formatNumber(low)} to ${formatNumber(high)}`;
}

/** The measure, and what was done about length. */
export function nameOf({ probe, correction }: Pick<MeasureView, "probe" | "correction">): string {
  const { name, unit } = findProbe(probe);
  if (correction === "raw") return unit === "1" ? name : `${name} (${unit})`;
  return `${name}, ${correctionWords[correction].short}`;
}
