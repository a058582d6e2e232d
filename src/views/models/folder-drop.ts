/** Takes a model's folder from this machine: dropped, or chosen. Its files say which engine runs it. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, state } from "lit/decorators.js";
import { embeddedModel, type Files } from "../../models/model-choice.ts";
import { sharedStyle } from "../../theme.ts";
import { type DroppedFolder, filesFromDrop, filesFromInput } from "./dropped-files.ts";
import { ModelEvent } from "./model-event.ts";

@customElement("folder-drop")
export class FolderDrop extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .drop { border: 1.5px dashed var(--strong); border-radius: 8px; padding: 0.8rem 0.9rem; font-size: var(--small); }
      .drop.over { border-color: var(--focus); background: var(--surface); }
      input { max-width: 100%; }
    `,
  ];

  @state() private over = false;

  protected override render(): TemplateResult {
    return html`<div class="drop ${this.over ? "over" : ""}" @dragover=${this.dragOver} @dragleave=${this.dragLeave} @drop=${this.drop}>
      <p>Drop a model’s folder: MLC weights (mlc-chat-config.json) run on WebLLM, by the model library (.wasm) that lies beside them or else by ours, ONNX files on transformers.js. Nothing leaves this machine.</p>
      <label>Or choose one: <input type="file" webkitdirectory multiple @change=${this.folder} /></label>
    </div>`;
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
    if (event.dataTransfer) this.use(await filesFromDrop(event.dataTransfer));
  }

  private folder(event: Event): void {
    const { files } = event.target as HTMLInputElement;
    if (files) this.use(filesFromInput(files));
  }

  private use({ name, files }: DroppedFolder): void {
    if (files.size === 0) return;
    const webllm = isMlc(files);
    this.dispatchEvent(new ModelEvent({ ...embeddedModel, source: "folder", id: name, dtype: "", engine: webllm ? "webllm" : "transformers", device: webllm ? "webgpu" : "wasm" }, files));
  }
}

/** A folder that has both formats, as the embedded model's has, runs on transformers.js. */
function isMlc(files: Files): boolean {
  const paths = [...files.keys()];
  return paths.some((path) => /(^|\/)mlc-chat-config\.json$/.test(path)) && !paths.some((path) => path.endsWith(".onnx"));
}
