/**
 * One run, looked at closely: a measure at every layer and step as a map, every
 * measure at the selected layer as a table, and every layer beside every other.
 */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Follow } from "../follow.ts";
import { missingNeeds, probe as findProbe, probes as allProbes } from "../../probes/index.ts";
import type { NullBand } from "../../probes/nulls/null-band.ts";
import { nearestLayer } from "../../probes/kept-layers.ts";
import { hasLayerMap, readsLayers, type RunMeasure } from "../../probes/run-measure.ts";
import type { RunMeasures } from "../../probes/run-measures.ts";
import type { Trace } from "../../probes/trace.ts";
import { messageOf } from "../models/engine-host.ts";
import { formatNumber, formatP } from "../format.ts";
import type { Geometry } from "../picture/geometry.ts";
import { figure, figureStyle, ofProbe, type Provenance } from "../measures/provenance.ts";
import { originOf, SelectEvent } from "../selection.ts";
import type { Session } from "../session.ts";
import { sharedStyle } from "../theme.ts";
import { words } from "../words.ts";
import { dataTableStyle } from "./data-table.ts";
import "./measures/layer-map.ts";
import type { MapEvent } from "./measures/layer-map.ts";
import "./panel.ts";
import "./models/progress-bar.ts";

/** Seed of the shuffled orders. */
const seed = 1;
const mapped = allProbes.filter(hasLayerMap);

@customElement("run-panel")
export class RunPanel extends LitElement {
  static override styles = [
    sharedStyle,
    dataTableStyle,
    figureStyle,
    css`
      :host { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 0.9rem; align-items: stretch; }
      .wide { grid-column: 1 / -1; }
      label { font-size: var(--small); color: var(--soft); display: flex; gap: 0.4rem; align-items: center; }
      select { color: var(--ink); max-width: min(20rem, 60vw); }
      .error { color: var(--wrong); overflow-wrap: anywhere; }
      .table { max-height: none; border-top: 0; }
      table { width: 100%; }
      td { white-space: nowrap; }
      @media (max-width: 1000px) { :host { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];

  @property({ attribute: false }) session!: Session;
  @property({ attribute: false }) geometry!: Geometry;
  @state() private chosen = "lens-entropy";
  @state() private map: { readonly trace: Trace; readonly id: string; readonly measure: RunMeasure } | null = null;
  @state() private all: { readonly trace: Trace; readonly measures: RunMeasures } | null = null;
  /** Of one run and measure: another one is tried anew. */
  @state() private error: { readonly trace: Trace; readonly id: string; readonly message: string } | null = null;
  private busy = false;

  protected readonly follow = new Follow(this, () => [this.session]);

  /** The finished run of the selected mode. */
  private get trace(): Trace | null {
    return this.session.selectedRun?.trace ?? null;
  }

  protected override willUpdate(): void {
    const { trace } = this;
    if (!trace || this.busy || (this.map?.trace === trace && this.map.id === this.chosen && this.all?.trace === trace) || this.failure(trace) !== "") return;
    void this.measure(trace, this.chosen);
  }

  /** Why the chosen measure of this run is not there; "" where nothing is wrong. */
  private failure(trace: Trace | null): string {
    return this.error && this.error.trace === trace && this.error.id === this.chosen ? this.error.message : "";
  }

  private async measure(trace: Trace, id: string): Promise<void> {
    this.busy = true;
    try {
      const { probes } = this.geometry;
      const possible = missingNeeds(findProbe(id), trace).length === 0;
      if (possible && (this.map?.trace !== trace || this.map.id !== id)) this.map = { trace, id, measure: await probes.runMeasure(trace, id, trace.questionStart) };
      if (this.all?.trace !== trace) {
        const measures = await probes.runMeasures(trace, { seed, from: trace.questionStart });
        if (measures) this.all = { trace, measures };
      }
    } catch (error) {
      this.error = { trace, id, message: messageOf(error) };
    } finally {
      this.busy = false;
      this.requestUpdate();
    }
  }

  protected override render(): TemplateResult {
    const { trace } = this;
    const mode = words.modes[this.session.settings.selection.mode].name;
    return html`${this.mapPanel(trace, mode)} ${this.layersPanel(mode)} ${this.tablePanel(trace, mode)}`;
  }

  // ——— layer × step ———

  private mapPanel(trace: Trace | null, mode: string): TemplateResult {
    const probe = findProbe(this.chosen);
    const shown = this.map && this.map.trace === trace && this.map.id === this.chosen ? this.map : null;
    const bySteps = shown?.measure.bySteps ?? null;
    const { selection } = this.session.settings;
    const origin = trace ? originOf(trace) : 0;
    const layers = shown?.measure.layers ?? [];
    const from = bySteps?.steps[0] ?? 0;
    return html`<geo-panel heading="Where in the network, and when?" caption="${mode}: ${probe.title.toLowerCase()}">
      <label slot="controls">measure <select name="map-measure" @change=${this.choose}>${mapped.map(({ id, name }) => html`<option value=${id} ?selected=${id === this.chosen} ?disabled=${trace !== null && missingNeeds(findProbe(id), trace).length > 0}>${name}</option>`)}</select></label>
      ${this.failure(trace) === "" ? nothing : html`<p class="error small" role="alert">${this.failure(trace)}</p>`}
      ${bySteps && trace
        ? html`<layer-map heading="${probe.name} of ${mode}, layer by step" .columns=${bySteps.steps.map((step) => formatNumber(step - origin))} columnTitle="step, 0 = end of the prompt" .rows=${layers.map((layer) => (layer === 0 ? "embed" : `layer ${layer}`))} .values=${bySteps.values.data} unit=${probe.unit} .range=${probe.range}
            .selected=${[selection.step + origin - from, layers.indexOf(selection.layer)]} .provenance=${(column: number, row: number): Provenance => this.provenance(trace, probe.id, `${mode}, layer ${layers[row]}, step ${bySteps.steps[column]! - origin}`)} @map-cell=${(event: MapEvent) => this.choosePlace(event, from - origin, layers)}></layer-map>`
        : html`<p class="soft small">${trace ? "not in this run" : "no finished run yet"}</p>`}
      <div slot="help"><p>${probe.help}</p><p><b>Formula</b> ${probe.formula} <b>Unit</b> ${probe.unit === "1" ? "none" : probe.unit} <b>Source</b> ${probe.source}</p><p><b>Caution</b> ${probe.caveat}</p></div>
    </geo-panel>`;
  }

  /** A pointer moves the step; a press moves the layer, too, since that redraws the projection. */
  private choosePlace({ detail: { column, row, pressed } }: MapEvent, first: number, layers: readonly number[]): void {
    this.dispatchEvent(new SelectEvent(pressed ? { step: column + first, layer: layers[row]! } : { step: column + first }));
  }

  // ——— layer × layer ———

  private layersPanel(mode: string): TemplateResult {
    const measures = this.all?.trace === this.trace ? this.all?.measures : null;
    const names = (measures?.layers ?? []).map((layer) => (layer === 0 ? "embed" : String(layer)));
    const at = measures?.layers.indexOf(this.session.settings.selection.layer) ?? -1;
    return html`<geo-panel heading="Which layers order the steps alike?" caption="${mode}: debiased CKA over ${measures?.finiteStates ?? 0} states">
      ${measures && names.length > 0 && this.trace
        ? html`<layer-map heading="debiased CKA of ${mode}, layer by layer" .columns=${names} columnTitle="layer" .rows=${names.map((name) => (name === "embed" ? name : `layer ${name}`))} .values=${Float32Array.from(measures.debiasedCka)} .range=${[null, 1]} .selected=${[at, at]}
            .provenance=${(column: number, row: number): Provenance => ({ ...this.provenance(this.trace!, "layer-cka", `${mode}, layers ${measures.layers[column]} and ${measures.layers[row]}`), what: "debiased CKA of two layers", formula: "⟨K̃, L̃⟩ / (‖K̃‖‖L̃‖)" })} @map-cell=${this.chooseLayer}></layer-map>`
        : html`<p class="soft small">no finished run yet</p>`}
      <div slot="help">
        <p>Two layers are alike where the same pairs of steps are near in both. 1 is the same up to turning and scaling, 0 is unrelated; the bias of few steps is taken out.</p>
        <p><b>Formula</b> ⟨K̃, L̃⟩ / (‖K̃‖‖L̃‖) <b>Unit</b> none <b>Source</b> Kornblith et al. 2019, arXiv:1905.00414; debiased: Nguyen et al. 2021, arXiv:2010.15327</p>
        <p><b>Caution</b> the residual stream adds up, so neighbouring layers are alike by construction; steps of one run are neighbours by time in all of them. Not defined below four states.</p>
      </div>
    </geo-panel>`;
  }

  private chooseLayer({ detail: { row, pressed } }: MapEvent): void {
    const layer = this.all?.measures.layers[row];
    if (pressed && layer !== undefined) this.dispatchEvent(new SelectEvent({ layer }));
  }

  // ——— all measures ———

  private tablePanel(trace: Trace | null, mode: string): TemplateResult {
    const measures = trace !== null && this.all?.trace === trace ? this.all.measures : null;
    const layer = trace ? nearestLayer(trace.activations, this.session.settings.selection.layer) : 0;
    return html`<geo-panel class="wide" heading="Every measure of this run" caption="${mode}, from the question on${measures ? `, ${measures.states} states` : ""}, layer ${layer}; beside it 50 shuffled orders of the same states">
      ${measures && trace
        ? html`<div class="table" tabindex="0" role="region" aria-label="table: every measure of ${mode}"><table>
            <thead><tr><th scope="col">measure</th><th scope="col">value</th><th scope="col">unit</th><th scope="col">what it is of</th><th scope="col">shuffled, 95 %</th><th scope="col">p</th></tr></thead>
            <tbody>${allProbes.map((probe) => {
              const found = measures.measures.get(probe.id);
              const value = found?.whole[found.layers ? found.layers.indexOf(layer) : 0];
              const row = measures.layers.indexOf(layer);
              const band: NullBand | undefined = probe.id === "directness" ? measures.shuffled.directness[row] : probe.id === "turning-angle" ? measures.shuffled.turningAngle[row] : undefined;
              const of = probe.kind === "profile" ? "run" : probe.whole === "last" ? "whole path" : "mean of steps";
              return html`<tr><th scope="row" title=${probe.title}>${probe.name}</th><td>${value === undefined || Number.isNaN(value) ? html`<span class="soft" title=${found ? "too few states, or they do not vary" : `the run lacks ${missingNeeds(probe, trace).join(", ")}`}>–</span>` : figure(formatNumber(value), () => this.provenance(trace, probe.id, `${mode}, ${readsLayers(probe) ? `layer ${layer}, ` : ""}${of}`))}</td>
                <td>${probe.unit === "1" ? "" : probe.unit}</td><td class="soft">${of}</td><td>${band && !Number.isNaN(band.low) ? `${formatNumber(band.low)} to ${formatNumber(band.high)}` : ""}</td><td>${band && !Number.isNaN(band.p) ? formatP(band.p) : ""}</td></tr>`;
            })}</tbody></table></div>`
        : html`<p class="soft small">no finished run yet</p>`}
      <div slot="help">
        <p>One number per measure for the whole run at the selected layer. A dash says that the run is too short for it, or does not hold what it needs.</p>
        <p><b>Shuffled</b> the same states in 50 other orders, the first kept in place, seed ${seed}; p counts how many are as extreme (Phipson and Smyth 2010).</p>
        <p><b>Caution</b> one run is an anecdote: the panel above measures many. Any smooth path beats the shuffled order.</p>
      </div>
    </geo-panel>`;
  }

  private provenance(trace: Trace, id: string, at: string): Provenance {
    const { problem } = trace;
    return ofProbe(findProbe(id), { at, model: trace.model, engine: trace.engine, seed: problem ? `problem ${problem.seed}, sampling ${trace.seed}` : `sampling ${trace.seed}`, n: "1 run" });
  }

  private choose(event: Event): void {
    this.error = null;
    this.chosen = (event.target as HTMLSelectElement).value;
  }
}
