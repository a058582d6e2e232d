/**
 * Chooses the model: the embedded one at once, one of the hub by id and
 * revision, or a folder from this machine.
 */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { embeddedModel, type ModelChoice } from "../settings.ts";
import { sharedStyle } from "../theme.ts";
import { filesFromDrop, filesFromInput } from "./dropped-files.ts";
import { textField } from "./text-field.ts";

export interface ModelChosen {
  readonly model: ModelChoice;
  readonly files: ReadonlyMap<string, File> | null;
}

export class ModelEvent extends CustomEvent<ModelChosen> {
  constructor(detail: ModelChosen) {
    super("choose-model", { detail, bubbles: true, composed: true });
  }
}

@customElement("model-picker")
export class ModelPicker extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { position: relative; }
      dialog { border: 1px solid var(--strong); border-radius: 12px; background: var(--raised); color: var(--ink); padding: 1.25rem 1.5rem; max-width: min(36rem, calc(100vw - 2rem)); }
      dialog::backdrop { background: rgb(0 0 0 / 0.4); }
      .head { display: flex; justify-content: space-between; align-items: center; gap: 1rem; }
      section { border-top: 1px solid var(--line); padding-top: 0.9rem; margin-top: 0.9rem; display: flex; flex-direction: column; gap: 0.6rem; }
      .fields { display: flex; flex-wrap: wrap; gap: 0.6rem; align-items: end; }
      .fields label { display: flex; flex-direction: column; gap: 0.2rem; font-size: var(--small); color: var(--soft); }
      input[name="id"] { width: 16rem; max-width: 70vw; }
      .drop { border: 1.5px dashed var(--strong); border-radius: 8px; padding: 0.9rem; font-size: var(--small); }
      .drop.over { border-color: var(--focus); background: var(--surface); }
      .current { font-weight: 600; }
    `,
  ];

  @property({ attribute: false }) model: ModelChoice = embeddedModel;
  @property() override title = "";
  @state() private over = false;
  @query("dialog") private dialog!: HTMLDialogElement;

  protected override render(): TemplateResult {
    const { model } = this;
    return html`
      <button @click=${this.open} aria-haspopup="dialog"><span class="soft">model</span> <span class="current">${this.title}</span> ▾</button>
      <dialog aria-label="choose a model" @click=${this.closeOutside}>
        <div class="head"><h2>Choose a model</h2><button @click=${this.close} aria-label="close">✕</button></div>
        <section>
          <h3>nano, embedded</h3>
          <p class="small soft">0.37 M parameters, trained for these tasks in all four modes. Loads at once, needs no network.</p>
          <div class="fields">
            <button @click=${this.embedded} data-dtype="fp32" aria-pressed=${model.source === "embedded" && model.dtype === "fp32"}>float32</button>
            <button @click=${this.embedded} data-dtype="q4" aria-pressed=${model.source === "embedded" && model.dtype === "q4"}>4-bit</button>
          </div>
        </section>
        <section>
          <h3>from the Hugging Face hub</h3>
          <p class="small soft">Any decoder with ONNX files that transformers.js runs. This contacts huggingface.co to download; your prompts stay here. Every byte is checked against the hub’s own hashes.</p>
          <form class="fields" @submit=${this.hub}>
            <label>repository <input type="text" name="id" required pattern="[\\w.\\-]+/[\\w.\\-]+" placeholder="HuggingFaceTB/SmolLM2-135M-Instruct" .value=${model.source === "hub" ? model.id : ""} /></label>
            <label>revision <input type="text" name="revision" size="10" placeholder="main" .value=${model.source === "hub" ? model.revision : ""} /></label>
            <label>weights <select name="dtype">${["", "fp32", "fp16", "q8", "q4", "q4f16"].map((d) => html`<option value=${d} ?selected=${d === model.dtype && model.source === "hub"}>${d === "" ? "what fits" : d}</option>`)}</select></label>
            <label>device <select name="device"><option value="wasm">wasm</option><option value="webgpu" ?selected=${model.device === "webgpu"}>webgpu</option></select></label>
            <button type="submit">load</button>
          </form>
        </section>
        <section>
          <h3>from a folder</h3>
          <div class="drop ${this.over ? "over" : ""}" @dragover=${this.dragOver} @dragleave=${this.dragLeave} @drop=${this.drop}>
            Drop a model folder here (config.json, tokenizer.json, onnx/…), or
            <label>choose one: <input type="file" webkitdirectory multiple @change=${this.folder} /></label>
          </div>
        </section>
      </dialog>
    `;
  }

  open(): void {
    this.dialog.showModal();
  }

  private close(): void {
    this.dialog.close();
  }

  private closeOutside(event: Event): void {
    if (event.target === this.dialog) this.dialog.close();
  }

  private choose(model: ModelChoice, files: ReadonlyMap<string, File> | null = null): void {
    this.dialog.close();
    this.dispatchEvent(new ModelEvent({ model, files }));
  }

  private embedded(event: Event): void {
    this.choose({ ...embeddedModel, dtype: (event.currentTarget as HTMLElement).dataset["dtype"] ?? "fp32" });
  }

  private hub(event: Event): void {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const field = (name: string): string => textField(form, name);
    this.choose({ source: "hub", id: field("id"), revision: field("revision"), dtype: field("dtype"), device: field("device") === "webgpu" ? "webgpu" : "wasm" });
  }

  private dragOver(event: DragEvent): void {
    event.preventDefault();
    this.over = true;
  }

  private dragLeave(): void {
    this.over = false;
  }

  private async drop(event: DragEvent): Promise<void> {
    event.preventDefault();
    this.over = false;
    if (event.dataTransfer) this.useFiles(await filesFromDrop(event.dataTransfer));
  }

  private folder(event: Event): void {
    const { files } = event.target as HTMLInputElement;
    if (files) this.useFiles(filesFromInput(files));
  }

  private useFiles({ name, files }: { name: string; files: Map<string, File> }): void {
    if (files.size > 0) this.choose({ source: "folder", id: name, revision: "", dtype: "", device: "wasm" }, files);
  }
}
