/**
 * The frame around a view: a question as its title, controls, help, a table of
 * the same numbers, and a way to see it large.
 *
 * The table button appears where a slotted view has a `showTable` property;
 * pressing it sets that property on each of them. An enlarged panel fills the
 * window as a modal dialog would: Esc or the button brings it back, and the
 * keyboard goes back to where it was.
 */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, query, state } from "lit/decorators.js";
import { sharedStyle } from "../theme.ts";

/** A view that can say its numbers as a table. */
export interface TableView {
  showTable: boolean;
}

@customElement("geo-panel")
export class GeoPanel extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { min-width: 0; }
      section { background: var(--raised); border: 1px solid var(--line); border-radius: var(--radius); padding: 0.9rem 1.1rem 1rem; height: 100%; display: flex; flex-direction: column; gap: 0.6rem; min-width: 0; container-type: inline-size; }
      header { display: flex; flex-wrap: wrap; gap: 0.35rem 0.9rem; align-items: center; }
      .title { flex: 1 1 10rem; min-width: 0; display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 0.5rem; }
      /* Controls have a row of their own until there is room beside the title. */
      slot[name="controls"] { display: block; order: 2; flex: 1 1 100%; }
      slot[name="controls"].none { display: none; }
      .buttons { order: 1; }
      @container (min-width: 56rem) { slot[name="controls"] { order: 0; flex: 0 1 auto; } }
      .caption { font-size: var(--small); color: var(--soft); }
      .below { max-width: 90ch; }
      .buttons { display: flex; gap: 0.1rem; margin: -0.2rem -0.4rem -0.2rem 0; align-items: center; }
      .buttons button { border-color: transparent; background: none; color: var(--soft); padding: 0 0.4rem; min-height: 1.75rem; min-width: 1.75rem; }
      .buttons button:hover { color: var(--ink); background: var(--surface); border-color: transparent; }
      .buttons button[aria-pressed="true"], .buttons button[aria-expanded="true"] { color: var(--ink); background: var(--surface); border-color: var(--line); }
      .buttons svg { display: block; width: 15px; height: 15px; fill: none; stroke: currentColor; stroke-width: 1.4; }
      .help { font-size: var(--small); background: var(--surface); border-radius: 6px; padding: 0.7rem 0.9rem; max-width: 78ch; }
      ::slotted([slot="help"]) { display: flex; flex-direction: column; gap: 0.4rem; }
      .body { flex: 1; min-width: 0; min-height: 0; display: flex; flex-direction: column; gap: 0.6rem; }
      :host([compact]) section { padding: 0.7rem 0.85rem 0.75rem; gap: 0.35rem; }
      :host([compact]) .body { flex: 0 1 auto; margin-top: auto; }
      :host([compact]) h2 { font-size: var(--small); }
      :host([compact]) .title { flex-basis: 6rem; }
      :host([enlarged]) { --enlarged-height: calc(100dvh - 14rem); }
      dialog { margin: 0; padding: 0; border: 0; max-width: none; max-height: none; width: 100%; height: 100%; color: inherit; background: none; }
      dialog { position: fixed; inset: 0; width: 100vw; height: 100dvh; background: var(--ground); overflow: auto; }
      dialog section { border: 0; border-radius: 0; background: var(--ground); padding: 1.4rem clamp(1rem, 4vw, 3.5rem) 2rem; min-height: 100%; }
      dialog h2 { font-size: var(--large); }
      dialog::backdrop { background: var(--ground); }
      @media (pointer: coarse) { .buttons button { min-height: 2.25rem; min-width: 2.25rem; } }
      @media (max-width: 480px) { section { padding: 0.75rem 0.8rem 0.85rem; } }
    `,
  ];

  /** A question that the view answers. */
  @property() heading = "";
  @property() caption = "";
  /** For small multiples: less space, the caption beside the title. */
  @property({ type: Boolean, reflect: true }) compact = false;
  /** Fills the window; a view inside sees it as the attribute `enlarged`. */
  @property({ type: Boolean, reflect: true }) enlarged = false;
  @property({ type: Boolean, reflect: true }) table = false;
  @state() private help = false;
  @state() private hasHelp = false;
  @state() private hasControls = false;
  @state() private hasTable = false;
  @query("dialog") private dialog!: HTMLDialogElement | null;
  @query(".size") private sizeButton!: HTMLButtonElement;

  protected override render(): TemplateResult {
    // As a modal it is in the top layer, above everything, with Esc and a focus trap for free; the views are slotted anew and stay as they are.
    return this.enlarged ? html`<dialog aria-labelledby="title" @close=${this.closed}>${this.frame()}</dialog>` : this.frame();
  }

  private frame(): TemplateResult {
    return html`<section aria-labelledby="title">
      <header>
        <div class="title"><h2 id="title">${this.heading}</h2>${this.compact && this.caption !== "" ? html`<span class="caption">${this.caption}</span>` : nothing}</div>
        <slot name="controls" class=${this.hasControls ? "" : "none"} @slotchange=${this.look}></slot>
        <div class="buttons">
          ${this.hasTable ? html`<button @click=${this.toggleTable} aria-pressed=${this.table} aria-label="table: ${this.heading}" title="the same numbers as a table">${icons.table}</button>` : nothing}
          <button class="size" @click=${this.toggleSize} aria-label="${this.enlarged ? "restore" : "enlarge"}: ${this.heading}" title=${this.enlarged ? "back to its place (Esc)" : "enlarge"}>${this.enlarged ? icons.restore : icons.enlarge}</button>
          ${this.hasHelp ? html`<button @click=${this.toggleHelp} aria-expanded=${this.help} aria-controls="help" aria-label="about: ${this.heading}" title="what this is: formula, source, unit, caution">?</button>` : nothing}
        </div>
      </header>
      <div id="help" class="help" ?hidden=${!this.help}><slot name="help" @slotchange=${this.look}></slot></div>
      ${!this.compact && this.caption !== "" ? html`<p class="caption below number">${this.caption}</p>` : nothing}
      <div class="body"><slot @slotchange=${this.look}></slot></div>
    </section>`;
  }

  /** Views come and go with the data, so the slots are read again whenever they change. */
  private look(): void {
    this.hasHelp = this.querySelector(':scope > [slot="help"]') !== null;
    this.hasControls = this.querySelector(':scope > [slot="controls"]') !== null;
    this.hasTable = this.views().length > 0;
    for (const view of this.views()) view.showTable = this.table;
  }

  private views(): TableView[] {
    return [...this.children].filter((child): child is Element & TableView => "showTable" in child);
  }

  private toggleTable(): void {
    this.table = !this.table;
    for (const view of this.views()) view.showTable = this.table;
  }

  private toggleHelp(): void {
    this.help = !this.help;
  }

  private toggleSize(): void {
    if (this.dialog) this.dialog.close();
    else this.enlarged = true;
  }

  private closed(): void {
    this.enlarged = false;
  }

  /** The frame is made anew, so the keyboard is put back on the button that it was on. */
  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has("enlarged") || (!this.enlarged && changed.get("enlarged") === undefined)) return;
    if (this.dialog && !this.dialog.open) this.dialog.showModal();
    this.sizeButton.focus();
  }
}

const icons = {
  table: html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M1.5 3h13v10h-13zM1.5 6.3h13M1.5 9.6h13M6 3v10" /></svg>`,
  enlarge: html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M9.5 2.5h4v4M6.5 13.5h-4v-4M13.5 2.5l-5 5M2.5 13.5l5-5" /></svg>`,
  restore: html`<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M13.5 6.5h-4v-4M2.5 9.5h4v4M9.5 6.5l4.5-4.5M6.5 9.5L2 14" /></svg>`,
};
