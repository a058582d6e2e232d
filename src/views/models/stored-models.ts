/** The models that this browser keeps: what they are, what they take, when they were last used; and how to be rid of them. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type CachedModel, cachedModels, deleteCachedModel, type StorageEstimate, storageEstimate } from "../../../workers/files/cached-models.ts";
import { formatBytes, formatPercent } from "../../format.ts";
import { embeddedModel, engineNames, mlcModel, type ModelChoice } from "../../models/model-choice.ts";
import { sharedStyle } from "../../theme.ts";
import { ModelEvent } from "./model-event.ts";

@customElement("stored-models")
export class StoredModels extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      ul { list-style: none; margin: 0.8rem 0 0; padding: 0; }
      li { display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; align-items: center; border-top: 1px solid var(--line); padding: 0.6rem 0; }
      .what { flex: 1 1 18rem; min-width: 0; overflow-wrap: anywhere; }
      .facts { color: var(--soft); font-size: var(--small); font-variant-numeric: tabular-nums; display: flex; flex-wrap: wrap; gap: 0 0.9rem; }
      .buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
      code { font-family: var(--mono); }
    `,
  ];

  /** The model in use. */
  @property({ attribute: false }) model: ModelChoice = embeddedModel;
  @state() private models: readonly CachedModel[] | null = null;
  @state() private estimate: StorageEstimate | null = null;
  /** The model that is about to be deleted. */
  @state() private asked = "";
  @state() private error = "";

  override connectedCallback(): void {
    super.connectedCallback();
    void this.look();
  }

  private async look(): Promise<void> {
    try {
      [this.models, this.estimate] = await Promise.all([cachedModels(), storageEstimate()]);
    } catch (error) {
      this.error = `The browser did not say what it keeps: ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  protected override render(): TemplateResult {
    const { models } = this;
    if (this.error !== "") return html`<p class="wrong" role="alert">${this.error}</p>`;
    if (!models) return html`<p class="soft">looking …</p>`;
    const total = models.reduce((sum, model) => sum + model.bytes, 0);
    return html`
      <p class="number">${models.length === 0 ? "No downloaded model is stored in this browser." : `${models.length} stored, ${formatBytes(total)} in all.`}${this.room()}</p>
      <ul aria-label="stored models">${models.map((model) => this.item(model))}</ul>
    `;
  }

  private room(): string {
    const { estimate } = this;
    if (!estimate || estimate.quota === 0) return "";
    const kept = estimate.persisted ? "The browser has promised to keep it." : "The browser may clear it when the disk is full.";
    return ` This site may take ${formatBytes(estimate.quota)}, ${formatPercent(estimate.usage / estimate.quota)} of which is used. ${kept}`;
  }

  private item(model: CachedModel): TemplateResult {
    const key = `${model.id} ${model.kind} ${model.revision}`;
    return html`<li>
      <div class="what"><b>${model.id}</b>
        <div class="facts">
          <span>${kindWords(model)}</span>
          <span>${model.complete || model.kind === null ? formatBytes(model.bytes) : `${formatBytes(model.bytes)} of ${formatBytes(model.total)}`}</span>
          ${model.kind === null ? nothing : html`<span>${model.complete ? "complete" : "partial: a download that can be resumed"}</span>`}
          ${model.revision === null ? nothing : html`<span title=${model.revision}>revision <code>${model.revision.slice(0, 7)}</code></span>`}
          ${model.lastUsed === null ? nothing : html`<span>last used ${when(model.lastUsed)}</span>`}
        </div>
      </div>
      <div class="buttons">${this.asked === key
        ? html`<span class="small">Delete ${formatBytes(model.bytes)}?</span><button data-id=${model.id} @click=${this.erase} aria-label="yes, delete ${model.id}">yes, delete</button><button @click=${this.spare}>keep</button>`
        : html`${model.kind === "transformers" || model.kind === "webllm" ? html`<button @click=${() => this.use(model)} aria-label="${model.complete ? "load" : "resume"} ${model.id}">${model.complete ? "load" : "resume"}</button>` : nothing}
            <button data-key=${key} @click=${this.ask} aria-label="delete ${model.id}">delete</button>`}
      </div>
    </li>`;
  }

  private ask(event: Event): void {
    this.asked = (event.currentTarget as HTMLElement).dataset["key"] ?? "";
  }

  private spare(): void {
    this.asked = "";
  }

  private async erase(event: Event): Promise<void> {
    const id = (event.currentTarget as HTMLElement).dataset["id"] ?? "";
    this.asked = "";
    await deleteCachedModel(id);
    await this.look();
  }

  private use({ id, kind, revision }: CachedModel): void {
    const choice = kind === "webllm" ? mlcModel(id) : { ...embeddedModel, source: "hub" as const, id, dtype: "" };
    this.dispatchEvent(new ModelEvent({ ...choice, revision: revision ?? "" }));
  }
}

function kindWords({ kind }: CachedModel): string {
  if (kind === null) return "files of no known model";
  return kind === "library" ? "model library for WebLLM" : engineNames[kind];
}

/** 24 Nov 2026, 03:40 */
function when(time: string): string {
  return new Date(time).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });
}
