/**
 * The place at the foot of the page where one measures closely. It is two lines of
 * text until someone asks; then it brings the panels, and their code with them.
 */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { Geometry } from "../../picture/geometry.ts";
import type { Session } from "../../session.ts";
import { closely, type Closely } from "../../settings.ts";
import { sharedStyle } from "../../theme.ts";
import { SettingsEvent } from "../question-bar.ts";

const parts = {
  run: { title: "This run, closely", sentence: "A map of layer × step for every measure, all measures in one table, every layer beside every other.", bring: () => import("../run-panel.ts") },
  modes: { title: "What sets the modes apart", sentence: "The same measures over many problems, with bands, beside what chance and the untrained model give.", bring: () => import("./measures-panel.ts") },
} as const satisfies Record<Closely, object>;
type Part = Closely;

@customElement("more-measures")
export class MoreMeasures extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.9rem; }
      .line { display: flex; flex-wrap: wrap; gap: 0.4rem 0.9rem; align-items: center; }
    `,
  ];

  @property({ attribute: false }) session!: Session;
  @property({ attribute: false }) geometry!: Geometry;
  /** Which are unfolded; a link may bring some along. */
  @property({ attribute: false }) unfolded: readonly Closely[] = [];
  /** Whose code is here. */
  @state() private brought: ReadonlySet<Part> = new Set();
  @state() private error = "";

  protected override render(): TemplateResult {
    return html`${closely.map((part) => {
      const { title, sentence } = parts[part];
      const open = this.unfolded.includes(part) && this.brought.has(part);
      return html`<div class="line"><button data-part=${part} aria-expanded=${open} @click=${this.toggle}>${title} ${open ? "▴" : "▾"}</button><span class="soft small">${sentence}</span></div>${open ? this.panel(part) : ""}`;
    })}
    ${this.error === "" ? "" : html`<p class="small wrong" role="alert">${this.error}</p>`}`;
  }

  private panel(part: Part): TemplateResult {
    return part === "run" ? html`<run-panel .session=${this.session} .geometry=${this.geometry}></run-panel>` : html`<measures-panel .session=${this.session}></measures-panel>`;
  }

  protected override willUpdate(): void {
    for (const part of this.unfolded) if (!this.brought.has(part) && this.error === "") void this.bring(part);
  }

  private toggle(event: Event): void {
    const part = (event.currentTarget as HTMLElement).dataset["part"] as Part;
    this.error = "";
    const open = this.unfolded.includes(part);
    this.dispatchEvent(new SettingsEvent({ unfolded: open ? this.unfolded.filter((one) => one !== part) : closely.filter((one) => one === part || this.unfolded.includes(one)) }));
  }

  private async bring(part: Part): Promise<void> {
    try {
      await parts[part].bring();
      this.brought = new Set([...this.brought, part]);
    } catch (error) {
      this.error = `The panel could not be loaded (${error instanceof Error ? error.message : String(error)}); try again.`;
    }
  }
}
