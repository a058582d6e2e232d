/** Two ways of answering one question, side by side: where the hidden state goes, layer by layer, and over many problems. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Follow } from "../follow.ts";
import { live } from "lit/directives/live.js";
import type { ComparisonView, Estimate, LayerComparison, MeasureComparison, Rate } from "../../probes/comparison/comparison.ts";
import { probes } from "../../probes/index.ts";
import { tokenTexts } from "../../probes/lens/lens-grid.ts";
import type { Band } from "../../probes/population/population.ts";
import { type Probe, probeGroups } from "../../probes/probe.ts";
import type { Trace } from "../../probes/trace.ts";
import { presets, sameSide, type SideName, sideNames } from "../compare/compare-settings.ts";
import { Comparing } from "../compare/comparing.ts";
import { firstSeed } from "../measures/accuracy.ts";
import { formatNumber, formatPercent } from "../format.ts";
import { isTaken, moveOf } from "../keyboard.ts";
import { groupWords } from "../measures/measure-words.ts";
import type { Address } from "../places.ts";
import { figure, figureStyle, ofProbe, type Provenance } from "../measures/provenance.ts";
import type { SelectEvent } from "../selection.ts";
import { sharedStyle } from "../theme.ts";
import "../views/measures/band-chart.ts";
import type { BandSeries, NullSeries } from "../views/measures/band-chart.ts";
import "../views/compare/compare-side.ts";
import type { SideEvent, SideFileEvent } from "../views/compare/compare-side.ts";
import { dataTableStyle } from "../views/data-table.ts";
import "../views/measures/layer-map.ts";
import type { MapEvent } from "../views/measures/layer-map.ts";
import { lensHelp } from "../views/measures/lens-grid.ts";
import type { ModelEvent } from "../views/models/model-event.ts";
import "../views/panel.ts";
import "../views/models/progress-bar.ts";
import "../views/question-bar.ts";
import type { SettingsEvent } from "../views/question-bar.ts";
import "../views/picture/picture-quality.ts";
import "../views/picture/trajectory-plot.ts";
import { comparePageStyle } from "./compare-page.style.ts";

type Measure = "distance" | "cosine" | "cka" | "procrustes";
const measureWords: Readonly<Record<Measure, { readonly title: string; readonly caption: string; readonly formula: string; readonly source: string; readonly help: string; readonly reference: { readonly value: number; readonly label: string } | null }>> = {
  distance: { title: "relative distance", caption: "‖b − a‖ / ‖a‖ at the same step, mean over the steps of a run; 0: the same path", formula: "‖bₜ − aₜ‖ / ‖aₜ‖", source: "Euclidean norm", help: "How far B’s hidden state lies from A’s at the same step, beside the length of A’s. 0 is the same path. Unrelated states of equal length are √2 apart.", reference: null },
  cosine: { title: "cosine", caption: "cos(a, b) at the same step, mean over the steps of a run; 1: the same direction", formula: "⟨aₜ, bₜ⟩ / (‖aₜ‖ ‖bₜ‖)", source: "angle between two states", help: "Whether B’s hidden state points where A’s does at the same step. 1 is the same direction, 0 has nothing in common. It does not ask how long the states are.", reference: { value: 1, label: "the same direction" } },
  cka: { title: "debiased CKA", caption: "of the states that the answers are read from, one per problem; 1: the same up to turning and scaling", formula: "⟨K̃, L̃⟩ / (‖K̃‖‖L̃‖)", source: "Kornblith et al. 2019, arXiv:1905.00414; debiased: Nguyen et al. 2021, arXiv:2010.15327", help: "Whether two problems whose answers are read from similar states in A are so in B. 1 is the same up to turning and scaling, 0 is unrelated. The bias of few problems is taken out, so it may fall a little below 0.", reference: { value: 0, label: "unrelated" } },
  procrustes: { title: "Procrustes distance", caption: "what the best rotation leaves of the states that the answers are read from, both clouds at unit norm; 0: the same up to turning and scaling", formula: "2 − 2 ‖XᵀY‖∗", source: "Ding et al. 2021, arXiv:2108.01661", help: "B’s states are turned and scaled until they fit A’s as well as they can, and this is what is left. 0 is a perfect fit, 2 none at all. The grey line is what that fits where problems are paired wrongly: only a distance well below it says anything.", reference: { value: 0, label: "the same" } },
};

@customElement("compare-page")
export class ComparePage extends LitElement {
  static override styles = [sharedStyle, dataTableStyle, figureStyle, comparePageStyle];

  @property({ attribute: false }) address!: Address;
  @state() private measure: Measure = "distance";
  private readonly comparing = new Comparing();
  private texts = new WeakMap<Trace, ReadonlyMap<number, string>>();

  protected readonly follow = new Follow(this, () => [this.comparing], () => {
    const { address } = this.comparing;
    if (location.hash !== address && location.hash.startsWith("#/compare")) history.replaceState(null, "", address);
  });

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.keyDown);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.keyDown);
    this.comparing.close();
  }

  /** The address is there with the first update: an element that was waiting for its code has no properties before. */
  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("address")) return;
    if (this.hasUpdated) void this.comparing.follow(this.address.query);
    else void this.comparing.open(this.address.query);
  }

  protected override render(): TemplateResult {
    const { comparing } = this;
    const { settings, sides, labels, selection, task, problem } = comparing;
    const tasks = comparing.tasks.includes(task) ? comparing.tasks : [...comparing.tasks, task];
    return html`<div @select-step=${this.select}>
      <section class="question" aria-label="the question" @change-settings=${this.changeQuestion}>
        <question-bar .settings=${settings.question} .tasks=${tasks}></question-bar>
        <p class="sentence">${task.sentence(problem)}</p>
        <div class="presets" role="group" aria-label="what to compare"><span class="soft small">compare</span>${presets.map(({ title, sides: preset }, i) => html`<button data-preset=${i} aria-pressed=${sideNames.every((name) => sameSide(preset[name], settings.sides[name]) && sides[name].run?.openedFrom === null)} @click=${this.choosePreset}>${title}</button>`)}
          ${sideNames.some((name) => sides[name].busy) ? html`<button @click=${this.stop}>stop</button>` : nothing}</div>
      </section>
      ${comparing.notice === "" ? nothing : html`<p class="banner" role="alert">${comparing.notice}</p>`}
      <section class="sides" aria-label="two ways of answering">
        ${sideNames.map((name) => html`<compare-side name=${name} .mode=${sides[name].run?.mode ?? settings.sides[name].mode} label=${labels[name]} .choice=${settings.sides[name]} .side=${sides[name]} .selection=${selection}
          @change-side=${(event: SideEvent) => void comparing.changeSide(name, event.detail)} @choose-model=${(event: ModelEvent) => void comparing.changeSide(name, { model: event.detail.model }, event.detail.files)}
          @side-file=${async (event: SideFileEvent) => comparing.openFile(name, new Uint8Array(await event.detail.arrayBuffer()), event.detail.name)}></compare-side>`)}
      </section>
      <div class="pair">${this.paths()} ${this.layerByLayer()}</div>
      <div class="pair">${sideNames.map((name) => this.lens(name))}</div>
      ${this.thisProblem()}
      ${this.table()}
    </div>`;
  }

  // ——— where the hidden state goes ———

  private paths(): TemplateResult {
    const { pictures, selection, labels, pair, settings, sides } = this.comparing;
    const layer = Math.min(selection.layer, this.comparing.layers);
    const shared = { ...selection, mode: sides.a.run?.mode ?? settings.sides.a.mode };
    return html`<geo-panel id="paths" heading="Where does the hidden state go?" caption=${pictures.length === 1 ? "exact PCA of both runs together, from the end of the prompt" : pictures.length === 2 ? `apart, since ${pair?.view.apart ?? "they differ in shape"}: their axes have nothing to do with one another` : ""}>
      <div slot="controls" class="tools"><label>layer <input type="range" min="0" max=${this.comparing.layers} step="1" .value=${live(String(layer))} @input=${this.chooseLayer} aria-label="layer" /><output class="number">${layer === 0 ? "embed" : layer}</output></label></div>
      ${pictures.length === 0
        ? html`<trajectory-plot .tracks=${none} .selection=${shared}></trajectory-plot>`
        : pictures.map((picture, i) => html`<trajectory-plot heading=${pictures.length === 1 ? "joint projection of both runs" : `projection of ${labels[sideNames[i]!]}`} .tracks=${picture.tracks} .selection=${shared} .explained=${picture.explained} .trust=${picture.trustworthiness}></trajectory-plot>
            <picture-quality .picture=${picture}></picture-quality>`)}
      <div slot="help">
        <p>Each run’s hidden state after the chosen layer, one point per step from the end of the prompt on. B is drawn thin and hollow.</p>
        <p><b>Formula</b> PCA: the two directions of largest variance of the centred states. <b>Unit</b> that of the residual stream. <b>Source</b> Pearson 1901; trustworthiness: Venna and Kaski 2001.</p>
        <p><b>Caution</b> two dimensions out of many: what lies close here may lie far apart. Distances stand beside it.</p>
      </div>
    </geo-panel>`;
  }

  // ——— layer by layer ———

  private layerByLayer(): TemplateResult {
    const { comparing, measure } = this;
    const { pair, selection, labels } = comparing;
    const { view: many, done, problems, error } = comparing.many;
    const { title, caption, reference } = measureWords[measure];
    const mode = comparing.sides.b.run?.mode ?? "latent";
    const series: BandSeries[] = [];
    if (many) series.push({ mode, control: null, label: measure === "cka" || measure === "procrustes" ? `${many.problems} problems together` : `mean of ${many.problems} problems`, band: bandOf(many.layers, measure) });
    if (pair && (measure === "distance" || measure === "cosine")) series.push({ mode, control: 1, label: "this problem", band: bandOf(pair.view.layers, measure) });
    // Unrelated states have a debiased CKA of 0 on average: the reference line.
    const nulls: NullSeries[] = many && measure !== "cka" ? [{ label: measure === "procrustes" ? "other problems beside one another" : `${labels.a}, another problem`, dash: [6, 4], band: bandOf(many.layers, measure, true) }] : [];
    const drawn = series.filter(({ band }) => band.middle.some((value) => !Number.isNaN(value)));
    return html`<geo-panel id="bend" heading="How far does B bend from A, layer by layer?" caption=${caption}>
      <div slot="controls" class="tools">
        <label>by <select name="bend-measure" @change=${this.chooseMeasure}>${(Object.keys(measureWords) as Measure[]).map((one) => html`<option value=${one} ?selected=${one === measure}>${measureWords[one].title}</option>`)}</select></label>
        <label>problems <input name="compare-problems" type="number" min="4" max="500" step="10" .value=${String(problems)} @change=${this.setProblems} /></label>
        <button @click=${this.count} ?disabled=${!comparing.canCount}>${many ? "run again" : "run"}</button>
      </div>
      ${error === "" ? nothing : html`<p class="small wrong" role="alert">${error}</p>`}
      ${done === null ? nothing : html`<progress-line label="answering held-out problems on both sides" .value=${done} .max=${problems} @stop=${this.stopCounting}></progress-line>`}
      ${many ? this.rates(many) : nothing}
      ${drawn.length > 0
        ? html`<band-chart heading="${title} of B from A by layer" over="layers" .series=${drawn} .nulls=${nulls.filter(({ band }) => band.middle.some((value) => !Number.isNaN(value)))} .selection=${selection} .reference=${reference} .range=${measure === "distance" || measure === "procrustes" ? [0, null] : [null, null]}
            .provenance=${(line: number, x: number): Provenance => this.bendProvenance(measure, (drawn[line] ?? nulls[line - drawn.length])?.label ?? "", x)}></band-chart>`
        : html`<p class="soft small">${this.whyNoBend()}</p>`}
      <div slot="help">
        <p>${measureWords[measure].help}</p>
        ${measure === "distance" || measure === "cosine" ? html`<p>It is drawn for this problem and for many. The grey line is what another question does to the same model: a bend far below it is small.</p>` : nothing}
        <p><b>Formula</b> ${measureWords[measure].formula} <b>Unit</b> none <b>Source</b> ${measureWords[measure].source}. Bands: 95 % bootstrap interval of the mean over problems; rates: Wilson 1927.</p>
        <p><b>Caution</b> states share a large common part, which keeps distances small and cosines near 1 even on different questions. CKA and Procrustes need many more problems than the states have directions; debiased CKA is 0 on average for unrelated states. Once two runs have read different tokens, they differ for that reason too.</p>
      </div>
    </geo-panel>`;
  }

  private whyNoBend(): string {
    const { pair, sides, many: { view: many } } = this.comparing;
    if (sides.a.busy || sides.b.busy) return "waiting for both runs …";
    if (!pair) return "There are not two finished runs yet.";
    if (this.measure === "cka" || this.measure === "procrustes") return many ? "Too few problems: four at least." : "This compares many problems: run them.";
    return `Their paths cannot be laid over one another: ${pair.view.apart ?? "no step in common"}. CKA and Procrustes distance do not need that.`;
  }

  /** Right answers of both beside the bend: a path may bend without the answer. */
  private rates(many: ComparisonView): TemplateResult {
    const { labels } = this.comparing;
    const row = (name: string, { correct, answered, low, high }: Rate, what: string): TemplateResult => html`<tr><th scope="row">${name}</th><td>${figure(formatPercent(correct / answered), () => this.rateProvenance(name, what))}</td><td>${correct} of ${answered}</td><td>${formatPercent(low)} to ${formatPercent(high)}</td></tr>`;
    return html`<table class="rates"><caption class="visually-hidden">right answers on held-out problems</caption>
      <thead><tr><th scope="col">right answers</th><th scope="col">share</th><th scope="col">n</th><th scope="col">95 % interval</th></tr></thead>
      <tbody>${row(labels.a, many.a, "share of right answers")}${row(labels.b, many.b, "share of right answers")}${row("the same answer", many.agree, "share of problems with the same answer")}</tbody></table>`;
  }

  private bendProvenance(measure: Measure, line: string, layer: number): Provenance {
    const { comparing } = this;
    const { title, formula, source } = measureWords[measure];
    const trace = comparing.sides.b.run?.trace ?? null;
    const found = comparing.many.view?.layers.find((one) => one.layer === layer);
    const ofClouds = measure === "cka" || measure === "procrustes";
    return { what: `${title}, ${line}`, formula, source, unit: "1", help: measureWords[measure].help, caveat: ofClouds ? "it needs many more problems than the states have directions; compare with the grey line" : "states share a large common part; compare with the grey line", at: `layer ${layer} of A${found && found.otherLayer !== layer ? ` and ${found.otherLayer} of B` : ""}, ${ofClouds ? "where the answer is read" : "from the end of the prompt"}`, model: trace?.model ?? null, engine: trace?.engine ?? null, seed: line === "this problem" ? String(comparing.problem.seed) : `problems from ${firstSeed}`, n: line === "this problem" ? "1 problem" : `${(ofClouds ? found?.n : comparing.many.view?.problems) ?? 0} problems` };
  }

  private rateProvenance(name: string, what: string): Provenance {
    const { comparing } = this;
    const trace = (name === comparing.labels.a ? comparing.sides.a : comparing.sides.b).run?.trace ?? null;
    return { what: `${what}, ${name}`, formula: "right / answered", source: "interval: Wilson 1927", unit: "1", help: "", caveat: "assumes independent problems", at: `${comparing.task.title}, ${comparing.task.difficulty.name} ${comparing.settings.question.difficulty}`, model: trace?.model ?? null, engine: trace?.engine ?? null, seed: `problems from ${firstSeed}`, n: `${comparing.many.view?.problems ?? 0} problems` };
  }

  // ——— what each holds ———

  private lens(name: SideName): TemplateResult {
    const { sides, labels, selection, settings } = this.comparing;
    const trace = sides[name].run?.trace ?? null;
    return html`<geo-panel id="lens-${name}" heading="What does ${labels[name]} hold?" caption="logit lens: each layer read with the model’s own final norm and head">
      <lens-grid .mode=${sides[name].run?.mode ?? settings.sides[name].mode} .trace=${trace} .selection=${selection} .tokenText=${this.textsOf(trace)}></lens-grid>
      <div slot="help">${lensHelp}</div>
    </geo-panel>`;
  }

  private textsOf(trace: Trace | null): (token: number) => string {
    if (!trace) return String;
    const texts = this.texts.get(trace) ?? tokenTexts(trace);
    this.texts.set(trace, texts);
    return (token) => texts.get(token) ?? `#${token}`;
  }

  // ——— this problem, step by step ———

  private thisProblem(): TemplateResult | typeof nothing {
    const { pair, selection, labels } = this.comparing;
    if (!pair?.bend) return nothing;
    const { steps, layers, distance, sameUntil } = pair.bend;
    const origin = (column: number, row: number): Provenance => {
      const of = this.bendProvenance("distance", "this problem", layers[row]!);
      return { ...of, at: `layer ${layers[row]}, step ${steps[column]} from the end of the prompt` };
    };
    const last = steps.at(-1) ?? 0;
    const read = sameUntil === last ? "both read the same tokens to the end" : Number.isNaN(sameUntil) ? "they read different tokens from the start" : `they read the same tokens up to step ${sameUntil}`;
    return html`<geo-panel id="steps" heading="Where on this problem do they part?" caption="relative distance of ${labels.b} from ${labels.a}, step by step; ${read}">
      <layer-map heading="relative distance of B from A, layer by step" .columns=${steps.map(formatNumber)} columnTitle="step, 0 = end of the prompt" .rows=${layers.map((layer) => (layer === 0 ? "embed" : `layer ${layer}`))} .values=${distance.data} .range=${[0, null]} .selected=${[selection.step, layers.indexOf(selection.layer)]} .provenance=${origin} @map-cell=${({ detail: { column, row, pressed } }: MapEvent) => this.comparing.select({ step: column, ...(pressed ? { layer: layers[row]! } : {}) })}></layer-map>
      <div slot="help">
        <p>Each cell is of one step and layer. ${measureWords.distance.help}</p>
        <p><b>Formula</b> ‖bₜ − aₜ‖ / ‖aₜ‖ <b>Unit</b> none <b>Source</b> Euclidean norm</p>
        <p><b>Caution</b> steps are aligned by their distance from the end of the prompt. Once the runs have read different tokens, the distance says no more than that.</p>
      </div>
    </geo-panel>`;
  }

  // ——— all measures ———

  private table(): TemplateResult {
    const { pair, labels, selection, layers, many: { view: many, done } } = this.comparing;
    const layer = Math.min(selection.layer, layers);
    const shown = many ?? pair?.view ?? null;
    const matched = (shown?.matched ?? 0) > 0 ? "; the longer run over as many last states as the other has" : "";
    return html`<geo-panel id="measures" heading="Every measure of both, at ${layer === 0 ? "the embedding" : `layer ${layer}`}" caption="from the end of the prompt on${matched}; difference: B less A, problem by problem, with its 95 % bootstrap interval; effect size: mean difference over its standard deviation">
      ${shown
        ? html`<div class="table" tabindex="0" role="region" aria-label="table: every measure of both"><table>
            <caption>${many ? `${many.problems} held-out problems${done === null ? "" : " so far"}` : "this problem alone"}</caption>
            <thead><tr><th scope="col">measure</th><th scope="col">${labels.a}</th><th scope="col">${labels.b}</th><th scope="col">difference</th><th scope="col">95 %</th><th scope="col">effect size d<sub>z</sub></th><th scope="col">n</th></tr></thead>
            ${probeGroups.map((group) => this.group(group, shown))}
          </table></div>`
        : html`<p class="soft small">There are not two finished runs yet.</p>`}
      <div slot="help">
        <p>What both runs have of every measure, and how far they lie apart. With many problems the interval says how sure the difference is, and d<sub>z</sub> how large it is beside its own spread.</p>
        <p><b>Formula</b> a click on a number says it. <b>Source</b> bootstrap: Efron 1979; d<sub>z</sub>: Lakens 2013, doi 10.3389/fpsyg.2013.00863.</p>
        <p><b>Caution</b> many measures are looked at: some of them differ by chance. d<sub>z</sub> grows with how alike the two runs are on a problem, and must not be compared with Cohen’s d.</p>
      </div>
    </geo-panel>`;
  }

  private group(group: Probe["group"], shown: ComparisonView): TemplateResult | typeof nothing {
    const rows = probes.flatMap((probe) => {
      const found = probe.group === group && shown.measures.find((measure) => measure.probe === probe.id);
      return found && (!Number.isNaN(found.a) || !Number.isNaN(found.b)) ? [this.row(probe, found)] : [];
    });
    return rows.length === 0 ? nothing : html`<tbody><tr><th scope="rowgroup" colspan="7">${groupWords[group]}</th></tr>${rows}</tbody>`;
  }

  private row(probe: Probe, { a, b, difference, effect }: MeasureComparison): TemplateResult {
    const unit = probe.unit === "1" ? "" : `, ${probe.unit}`;
    const written = (value: number, of: () => Provenance): unknown => (Number.isNaN(value) ? "–" : figure(formatNumber(value), of));
    const both = (statistic: PairStatistic) => (): Provenance => this.pairProvenance(probe, statistic, difference.n);
    return html`<tr><th scope="row">${probe.name}<span class="soft">${unit}</span></th><td>${written(a, () => this.provenance(probe, "a", difference.n))}</td><td>${written(b, () => this.provenance(probe, "b", difference.n))}</td><td>${written(difference.mean, both("difference"))}</td><td>${difference.n < 2 ? "–" : intervalOf(difference)}</td><td>${written(effect, both("effect"))}</td><td>${difference.n}</td></tr>`;
  }

  private provenance(probe: Probe, side: SideName, n: number): Provenance {
    const { comparing } = this;
    const trace = comparing.sides[side].run?.trace ?? null;
    const { layer } = comparing.selection;
    const found = comparing.many.view?.layers.find((one) => one.layer === layer);
    return ofProbe(probe, { at: `${comparing.labels[side]}, layer ${side === "b" ? (found?.otherLayer ?? layer) : layer}, from the end of the prompt`, model: trace?.model ?? null, engine: trace?.engine ?? null, seed: comparing.many.view ? `problems from ${firstSeed}` : String(comparing.problem.seed), n: `${n} ${n === 1 ? "problem" : "problems"}` });
  }

  /** Of a number of both sides; the model is B's, beside which the words name A. */
  private pairProvenance(probe: Probe, statistic: PairStatistic, n: number): Provenance {
    const { comparing } = this;
    const base = this.provenance(probe, "b", n);
    const { what, formula, source, caveat, unitless } = pairStatistics[statistic];
    return { ...base, what: `${what}: ${base.what}`, formula: `${formula} of ${base.formula}`, source: `${base.source}. ${source}`, unit: unitless ? "1" : base.unit, caveat: `${base.caveat} ${caveat}`, at: `${comparing.labels.b} less ${comparing.labels.a}, layer ${comparing.selection.layer}, from the end of the prompt` };
  }

  // ——— events ———

  private readonly keyDown = (event: KeyboardEvent): void => {
    const move = isTaken(event) ? null : moveOf(event.key);
    if (!move) return;
    const { selection, stepRange: { first, last } } = this.comparing;
    this.comparing.select({ step: Math.min(last, Math.max(first, selection.step + move.steps)), layer: selection.layer + move.layers });
    event.preventDefault();
  };

  private readonly select = (event: SelectEvent): void => {
    const { step, layer } = event.detail;
    this.comparing.select({ ...(step === undefined ? {} : { step }), ...(layer === undefined ? {} : { layer }) });
  };

  private readonly changeQuestion = (event: SettingsEvent): void => {
    void this.comparing.changeQuestion(event.detail);
  };

  private readonly count = (): void => {
    void this.comparing.count();
  };

  private readonly stop = (): void => this.comparing.stop();

  private readonly stopCounting = (): void => {
    void this.comparing.many.stop();
  };

  private choosePreset(event: Event): void {
    const preset = presets[Number((event.currentTarget as HTMLElement).dataset["preset"])];
    if (preset) void this.comparing.changeSides(preset.sides);
  }

  private chooseMeasure(event: Event): void {
    this.measure = (event.target as HTMLSelectElement).value as Measure;
  }

  private chooseLayer(event: Event): void {
    this.comparing.select({ layer: (event.target as HTMLInputElement).valueAsNumber });
  }

  private setProblems(event: Event): void {
    const value = Math.round((event.target as HTMLInputElement).valueAsNumber);
    if (value >= 4 && value <= 500) this.comparing.many.problems = value;
    this.requestUpdate();
  }
}

type PairStatistic = "difference" | "effect";
const pairStatistics: Readonly<Record<PairStatistic, { readonly what: string; readonly formula: string; readonly source: string; readonly caveat: string; readonly unitless: boolean }>> = {
  difference: { what: "difference", formula: "mean over problems of B less A", source: "Interval: percentile bootstrap, Efron 1979.", caveat: "Many measures are looked at: some of them differ by chance.", unitless: false },
  effect: { what: "effect size d_z", formula: "mean over problems of B less A, over its standard deviation,", source: "Lakens 2013, doi 10.3389/fpsyg.2013.00863.", caveat: "d_z grows with how alike the two are on a problem and must not be compared with Cohen’s d.", unitless: true },
};

/** One empty list, so that a view without data is not drawn again. */
const none: readonly never[] = [];

function intervalOf({ low, high }: Estimate): string {
  return Number.isNaN(low) ? "–" : `${formatNumber(low)} to ${formatNumber(high)}`;
}

function bandOf(layers: readonly LayerComparison[], measure: Measure, otherProblem = false): Band {
  const estimates = layers.map((layer): Estimate => {
    if (measure === "cka" || measure === "procrustes") return { mean: otherProblem ? layer.procrustesByChance : layer[measure], low: NaN, high: NaN, n: layer.n };
    return otherProblem ? layer.otherProblem[measure] : layer[measure];
  });
  return {
    x: layers.map(({ layer }) => layer),
    middle: Float32Array.from(estimates, ({ mean }) => mean),
    low: Float32Array.from(estimates, ({ low }) => low),
    high: Float32Array.from(estimates, ({ high }) => high),
    n: Int32Array.from(estimates, ({ n }) => n),
  };
}
