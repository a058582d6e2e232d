/**
 * What one block of a lab model kept or decided while it read, a column for each
 * token: as strong in colour as a number is large, blue above zero and vermillion below.
 * A pattern has a row for each token that looks, and one picture for each head.
 */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { row } from "../../../probes/tensor.ts";
import type { InnerState } from "../../../workers/lab/toy-decoder.ts";
import { formatNumber } from "../../format.ts";
import { colourScheme, modeStyles, palette, sharedStyle } from "../../theme.ts";
import { chartFont } from "../chart-element.ts";
import { dataTable, dataTableStyle } from "../data-table.ts";

/** One picture: rows of numbers over the tokens. */
interface Grid {
  readonly title: string;
  readonly rows: readonly string[];
  readonly values: (row: number, token: number) => number;
}

const left = 30;
const bottom = 20;
/** Rows of a picture are at least and at most this high, px, and together about so high. */
const rowHeights = { least: 3, most: 14, together: 190 };

@customElement("inner-state")
export class InnerStateView extends LitElement {
  static override styles = [
    sharedStyle,
    dataTableStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.5rem; min-width: 0; }
      .pictures { display: flex; flex-wrap: wrap; gap: 0.6rem 1.2rem; }
      figure { margin: 0; flex: 1 1 240px; min-width: 0; max-width: 560px; display: flex; flex-direction: column; gap: 0.2rem; }
      figure:only-child { max-width: none; }
      canvas { display: block; width: 100%; }
      figcaption { font-size: var(--small); color: var(--soft); }
    `,
  ];

  @property({ attribute: false }) state: InnerState | null = null;
  /** The words that were read, [T]. */
  @property({ attribute: false }) tokens: readonly string[] = [];
  /** Shows the numbers below; `geo-panel` sets it. */
  @property({ type: Boolean }) showTable = false;
  private readonly resize = new ResizeObserver(() => this.draw());

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("geodesic:scheme", this.redraw);
    this.resize.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("geodesic:scheme", this.redraw);
    this.resize.disconnect();
  }

  private readonly redraw = (): void => this.draw();

  protected override render(): TemplateResult {
    const { state, tokens } = this;
    if (!state) return html`<p class="small soft">nothing was read yet</p>`;
    const grids = gridsOf(state, tokens);
    const largest = largestOf(state);
    return html`<div class="pictures">${grids.map(
        ({ title, rows }) => html`<figure>
          <canvas role="img" aria-label="${state.title}, block ${state.layer}${title === "" ? "" : `, ${title}`}: ${rows.length} rows over ${tokens.length} tokens; the panel’s table button shows its numbers" height=${rows.length * heightOf(rows.length) + bottom}></canvas>
          ${title === "" ? nothing : html`<figcaption>${title}</figcaption>`}
        </figure>`,
      )}</div>
      <p class="small soft number">${tokens.length} tokens from left to right; ${state.kind === "pattern" ? "a row for each token that looks" : `a row for each ${state.columns}`}; strongest colour: ${formatNumber(largest)}</p>
      ${this.showTable ? this.table(grids) : nothing}`;
  }

  private table(grids: readonly Grid[]): TemplateResult {
    const { state, tokens } = this;
    return dataTable(
      `${state!.title}, block ${state!.layer}`,
      ["", ...tokens],
      grids.flatMap(({ title, rows, values }) => rows.map((name, r) => [`${title} ${name}`.trim(), ...tokens.map((_, t) => formatNumber(values(r, t)))])),
    );
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("state") || changed.has("tokens")) this.draw();
  }

  private draw(): void {
    const { state, tokens } = this;
    if (!state) return;
    const largest = largestOf(state) || 1;
    const canvases = this.renderRoot.querySelectorAll("canvas");
    gridsOf(state, tokens).forEach((grid, i) => {
      const canvas = canvases[i];
      if (canvas) paint(canvas, grid, tokens, largest);
    });
  }
}

function heightOf(rows: number): number {
  return Math.max(rowHeights.least, Math.min(rowHeights.most, Math.floor(rowHeights.together / rows)));
}

function largestOf({ values }: InnerState): number {
  return values.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function gridsOf({ kind, values, columns }: InnerState, tokens: readonly string[]): Grid[] {
  if (kind === "pattern") {
    return Array.from({ length: values.shape[0] ?? 0 }, (_, head) => ({ title: `head ${head + 1}`, rows: tokens, values: (r, t) => row(values, head, r)[t]! }));
  }
  return [{ title: "", rows: Array.from({ length: values.shape[1] ?? 0 }, (_, i) => `${columns} ${i + 1}`), values: (r, t) => row(values, t)[r]! }];
}

function paint(canvas: HTMLCanvasElement, { rows, values }: Grid, tokens: readonly string[], largest: number): void {
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  const high = heightOf(rows.length);
  const height = rows.length * high + bottom;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.height = `${height}px`;
  const ctx = canvas.getContext("2d");
  if (!ctx || width <= left) return;
  ctx.scale(scale, scale);
  const scheme = colourScheme();
  const { soft, surface } = palette[scheme];
  const wide = (width - left) / tokens.length;
  ctx.fillStyle = surface;
  ctx.fillRect(left, 0, width - left, rows.length * high);
  for (let r = 0; r < rows.length; r++) {
    for (let t = 0; t < tokens.length; t++) {
      const value = values(r, t);
      if (!Number.isFinite(value) || value === 0) continue;
      ctx.globalAlpha = Math.abs(value) / largest;
      ctx.fillStyle = modeStyles[value > 0 ? "direct" : "latent"].colour[scheme];
      ctx.fillRect(left + t * wide + 0.5, r * high + 0.5, Math.max(1, wide - 1), Math.max(1, high - 1));
    }
  }
  ctx.globalAlpha = 1;
  ctx.fillStyle = soft;
  ctx.font = `400 ${wide < 14 ? 10 : 11}px ${chartFont}`;
  ctx.textBaseline = "middle";
  ctx.textAlign = "center";
  // Where words would run into one another, every other one is left out.
  const widest = Math.max(...tokens.map((token) => ctx.measureText(token).width)) + 3;
  const every = Math.max(1, Math.ceil(widest / wide));
  tokens.forEach((token, t) => t % every === 0 && ctx.fillText(token, left + (t + 0.5) * wide, rows.length * high + bottom / 2));
  ctx.textAlign = "right";
  const skip = Math.max(1, Math.ceil(12 / high));
  rows.forEach((name, r) => r % skip === 0 && ctx.fillText(rows === tokens ? name : String(r + 1), left - 5, (r + 0.5) * high));
}
