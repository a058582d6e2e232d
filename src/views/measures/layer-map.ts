/**
 * A measure at every column and row: a canvas of coloured cells with its scale, the
 * numbers as a table on demand. The cell under the pointer, or the selected one, is
 * told in words below.
 */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { scaleCss } from "../../colour-scale.ts";
import { formatNumber } from "../../format.ts";
import { figure, figureStyle, type Provenance } from "../../measures/provenance.ts";
import { colourScheme, palette, sharedStyle } from "../../theme.ts";
import { chartFont } from "../chart-element.ts";
import { dataTable, dataTableStyle } from "../data-table.ts";

/** Fired when a cell is pressed, or the pointer moves over another one. */
export class MapEvent extends CustomEvent<{ readonly column: number; readonly row: number; readonly pressed: boolean }> {
  constructor(column: number, row: number, pressed: boolean) {
    super("map-cell", { detail: { column, row, pressed }, bubbles: true, composed: true });
  }
}

const left = 56;
const bottom = 42;
const top = 6;
/** Height of a row, px: as much as there is room for. */
const rowHeights = { least: 9, most: 30 } as const;
const widest = 64;
const axisFont = `400 12px ${chartFont}`;

@customElement("layer-map")
export class LayerMap extends LitElement {
  static override styles = [
    sharedStyle,
    dataTableStyle,
    figureStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.5rem; min-width: 0; }
      .scroll { overflow-x: auto; }
      canvas { display: block; cursor: pointer; }
      .scale { display: flex; flex-wrap: wrap; align-items: center; gap: 0.3rem 0.7rem; font-size: var(--small); color: var(--soft); }
      .bar { width: 160px; height: 10px; border-radius: 2px; }
      .readout { font-size: var(--small); min-height: 1.4em; }
    `,
  ];

  @property() heading = "";
  @property({ attribute: false }) columns: readonly string[] = [];
  @property() columnTitle = "";
  /** From the bottom up. */
  @property({ attribute: false }) rows: readonly string[] = [];
  /** [columns, rows], column by column; NaN where there is no number. */
  @property({ attribute: false }) values: Float32Array = new Float32Array(0);
  @property() unit = "1";
  /** Ends of the scale; null ends come from the data. */
  @property({ attribute: false }) range: readonly [number | null, number | null] = [null, null];
  @property({ attribute: false }) selected: readonly [number, number] | null = null;
  @property({ attribute: false }) provenance: ((column: number, row: number) => Provenance) | null = null;
  @property({ type: Boolean }) showTable = false;
  @state() private at: readonly [number, number] | null = null;
  @state() private width = 0;
  @query("canvas") private canvas!: HTMLCanvasElement;
  @query(".bar") private bar!: HTMLCanvasElement;

  private readonly resized = new ResizeObserver((entries) => {
    const width = Math.floor(entries[0]?.contentRect.width ?? 0);
    if (width !== this.width) this.width = width;
  });

  override connectedCallback(): void {
    super.connectedCallback();
    this.resized.observe(this);
    document.addEventListener("geodesic:scheme", this.redraw);
    systemScheme.addEventListener("change", this.redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
    document.removeEventListener("geodesic:scheme", this.redraw);
    systemScheme.removeEventListener("change", this.redraw);
  }

  private readonly redraw = (): void => this.requestUpdate();

  protected override render(): TemplateResult {
    const unit = this.unit === "1" ? "" : ` ${this.unit}`;
    const [low, high] = this.limits();
    return html`<div class="scroll" tabindex="0" role="group" aria-label=${this.heading}><canvas role="img" aria-label="map: ${this.heading}; the panel’s table button shows its numbers" @mousemove=${this.move} @mouseleave=${this.leave} @click=${this.press}></canvas></div>
      <div class="scale number">${Number.isNaN(low) ? "no numbers" : html`<span>${formatNumber(low)}${unit}</span><canvas class="bar" width="160" height="10" aria-hidden="true"></canvas><span>${formatNumber(high)}${unit}</span>`}</div>
      <p class="readout number">${this.readout()}</p>
      ${this.showTable ? this.table() : nothing}`;
  }

  private limits(): readonly [number, number] {
    let [low, high] = [Infinity, -Infinity];
    for (const value of this.values) {
      if (!Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (low > high) return [NaN, NaN];
    return [this.range[0] ?? low, this.range[1] ?? high];
  }

  private value(column: number, row: number): number {
    return this.values[column * this.rows.length + row] ?? NaN;
  }

  /** Size of a cell, px: the columns fill the width, and scroll where they would be too narrow to hit. */
  private cell(): { width: number; height: number } {
    const room = Math.max(0, this.width - left - 2);
    const width = Math.max(7, Math.min(widest, room / Math.max(1, this.columns.length)));
    return { width, height: Math.max(rowHeights.least, Math.min(rowHeights.most, 300 / Math.max(1, this.rows.length))) };
  }

  protected override updated(changed: PropertyValues): void {
    if (this.width === 0) this.width = Math.floor(this.clientWidth);
    this.draw();
    const scale = this.bar?.getContext("2d");
    if (scale && !changed.has("at")) {
      for (let x = 0; x < 160; x++) {
        scale.fillStyle = scaleCss(x / 159);
        scale.fillRect(x, 0, 1, 10);
      }
    }
  }

  private draw(): void {
    const { columns, rows, canvas } = this;
    const { width, height } = this.cell();
    const dense = devicePixelRatio;
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    // A title is wider than a few columns.
    ctx.font = axisFont;
    const title = Math.min(ctx.measureText(this.columnTitle).width, Math.max(0, this.width - left - 2));
    const [w, h] = [left + Math.max(columns.length * width, title) + 2, top + rows.length * height + bottom];
    canvas.width = Math.round(w * dense);
    canvas.height = Math.round(h * dense);
    // Set as properties: the policy allows no style attributes.
    canvas.style.width = `${w}px`;
    canvas.style.height = `${h}px`;
    const colours = palette[colourScheme()];
    ctx.scale(dense, dense);
    const [low, high] = this.limits();
    const gap = width > 14 && height > 14 ? 1 : 0;
    for (let c = 0; c < columns.length; c++) {
      for (let r = 0; r < rows.length; r++) {
        const value = this.value(c, r);
        ctx.fillStyle = Number.isNaN(value) ? colours.surface : scaleCss(high > low ? (value - low) / (high - low) : 0.5);
        ctx.fillRect(left + c * width, this.y(r, height), width - gap, height - gap);
      }
    }
    ctx.font = axisFont;
    ctx.fillStyle = colours.soft;
    ctx.textBaseline = "middle";
    ctx.textAlign = "right";
    const everyRow = Math.max(1, Math.ceil(14 / height));
    rows.forEach((name, r) => r % everyRow === 0 && ctx.fillText(name, left - 8, this.y(r, height) + height / 2));
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    const longest = Math.max(...columns.map((name) => ctx.measureText(name).width), 1) + 8;
    const everyColumn = Math.max(1, Math.ceil(longest / width));
    columns.forEach((name, c) => c % everyColumn === 0 && ctx.fillText(name, left + (c + 0.5) * width, top + rows.length * height + 5));
    ctx.textAlign = "left";
    ctx.fillText(this.columnTitle, left, top + rows.length * height + 23);
    if (this.selected) this.frame(ctx, this.selected, colours.ink, 2);
    if (this.at) this.frame(ctx, this.at, colours.soft, 1);
  }

  private frame(ctx: CanvasRenderingContext2D, [column, row]: readonly [number, number], colour: string, thick: number): void {
    if (!(column >= 0 && column < this.columns.length && row >= 0 && row < this.rows.length)) return;
    const { width, height } = this.cell();
    ctx.lineWidth = thick + 2;
    ctx.strokeStyle = palette[colourScheme()].raised;
    ctx.strokeRect(left + column * width, this.y(row, height), width - 1, height - 1);
    ctx.lineWidth = thick;
    ctx.strokeStyle = colour;
    ctx.strokeRect(left + column * width, this.y(row, height), width - 1, height - 1);
  }

  private y(row: number, height: number): number {
    return top + (this.rows.length - 1 - row) * height;
  }

  private readout(): unknown {
    const place = this.at ?? this.selected;
    if (!place || !(place[0] >= 0 && place[0] < this.columns.length && place[1] >= 0 && place[1] < this.rows.length)) return html`<span class="soft">point at a cell to read its number</span>`;
    const [column, row] = place;
    const value = this.value(column, row);
    const unit = this.unit === "1" ? "" : ` ${this.unit}`;
    const text = Number.isNaN(value) ? "not defined" : `${formatNumber(value)}${unit}`;
    const { provenance } = this;
    return html`${this.rows[row]}, ${this.columnTitle.split(",")[0]} ${this.columns[column]}: ${provenance && !Number.isNaN(value) ? figure(text, () => provenance(column, row)) : text}`;
  }

  private table(): TemplateResult {
    return dataTable(this.heading, [this.columnTitle, ...this.rows], this.columns.map((name, c) => [name, ...this.rows.map((_, r) => formatNumber(this.value(c, r)))]));
  }

  private placeOf({ offsetX, offsetY }: MouseEvent): readonly [number, number] | null {
    const { width, height } = this.cell();
    const column = Math.floor((offsetX - left) / width);
    const row = this.rows.length - 1 - Math.floor((offsetY - top) / height);
    return column >= 0 && column < this.columns.length && row >= 0 && row < this.rows.length ? [column, row] : null;
  }

  private move(event: MouseEvent): void {
    const place = this.placeOf(event);
    if (String(place) === String(this.at)) return;
    this.at = place;
    if (place) this.dispatchEvent(new MapEvent(...place, false));
  }

  private readonly leave = (): void => {
    this.at = null;
  };

  private press(event: MouseEvent): void {
    const place = this.placeOf(event);
    if (place) this.dispatchEvent(new MapEvent(...place, true));
  }
}

const systemScheme = matchMedia("(prefers-color-scheme: dark)");
