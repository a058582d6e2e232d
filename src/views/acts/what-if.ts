/**
 * The place under the picture where one acts on a run. It is a line of text until
 * someone asks; then it brings the panels, and their code with them.
 */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Session } from "../../session.ts";
import { sharedStyle } from "../../theme.ts";

@customElement("what-if")
export class WhatIf extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.9rem; }
      .line { display: flex; flex-wrap: wrap; gap: 0.4rem 0.9rem; align-items: center; }
    `,
  ];

  @property({ attribute: false }) session!: Session;
  /** The session's, so that this hears of a change. */
  @property() acts = "";
  @state() private opened = false;
  @state() private brought = false;
  @state() private error = "";

  protected override render(): TemplateResult {
    const open = this.opened && this.brought;
    return html`<div class="line">
        <button @click=${this.toggle} aria-expanded=${open}>${open ? "fold away ▴" : "What if a step were different? ▾"}</button>
        ${open ? nothing : html`<span class="soft small">Replace a thought, cut a chain short, patch in a state from another run, and see whether the answer survives.</span>`}
      </div>
      ${this.error === "" ? nothing : html`<p class="small wrong" role="alert">${this.error}</p>`}
      ${open ? html`<act-panel .session=${this.session}></act-panel><sweep-panel .session=${this.session}></sweep-panel>` : nothing}`;
  }

  /** A link may bring acts along. */
  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("acts") && this.acts !== "" && !this.opened) void this.bring();
  }

  private toggle(): void {
    if (this.opened) this.opened = false;
    else void this.show();
  }

  private async bring(): Promise<void> {
    this.opened = true;
    this.error = "";
    try {
      await Promise.all([import("./act-panel.ts"), import("./sweep-panel.ts")]);
      this.brought = true;
    } catch (error) {
      this.opened = false;
      this.error = `The panel could not be loaded (${error instanceof Error ? error.message : String(error)}); try again.`;
    }
  }

  /** Opens it, brings it into view, and gives it the keyboard. */
  async show(): Promise<void> {
    if (!this.opened) await this.bring();
    await this.updateComplete;
    const panel = this.renderRoot.querySelector<LitElement>("act-panel");
    await panel?.updateComplete;
    panel?.scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    panel?.focus({ preventScroll: true });
  }
}
