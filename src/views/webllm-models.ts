/** Models for WebLLM. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { embeddedModel, mlcModel, type ModelChoice } from "../model-choice.ts";
import { sharedStyle } from "../theme.ts";
import "./folder-drop.ts";
import { ModelEvent } from "./model-event.ts";
import { formStyle, textField } from "./text-field.ts";

@customElement("webllm-models")
export class WebllmModels extends LitElement {
  static override styles = [sharedStyle, formStyle, css`:host { display: flex; flex-direction: column; gap: 0.9rem; }`];

  @property({ attribute: false }) model: ModelChoice = embeddedModel;

  protected override render(): TemplateResult {
    return html`
      <p>Loading contacts <b>huggingface.co</b>.</p>
      <form class="fields" @submit=${this.byName}>
        <label>repository <input type="text" name="id" required pattern="[\\w.\\-]+/[\\w.\\-]+" placeholder="mlc-ai/SmolLM2-360M-Instruct-q4f32_1-MLC" /></label>
        <button type="submit">load</button>
      </form>
      <folder-drop></folder-drop>`;
  }

  private byName(event: Event): void {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    this.dispatchEvent(new ModelEvent(mlcModel(textField(form, "id"))));
  }
}
