/** The rule that decides, with its thresholds as fields: what would you have asked for? */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import type { ClaimRecord } from "../../../workers/claims/service.ts";
import { formatNumber } from "../../format.ts";
import { sharedStyle } from "../../theme.ts";
import { prose } from "../prose.ts";

/** Thresholds by name, those that differ from the claim's own. */
export class ThresholdsEvent extends CustomEvent<Readonly<Record<string, number>>> {
  constructor(thresholds: Readonly<Record<string, number>>) {
    super("change-thresholds", { detail: thresholds, bubbles: true, composed: true });
  }
}

@customElement("threshold-editor")
export class ThresholdEditor extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.7rem; }
      ul { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 0.55rem; }
      label { display: grid; grid-template-columns: minmax(0, 1fr) 6.6rem; gap: 0.1rem 0.8rem; align-items: center; font-size: var(--small); }
      code { font: 600 12px var(--mono); }
      .meaning { color: var(--soft); }
      input { width: 100%; text-align: right; font-variant-numeric: tabular-nums; }
      .changed input { border-color: var(--ink); border-style: dashed; }
      .was { grid-column: 2; text-align: right; color: var(--soft); }
    `,
  ];

  @property({ attribute: false }) record!: ClaimRecord;
  /** Those that a reader changed. */
  @property({ attribute: false }) changed: Readonly<Record<string, number>> = {};

  protected override render(): TemplateResult {
    const { record, changed } = this;
    return html`<p class="small">${prose(record.rule, Object.keys(record.thresholds))}</p>
      <ul>${Object.entries(record.thresholds).map(([name, { value, unit, meaning }]) => html`<li class=${name in changed ? "changed" : ""}><label>
        <span><code>${name}</code> <span class="meaning">${meaning}${unit === "1" || unit === "" ? "" : `, ${unit}`}</span></span>
        <input type="number" step="any" name=${name} .value=${live(String(changed[name] ?? value))} @change=${this.change} />
        ${name in changed ? html`<span class="was">own: ${formatNumber(value)}</span>` : nothing}</label></li>`)}</ul>
      ${Object.keys(changed).length > 0 ? html`<p><button @click=${this.reset}>back to the claim’s own</button></p>` : html`<p class="small soft">Would you have asked for more, or less? Change a threshold and the same numbers are judged anew.</p>`}`;
  }

  private change(event: Event): void {
    const { name, valueAsNumber } = event.target as HTMLInputElement;
    const others = Object.fromEntries(Object.entries(this.changed).filter(([other]) => other !== name));
    const own = this.record.thresholds[name]?.value;
    this.dispatchEvent(new ThresholdsEvent(Number.isFinite(valueAsNumber) && valueAsNumber !== own ? { ...others, [name]: valueAsNumber } : others));
    this.requestUpdate();
  }

  private reset(): void {
    this.dispatchEvent(new ThresholdsEvent({}));
  }
}
