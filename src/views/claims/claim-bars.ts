/**
 * Bars of a claim, one below the other, so that long names have room. What was
 * measured is a bar with its interval; theory a mark in ink, the null a dashed grey one.
 */
import { css, html, LitElement, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { Figure } from "../../../workers/claims/claim.ts";
import { formatNumber } from "../../format.ts";
import { colourScheme, seriesStyles, sharedStyle } from "../../theme.ts";
import { niceTicks } from "../picture/bounds.ts";
import { axisTitle, formatPower, seriesName } from "../figure-table.ts";

export type BarsFigure = Extract<Figure, { kind: "bars" }>;

@customElement("claim-bars")
export class ClaimBars extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { font-size: var(--small); display: flex; flex-direction: column; gap: 0.7rem; }
      .rows { display: grid; grid-template-columns: minmax(5rem, 13rem) minmax(0, 1fr) 4.6rem; gap: 0.15rem 0.8rem; align-items: center; }
      .category { grid-column: 1 / -1; font-weight: 600; margin-top: 0.45rem; }
      .category:first-child { margin-top: 0; }
      .name { color: var(--soft); overflow-wrap: anywhere; }
      .one .name { color: var(--ink); }
      svg { display: block; width: 100%; height: 16px; overflow: visible; }
      .ground { stroke: var(--line); }
      .whisker { stroke: var(--ink); stroke-width: 1.4; }
      .theory { stroke: var(--ink); stroke-width: 2; }
      .null { stroke: var(--faint); stroke-width: 2; stroke-dasharray: 3 2; }
      .value { text-align: right; font-variant-numeric: tabular-nums; }
      .axis { height: 1.1rem; }
      .axis text { font: 400 12px var(--sans); fill: var(--soft); text-anchor: middle; }
      .legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; color: var(--soft); }
      .key { display: inline-flex; gap: 0.4rem; align-items: center; }
      .key svg { width: 8px; flex: none; }
      .unit { color: var(--soft); }
      @media (max-width: 520px) { .rows { grid-template-columns: minmax(0, 1fr) 4.2rem; } .name { grid-column: 1 / -1; margin-top: 0.25rem; } }
    `,
  ];

  @property({ attribute: false }) figure: BarsFigure | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("geodesic:scheme", this.redraw);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("geodesic:scheme", this.redraw);
  }

  private readonly redraw = (): void => this.requestUpdate();

  protected override render(): TemplateResult {
    const { figure } = this;
    if (!figure) return html``;
    const single = figure.bars.filter(({ role = "measured" }) => role === "measured").length === 1;
    const scale = scaleOf(figure);
    return html`<p class="unit">→ ${axisTitle(figure.y)}${figure.y.log ? ", logarithmic" : ""}</p>
      <div class="rows ${single ? "one" : ""}">
        ${figure.categories.map((category, c) => this.category(figure, category, c, scale, single))}
        <span class="name"></span><svg class="axis" aria-hidden="true">${scale.ticks.map((tick) => svg`<text x="${scale.at(tick)}%" y="13">${figure.y.log ? formatPower(Math.log10(tick)) : formatNumber(tick)}</text>`)}</svg><span></span>
      </div>
      ${legend(figure)}`;
  }

  private category(figure: BarsFigure, category: string, c: number, scale: Scale, single: boolean): TemplateResult {
    const measured = figure.bars.filter(({ role = "measured" }) => role === "measured");
    const marks = figure.bars.filter(({ role = "measured" }) => role !== "measured");
    const drawn = measured.length > 0 ? measured : marks;
    return html`${single ? nothing : html`<span class="category">${category}</span>`}
      ${drawn.map((bar, b) => {
        const value = bar.values[c]!;
        const [low, high] = [bar.low?.[c], bar.high?.[c]];
        const words = `${category}, ${bar.name}: ${formatNumber(value)}${low === undefined || high === undefined ? "" : `, from ${formatNumber(low)} to ${formatNumber(high)}`}${marks.map((mark) => `; ${seriesName(mark.name, mark.role)} ${formatNumber(mark.values[c]!)}`).join("")}`;
        return html`<span class="name">${single ? category : bar.name}</span>
          <svg role="img" aria-label=${words}>
            <line class="ground" x1="${scale.at(scale.zero)}%" x2="${scale.at(scale.zero)}%" y1="0" y2="16" />
            ${measured.length > 0 ? this.bar(value, low, high, b, scale) : nothing}
            ${marks.map((mark) => this.mark(mark.values[c]!, mark.role === "theory" ? "theory" : "null", seriesName(mark.name, mark.role), scale))}
          </svg>
          <span class="value">${formatNumber(value)}</span>`;
      })}`;
  }

  private bar(value: number, low: number | undefined, high: number | undefined, index: number, scale: Scale): SVGTemplateResult {
    const [from, to] = [scale.at(scale.zero), scale.at(value)].sort((a, b) => a - b) as [number, number];
    if (Number.isNaN(value)) return svg``;
    return svg`<rect x="${from}%" width="${Math.max(0.2, to - from)}%" y="3" height="10" rx="2" fill=${seriesStyles[index % seriesStyles.length]!.colour[colourScheme()]} />
      ${low === undefined || high === undefined || Number.isNaN(low + high) ? nothing : svg`<line class="whisker" x1="${scale.at(low)}%" x2="${scale.at(high)}%" y1="8" y2="8" />${[low, high].map((end) => svg`<line class="whisker" x1="${scale.at(end)}%" x2="${scale.at(end)}%" y1="4.5" y2="11.5" />`)}`}`;
  }

  private mark(value: number, role: "theory" | "null", name: string, scale: Scale): SVGTemplateResult {
    if (Number.isNaN(value)) return svg``;
    return svg`<line class=${role} x1="${scale.at(value)}%" x2="${scale.at(value)}%" y1="0" y2="16"><title>${name}: ${formatNumber(value)}</title></line>`;
  }
}

/** What the marks mean; bars have their names beside them. */
function legend({ bars }: BarsFigure): TemplateResult | typeof nothing {
  const marks = bars.filter(({ role = "measured" }) => role !== "measured");
  if (marks.length === 0) return nothing;
  return html`<p class="legend">${marks.map(({ name, role }) => html`<span class="key"><svg viewBox="0 0 8 16" aria-hidden="true"><line class=${role === "theory" ? "theory" : "null"} x1="4" x2="4" y1="0" y2="16" /></svg>${seriesName(name, role)}</span>`)}</p>`;
}

interface Scale {
  /** Percent from the left. */
  readonly at: (value: number) => number;
  /** Where bars begin. */
  readonly zero: number;
  readonly ticks: readonly number[];
}

function scaleOf({ bars, y }: BarsFigure): Scale {
  const all = bars.flatMap(({ values, low = [], high = [] }) => [...values, ...low, ...high]).filter((value) => Number.isFinite(value) && (!y.log || value > 0));
  if (y.log) {
    const [low, high] = all.length > 0 ? [Math.floor(Math.log10(Math.min(...all)) - 0.01), Math.ceil(Math.log10(Math.max(...all)))] : [-1, 0];
    const every = Math.max(1, Math.ceil((high - low) / 3));
    const at = (value: number): number => (value > 0 ? clamp((100 * (Math.log10(value) - low)) / Math.max(1, high - low)) : 0);
    return { at, zero: 10 ** low, ticks: Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, i) => 10 ** (low + i * every)) };
  }
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const span = high - low || 1;
  return { at: (value) => clamp((100 * (value - low)) / span), zero: 0, ticks: niceTicks(low, low + span, 5) };
}

function clamp(percent: number): number {
  return Math.min(100, Math.max(0, Number(percent.toFixed(3))));
}
