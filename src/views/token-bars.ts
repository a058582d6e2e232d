/** A distribution over tokens as bars: what a thought holds, or what comes next. */
import { css, html, LitElement, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { TokenLogprob } from "../../probes/trace.ts";
import { bareToken, formatPercent } from "../format.ts";
import { OriginEvent, type Provenance } from "../measures/provenance.ts";
import { sharedStyle } from "../theme.ts";

const height = 22;

@customElement("token-bars")
export class TokenBars extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      svg { width: 100%; max-width: 430px; display: block; }
      .bar { fill: var(--mode); }
      .ground { fill: var(--surface); }
      .token { font: 600 13px var(--mono); fill: var(--ink); }
      .share { font: 400 12px var(--sans); fill: var(--soft); font-variant-numeric: tabular-nums; }
      .asks { cursor: pointer; }
      .asks:hover { text-decoration: underline dotted; }
      .marked { fill: var(--right); font-weight: 700; }
    `,
  ];

  @property({ reflect: true }) mode = "latent";
  @property({ attribute: false }) tokens: readonly TokenLogprob[] = [];
  /** The right answer's text, marked where it appears. */
  @property({ attribute: false }) expected: string | null = null;
  /** Where the shares come from. */
  @property({ attribute: false }) origin: (() => Provenance) | null = null;

  protected override render(): TemplateResult {
    const shown = this.tokens.slice(0, 5);
    const words = shown.map((t) => `${t.text} ${formatPercent(Math.exp(t.logprob))}`).join(", ");
    // Words need more room than letters.
    const left = shown.some((t) => t.text.length > 4) ? 132 : 62;
    const width = 312 - left;
    return html`<svg viewBox="0 0 400 ${Math.max(1, shown.length) * height}" role="img" aria-label=${words}>
      ${shown.map((t, i) => {
        const share = Math.exp(t.logprob);
        const right = bareToken(t.text) === this.expected;
        return svg`<g transform="translate(0 ${i * height})">
          <text class="token ${right ? "marked" : ""}" x="0" y="15">${t.text.length > 14 ? `${t.text.slice(0, 13)}…` : t.text}${right ? " ✓" : ""}</text>
          <rect class="ground" x=${left} y="4" width=${width} height="13" rx="2" /><rect class="bar" x=${left} y="4" width=${(width * share).toFixed(1)} height="13" rx="2" />
          <text class="share ${this.origin ? "asks" : ""}" x="322" y="15" @click=${this.ask}>${formatPercent(share)}</text></g>`;
      })}
    </svg>`;
  }

  private ask(event: Event): void {
    const { origin } = this;
    const at = event.currentTarget as Element;
    if (origin) at.dispatchEvent(new OriginEvent(origin(), at.getBoundingClientRect()));
  }
}
