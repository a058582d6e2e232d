/** The choice of a model: three kinds, and what of them is stored in this browser. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { embeddedModel, type ModelChoice } from "../../models/model-choice.ts";
import { sharedStyle } from "../../theme.ts";
import "./embedded-models.ts";
import "./onnx-models.ts";
import "./stored-models.ts";
import "./webllm-models.ts";

type Kind = "embedded" | "webllm" | "transformers" | "stored";

/** The tabs, in order, with what each means for the reader. */
const kinds: readonly { readonly kind: Kind; readonly title: string; readonly sentence: string }[] = [
  { kind: "embedded", title: "embedded", sentence: "nano, trained for these tasks. Here at once, no network." },
  { kind: "webllm", title: "WebLLM", sentence: "language models on WebGPU, from the hub." },
  { kind: "transformers", title: "transformers.js", sentence: "ONNX models, WebAssembly or WebGPU, from the hub." },
  { kind: "stored", title: "stored models", sentence: "what this browser keeps, and how to delete it." },
];

@customElement("model-dialog")
export class ModelDialog extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      dialog { border: 1px solid var(--strong); border-radius: 12px; background: var(--raised); color: var(--ink); padding: 1.25rem 1.5rem; width: min(54rem, calc(100vw - 1.5rem)); max-height: calc(100dvh - 2rem); }
      dialog::backdrop { background: rgb(0 0 0 / 0.4); }
      .head { display: flex; justify-content: space-between; align-items: center; gap: 1rem; }
      .kinds { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.6rem; margin: 0.9rem 0 0; }
      .kinds button { text-align: left; padding: 0.55rem 0.75rem; display: flex; flex-direction: column; gap: 0.15rem; justify-content: flex-start; border-radius: 8px; }
      .kinds button[aria-selected="true"] { border-color: var(--ink); box-shadow: inset 0 0 0 1px var(--ink); }
      .kinds b { font-weight: 600; font-size: var(--body); }
      .panel { border-top: 1px solid var(--line); margin-top: 0.9rem; padding-top: 0.9rem; }
      @media (max-width: 720px) { dialog { padding: 1rem; } .kinds { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
    `,
  ];

  /** The model in use. */
  @property({ attribute: false }) model: ModelChoice = embeddedModel;
  @state() private kind: Kind = "embedded";
  @query("dialog") private dialog!: HTMLDialogElement;

  /** Shows the kind of model that is in use. */
  async open(): Promise<void> {
    this.kind = this.model.source === "embedded" ? "embedded" : this.model.engine;
    await this.updateComplete;
    this.dialog.showModal();
  }

  protected override render(): TemplateResult {
    return html`<dialog aria-label="choose a model" @click=${this.closeOutside} @choose-model=${this.close}>
      <div class="head"><h2>Choose a model</h2><button @click=${this.close} aria-label="close">✕</button></div>
      <div class="kinds" role="tablist" aria-label="kinds of models" @keydown=${this.keyDown}>
        ${kinds.map(({ kind, title, sentence }) => html`<button role="tab" id="tab-${kind}" data-kind=${kind} aria-selected=${kind === this.kind} aria-controls="panel" tabindex=${kind === this.kind ? 0 : -1} @click=${this.choose}><b>${title}</b><span class="small soft">${sentence}</span></button>`)}
      </div>
      <div class="panel" id="panel" role="tabpanel" aria-labelledby="tab-${this.kind}">${this.panel()}</div>
    </dialog>`;
  }

  private panel(): TemplateResult {
    const { model } = this;
    switch (this.kind) {
      case "embedded":
        return html`<embedded-models .model=${model}></embedded-models>`;
      case "webllm":
        return html`<webllm-models .model=${model}></webllm-models>`;
      case "transformers":
        return html`<onnx-models .model=${model}></onnx-models>`;
      case "stored":
        return html`<stored-models .model=${model}></stored-models>`;
    }
  }

  private choose(event: Event): void {
    this.kind = (event.currentTarget as HTMLElement).dataset["kind"] as Kind;
  }

  /** Arrows move among the tabs, as the ARIA practices have it. */
  private async keyDown(event: KeyboardEvent): Promise<void> {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const index = kinds.findIndex(({ kind }) => kind === this.kind);
    this.kind = kinds[(index + by + kinds.length) % kinds.length]!.kind;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(`#tab-${this.kind}`)?.focus();
  }

  private close(): void {
    this.dialog.close();
  }

  private closeOutside(event: Event): void {
    if (event.target === this.dialog) this.dialog.close();
  }
}
