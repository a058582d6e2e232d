/** How far a picture can be trusted, in one line of numbers under it. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { JointProjection, PictureQuality } from "../../picture/joint-picture.ts";
import type { LiveRun } from "../../live-run.ts";
import { formatNumber, formatPercent } from "../../format.ts";
import { pictureNumbers, type PictureNumber } from "../../picture/picture-words.ts";
import { figure, figureStyle, type Provenance } from "../../measures/provenance.ts";
import { sharedStyle } from "../../theme.ts";

/** A picture, as far as its numbers and where they come from are concerned. */
export interface JudgedPicture extends PictureQuality, Pick<JointProjection, "made" | "layer" | "method" | "seed" | "states"> {
  readonly runs: readonly { readonly run: Pick<LiveRun, "snapshot"> }[];
}

@customElement("picture-quality")
export class PictureQualityLine extends LitElement {
  static override styles = [
    sharedStyle,
    figureStyle,
    css`
      :host { font-size: var(--small); color: var(--soft); }
      .line { display: flex; gap: 0.6rem; align-items: flex-start; }
      ul { flex: 1; list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0 1rem; }
      button.figure { color: var(--ink); }
      .remark { margin-top: 0.2rem; }
    `,
  ];

  @property({ attribute: false }) picture: JudgedPicture | null = null;

  protected override render(): TemplateResult | typeof nothing {
    const { picture } = this;
    if (!picture) return nothing;
    const { explained, trustworthiness, continuity, neighbours, stress, geodesic, remarks, made } = picture;
    const known = !Number.isNaN(trustworthiness);
    const shares = explained?.every((share) => !Number.isNaN(share)) ? explained : null;
    return html`<div class="line"><ul>
        ${explained === null ? html`<li>axes mean nothing</li>` : shares ? html`<li>${this.number("explained", shares.map(formatPercent).join(" + "))} of the variance</li>` : nothing}
        ${known && made !== "placed"
          ? html`<li>trustworthiness ${this.number("trustworthiness", formatNumber(trustworthiness))} over ${neighbours} neighbours</li>
              <li>continuity ${this.number("continuity", formatNumber(continuity))}</li>
              <li>stress ${this.number("stress", formatNumber(stress))}</li>
              <li>geodesic correlation ${this.number("geodesic", formatNumber(geodesic))}</li>`
          : nothing}
        ${made === "placed" ? html`<li>placed states are not judged</li>` : nothing}
      </ul><slot></slot></div>
      ${remarks.map((remark) => html`<p class="remark">${remark}</p>`)}`;
  }

  private number(which: PictureNumber, text: string): TemplateResult {
    const { picture } = this;
    return figure(text, (): Provenance => {
      const trace = picture!.runs[0]?.run.snapshot();
      return {
        ...pictureNumbers[which],
        at: `layer ${picture!.layer}, ${picture!.method}, ${picture!.runs.length} ${picture!.runs.length === 1 ? "run" : "runs in one picture"}`,
        model: trace?.model ?? null,
        engine: trace?.engine ?? null,
        seed: picture!.method === "umap" ? `layout ${picture!.seed}` : "",
        n: `${picture!.states} states`,
      };
    });
  }
}
