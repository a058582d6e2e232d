/**
 * The logit lens of one run: what each layer would say next at each step.
 * Rows are layers, the last one on top; a cell is the likeliest token, as dark as it is likely.
 */
import { css, html, LitElement, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { row } from "../../../probes/tensor.ts";
import type { Trace } from "../../../probes/trace.ts";
import { formatPercent } from "../../format.ts";
import { originOf, SelectEvent, type Selection } from "../../selection.ts";
import { sharedStyle } from "../../theme.ts";
import { dataTable, dataTableStyle } from "../data-table.ts";

const cellWidth = 46;
const cellHeight = 30;
const left = 62;
const bottom = 44;

/** What a panel around the grid says of it. */
export const lensHelp = html`
  <p>Each cell: the token that the hidden state after that layer would produce if the network ended there. The stronger its colour, the more probable it is. The last layer is the model’s real prediction.</p>
  <p><b>Formula</b> softmax(head · norm(h)). <b>Unit</b> probability. <b>Source</b> logit lens, nostalgebraist 2020.</p>
  <p><b>Caution</b> early layers may speak another code; a token that cannot be read is not a thought that is not there.</p>`;

@customElement("lens-grid")
export class LensGrid extends LitElement {
  static override styles = [
    sharedStyle,
    dataTableStyle,
    css`
      .scroll { overflow-x: auto; padding-bottom: 4px; }
      svg { display: block; }
      .ground { fill: var(--surface); }
      .cell { fill: var(--mode); }
      .hit { fill: transparent; cursor: pointer; }
      .token { font: 600 13px var(--mono); text-anchor: middle; fill: var(--ink); pointer-events: none; }
      .axis { font: 400 12px var(--sans); fill: var(--soft); }
      .step { font: 400 12px var(--mono); fill: var(--soft); text-anchor: middle; }
      .chosen { fill: none; stroke: var(--ink); stroke-width: 2; pointer-events: none; }
      .answer { fill: none; stroke: var(--right); stroke-width: 1.5; pointer-events: none; }
    `,
  ];

  @property({ reflect: true }) mode = "latent";
  @property({ attribute: false }) trace: Trace | null = null;
  @property({ attribute: false }) tokenText: (token: number) => string = String;
  @property({ attribute: false }) selection: Selection | null = null;
  /** Shows the same cells as a table, below. */
  @property({ type: Boolean }) showTable = false;
  /** Token id of the right answer, to mark where it appears first; null where it is not known. */
  @property({ attribute: false }) answerToken: number | null = null;

  protected override render(): TemplateResult {
    const { trace } = this;
    if (!trace?.lens) return html`<p class="soft small">no lens in this run</p>`;
    const from = trace.questionStart;
    const steps = trace.steps.slice(from);
    const layers = trace.model.layers + 1;
    const width = left + steps.length * cellWidth + 4;
    const height = layers * cellHeight + bottom;
    const origin = originOf(trace);
    return html`<div class="scroll" tabindex="0" role="group" aria-label="logit lens, layer by step">
      <svg width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label="likeliest next token at each layer and step; the table holds the same numbers">
        ${Array.from({ length: layers }, (_, layer) => svg`<text class="axis" x="0" y=${y(layer, layers) + 20}>${layer === 0 ? "embed" : `layer ${layer}`}</text>`)}
        ${steps.map((step) => this.column(trace, step.index, from, layers))}
        ${steps.map((step) => svg`<text class="step" x=${x(step.index - from) + cellWidth / 2} y=${layers * cellHeight + 17}>${step.token === null ? "◌" : step.text}</text>
          <text class="step" x=${x(step.index - from) + cellWidth / 2} y=${layers * cellHeight + 35}>${step.index - origin}</text>`)}
        <text class="axis" x="0" y=${layers * cellHeight + 17}>input</text><text class="axis" x="0" y=${layers * cellHeight + 35}>step</text>
        ${this.cursor(from, origin, layers, steps.length)}
      </svg>
    </div>${this.showTable ? this.table(trace, layers) : nothing}`;
  }

  private table(trace: Trace, layers: number): TemplateResult {
    const origin = originOf(trace);
    const names = Array.from({ length: layers }, (_, layer) => (layer === 0 ? "embed" : `layer ${layer}`));
    const rows = trace.steps.slice(trace.questionStart).map(({ index, token, text }) => [
      `${index - origin} ${token === null ? "thought" : text}`,
      ...names.map((_, layer) => `${this.tokenText(row(trace.lens!.tokens, index, layer)[0]!)} ${formatPercent(Math.exp(row(trace.lens!.logprobs, index, layer)[0]!))}`),
    ]);
    return dataTable("likeliest next token at each step and layer, with its probability", ["step, input", ...names], rows);
  }

  private column(trace: Trace, index: number, from: number, layers: number): SVGTemplateResult[] {
    return Array.from({ length: layers }, (_, layer) => {
      const token = row(trace.lens!.tokens, index, layer)[0]!;
      const probability = Math.exp(row(trace.lens!.logprobs, index, layer)[0]!);
      const text = this.tokenText(token);
      const left = x(index - from);
      const top = y(layer, layers);
      const label = `layer ${layer}, step ${index - originOf(trace)}: ${text} ${formatPercent(probability)}`;
      return svg`<g>
        <rect class="ground" x=${left + 1} y=${top + 1} width=${cellWidth - 2} height=${cellHeight - 2} rx="3" />
        <rect class="cell" x=${left + 1} y=${top + 1} width=${cellWidth - 2} height=${cellHeight - 2} rx="3" fill-opacity=${(0.62 * probability).toFixed(3)} />
        <text class="token" x=${left + cellWidth / 2} y=${top + 20}>${text.length > 5 ? `${text.slice(0, 4)}…` : text}</text>
        ${token === this.answerToken ? svg`<rect class="answer" x=${left + 2.5} y=${top + 2.5} width=${cellWidth - 5} height=${cellHeight - 5} rx="2" />` : nothing}
        <rect class="hit" data-index=${index} data-layer=${layer} x=${left} y=${top} width=${cellWidth} height=${cellHeight} @click=${this.choose} @mouseenter=${this.hover}><title>${label}</title></rect></g>`;
    });
  }

  private cursor(from: number, origin: number, layers: number, count: number): SVGTemplateResult | typeof nothing {
    if (!this.selection) return nothing;
    const column = this.selection.step + origin - from;
    if (column < 0 || column >= count) return nothing;
    return svg`<rect class="chosen" x=${x(column)} y=${y(this.selection.layer, layers)} width=${cellWidth} height=${cellHeight} rx="3" />`;
  }

  private choose(event: Event): void {
    this.select(event.currentTarget as SVGElement, true);
  }

  private hover(event: Event): void {
    this.select(event.currentTarget as SVGElement, false);
  }

  /** A hover moves the step; a click moves the layer too, since the layer redraws the projection. */
  private select(target: SVGElement, withLayer: boolean): void {
    const { trace } = this;
    if (!trace) return;
    const step = Number(target.dataset["index"]) - originOf(trace);
    this.dispatchEvent(new SelectEvent(withLayer ? { step, layer: Number(target.dataset["layer"]) } : { step }));
  }
}

function x(column: number): number {
  return left + column * cellWidth;
}

function y(layer: number, layers: number): number {
  return (layers - 1 - layer) * cellHeight;
}
