/**
 * One model of WebLLM's list: what it takes and under which licence at first
 * sight; opened, what it costs to download, asked of the hub at that moment,
 * and the button that does.
 */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { CachedModel } from "../../../workers/files/cached-models.ts";
import type { CatalogueEntry } from "../../../workers/webllm/catalogue.ts";
import { type ModelSize, modelSize } from "../../../workers/webllm/model-size.ts";
import { messageOf } from "../../models/engine-host.ts";
import { formatBytes } from "../../format.ts";
import { catalogueModel } from "../../models/model-choice.ts";
import { sharedStyle } from "../../theme.ts";
import { ModelEvent } from "./model-event.ts";

@customElement("catalogue-entry")
export class CatalogueEntryView extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      summary { cursor: pointer; padding: 0.45rem 0; font-size: var(--small); }
      .row { display: inline-grid; grid-template-columns: minmax(0, 1fr) 5rem 6rem 10rem 6.5rem; gap: 0 0.8rem; width: calc(100% - 1.3rem); vertical-align: top; align-items: baseline; }
      .name { font-weight: 600; overflow-wrap: anywhere; }
      .row span:not(.name) { color: var(--soft); }
      .memory { text-align: right; }
      .body { padding: 0 0 0.8rem 1.1rem; display: flex; flex-direction: column; gap: 0.5rem; font-size: var(--small); overflow-wrap: anywhere; }
      .buttons { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; }
      @media (max-width: 720px) { .row { grid-template-columns: minmax(0, 1fr) auto; } .memory { text-align: left; } .name { grid-column: 1 / -1; } }
    `,
  ];

  @property({ attribute: false }) entry!: CatalogueEntry;
  /** What of it is in this browser already. */
  @property({ attribute: false }) stored: CachedModel | null = null;
  /** The model in use. */
  @property({ type: Boolean }) current = false;
  @state() private size: ModelSize | null = null;
  @state() private error = "";
  private asking: AbortController | null = null;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.asking?.abort();
    this.asking = null;
  }

  protected override render(): TemplateResult {
    const { entry } = this;
    return html`<details @toggle=${this.toggle}>
      <summary><span class="row number">
        <span class="name">${entry.id.replace(/-MLC$/, "")}${this.current ? " (in use)" : ""}</span>
        <span class="memory" title="memory on the GPU, as WebLLM measured it">${formatBytes(entry.memoryMB * 1e6)}</span>
        <span title="bits of weights and of activations">${entry.quantization}</span>
        <span title=${entry.licenceChecked ? "licence of the original model" : "licence of the original model, to our knowledge; its card decides"}>${entry.licence ?? "licence unknown"}</span>
        <span title=${entry.ownLibrary ? "runs on Geodesic’s own model library" : "runs on the library that MLC built for it"}>${entry.ownLibrary ? "our library" : "stock library"}</span>
      </span></summary>
      <div class="body">${this.body()}</div>
    </details>`;
  }

  private body(): TemplateResult {
    const { entry, size, error, stored } = this;
    const kept = stored === null ? nothing : html`<p>${stored.complete ? `Stored in this browser: ${formatBytes(stored.bytes)}.` : `${formatBytes(stored.bytes)} of ${formatBytes(stored.total)} are stored in this browser; loading goes on from there.`}</p>`;
    if (error !== "") return html`<p class="wrong" role="alert">${error}</p>${kept}<div class="buttons"><button @click=${this.ask}>ask again</button>${stored ? this.loadButton("load") : nothing}</div>`;
    if (!size) return html`<p class="soft" role="status">asking huggingface.co for the size …</p>`;
    const words = stored?.complete ? "load" : `download ${formatBytes(size.bytes)}`;
    return html`
      <p class="number"><b>${formatBytes(size.bytes)}</b> to download, in ${size.files} files, and ${entry.ownLibrary ? "no code of others unless you choose the stock library" : "a stock library of some MB from github.com"}. ${this.licenceWords(size.licence)} ${entry.repository} at ${size.commit.slice(0, 7)}.</p>
      ${kept}
      ${size.closed ? html`<p class="wrong">Only those who have agreed to its terms on huggingface.co may download it. Do so there, and drop the folder below.</p>` : html`<div class="buttons">${entry.ownLibrary ? libraryChoice : nothing}${this.loadButton(words)}</div>`}`;
  }

  /** Cards of converted weights often leave the licence to the original model's. */
  private licenceWords(onCard: string | null): string {
    if (onCard !== null) return `Licence on its card: ${onCard}.`;
    const { licence, licenceChecked } = this.entry;
    const original = licence === null ? "unknown to us" : `${licence}${licenceChecked ? "" : ", to our knowledge"}`;
    return `Its card names no licence; that of the original model is ${original}.`;
  }

  private loadButton(words: string): TemplateResult {
    return html`<button @click=${this.choose} aria-label="${words}, ${this.entry.id}">${words}</button>`;
  }

  private toggle(event: Event): void {
    if ((event.currentTarget as HTMLDetailsElement).open && !this.size && !this.asking) void this.ask();
  }

  private async ask(): Promise<void> {
    const asking = new AbortController();
    this.asking = asking;
    this.error = "";
    try {
      this.size = await modelSize(this.entry.repository, (url, init) => fetch(url, init), asking.signal);
    } catch (error) {
      if (!asking.signal.aborted) this.error = messageOf(error);
    } finally {
      this.asking = null;
    }
  }

  private choose(): void {
    const stock = this.renderRoot.querySelector("select")?.value === "stock";
    this.dispatchEvent(new ModelEvent(catalogueModel(this.entry, stock)));
  }
}

const libraryChoice = html`<label>library <select><option value="own">our own</option><option value="stock">the stock one, from github.com</option></select></label>`;
