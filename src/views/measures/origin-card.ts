/** Where a number comes from: one card for the whole page, beside the number that was clicked. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query } from "lit/decorators.js";
import type { Provenance } from "../../measures/provenance.ts";
import { sharedStyle } from "../../theme.ts";

@customElement("origin-card")
export class OriginCard extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: contents; }
      .card { position: fixed; inset: auto; margin: 0; width: min(26rem, calc(100vw - 1.6rem)); max-height: min(32rem, calc(100dvh - 1.6rem)); overflow: auto; background: var(--raised); color: var(--ink); border: 1px solid var(--strong); border-radius: var(--radius); padding: 0.9rem 1.1rem 1rem; box-shadow: 0 6px 24px rgb(0 0 0 / 0.18); font-size: var(--small); }
      .card:focus { outline: none; }
      header { display: flex; justify-content: space-between; gap: 1rem; align-items: baseline; }
      header button { border-color: transparent; background: none; color: var(--soft); min-height: 1.5rem; padding: 0 0.35rem; margin: -0.2rem -0.4rem 0 0; }
      p { margin-top: 0.45rem; }
      dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.15rem 0.9rem; margin: 0.6rem 0 0; }
      dt { color: var(--soft); }
      dd { margin: 0; overflow-wrap: anywhere; }
      .formula { font-family: var(--mono); font-size: 0.75rem; line-height: 1.5; }
    `,
  ];

  @property({ attribute: false }) of: Provenance | null = null;
  @query(".card") private card!: HTMLElement | null;

  /** Shows the card beside a box of the window, inside the window. */
  async show(of: Provenance, beside: DOMRect): Promise<void> {
    this.of = of;
    await this.updateComplete;
    const { card } = this;
    if (!card) return;
    card.showPopover();
    const { width, height } = card.getBoundingClientRect();
    const gap = 6;
    const below = beside.bottom + gap + height <= innerHeight;
    // Set as properties: the policy allows no style attributes.
    card.style.left = `${Math.max(12, Math.min(beside.left, innerWidth - width - 12))}px`;
    card.style.top = `${below ? beside.bottom + gap : Math.max(12, Math.min(beside.top - gap - height, innerHeight - height - 12))}px`;
    card.focus();
  }

  protected override render(): TemplateResult {
    const { of } = this;
    return html`<div class="card" popover="auto" tabindex="-1" role="dialog" aria-label="where this number comes from">${of ? this.content(of) : nothing}</div>`;
  }

  private content({ what, formula, source, unit, help, caveat, at, model, engine, seed, n }: Provenance): TemplateResult {
    const row = (name: string, value: unknown): TemplateResult | typeof nothing => (value === "" || value === null ? nothing : html`<dt>${name}</dt><dd>${value}</dd>`);
    return html`<header><h2>${what}</h2><button @click=${this.close} aria-label="close">✕</button></header>
      ${help === "" ? nothing : html`<p>${help}</p>`}
      ${caveat === "" ? nothing : html`<p><b>Caution</b> ${caveat}</p>`}
      <dl>
        ${formula === "" ? nothing : html`<dt>formula</dt><dd class="formula">${formula}</dd>`}
        ${row("unit", unit === "1" ? "none" : unit)} ${row("source", source)} ${row("measured at", at)} ${row("n", n)} ${row("seed", seed)}
        ${model ? html`<dt>model</dt><dd>${model.id}, ${model.quantization}</dd><dt>revision</dt><dd>${model.revision}</dd>` : nothing}
        ${engine ? html`<dt>engine</dt><dd>${engine.name}, ${engine.runtime}, ${engine.device}${engine.adapter === null ? "" : ` on ${engine.adapter}`}</dd>` : nothing}
      </dl>`;
  }

  private close(): void {
    this.card?.hidePopover();
  }
}
