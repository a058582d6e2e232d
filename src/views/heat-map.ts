/**
 * A grid of rates: how often the answer is still right when one thing is altered,
 * for each column and row. A cell is as dark as the rate has fallen below that of the
 * unaltered runs, and hatched where it has risen; its number is the rate. The key below
 * marks the unaltered rate and the level of chance. A cell under the pointer says in
 * words what was done and what came of it.
 */
import { css, html, LitElement, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { formatNumber, formatPercent } from "../format.ts";
import { sharedStyle } from "../theme.ts";
import { figure, type Provenance } from "../measures/provenance.ts";
import { type CellOrigin, dataTable, dataTableStyle } from "./data-table.ts";

/** One cell's count; rates have Wilson's 95 % interval, changes are means over the problems, nats. */
export interface HeatCell {
  readonly correct: number;
  readonly answered: number;
  readonly low: number;
  readonly high: number;
  readonly change: number;
  readonly changeLow: number;
  readonly changeHigh: number;
  /** What was done, as a sentence without its end. */
  readonly done: string;
}

/** The two numbers of a cell that were measured. */
export type CellNumber = "rate" | "change";
/** Where a number of a cell comes from. */
export type HeatOrigin = (cell: HeatCell, number: CellNumber) => Provenance;

/** The cells as a table. */
export const heatHead = ["what was done", "right", "of", "share", "95 % interval", "mean change of ln p(answer)", "95 % interval"] as const;
export function heatRow({ done, correct, answered, low, high, change, changeLow, changeHigh }: HeatCell): string[] {
  return [done, String(correct), String(answered), formatPercent(correct / answered), `${formatPercent(low)} to ${formatPercent(high)}`, formatNumber(change), `${formatNumber(changeLow)} to ${formatNumber(changeHigh)}`];
}
/** Origins of that table's numbers. */
export function heatOrigin(cells: readonly HeatCell[], of: HeatOrigin | null): CellOrigin {
  const numbers: Readonly<Record<number, CellNumber>> = { 3: "rate", 5: "change" };
  return (row, column) => {
    const number = numbers[column];
    return of && number ? of(cells[row]!, number) : null;
  };
}

/** Fired when a cell is chosen. */
export class CellEvent extends CustomEvent<{ readonly column: number; readonly row: number }> {
  constructor(column: number, row: number) {
    super("choose-cell", { detail: { column, row }, bubbles: true, composed: true });
  }
}

const cellWidth = 56;
const cellHeight = 32;
const bottom = 40;
const keyWidth = 220;

@customElement("heat-map")
export class HeatMap extends LitElement {
  static override styles = [
    sharedStyle,
    dataTableStyle,
    css`
      .scroll { overflow-x: auto; padding-bottom: 4px; }
      svg { display: block; }
      .ground { fill: var(--surface); }
      .fall { fill: var(--mode); }
      .rise { fill: url(#hatch); }
      .hatch { stroke: var(--right); stroke-width: 1.5; }
      .rate { font: 600 12px var(--sans); font-variant-numeric: tabular-nums; text-anchor: middle; fill: var(--ink); pointer-events: none; }
      .axis { font: 400 12px var(--sans); fill: var(--soft); }
      .column { text-anchor: middle; }
      .hit { fill: transparent; cursor: pointer; }
      .chosen { fill: none; stroke: var(--ink); stroke-width: 2; pointer-events: none; }
      .tick { stroke: var(--ink); stroke-width: 1.5; }
      .readout { font-size: var(--small); min-height: 2.6em; margin-top: 0.4rem; }
      .key { max-width: 100%; height: auto; }
    `,
  ];

  @property({ reflect: true }) mode = "latent";
  @property() heading = "";
  @property({ attribute: false }) columns: readonly string[] = [];
  @property() columnTitle = "";
  /** From the bottom up. */
  @property({ attribute: false }) rows: readonly string[] = [];
  /** Columns outermost; null where nothing is counted yet. */
  @property({ attribute: false }) cells: readonly (HeatCell | null)[] = [];
  /** Share of right answers of the unaltered runs; null while there is none. */
  @property({ attribute: false }) unaltered: { readonly rate: number; readonly low: number; readonly high: number; readonly answered: number } | null = null;
  @property({ attribute: false }) chance: number | null = null;
  /** Column and row that the page's selection stands in. */
  @property({ attribute: false }) selected: readonly [number, number] | null = null;
  @property({ attribute: false }) provenance: HeatOrigin | null = null;
  /** Shows the same cells as a table, below. */
  @property({ type: Boolean }) showTable = false;
  @state() private at: readonly [number, number] | null = null;

  protected override render(): TemplateResult {
    const { columns, rows } = this;
    const left = 20 + 7 * Math.max(4, ...rows.map((name) => name.length));
    const width = left + columns.length * cellWidth + 4;
    const height = rows.length * cellHeight + bottom;
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${this.heading} @mouseleave=${this.leave}>
      <svg width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label="${this.heading}; the panel’s table button shows its numbers">
        <defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" x2="0" y1="0" y2="6" /></pattern></defs>
        ${rows.map((name, row) => svg`<text class="axis" x="0" y=${this.y(row) + 21}>${name}</text>`)}
        ${columns.map((name, column) => svg`<text class="axis column" x=${left + (column + 0.5) * cellWidth} y=${rows.length * cellHeight + 16}>${name}</text>`)}
        <text class="axis" x=${left} y=${rows.length * cellHeight + 34}>${this.columnTitle}</text>
        ${columns.map((_, column) => rows.map((__, row) => this.cell(left, column, row)))}
        ${this.frame(left)}
      </svg>
    </div>
    ${this.key()}
    <p class="readout number">${this.readout()}</p>
    ${this.showTable ? this.table() : nothing}`;
  }

  private y(row: number): number {
    return (this.rows.length - 1 - row) * cellHeight;
  }

  private of(column: number, row: number): HeatCell | null {
    return this.cells[column * this.rows.length + row] ?? null;
  }

  private cell(left: number, column: number, row: number): SVGTemplateResult {
    const cell = this.of(column, row);
    const [x, y] = [left + column * cellWidth, this.y(row)];
    const rate = cell && cell.answered > 0 ? cell.correct / cell.answered : null;
    const fall = rate === null || !this.unaltered ? 0 : this.unaltered.rate - rate;
    const box = (className: string, opacity: number): SVGTemplateResult => svg`<rect class=${className} x=${x + 1} y=${y + 1} width=${cellWidth - 2} height=${cellHeight - 2} rx="3" fill-opacity=${opacity.toFixed(3)} />`;
    return svg`<g>
      ${box("ground", 1)}
      ${fall > 0 ? box("fall", shade(fall)) : fall < 0 ? box("rise", 1) : nothing}
      <text class="rate" x=${x + cellWidth / 2} y=${y + 21}>${rate === null ? "" : formatPercent(rate)}</text>
      <rect class="hit" data-column=${column} data-row=${row} x=${x} y=${y} width=${cellWidth} height=${cellHeight} @mouseenter=${this.hover} @click=${this.choose}>${cell ? svg`<title>${inWords(cell)}</title>` : nothing}</rect></g>`;
  }

  private frame(left: number): SVGTemplateResult | typeof nothing {
    if (!this.selected) return nothing;
    const [column, row] = this.selected;
    return svg`<rect class="chosen" x=${left + column * cellWidth} y=${this.y(row)} width=${cellWidth} height=${cellHeight} rx="3" />`;
  }

  /** How dark which rate is, with the unaltered rate and chance marked on it. */
  private key(): TemplateResult | typeof nothing {
    const { unaltered, chance } = this;
    if (!unaltered) return nothing;
    const x = (rate: number): number => 8 + rate * keyWidth;
    const steps = 40;
    return html`<svg class="key" width=${keyWidth + 130} height="48" viewBox="0 0 ${keyWidth + 130} 48" role="img" aria-label="key: unaltered ${formatPercent(unaltered.rate)}${chance === null ? "" : `, chance ${formatPercent(chance)}`}">
      <rect class="ground" x=${x(0)} y="17" width=${keyWidth} height="12" />
      ${Array.from({ length: steps }, (_, i) => svg`<rect class="fall" x=${x(i / steps)} y="17" width=${keyWidth / steps + 0.3} height="12" fill-opacity=${shade(Math.max(0, unaltered.rate - (i + 0.5) / steps)).toFixed(3)} />`)}
      <line class="tick" x1=${x(unaltered.rate)} x2=${x(unaltered.rate)} y1="13" y2="33" /><text class="axis" x=${x(unaltered.rate)} y="10" text-anchor=${unaltered.rate > 0.7 ? "end" : "middle"}>unaltered ${formatPercent(unaltered.rate)}</text>
      ${chance === null ? nothing : svg`<line class="tick" stroke-dasharray="3 2" x1=${x(chance)} x2=${x(chance)} y1="13" y2="33" /><text class="axis" x=${x(chance)} y="45" text-anchor=${chance < 0.15 ? "start" : "middle"}>chance ${formatPercent(chance)}</text>`}
      <text class="axis" x=${x(1) + 8} y="28">share right</text>
    </svg>`;
  }

  private readout(): unknown {
    const place = this.at ?? this.selected;
    const cell = place && this.of(place[0], place[1]);
    if (cell) return cell.answered > 0 && this.provenance ? this.figures(cell, this.provenance) : inWords(cell);
    return this.cells.length === 0 ? nothing : html`<span class="soft">Point at a cell to read what was done there.</span>`;
  }

  /** As `inWords`, with numbers that say where they come from. */
  private figures(cell: HeatCell, of: HeatOrigin): TemplateResult {
    const { done, correct, answered, low, high, change } = cell;
    return html`${done}: ${correct} of ${answered} right, ${figure(formatPercent(correct / answered), () => of(cell, "rate"))} (95 % interval ${formatPercent(low)} to ${formatPercent(high)}); ln p(answer) ${change < 0 ? "falls" : "rises"} by ${figure(formatNumber(Math.abs(change)), () => of(cell, "change"))} on average`;
  }

  private table(): TemplateResult {
    const counted = this.columns.flatMap((_, column) => this.rows.flatMap((__, row) => this.of(column, row) ?? [])).filter(({ answered }) => answered > 0);
    return dataTable(this.heading, heatHead, counted.map(heatRow), heatOrigin(counted, this.provenance));
  }

  private hover(event: Event): void {
    this.at = placeOf(event);
  }

  private readonly leave = (): void => {
    this.at = null;
  };

  private choose(event: Event): void {
    this.dispatchEvent(new CellEvent(...placeOf(event)));
  }
}

/** Opacity of a fall of the rate; the number on it stays readable. */
function shade(fall: number): number {
  return 0.62 * Math.min(1, Math.max(0, fall));
}

function placeOf(event: Event): readonly [number, number] {
  const { dataset } = event.currentTarget as SVGElement;
  return [Number(dataset["column"]), Number(dataset["row"])];
}

function inWords({ done, correct, answered, low, high, change }: HeatCell): string {
  if (answered === 0) return `${done}: nothing counted yet`;
  return `${done}: ${correct} of ${answered} right, ${formatPercent(correct / answered)} (95 % interval ${formatPercent(low)} to ${formatPercent(high)}); ln p(answer) ${change < 0 ? "falls" : "rises"} by ${formatNumber(Math.abs(change))} on average`;
}
