/** One architecture on a page: what it is, how far the essay's picture of it goes, its training, and what it keeps. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { sequenceTask } from "../../../probes/tasks/sequence/index.ts";
import { type ArchitectureId, architectureIds } from "../../../workers/lab/architecture.ts";
import type { LessonResult } from "../../../workers/lab/results.ts";
import { type Explanation, explanations, type Remark } from "../../lab/lab-explanations.ts";
import { readTask, writeCompared } from "../../lab/lab-address.ts";
import { type Address, writeAddress } from "../../places.ts";
import type { SharedLab } from "../../lab/shared-lab.ts";
import { sharedStyle } from "../../theme.ts";
import "./lab-inside.ts";
import "./lab-training.ts";
import "../panel.ts";

/** The file that each is, as it stands in the repository. */
const sources = import.meta.glob<string>("../../../workers/toys/{mlp,cnn,rnn,mamba,transformer,moe,sparse-attention,gated-attention}.ts", { query: "?raw", import: "default" });

@customElement("lab-architecture")
export class LabArchitecture extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.9rem; }
      nav { display: flex; flex-wrap: wrap; gap: 0.15rem 0.35rem; margin: 0 -0.5rem; }
      nav a { color: var(--soft); text-decoration: none; padding: 0.2rem 0.5rem; border-radius: 6px; font-size: var(--small); }
      nav a:hover { color: var(--ink); background: var(--surface); }
      nav a[aria-current="page"] { color: var(--ink); background: var(--surface); font-weight: 600; }
      .title { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0.2rem 0.8rem; }
      h2 { font-size: var(--large); letter-spacing: -0.01em; }
      .pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.05fr); gap: 1.8rem; align-items: start; }
      .text { display: flex; flex-direction: column; gap: 1rem; max-width: 68ch; }
      .text h3 { margin-bottom: 0.2rem; color: var(--soft); font-weight: 600; }
      pre { margin: 0; font: 400 var(--small)/1.6 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; }
      ul { list-style: none; margin: 0; padding: 0; display: flex; flex-direction: column; gap: 0.6rem; }
      q { quotes: none; font-weight: 500; }
      details > summary { cursor: pointer; font-weight: 600; }
      details pre { margin-top: 0.8rem; background: var(--surface); border-radius: var(--radius); padding: 0.9rem 1.1rem; white-space: pre; overflow-x: auto; overflow-wrap: normal; line-height: 1.5; }
      a { color: inherit; text-underline-offset: 3px; }
      @media (max-width: 980px) { .pair { grid-template-columns: minmax(0, 1fr); gap: 1.1rem; } }
    `,
  ];

  @property({ attribute: false }) lab!: SharedLab;
  @property() architecture!: ArchitectureId;
  @property({ attribute: false }) address!: Address;
  @state() private tick = 0;
  /** Of what the model keeps: a task of its own draws it, so that none is long. */
  @state() private insideTick = 0;
  @state() private results: readonly LessonResult[] = [];
  @state() private source = "";

  override connectedCallback(): void {
    super.connectedCallback();
    this.lab.training.addEventListener("change", this.redraw);
    this.lab.handle.warm();
    void this.lab.results.then((results) => (this.results = results));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.lab.training.removeEventListener("change", this.redraw);
  }

  /** Several reports a second come while it trains; the page is drawn twice a second at most, so that it never stalls. */
  private readonly redraw = (): void => {
    const { training } = this.lab;
    if (this.waiting) return;
    const rest = training.status === "running" ? Math.max(0, 400 - (performance.now() - this.drawn)) : 0;
    this.waiting = true;
    setTimeout(() => {
      this.waiting = false;
      this.drawn = performance.now();
      this.tick++;
      setTimeout(() => this.insideTick++);
    }, rest);
  };
  private waiting = false;
  private drawn = 0;

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("architecture")) this.source = "";
  }

  /** Where the file is open, another architecture's takes its place. */
  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has("architecture") && this.renderRoot.querySelector("details")?.open === true) void this.loadSource();
  }

  protected override render(): TemplateResult {
    const { architecture, lab } = this;
    const it = explanations[architecture];
    const task = readTask(this.address);
    return html`
      <nav aria-label="architectures">
        <a href=${writeAddress({ place: "lab" })}>all eight</a>
        ${architectureIds.map((id) => html`<a href=${this.link(id)} aria-current=${id === architecture ? "page" : "false"}>${explanations[id].name}</a>`)}
      </nav>
      <div class="title"><h2>${it.name}</h2><p class="soft">${it.sentence}</p></div>
      <div class="pair">
        ${explanation(it)}
        <lab-training .training=${lab.training} .results=${this.results} .architecture=${architecture} .task=${task} .revision=${this.tick}></lab-training>
      </div>
      <lab-inside .training=${lab.training} .architecture=${architecture} .task=${sequenceTask(task.id)} .revision=${this.insideTick}></lab-inside>
      <p><a href=${this.compare(task.id, task.difficulty.initial)}>Its trajectory beside other architectures and the language model</a></p>
      <details @toggle=${this.openSource}>
        <summary>The file: workers/toys/${architecture}.ts</summary>
        ${this.source === "" ? nothing : html`<pre tabindex="0" role="region" aria-label="source of ${it.name}">${this.source}</pre>`}
      </details>
    `;
  }

  private link(id: ArchitectureId): string {
    const task = this.address.query.get("task");
    return writeAddress({ place: "lab", path: [id], query: new URLSearchParams(task === null ? {} : { task }) });
  }

  private compare(task: string, difficulty: number): string {
    const others: ArchitectureId[] = ["rnn", "mamba", "transformer"];
    const wanted = [...new Set([this.architecture, ...others])].slice(0, 4);
    return writeCompared({ task, difficulty, problem: 0, architectures: architectureIds.filter((id) => wanted.includes(id)), layer: "last" });
  }

  private openSource(event: Event): void {
    if ((event.currentTarget as HTMLDetailsElement).open && this.source === "") void this.loadSource();
  }

  private async loadSource(): Promise<void> {
    const { architecture } = this;
    const text = await sources[`../../../workers/toys/${architecture}.ts`]!();
    if (architecture === this.architecture) this.source = text;
  }
}

function explanation({ assumes, state, formula, here, holds, fails, source }: Explanation): TemplateResult {
  return html`<div class="text">
    <section><h3>What it assumes</h3><p>${assumes}</p></section>
    <section><h3>What its state is</h3><p>${state}</p></section>
    <section><h3>Formula</h3><pre>${formula.join("\n")}</pre></section>
    <section><h3>In the lab</h3><p>${here}</p></section>
    <section><h3>Where the essay’s picture holds</h3><ul>${holds.map(remark)}</ul></section>
    <section><h3>Where it does not</h3><ul>${fails.map(remark)}</ul></section>
    <p class="small soft">${source}</p>
  </div>`;
}

function remark({ phrase, text, claim }: Remark): TemplateResult {
  return html`<li><q lang="zh">${phrase}</q><br />${text}${claim === undefined ? nothing : html` <a class="small" href=${writeAddress({ place: "claims", path: [claim] })}>${claim}</a>`}</li>`;
}
