/** One of two ways of answering: which model, which mode, what it thought and said. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { type DecodingMode, decodingModes, stepsTaken, type Thought, thoughtControls, thoughtMethods } from "../../../probes/trace.ts";
import type { Side } from "../../compare/comparing.ts";
import type { SideChoice, SideName } from "../../compare/compare-settings.ts";
import { formatBytes, formatNumber, formatPercent } from "../../format.ts";
import type { LiveRun } from "../../live-run.ts";
import { originOf, type Selection } from "../../selection.ts";
import { sharedStyle } from "../../theme.ts";
import { words } from "../../words.ts";
import { modeShape } from "../mode-column.ts";
import "../models/model-picker.ts";
import "../token-strip.ts";

/** Fired when a mode or a thought is chosen. */
export class SideEvent extends CustomEvent<Partial<SideChoice>> {
  constructor(detail: Partial<SideChoice>) {
    super("change-side", { detail, bubbles: true, composed: true });
  }
}

/** Fired with a saved run that is to stand here. */
export class SideFileEvent extends CustomEvent<File> {
  constructor(file: File) {
    super("side-file", { detail: file, bubbles: true, composed: true });
  }
}

@customElement("compare-side")
export class CompareSide extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { border: 1px solid var(--line); border-top: 3px solid var(--mode); border-radius: var(--radius); padding: 0.75rem 0.9rem 0.9rem; background: var(--raised); display: flex; flex-direction: column; gap: 0.6rem; min-width: 0; }
      :host([name="b"]) { border-top-style: dotted; }
      header { display: flex; flex-wrap: wrap; gap: 0.4rem 0.7rem; align-items: center; }
      h2 { color: var(--mode-ink); display: flex; gap: 0.5rem; align-items: center; flex: 1 1 auto; }
      svg.shape { width: 14px; height: 14px; flex: none; }
      .mark { fill: var(--mode); }
      .mark.hollow { fill: none; stroke: var(--mode); stroke-width: 2.5; }
      .choices { display: flex; flex-wrap: wrap; gap: 0.4rem 0.8rem; align-items: center; }
      label { font-size: var(--small); color: var(--soft); display: flex; gap: 0.4rem; align-items: center; min-width: 0; }
      select { color: var(--ink); max-width: 13rem; }
      .file { position: relative; }
      .file input { position: absolute; inset: 0; opacity: 0; cursor: pointer; width: 100%; }
      .file:focus-within { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 6px; }
      .button { border: 1px solid var(--strong); border-radius: 6px; padding: 0.25rem 0.6rem; color: var(--ink); background: var(--raised); }
      .result { display: flex; align-items: baseline; gap: 0.6rem; flex-wrap: wrap; }
      .given { font: 600 var(--large)/1.2 var(--mono); overflow-wrap: anywhere; }
      .verdict { font-weight: 600; }
      .facts { display: flex; gap: 0.2rem 0.9rem; flex-wrap: wrap; color: var(--soft); font-size: var(--small); }
      .error { color: var(--wrong); font-size: var(--small); overflow-wrap: anywhere; }
    `,
  ];

  @property({ reflect: true }) name: SideName = "a";
  @property({ reflect: true }) mode: DecodingMode = "latent";
  @property() label = "";
  @property({ attribute: false }) choice!: SideChoice;
  @property({ attribute: false }) side!: Side;
  @property({ attribute: false }) selection: Selection | null = null;

  protected override render(): TemplateResult {
    const { choice, side } = this;
    const { run } = side;
    const opened = run !== null && run.openedFrom !== null;
    return html`
      <header><h2><svg class="shape" viewBox="0 0 14 14" aria-hidden="true">${modeShape(this.mode)}</svg>${this.label}</h2></header>
      <div class="choices">
        ${opened ? html`<button @click=${this.backToModel} title="ask a model in place of the saved run">a model instead</button>` : html`
          <model-picker .model=${choice.model}></model-picker>
          <label>mode <select name="mode" @change=${this.chooseMode}>${decodingModes.map((mode) => html`<option value=${mode} ?selected=${mode === choice.mode}>${words.modes[mode].name}</option>`)}</select></label>
          ${choice.mode === "latent" ? html`<label>thought <select name="thought" @change=${this.chooseThought}><option value="" ?selected=${choice.thought === null}>as suits the model</option>${[...thoughtMethods, ...thoughtControls].map((thought) => html`<option value=${thought} ?selected=${thought === choice.thought}>${words.thoughts[thought]}</option>`)}</select></label>` : nothing}`}
        <label class="file"><span class="button">open a saved run</span><input type="file" accept=".safetensors" aria-label="open a saved run as ${this.name.toUpperCase()}" @change=${this.openFile} /></label>
      </div>
      ${side.error === "" ? nothing : html`<p class="error" role="alert">${side.error}</p>`}
      ${run ? this.body(run) : html`<p class="soft small">${side.busy ? loadingWords(side) : ""}</p>`}`;
  }

  private body(run: LiveRun): TemplateResult {
    const { answer, trace } = run;
    return html`
      <token-strip .mode=${run.mode} ?hollow=${this.name === "b"} .steps=${run.steps} .questionStart=${run.questionStart()} .origin=${originOf(run)} .cursor=${this.selection?.step ?? null} .selected=${true} .answer=${answer?.text ?? null}></token-strip>
      <div class="result" aria-live="polite">${answer ? html`<span class="given">${answer.text === "" ? "∅" : answer.text}</span>${answer.correct === null ? nothing : answer.correct ? html`<span class="verdict right">✓ right</span>` : html`<span class="verdict wrong">✗ wrong</span><span class="soft small">should be ${answer.expected}</span>`}` : html`<span class="soft">thinking …</span>`}</div>
      ${answer && trace
        ? html`<div class="facts number">
            <span>${answer.expectedLogprob === null ? `p(its own answer) ${formatPercent(Math.exp(answer.logprob))}` : `p(${answer.expected}) ${formatPercent(Math.exp(answer.expectedLogprob))}`}</span>
            <span>${stepsTaken(trace) + 1} ${stepsTaken(trace) === 0 ? "pass" : "passes"}</span>
            <span>${trace.model.id}, ${trace.model.quantization}</span>
            <span>${trace.engine.name} · ${trace.engine.device}</span>
            ${trace.interventions ? html`<span>altered: ${trace.interventions.length} ${trace.interventions.length === 1 ? "intervention" : "interventions"}</span>` : nothing}
          </div>`
        : nothing}`;
  }

  private chooseMode(event: Event): void {
    this.dispatchEvent(new SideEvent({ mode: (event.target as HTMLSelectElement).value as DecodingMode, thought: null }));
  }

  private chooseThought(event: Event): void {
    this.dispatchEvent(new SideEvent({ thought: ((event.target as HTMLSelectElement).value as Thought | "") || null }));
  }

  private backToModel(): void {
    this.dispatchEvent(new SideEvent({}));
  }

  private openFile(event: Event): void {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) this.dispatchEvent(new SideFileEvent(file));
    input.value = "";
  }
}

function loadingWords({ loading }: Side): string {
  if (!loading) return "preparing the model …";
  if (loading.phase === "download" && loading.total > 0) return `downloading, ${formatBytes(loading.loaded)} of ${formatBytes(loading.total)}${loading.secondsLeft === null ? "" : `, ${formatNumber(Math.round(loading.secondsLeft))} s left`}`;
  return { list: "looking for its files", download: "downloading", verify: "checking its files", upload: "loading it", compile: "compiling", check: "checking the probe", ready: "asking" }[loading.phase] + " …";
}
