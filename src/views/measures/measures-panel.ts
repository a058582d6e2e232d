/**
 * What sets the modes apart, over many problems: the reader picks measures and sees
 * the modes over one another, each with its band, beside what chance gives. What
 * depends on length comes with a correction beside it.
 */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Follow } from "../../follow.ts";
import { probe as findProbe, probes as allProbes } from "../../../probes/index.ts";
import type { BandKind, CurveOptions, LengthCorrection } from "../../../probes/population/population.ts";
import type { Probe } from "../../../probes/probe.ts";
import { readsLayers } from "../../../probes/run-measure.ts";
import { task as findTask } from "../../../probes/tasks/index.ts";
import type { MeasureView, PopulationViewRequest } from "../../../workers/population-views.ts";
import { bandWords, correctionWords, nullWords, startWords } from "../../measures/measure-words.ts";
import { firstPopulationSeed, type PopulationCell, PopulationRunner } from "../../measures/populations.ts";
import { ofProbe, type Provenance } from "../../measures/provenance.ts";
import type { Session } from "../../session.ts";
import { sharedStyle } from "../../theme.ts";
import { words } from "../../words.ts";
import type { BandSeries, NullSeries } from "./band-chart.ts";
import "./clouds-panel.ts";
import "../compare/comparison-table.ts";
import type { TableNumber } from "../compare/comparison-table.ts";
import "./measure-charts.ts";
import type { MeasureChart } from "./measure-charts.ts";
import "./measure-picker.ts";
import type { PickEvent } from "./measure-picker.ts";
import "../panel.ts";
import "../models/progress-bar.ts";
import { SettingsEvent } from "../question-bar.ts";

/** One for each session, so that folding the panel loses nothing. */
const known = new WeakMap<Session, PopulationRunner>();

export function populationOf(session: Session): PopulationRunner {
  const runner = known.get(session) ?? new PopulationRunner();
  known.set(session, runner);
  return runner;
}

@customElement("measures-panel")
export class MeasuresPanel extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.9rem; }
      .controls { display: flex; flex-wrap: wrap; gap: 0.4rem 0.9rem; align-items: center; }
      label { font-size: var(--small); color: var(--soft); display: flex; gap: 0.4rem; align-items: center; }
      label select, label input { color: var(--ink); }
      input[type="number"] { width: 4.8rem; }
      .error { color: var(--wrong); overflow-wrap: anywhere; }
      .charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.9rem; }
      .wide { grid-column: 1 / -1; }
      @media (max-width: 900px) { .charts { grid-template-columns: minmax(0, 1fr); } }
      .picker summary { cursor: pointer; font-size: var(--small); }
      .picker[open] summary { margin-bottom: 0.6rem; }
      .picker b { font-weight: 600; }
      .empty { max-width: 72ch; }
    `,
  ];

  @property({ attribute: false }) session!: Session;
  @state() private over: CurveOptions["over"] = "layers";
  @state() private band: BandKind = "problems";
  @state() private correction: Exclude<LengthCorrection, "raw"> = "walk";
  private runner!: PopulationRunner;

  protected readonly follow = new Follow(this, () => [this.runner, this.session], () => {
    const { settings } = this.session;
    this.runner.follow(settings.model);
    // Another question: what was being measured no longer belongs to it.
    if (this.runner.running && this.runner.of && !this.runner.isCurrent(settings)) this.runner.stop();
  });

  override connectedCallback(): void {
    this.runner = populationOf(this.session);
    super.connectedCallback();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.runner.stop();
  }

  protected override willUpdate(): void {
    const { runner } = this;
    if (runner.of && runner.isCurrent(this.session.settings)) runner.show(this.request());
  }

  /** Every measure as it is, and those that length drives corrected, too. */
  private request(): PopulationViewRequest {
    const { selection } = this.session.settings;
    const cells = this.runner.of?.cells ?? [];
    return {
      measures: this.picked.flatMap((id) => {
        const probe = findProbe(id);
        const correction = correctionFor(probe, this.correction);
        return (correction ? (["raw", correction] as const) : (["raw"] as const)).map((one) => ({ probe: id, correction: one, over: this.overOf(probe, one) }));
      }),
      layer: selection.layer,
      band: this.band,
      nullsOf: Math.max(0, cells.findIndex((cell) => cell.mode === selection.mode && !cell.control)),
    };
  }

  protected override render(): TemplateResult {
    const { session, runner } = this;
    const { settings } = session;
    const view = runner.isCurrent(settings) ? runner.view : null;
    const ready = session.load.status === "ready";
    return html`<geo-panel heading="What sets the modes apart, over many problems?" caption=${view && runner.of ? this.caption() : ""}>
        <div slot="controls"><button name="run-population" @click=${this.run} ?disabled=${!ready || session.custom !== null}>${view ? "measure again" : "measure"}</button></div>
        <div class="controls">
          <label>problems <input type="number" name="population-problems" min="5" max="500" step="5" .value=${String(runner.problems)} @change=${this.setProblems} /></label>
          <label>from <select name="population-start" @change=${this.setStart} aria-label="where the measured path begins">${(["question", "thinking"] as const).map((start) => html`<option value=${start} ?selected=${start === runner.start}>${startWords[start]}</option>`)}</select></label>
          <label>over <select name="over" @change=${this.setOver} aria-label="what the axis is">${(["layers", "steps"] as const).map((over) => html`<option value=${over} ?selected=${over === this.over}>${over}</option>`)}</select></label>
          <label>band <select name="band" @change=${this.setBand}>${(["problems", "mean"] as const).map((band) => html`<option value=${band} ?selected=${band === this.band}>${bandWords[band]}</option>`)}</select></label>
          <label>length <select name="correction" @change=${this.setCorrection} aria-label="correction for length">${(["walk", "matched", "residual"] as const).map((one) => html`<option value=${one} ?selected=${one === this.correction}>${correctionWords[one].short}</option>`)}</select></label>
          ${settings.model.source === "embedded" ? html`<label><input type="checkbox" name="untrained" .checked=${runner.withUntrained} @change=${this.setUntrained} /> beside the untrained model</label>` : nothing}
        </div>
        ${runner.running ? html`<progress-line label=${runner.phase} .value=${runner.done} .max=${runner.total} @stop=${this.stop}></progress-line>` : nothing}
        ${runner.error === "" ? nothing : html`<p class="error small" role="alert">${runner.error}</p>`}
        <details class="picker"><summary>measures: <b>${this.picked.length === 0 ? "none" : this.picked.map((id) => findProbe(id).name).join(", ")}</b> <span class="soft">· choose among ${allProbes.length}</span></summary>
          <measure-picker .picked=${this.picked} @pick-measures=${this.pick}></measure-picker>
        </details>
        ${view && runner.of
          ? html`<div class="charts">${inPairs(this.picked.map(findProbe)).map((probe) => this.measure(probe, view.measures.filter(({ probe: id }) => id === probe.id)))}</div>
              <comparison-table .measures=${view.measures} .labels=${this.labels()} where=${`, layer ${settings.selection.layer}`} .provenance=${this.provenanceOfTable}></comparison-table>`
          : html`<p class="soft small empty">One run is an anecdote. ${runner.problems} held-out problems in every mode, each measured at every layer, say what sets the modes apart; beside them stand the same states in another order, random walks with steps of the same lengths, and the same model before training.</p>`}
        <div slot="help">
          <p>Each line is a mode: the middle over the problems, and its band. Grey is what chance gives for the selected mode, a mean of a few draws for each problem: where a line lies in the grey, the measure does not tell that mode from chance. A null that cannot move a measure is not drawn.</p>
          <p><b>Problems</b> are the cases: the same ones in every mode, held out, seeds from ${firstPopulationSeed} on. Steps of one run are never counted as cases. <b>Statistics</b> percentile bootstrap (Efron 1979), Wilcoxon’s signed ranks (1945), Holm (1979), d<sub>z</sub> (Cohen 1988).</p>
          <p><b>Caution</b> a mode that writes more steps has a longer path, and much of what one measures grows or falls with length alone. Such measures are shown twice: as they are, and corrected. With many measures some p are small by chance; p is not the size of a difference.</p>
        </div>
      </geo-panel>
      ${view && runner.of && !runner.running ? html`<clouds-panel .runner=${runner} .session=${session} .labels=${this.labels()} .layer=${settings.selection.layer} .provenance=${this.provenanceOfCloud}></clouds-panel>` : nothing}`;
  }

  private caption(): string {
    const { view, of } = this.runner;
    if (!view || !of) return "";
    const { difficulty: { name } } = findTask(of.task);
    const right = of.cells.map((cell, i) => `${this.label(cell)} ${Number.isNaN(view.cells[i]!.right) ? "–" : `${Math.round(100 * view.cells[i]!.right)}\u00a0%`} right, ${view.cells[i]!.states} states`);
    return `${view.problems} problems, ${of.difficulty} ${name}, from ${startWords[of.start === "thinking" ? "thinking" : "question"]} on; ${right.join("; ")}`;
  }

  private measure(probe: Probe, views: readonly MeasureView[]): TemplateResult {
    const { settings } = this.session;
    const over = this.overOf(probe, "raw");
    const caption = [probe.unit === "1" ? "" : probe.unit, over === "steps" && readsLayers(probe) ? `layer ${settings.selection.layer}` : "", bandWords[this.band]].filter((part) => part !== "").join(", ");
    return html`<geo-panel class=${probe.length ? "wide" : ""} compact heading=${probe.title} caption=${caption} data-measure=${probe.id}>
      <measure-charts .charts=${views.map((view) => this.chart(probe, view))} .selection=${settings.selection}></measure-charts>
      <div slot="help"><p>${probe.help}</p><p><b>Formula</b> ${probe.formula} <b>Unit</b> ${probe.unit === "1" ? "none" : probe.unit} <b>Source</b> ${probe.source}</p>${probe.length ? html`<p><b>Length</b> ${probe.length}</p>` : nothing}<p><b>Caution</b> ${probe.caveat}</p></div>
    </geo-panel>`;
  }

  /** A measure of the output has no layers, one of a whole run no steps, and so has one that is corrected as a whole. */
  private overOf(probe: Probe, correction: LengthCorrection): CurveOptions["over"] {
    if (!readsLayers(probe)) return "steps";
    return probe.kind === "profile" || correction === "matched" || correction === "residual" ? "layers" : this.over;
  }

  private chart(probe: Probe, view: MeasureView): MeasureChart {
    const over = this.overOf(probe, view.correction);
    const cells = this.runner.of?.cells ?? [];
    const controls = cells.filter((cell) => cell.control);
    const series = view.curves.flatMap((band, i): BandSeries[] => (cells[i] && band.n.some((n) => n > 0) ? [{ mode: cells[i].mode, control: cells[i].control ? controls.indexOf(cells[i]) : null, label: this.label(cells[i]), band }] : []));
    const nulls = view.nulls.map(({ kind, band }): NullSeries => ({ label: nullWords[kind].short, dash: nullWords[kind].dash, band }));
    const raw = view.correction === "raw" || view.correction === "matched";
    return {
      heading: `${probe.title} ${correctionWords[view.correction].long}`,
      title: probe.length ? correctionWords[view.correction].long : "",
      over,
      series,
      nulls,
      range: raw ? probe.range : view.correction === "walk" ? [0, null] : [null, null],
      reference: view.correction === "walk" ? { value: 1, label: "a random walk" } : view.correction === "residual" ? { value: 0, label: "what length explains" } : null,
      provenance: (line, x) => this.provenanceOfCurve(probe, view, (series[line] ?? nulls[line - series.length])?.label ?? "", `${over === "layers" ? "layer" : "step"} ${x}`),
    };
  }

  private label({ mode, control, thought }: PopulationCell): string {
    return control ? words.thoughts[thought] : words.modes[mode].name;
  }

  private labels(): string[] {
    return (this.runner.of?.cells ?? []).map((cell) => this.label(cell));
  }

  // ——— where numbers come from ———

  private circumstances(at: string): Pick<Provenance, "at" | "model" | "engine" | "seed" | "n"> {
    const { of, view } = this.runner;
    return { at, model: of?.model ?? null, engine: of?.engine ?? null, seed: `problems ${firstPopulationSeed} and on; nulls seeded by problem`, n: `${view?.problems ?? 0} problems` };
  }

  private provenanceOfCurve(probe: Probe, { correction }: MeasureView, line: string, at: string): Provenance {
    const base = ofProbe(probe, this.circumstances(`${line}, ${at}; ${bandWords[this.band]}`));
    return { ...base, formula: [base.formula, correctionWords[correction].formula].filter((part) => part !== "").join("; then "), unit: correction === "raw" || correction === "matched" ? base.unit : "1" };
  }

  private readonly provenanceOfTable = (number: TableNumber): Provenance => {
    const probe = findProbe(number.measure.probe);
    const labels = this.labels();
    const who = "cell" in number ? labels[number.cell]! : `${labels[number.comparison.a]} less ${labels[number.comparison.b]}`;
    const base = this.provenanceOfCurve(probe, number.measure, who, `layer ${this.session.settings.selection.layer}`);
    const n = "comparison" in number ? `${number.comparison.n} problems` : `${number.measure.summaries[number.cell]!.n} problems`;
    const statistic = statistics[number.kind];
    return { ...base, what: `${statistic.what}: ${base.what}`, formula: `${statistic.formula} of ${base.formula}`, source: `${base.source}. ${statistic.source}`, n, at: `${who}, layer ${this.session.settings.selection.layer}`, unit: statistic.unitless ? "1" : base.unit, caveat: [base.caveat, statistic.caveat].filter((part) => part !== "").join(" ") };
  };

  private readonly provenanceOfCloud = (part: Omit<Provenance, "model" | "engine" | "seed">): Provenance => ({ ...this.circumstances(part.at), ...part });

  // ——— events ———

  private readonly run = (): void => {
    void this.runner.run(this.session);
  };

  private readonly stop = (): void => this.runner.stop();

  /** Those of the address that there are. */
  private get picked(): readonly string[] {
    const { measures } = this.session.settings;
    return allProbes.flatMap(({ id }) => (measures.includes(id) ? [id] : []));
  }

  private readonly pick = (event: PickEvent): void => {
    this.dispatchEvent(new SettingsEvent({ measures: event.detail }));
  };

  private setProblems(event: Event): void {
    const value = Math.round((event.target as HTMLInputElement).valueAsNumber);
    if (value >= 5 && value <= 500) this.runner.problems = value;
    this.requestUpdate();
  }

  private setStart(event: Event): void {
    this.runner.start = (event.target as HTMLSelectElement).value as "question" | "thinking";
    this.requestUpdate();
  }

  private setOver(event: Event): void {
    this.over = (event.target as HTMLSelectElement).value as CurveOptions["over"];
  }

  private setBand(event: Event): void {
    this.band = (event.target as HTMLSelectElement).value as BandKind;
  }

  private setCorrection(event: Event): void {
    this.correction = (event.target as HTMLSelectElement).value as Exclude<LengthCorrection, "raw">;
  }

  private setUntrained(event: Event): void {
    this.runner.withUntrained = (event.target as HTMLInputElement).checked;
  }
}

/** What length does to a measure is taken out as the reader wishes; null where there is nothing to take out. */
function correctionFor({ length, keptBy }: Probe, wished: Exclude<LengthCorrection, "raw">): LengthCorrection | null {
  if (!length) return null;
  // A walk of the same step lengths has it by construction.
  return wished === "walk" && keptBy?.includes("walk") ? "matched" : wished;
}

/** Measures of one chart first, two in a row; those of two, as measured and corrected, fill rows of their own below. */
const inPairs = (probes: readonly Probe[]): Probe[] => [...probes.filter(({ length }) => !length), ...probes.filter(({ length }) => length)];

/** What is done with a measure's numbers over the problems. */
const statistics: Readonly<Record<TableNumber["kind"], { readonly what: string; readonly formula: string; readonly source: string; readonly caveat: string; readonly unitless?: true }>> = {
  mean: { what: "mean", formula: "mean over problems", source: "Interval: percentile bootstrap, Efron 1979.", caveat: "" },
  shuffled: { what: "shuffled order", formula: "mean over problems and draws, states in another order,", source: "", caveat: "Shuffled states are further apart than steps are, so any smooth path beats this null." },
  walk: { what: "random walk", formula: "mean over problems and draws, random walks of the same step lengths,", source: "", caveat: "A walk drifts without end; hidden states do not." },
  untrained: { what: "untrained", formula: "mean over problems, the same model before training,", source: "", caveat: "One random initialization." },
  walkP: { what: "p against the walk", formula: "two-sided p of the signed ranks of value less walk", source: "Wilcoxon 1945.", caveat: "A small p says that the run is no random walk, not what it is. The walk of a problem is the mean of its draws: where draws are skewed, p is approximate.", unitless: true },
  difference: { what: "difference", formula: "mean difference over problems", source: "Interval: percentile bootstrap, Efron 1979.", caveat: "" },
  effect: { what: "effect size d_z", formula: "mean difference over standard deviation of the differences", source: "Cohen 1988; Lakens 2013.", caveat: "d_z grows with the correlation within pairs and must not be compared with d.", unitless: true },
  p: { what: "p", formula: "two-sided p of the signed ranks of the differences", source: "Wilcoxon 1945.", caveat: "p is not the size of a difference.", unitless: true },
  corrected: { what: "p, corrected", formula: "Holm’s correction of p over the pairs of modes", source: "Wilcoxon 1945; Holm 1979.", caveat: "It corrects for the pairs in this table, not for the measures that were looked at.", unitless: true },
};
