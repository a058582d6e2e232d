/** The same states laid out with several seeds, side by side: what the pictures have in common is the states', what differs is luck. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { JointProjection } from "../../picture/joint-picture.ts";
import type { Selection } from "../../selection.ts";
import { sharedStyle } from "../../theme.ts";
import { legend, legendStyle } from "./legend.ts";
import "./picture-quality.ts";
import "./trajectory-plot.ts";

@customElement("trajectory-seeds")
export class TrajectorySeeds extends LitElement {
  static override styles = [
    sharedStyle,
    legendStyle,
    css`
      :host { flex: 1; }
      .seeds { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 210px), 1fr)); gap: 0.8rem; }
      .seed { display: flex; flex-direction: column; gap: 0.3rem; min-width: 0; }
      .key-line { font-size: var(--small); color: var(--soft); margin-top: 0.6rem; }
      h3 { font-weight: 400; color: var(--soft); }
      trajectory-plot { --chart-height: 230px; flex: none; }
    `,
  ];

  @property({ attribute: false }) pictures: readonly JointProjection[] = [];
  @property({ attribute: false }) selection: Selection | null = null;
  @property({ type: Boolean }) showTable = false;

  protected override render(): TemplateResult {
    const modes = new Set(this.pictures[0]?.tracks.filter(({ control }) => !control).map(({ mode }) => mode));
    return html`<div class="seeds">${this.pictures.map((picture) => html`<div class="seed">
      <h3>seed ${picture.seed}</h3>
      <trajectory-plot heading="joint layout of the runs’ hidden states, seed ${picture.seed}" .tracks=${picture.tracks} .selection=${this.selection} .explained=${picture.explained} .trust=${picture.trustworthiness} .method=${picture.method} bare ?showTable=${this.showTable}></trajectory-plot>
      <picture-quality .picture=${picture}></picture-quality>
    </div>`)}</div>
    <div class="key-line">${legend([...modes].map((mode) => ({ mode, control: null })))}</div>`;
  }
}
