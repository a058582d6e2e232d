/** Names the model in use; a click opens the choice, which is loaded only then. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { embeddedModel, type ModelChoice, modelTitle } from "../../models/model-choice.ts";
import { sharedStyle } from "../../theme.ts";
import type { ModelDialog } from "./model-dialog.ts";

@customElement("model-picker")
export class ModelPicker extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { min-width: 0; }
      button { max-width: 100%; text-align: left; }
      .current { font-weight: 600; overflow-wrap: anywhere; }
    `,
  ];

  @property({ attribute: false }) model: ModelChoice = embeddedModel;
  @state() private wanted = false;
  @query("model-dialog") private dialog!: ModelDialog;

  protected override render(): TemplateResult {
    return html`
      <button @click=${this.open} aria-haspopup="dialog"><span class="soft">model</span> <span class="current">${modelTitle(this.model)}</span> ▾</button>
      ${this.wanted ? html`<model-dialog .model=${this.model}></model-dialog>` : nothing}
    `;
  }

  private async open(): Promise<void> {
    await import("./model-dialog.ts");
    this.wanted = true;
    await this.updateComplete;
    await this.dialog.open();
  }
}
