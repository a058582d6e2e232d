/** Models for WebLLM: its own list as far as this GPU goes, any MLC repository by name, a folder. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { repeat } from "lit/directives/repeat.js";
import { type CachedModel, cachedModels } from "../../../workers/files/cached-models.ts";
import { type AdapterLimits, adapterLimits } from "../../../workers/webllm/adapter-limits.ts";
import { catalogue, type CatalogueEntry, type LeftOut, type Runnable, runnable, webllmRelease } from "../../../workers/webllm/catalogue.ts";
import { formatBytes } from "../../format.ts";
import { embeddedModel, hubPattern, hubRepository, mlcModel, type ModelChoice } from "../../models/model-choice.ts";
import { sharedStyle } from "../../theme.ts";
import "./catalogue-entry.ts";
import "./folder-drop.ts";
import { ModelEvent } from "./model-event.ts";
import { formStyle, textField } from "../text-field.ts";

@customElement("webllm-models")
export class WebllmModels extends LitElement {
  static override styles = [
    sharedStyle,
    formStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.8rem; }
      .search { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; }
      .search label { display: flex; gap: 0.4rem; align-items: center; font-size: var(--small); color: var(--soft); }
      .search input[type="search"] { font: inherit; font-size: var(--small); color: var(--ink); background: var(--raised); border: 1px solid var(--strong); border-radius: 6px; padding: 0.25rem 0.6rem; min-height: 1.875rem; width: 16rem; max-width: 60vw; }
      .list { max-height: min(24rem, 42vh); overflow-y: auto; border: 1px solid var(--line); border-radius: var(--radius); padding: 0 0.8rem; }
      p.small { max-width: 84ch; }
      .list h3 { padding: 0.7rem 0 0.3rem; color: var(--soft); }
      ul { list-style: none; margin: 0; padding: 0; }
      li { border-top: 1px solid var(--line); }
      li.cannot { padding: 0.4rem 0; font-size: var(--small); color: var(--soft); overflow-wrap: anywhere; }
      li.cannot b { font-weight: 500; color: var(--ink); }
    `,
  ];

  /** The model in use. */
  @property({ attribute: false }) model: ModelChoice = embeddedModel;
  /** undefined while the browser is asked. */
  @state() private adapter: AdapterLimits | null | undefined = undefined;
  @state() private list: Runnable = { entries: [], leftOut: [] };
  @state() private search = "";
  @state() private withLeftOut = false;
  @state() private stored: readonly CachedModel[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.look();
  }

  private async look(): Promise<void> {
    this.adapter = await adapterLimits();
    this.list = runnable(catalogue, this.adapter);
    this.stored = await cachedModels().catch(() => []);
  }

  protected override render(): TemplateResult {
    return html`
      <p class="small">The list of WebLLM ${webllmRelease}, as far as it runs here${this.adapter ? html` (${this.adapter.name})` : nothing}. Opening an entry asks <b>huggingface.co</b> for its size; loading downloads the weights from there, and a stock library, which is code, from <b>github.com</b>. Your prompts stay here. Every byte is checked against the hub’s and GitHub’s own hashes.</p>
      ${this.warning()}
      ${this.adapter === undefined ? html`<p class="soft">asking the browser for its GPU …</p>` : this.catalogue()}
      <form class="fields" @submit=${this.byName} aria-label="any MLC repository">
        <label>any MLC repository <input type="text" name="id" required pattern=${hubPattern} title="owner/name, or the repository’s address on huggingface.co" placeholder="mlc-ai/SmolLM2-360M-Instruct-q4f32_1-MLC" /></label>
        <label>revision <input type="text" name="revision" size="10" placeholder="main" /></label>
        <label>library <select name="library"><option value="">what fits</option><option value="own">our own</option><option value="stock">the stock one</option></select></label>
        <button type="submit">load</button>
      </form>
      <folder-drop></folder-drop>`;
  }

  private warning(): TemplateResult | typeof nothing {
    if (this.adapter === null) return html`<p class="wrong" role="alert">This browser offers no WebGPU, which WebLLM needs; transformers.js runs without.</p>`;
    if (this.adapter?.software) return html`<p class="soft">There is no GPU here: the processor computes in its place, many times slower.</p>`;
    return nothing;
  }

  private catalogue(): TemplateResult {
    const words = this.search.toLowerCase().split(/\s+/).filter((word) => word !== "");
    const fits = (entry: CatalogueEntry): boolean => words.every((word) => searchText(entry).includes(word));
    const entries = this.list.entries.filter(fits);
    const favourites = entries.filter((entry) => entry.favourite);
    const others = entries.filter((entry) => !entry.favourite);
    const leftOut = this.withLeftOut ? this.list.leftOut.filter(({ entry }) => fits(entry)) : [];
    return html`
      <div class="search">
        <label>search <input type="search" placeholder="name, licence, quantization" .value=${this.search} @input=${this.type} /></label>
        <label><input type="checkbox" .checked=${this.withLeftOut} @change=${this.toggle} /> also the ${this.list.leftOut.length} that do not run here</label>
        <span class="small soft number" role="status">${entries.length} of ${catalogue.length} models</span>
      </div>
      <div class="list">
        ${this.section("to begin with", favourites)}
        ${this.section(favourites.length > 0 ? "all others, smallest first" : "smallest first", others)}
        ${leftOut.length > 0 ? html`<h3>do not run here</h3><ul aria-label="models that do not run here">${leftOut.map(cannotRun)}</ul>` : nothing}
        ${entries.length + leftOut.length === 0 ? html`<p class="soft small">No model is called so. Any MLC repository can be named below.</p>` : nothing}
      </div>`;
  }

  private section(title: string, entries: readonly CatalogueEntry[]): TemplateResult | typeof nothing {
    if (entries.length === 0) return nothing;
    return html`<h3>${title}</h3>
      <ul aria-label="models: ${title}">${repeat(entries, ({ id }) => id, (entry) => html`<li><catalogue-entry .entry=${entry} .stored=${this.stored.find((model) => model.id === entry.repository && model.kind === "webllm") ?? null} ?current=${this.model.engine === "webllm" && this.model.id === entry.repository}></catalogue-entry></li>`)}</ul>`;
  }

  private type(event: Event): void {
    this.search = (event.target as HTMLInputElement).value;
  }

  private toggle(event: Event): void {
    this.withLeftOut = (event.target as HTMLInputElement).checked;
  }

  private byName(event: Event): void {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const { id, revision } = hubRepository(textField(form, "id"), textField(form, "revision"));
    const library = textField(form, "library");
    this.dispatchEvent(new ModelEvent(mlcModel(id, library === "stock" ? (id.split("/").at(-1) ?? "") : library, revision)));
  }
}

function cannotRun({ entry, reason }: LeftOut): TemplateResult {
  return html`<li class="cannot"><b>${entry.id}</b> <span class="number">${formatBytes(entry.memoryMB * 1e6)}</span>: ${reason}</li>`;
}

function searchText({ id, family, licence, quantization, ownLibrary }: CatalogueEntry): string {
  return [id, family, licence ?? "", quantization, ownLibrary ? "our library" : "stock library"].join(" ").toLowerCase();
}
