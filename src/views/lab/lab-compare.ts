/** One problem read by several architectures and by the language model: each in its own plane, all on the same measures. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Follow } from "../../follow.ts";
import { probe } from "../../../probes/index.ts";
import { sequenceTask, sequenceTasks } from "../../../probes/tasks/sequence/index.ts";
import { type ArchitectureId, architectureIds } from "../../../workers/lab/architecture.ts";
import { testProblem } from "../../../workers/lab/batches.ts";
import { formatPercent } from "../../format.ts";
import { mostCompared, writeCompared } from "../../lab/lab-address.ts";
import { beside, type Compared, type ComparedProbe, comparedProbes, type Entry, type LayerChoice } from "../../lab/lab-comparison.ts";
import { explanations } from "../../lab/lab-explanations.ts";
import { writeAddress } from "../../places.ts";
import type { SelectEvent } from "../../selection.ts";
import type { SharedLab } from "../../lab/shared-lab.ts";
import { sharedStyle } from "../../theme.ts";
import "../claims/claim-figure.ts";
import "../panel.ts";
import "../picture/trajectory-plot.ts";

const layerWords: Readonly<Record<LayerChoice, string>> = { embedding: "the embedding", first: "the first block", last: "the last block" };

@customElement("lab-compare")
export class LabCompare extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.9rem; }
      .bar { display: flex; flex-wrap: wrap; gap: 0.5rem 1.1rem; align-items: center; }
      .bar label { font-size: var(--small); color: var(--soft); display: flex; align-items: center; gap: 0.4rem; }
      .chips { display: flex; flex-wrap: wrap; gap: 0.3rem; }
      .intro { max-width: 78ch; }
      .problem { overflow-wrap: anywhere; max-width: 100ch; }
      .problem code { font-family: var(--mono); font-size: var(--small); }
      h2 { font-size: var(--large); letter-spacing: -0.01em; margin-top: 0.6rem; }
      .plots { display: grid; align-items: start; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 0.9rem; }
      .measures { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.9rem; }
      trajectory-plot { --chart-height: 250px; }
      claim-figure { --chart-height: 220px; }
      .answer b { font-weight: 600; }
      @media (max-width: 900px) { .measures { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];

  @property({ attribute: false }) lab!: SharedLab;
  @property({ attribute: false }) compared!: Compared;
  protected readonly follow = new Follow(this, () => [this.lab.comparison]);
  /** Step under the pointer, in all plots. */
  @state() private step = 0;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("compared")) void this.lab.comparison.show(this.compared);
  }

  protected override render(): TemplateResult {
    const { compared } = this;
    const { comparison } = this.lab;
    const task = sequenceTask(compared.task);
    const { minimum, maximum, name } = task.difficulty;
    const problem = testProblem(task, compared.difficulty, compared.problem);
    const { hops, why } = beside(compared.task, compared.difficulty);
    return html`
      <h2>Where do their hidden states go?</h2>
      <p class="soft intro">One problem, read by several models. In each plot a point is the hidden state after one token, in a plane of that model’s own; the measures below have the same axes for all. Beside them nano, the language model of this page, answers a problem of the kind that it learnt.</p>
      <div class="bar">
        <label>task <select @change=${this.setTask} aria-label="task">${sequenceTasks.map(({ id, title }) => html`<option value=${id} ?selected=${id === task.id}>${title}</option>`)}</select></label>
        <label>${name} <select @change=${this.setDifficulty} aria-label=${name}>${Array.from({ length: maximum - minimum + 1 }, (_, i) => minimum + i).map((d) => html`<option value=${d} ?selected=${d === compared.difficulty}>${d}</option>`)}</select></label>
        <label>problem <button @click=${this.another} aria-label="${compared.problem}, take another problem">${compared.problem} ⟳</button></label>
        <label>after <select @change=${this.setLayer} aria-label="layer">${(["embedding", "first", "last"] as const).map((choice) => html`<option value=${choice} ?selected=${choice === compared.layer}>${layerWords[choice]}</option>`)}</select></label>
        <span class="chips" role="group" aria-label="architectures, up to ${mostCompared}">${architectureIds.map((id) => html`<button data-id=${id} @click=${this.toggle} aria-pressed=${compared.architectures.includes(id)}>${explanations[id].name}</button>`)}</span>
      </div>
      <p class="problem soft">${task.sentence(problem)} The answer is <b>${problem.answer}</b>. A model reads <code>${task.sequence(problem).words.join(" ")}</code></p>
      ${comparison.notice === "" ? nothing : html`<p class="small wrong" role="alert">${comparison.notice}</p>`}
      <div class="plots" aria-busy=${comparison.busy} @select-step=${this.select}>
        ${comparison.entries.map((entry) => this.plot(entry, `pointer chase, ${hops} ${hops === 1 ? "arrow" : "arrows"}: ${why}`))}
      </div>
      <div class="measures">${comparedProbes.map((id) => this.measure(id))}</div>
    `;
  }

  private plot({ id, name, traces, picture, missing }: Entry, asked: string): TemplateResult {
    const [trace] = traces;
    if (!trace || !picture) {
      const href = id === "language-model" ? "" : writeAddress({ place: "lab", path: [id], query: new URLSearchParams({ task: this.compared.task }) });
      return html`<geo-panel heading=${name} compact><p class="small soft">${missing}</p>${href === "" ? nothing : html`<p class="small"><a href=${href}>train it, and come back</a></p>`}</geo-panel>`;
    }
    const { answer } = trace;
    const chance = answer.expectedLogprob === null ? "" : `p(right) ${formatPercent(Math.exp(answer.expectedLogprob))}`;
    return html`<geo-panel id="plot-${id}" heading=${name} compact>
      <p class="small answer number"><b class=${answer.correct ? "right" : "wrong"}>${answer.text} ${answer.correct ? "✓ right" : `✗ wrong, it is ${answer.expected}`}</b> <span class="soft">${chance}</span>${id === "language-model" ? html`<br /><span class="soft">${asked}</span>` : nothing}</p>
      <trajectory-plot heading="hidden states of ${name}" .tracks=${picture.tracks} .selection=${{ mode: "direct", step: this.step, layer: 0 }} .explained=${picture.explained} .trust=${picture.trust} method="pca"></trajectory-plot>
      <div slot="help"><p>The hidden state after ${layerWords[this.compared.layer]}, one point per token, drawn by exact PCA of this model’s states alone. Axes of different models have nothing to do with one another; what can be compared stands in the measures below.</p></div>
    </geo-panel>`;
  }

  private measure(id: ComparedProbe): TemplateResult {
    const { title, help, formula, source, caveat } = probe(id);
    return html`<geo-panel id="measure-${id}" heading=${title} compact>
      <claim-figure .figure=${this.lab.comparison.figures.get(id) ?? null}></claim-figure>
      <div slot="help"><p>${help}</p><p><b>Formula</b> ${formula}${id === "step-length" ? ", over the run’s mean, since models differ in the size of their states" : ""} <b>Source</b> ${source}</p><p><b>Caution</b> ${caveat}${id === "entropy" ? " Vocabularies differ: undecided among all, a model of the lab has ln 20 ≈ 3 nats, and nano ln 64 ≈ 4.2." : ""}</p></div>
    </geo-panel>`;
  }

  // ——— events ———

  private change(part: Partial<Compared>): void {
    location.hash = writeCompared({ ...this.compared, ...part });
  }

  private setTask(event: Event): void {
    const task = (event.target as HTMLSelectElement).value;
    this.change({ task, difficulty: sequenceTask(task).difficulty.initial, problem: 0 });
  }

  private setDifficulty(event: Event): void {
    this.change({ difficulty: Number((event.target as HTMLSelectElement).value) });
  }

  private setLayer(event: Event): void {
    this.change({ layer: (event.target as HTMLSelectElement).value as LayerChoice });
  }

  private another(): void {
    this.change({ problem: (this.compared.problem + 1) % 1000 });
  }

  private toggle(event: Event): void {
    const id = (event.currentTarget as HTMLElement).dataset["id"] as ArchitectureId;
    const { architectures } = this.compared;
    const next = architectures.includes(id) ? architectures.filter((other) => other !== id) : [...architectures, id].slice(-mostCompared);
    if (next.length > 0) this.change({ architectures: architectureIds.filter((known) => next.includes(known)) });
  }

  private select(event: SelectEvent): void {
    event.stopPropagation();
    if (event.detail.step !== undefined) this.step = event.detail.step;
  }
}
