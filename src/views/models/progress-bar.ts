/** How far some work has come, and a way to stop it. Without a maximum the bar only says that work is going on. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { formatPercent } from "../../format.ts";
import { sharedStyle } from "../../theme.ts";

@customElement("progress-line")
export class ProgressLine extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { font-size: var(--small); }
      .line { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.35rem 1rem; align-items: center; }
      .words { display: flex; flex-wrap: wrap; gap: 0 0.7rem; align-items: baseline; }
      progress {
        grid-column: 1 / -1; width: 100%; height: 4px; appearance: none; border: 0; border-radius: 2px; overflow: hidden; background: var(--line);
      }
      progress::-webkit-progress-bar { background: var(--line); }
      progress::-webkit-progress-value { background: var(--ink); }
      progress::-moz-progress-bar { background: var(--ink); }
      progress:indeterminate { background: linear-gradient(90deg, var(--line) 0 35%, var(--soft) 50%, var(--line) 65% 100%) 0 0 / 200% 100%; animation: pass 1.6s linear infinite; }
      progress:indeterminate::-webkit-progress-bar { background: transparent; }
      progress:indeterminate::-moz-progress-bar { background: transparent; }
      @keyframes pass { from { background-position: 100% 0; } to { background-position: -100% 0; } }
      button { min-height: 1.7rem; padding: 0.1rem 0.6rem; }
      @media (pointer: coarse) { button { min-height: 2.25rem; } }
    `,
  ];

  @property() label = "";
  @property({ type: Number }) value = 0;
  /** 0 where the amount of work is not known. */
  @property({ type: Number }) max = 0;
  /** Bytes, rate, time left: whatever there is to say, as text. */
  @property() detail = "";
  /** Leaves out the stop button, for work that cannot be stopped. */
  @property({ type: Boolean }) unstoppable = false;

  protected override render(): TemplateResult {
    const known = this.max > 0;
    const counted = known && this.detail === "" ? `${this.value} of ${this.max}` : this.detail;
    return html`<div class="line">
      <span class="words number"><span>${this.label}</span>${known ? html`<span>${formatPercent(this.value / this.max)}</span>` : nothing}<span class="soft">${counted}</span></span>
      ${this.unstoppable ? nothing : html`<button @click=${this.stop}>stop</button>`}
      ${known ? html`<progress aria-label=${this.label} .value=${Math.min(this.value, this.max)} .max=${this.max}></progress>` : html`<progress aria-label=${this.label}></progress>`}
    </div>`;
  }

  private stop(): void {
    this.dispatchEvent(new CustomEvent("stop"));
  }
}
