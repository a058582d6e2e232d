/** The embedded model: which engine runs it, with which weights. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { embedded, embeddedModel, embeddedWeights, engineNames, type EngineKind, type ModelChoice, sameModel } from "../../models/model-choice.ts";
import { sharedStyle } from "../../theme.ts";
import { ModelEvent } from "./model-event.ts";

const engines: readonly { readonly engine: EngineKind; readonly on: string }[] = [
  { engine: "transformers", on: "on WebAssembly: every browser" },
  { engine: "webllm", on: "on WebGPU: hidden states out of our own model library" },
];

@customElement("embedded-models")
export class EmbeddedModels extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .rows { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.7rem 1.2rem; align-items: center; margin-top: 0.9rem; max-width: 40rem; }
      .weights { display: flex; gap: 0.5rem; }
      @media (max-width: 480px) { .rows { grid-template-columns: minmax(0, 1fr); gap: 0.4rem; } .weights { margin-bottom: 0.5rem; } }
    `,
  ];

  @property({ attribute: false }) model: ModelChoice = embeddedModel;

  protected override render(): TemplateResult {
    return html`
      <p>nano: 0.37 M parameters, trained for these tasks in all four modes. The same weights on either engine give the same hidden states.</p>
      <div class="rows">${engines.map(({ engine, on }) => this.row(engine, on))}</div>
    `;
  }

  private row(engine: EngineKind, on: string): TemplateResult {
    const missing = engine === "webllm" && !("gpu" in navigator);
    return html`
      <div><h3>${engineNames[engine]}</h3><p class="small soft">${on}${missing ? html`. <span class="wrong">This browser has no WebGPU.</span>` : nothing}</p></div>
      <div class="weights">${embeddedWeights[engine].map((dtype, i) => {
        const choice = embedded(engine, dtype);
        const words = i === 0 ? "float32" : "4-bit";
        return html`<button ?disabled=${missing} data-engine=${engine} data-dtype=${dtype} aria-label="${engineNames[engine]}, ${words}" aria-pressed=${sameModel(choice, this.model)} @click=${this.choose}>${words}</button>`;
      })}</div>`;
  }

  private choose(event: Event): void {
    const { engine, dtype } = (event.currentTarget as HTMLElement).dataset;
    this.dispatchEvent(new ModelEvent(embedded(engine as EngineKind, dtype ?? "")));
  }
}
