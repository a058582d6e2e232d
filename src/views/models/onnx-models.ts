/** Models for transformers.js: from the hub by name, or a folder. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { embeddedModel, hubPattern, hubRepository, type ModelChoice } from "../../models/model-choice.ts";
import { sharedStyle } from "../../theme.ts";
import "./folder-drop.ts";
import { ModelEvent } from "./model-event.ts";
import { formStyle, textField } from "../text-field.ts";

const weights = ["", "fp32", "fp16", "q8", "q4", "q4f16"];

@customElement("onnx-models")
export class OnnxModels extends LitElement {
  static override styles = [sharedStyle, formStyle, css`:host { display: flex; flex-direction: column; gap: 0.9rem; }`];

  @property({ attribute: false }) model: ModelChoice = embeddedModel;

  protected override render(): TemplateResult {
    const { model } = this;
    const own = model.engine === "transformers" && model.source === "hub";
    return html`
      <p>Any decoder with ONNX files that transformers.js runs. Loading contacts <b>huggingface.co</b>; your prompts stay here. Every byte is checked against the hub’s own hashes.</p>
      <form class="fields" @submit=${this.choose}>
        <label>repository <input type="text" name="id" required pattern=${hubPattern} title="owner/name, or the repository’s address on huggingface.co" placeholder="HuggingFaceTB/SmolLM2-135M-Instruct" .value=${own ? model.id : ""} /></label>
        <label>revision <input type="text" name="revision" size="10" placeholder="main" .value=${own ? model.revision : ""} /></label>
        <label>weights <select name="dtype">${weights.map((dtype) => html`<option value=${dtype} ?selected=${own && dtype === model.dtype}>${dtype === "" ? "what fits" : dtype}</option>`)}</select></label>
        <label>device <select name="device"><option value="wasm">WebAssembly</option><option value="webgpu" ?selected=${own && model.device === "webgpu"}>WebGPU</option></select></label>
        <button type="submit">load</button>
      </form>
      <folder-drop></folder-drop>
    `;
  }

  private choose(event: Event): void {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const field = (name: string): string => textField(form, name);
    this.dispatchEvent(new ModelEvent({ ...embeddedModel, source: "hub", ...hubRepository(field("id"), field("revision")), dtype: field("dtype"), device: field("device") === "webgpu" ? "webgpu" : "wasm" }));
  }
}
