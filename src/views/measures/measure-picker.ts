/** Which measures are shown: all of them by group, a search, and a press to add or take away. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { probes as allProbes } from "../../../probes/index.ts";
import { type Probe, type ProbeGroup, probeGroups } from "../../../probes/probe.ts";
import { groupWords } from "../../measures/measure-words.ts";
import { sharedStyle } from "../../theme.ts";

/** Fired with the ids that are picked now, in the order of the list. */
export class PickEvent extends CustomEvent<readonly string[]> {
  constructor(ids: readonly string[]) {
    super("pick-measures", { detail: ids, bubbles: true, composed: true });
  }
}

@customElement("measure-picker")
export class MeasurePicker extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .groups { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.45rem 1rem; align-items: baseline; }
      h3 { font-weight: 400; color: var(--soft); white-space: nowrap; }
      .chips { display: flex; flex-wrap: wrap; gap: 0.3rem; }
      .chips button { border-radius: 999px; padding: 0.1rem 0.7rem; min-height: 1.7rem; border-color: var(--line); }
      .search { display: flex; gap: 0.6rem; align-items: center; margin-bottom: 0.6rem; font-size: var(--small); color: var(--soft); }
      .search input { width: min(16rem, 60vw); color: var(--ink); }
      @media (max-width: 560px) { .groups { grid-template-columns: minmax(0, 1fr); gap: 0.2rem; } .chips { margin-bottom: 0.5rem; } }
      @media (pointer: coarse) { .chips button { min-height: 2.1rem; } }
    `,
  ];

  @property({ attribute: false }) picked: readonly string[] = [];
  /** Those that can be picked; all by default. */
  @property({ attribute: false }) probes: readonly Probe[] = allProbes;
  @state() private sought = "";

  protected override render(): TemplateResult {
    const found = this.probes.filter((probe) => matches(probe, this.sought));
    return html`
      <label class="search">find <input type="text" name="find-measure" .value=${this.sought} @input=${this.search} placeholder="angle, dimension, entropy …" /></label>
      <div class="groups">${probeGroups.map((group) => this.group(group, found.filter((probe) => probe.group === group)))}</div>
      ${found.length === 0 ? html`<p class="small soft" role="status">no measure is called so</p>` : nothing}`;
  }

  private group(group: ProbeGroup, probes: readonly Probe[]): TemplateResult | typeof nothing {
    if (probes.length === 0) return nothing;
    return html`<h3>${groupWords[group]}</h3>
      <div class="chips">${probes.map(({ id, name, title }) => html`<button data-id=${id} title=${title} aria-pressed=${this.picked.includes(id)} @click=${this.toggle}>${name}</button>`)}</div>`;
  }

  private search(event: Event): void {
    this.sought = (event.target as HTMLInputElement).value;
  }

  private toggle(event: Event): void {
    const { id = "" } = (event.currentTarget as HTMLElement).dataset;
    const next = new Set(this.picked);
    if (!next.delete(id)) next.add(id);
    this.dispatchEvent(new PickEvent(this.probes.flatMap((probe) => (next.has(probe.id) ? [probe.id] : []))));
  }
}

/** By name, title, source, formula or help; all words must be found. */
function matches({ id, name, title, source, formula, help }: Probe, sought: string): boolean {
  const text = [id, name, title, source, formula, help].join(" ").toLowerCase();
  return sought.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}
