/** Where the hidden state goes: the picture of all runs, how it is made, and how far it can be trusted. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { Follow } from "../../follow.ts";
import { live } from "lit/directives/live.js";
import { type PictureMethod, pictureMethods } from "../../../probes/run-picture.ts";
import type { Geometry, JointProjection } from "../../picture/geometry.ts";
import { planePoints } from "../../picture/joint-picture.ts";
import { extentWords, methodWords, pictureInWords } from "../../picture/picture-words.ts";
import type { Session } from "../../session.ts";
import type { Extent, PlanePoint } from "../../settings.ts";
import { sharedStyle } from "../../theme.ts";
import { words } from "../../words.ts";
import "../panel.ts";
import "./picture-quality.ts";
import "../models/progress-bar.ts";
import { SettingsEvent } from "../question-bar.ts";
import "./trajectory-plot.ts";
import "./trajectory-seeds.ts";

@customElement("trajectory-panel")
export class TrajectoryPanel extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { min-width: 0; }
      geo-panel { height: 100%; }
      .tools { display: flex; flex-wrap: wrap; gap: 0.35rem 0.8rem; align-items: center; }
      .tools label { font-size: var(--small); color: var(--soft); display: flex; align-items: center; gap: 0.35rem; }
      .tools select { color: var(--ink); max-width: min(16rem, 70vw); }
      .tools input[type="range"] { width: 80px; }
      .tools output { color: var(--ink); min-width: 2.6em; }
      .switch { display: inline-flex; }
      .switch button { border-radius: 0; border-right-width: 0; padding: 0.25rem 0.5rem; }
      .switch button:first-child { border-radius: 6px 0 0 6px; }
      .switch button:last-child { border-radius: 0 6px 6px 0; border-right-width: 1px; }
      trajectory-plot { --chart-height: 340px; flex: 1; }
      .error { color: var(--wrong); }
    `,
  ];

  @property({ attribute: false }) session!: Session;
  @property({ attribute: false }) geometry!: Geometry;

  protected readonly follow = new Follow(this, () => [this.session, this.geometry]);

  protected override render(): TemplateResult {
    const { geometry } = this;
    const { projection, others, progress } = geometry;
    const { settings, layers } = this.session;
    return html`<geo-panel id="trajectory" heading="Where does the hidden state go?" caption=${projection ? pictureInWords(projection) : ""}>
      <div slot="controls" class="tools">
        <label>layer <input type="range" min="0" max=${layers} step="1" .value=${live(String(settings.selection.layer))} @input=${this.setLayer} aria-label="layer" /><output class="number">${settings.selection.layer === 0 ? "embed" : settings.selection.layer}</output></label>
        <span class="switch" role="group" aria-label="projection">${pictureMethods.map((method) => html`<button @click=${this.setMethod} data-method=${method} title=${methodWords[method].title} aria-pressed=${settings.projection === method}>${methodWords[method].short}</button>`)}</span>
        <label>from <select @change=${this.setExtent} aria-label="first step drawn">${(["question", "thinking", "all"] as const).map((extent) => html`<option value=${extent} ?selected=${extent === settings.extent}>${extentWords[extent]}</option>`)}</select></label>
        ${this.further()}
      </div>
      ${progress ? html`<progress-line label=${progress.label} .value=${progress.done} .max=${progress.total} @stop=${this.stopLayout}></progress-line>` : nothing}
      ${geometry.notice === "" ? nothing : html`<p class="small error" role="alert">${geometry.notice}</p>`}
      ${others.length > 0 && projection
        ? html`<trajectory-seeds .pictures=${[projection, ...others]} .selection=${settings.selection}></trajectory-seeds>`
        : html`<trajectory-plot .tracks=${projection?.tracks ?? none} .ghosts=${projection?.made === "placed" ? (geometry.held?.tracks ?? none) : none} .selection=${settings.selection} .explained=${projection?.explained ?? null} .trust=${projection?.trustworthiness ?? null} .method=${projection?.method ?? settings.projection}></trajectory-plot>
            <picture-quality .picture=${projection}><span class="tools">${this.keeping()}</span></picture-quality>`}
      <div slot="help">
        <p>Each run’s hidden state after layer ${projection?.layer ?? settings.selection.layer}, one point per step, all runs in one plane. Small points are the question; the thick line is thinking; the outlined point answers.</p>
        <p><b>PCA</b> the two directions of largest variance of the centred states, exact (Pearson 1901). <b>UMAP</b> keeps neighbourhoods (McInnes et al. 2018); its global layout is seed luck: compare seeds. <b>Isomap</b> keeps the ways along the cloud (Tenenbaum et al. 2000). <b>Answer</b> the axis from states at which the right answer has less than even odds to those at which it has more, and the leading component beside it (difference of means, Marks and Tegmark 2023). <b>Plane</b> through three states of your choice.</p>
        <p><b>Unit</b> that of the residual stream; UMAP none. <b>Under the picture</b> the share of the variance, trustworthiness and continuity (Venna and Kaski 2001), stress (Kruskal 1964), and the rank correlation with the ways along the cloud. “Hold” keeps a picture, and places the runs of other questions in it.</p>
        <p><b>Caution</b> two dimensions out of ${this.hiddenSize()}: what lies close here may lie far apart.</p>
      </div>
    </geo-panel>`;
  }

  /** What the chosen method needs, and what can be done with its picture. */
  private further(): TemplateResult {
    const { settings } = this.session;
    const { projection } = this.geometry;
    return html`
      ${settings.projection === "umap"
        ? html`<label>seed <select @change=${this.setLayoutSeed} aria-label="UMAP seed">${[1, 2, 3, 4, 5].map((seed) => html`<option value=${seed} ?selected=${seed === settings.layoutSeed}>${seed}</option>`)}</select></label>
            <button @click=${this.setSeeds} aria-pressed=${settings.seeds > 1} title="the same states with three seeds side by side: what differs is luck">three seeds</button>`
        : nothing}
      ${settings.projection === "plane" && projection ? this.plane(projection) : nothing}`;
  }

  /** Holding the picture, and going back to a saved one. */
  private keeping(): TemplateResult {
    const { geometry } = this;
    const { projection, held } = geometry;
    const saved = geometry.savedPictures;
    return html`${held ? html`<button @click=${this.release} aria-pressed="true" title="draw each question’s own picture again">held</button>` : html`<button @click=${this.hold} ?disabled=${!geometry.canHold} aria-pressed="false" title="keep this picture, and place the runs of other questions in it">hold</button>`}
      ${saved.length > 0
        ? html`<label>picture <select @change=${this.setSaved} aria-label="saved picture"><option value="" ?selected=${projection?.made !== "saved"}>drawn now</option>${saved.map(({ fit, method, layer }) => html`<option value=${fit} ?selected=${projection?.made === "saved" && projection.fit === fit}>saved: ${methodWords[method].short}, layer ${layer}</option>`)}</select></label>`
        : nothing}`;
  }

  private plane({ tracks }: JointProjection): TemplateResult {
    const points = planePoints(tracks);
    const chosen = this.chosenPlane(points);
    return html`${["A", "B", "C"].map((name, i) => html`<label>${name} <select data-at=${i} @change=${this.setPlane} aria-label="state ${name} of the plane">${points.map(({ mode, step, label }) => html`<option value="${mode}.${step}" ?selected=${chosen[i]?.mode === mode && chosen[i]?.step === step}>${words.modes[mode].name} ${step} ${label}</option>`)}</select></label>`)}`;
  }

  /** As chosen, or as the picture was drawn where nothing was. */
  private chosenPlane(points: readonly PlanePoint[]): readonly PlanePoint[] {
    const { settings } = this.session;
    if (settings.plane.length === 3) return settings.plane;
    const own = points.filter(({ mode }) => mode === settings.selection.mode);
    const from = own.length >= 3 ? own : points;
    return [from[0], from[from.length >> 1], from.at(-1)].flatMap((point) => point ?? []);
  }

  private hiddenSize(): string {
    const { report } = this.session;
    return report ? String(report.spec.hiddenSize) : "many";
  }

  // ——— events ———

  private change(part: SettingsEvent["detail"]): void {
    this.dispatchEvent(new SettingsEvent(part));
  }

  private setLayer(event: Event): void {
    this.session.select({ layer: (event.target as HTMLInputElement).valueAsNumber });
  }

  private setMethod(event: Event): void {
    this.change({ projection: (event.currentTarget as HTMLElement).dataset["method"] as PictureMethod });
  }

  private setLayoutSeed(event: Event): void {
    this.change({ layoutSeed: Number((event.target as HTMLSelectElement).value) });
  }

  private setSeeds(): void {
    this.change({ seeds: this.session.settings.seeds > 1 ? 1 : 3 });
  }

  private setExtent(event: Event): void {
    this.change({ extent: (event.target as HTMLSelectElement).value as Extent });
  }

  private setPlane(event: Event): void {
    const select = event.target as HTMLSelectElement;
    const [mode, step] = select.value.split(".");
    const { projection } = this.geometry;
    const plane = [...this.chosenPlane(projection ? planePoints(projection.tracks) : [])];
    plane[Number(select.dataset["at"])] = { mode: mode as PlanePoint["mode"], step: Number(step) };
    this.change({ plane });
  }

  private setSaved(event: Event): void {
    const fit = (event.target as HTMLSelectElement).value;
    this.geometry.showSaved(fit === "" ? null : fit);
  }

  private readonly stopLayout = (): void => this.geometry.stop();
  private readonly hold = (): void => this.geometry.hold();
  private readonly release = (): void => this.geometry.release();
}

/** One empty list, so that a view without data is not drawn again. */
const none: readonly never[] = [];
