/** One way of thinking: what it does, its steps, its answer, right or wrong, and what it cost. */
import { css, html, LitElement, nothing, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { type Answer, stepsTaken, thoughtControls, thoughtMethods, type DecodingMode, type Thought, type ThoughtMethod } from "../../probes/trace.ts";
import { formatNumber, formatPercent } from "../format.ts";
import type { LiveRun } from "../live-run.ts";
import { originOf, SelectEvent, type Selection } from "../selection.ts";
import { normRatioProbe } from "../../probes/thoughts/norm-ratio.ts";
import { figure, figureStyle } from "../measures/provenance.ts";
import { probeNumber, runNumber } from "../measures/run-provenance.ts";
import { sharedStyle } from "../theme.ts";
import { words } from "../words.ts";
import { SettingsEvent } from "./question-bar.ts";
import "./token-strip.ts";

/** A mode's shape, as it stands in every legend. */
export function modeShape(mode: DecodingMode): SVGTemplateResult {
  if (mode === "direct") return svg`<circle cx="7" cy="7" r="5.5" class="mark" />`;
  if (mode === "icl") return svg`<rect x="2" y="2" width="10" height="10" class="mark" />`;
  if (mode === "cot") return svg`<path d="M7 1.5 L13 12 L1 12 Z" class="mark" />`;
  return svg`<circle cx="7" cy="7" r="4.5" class="mark hollow" />`;
}

/** Fired when a control is chosen beside the latent loop. */
export class ControlEvent extends CustomEvent<Thought> {
  constructor(thought: Thought) {
    super("choose-control", { detail: thought, bubbles: true, composed: true });
  }
}

/** Fired to ask what would come of it if the selected step were another. */
export class WhatIfEvent extends CustomEvent<null> {
  constructor() {
    super("what-if", { detail: null, bubbles: true, composed: true });
  }
}

@customElement("mode-column")
export class ModeColumn extends LitElement {
  static override styles = [
    sharedStyle,
    figureStyle,
    css`
      :host { border: 1px solid var(--line); border-top: 3px solid var(--mode); border-radius: var(--radius); padding: 0.75rem 0.9rem; background: var(--raised); display: flex; flex-direction: column; gap: 0.55rem; min-width: 0; }
      :host([selected]) { box-shadow: 0 0 0 1px var(--mode); }
      header { display: flex; align-items: baseline; gap: 0.5rem; flex-wrap: wrap; }
      header button, header button[aria-pressed="true"] { all: unset; cursor: pointer; display: flex; align-items: baseline; gap: 0.5rem; }
      header button:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
      h2 { color: var(--mode-ink); }
      svg.shape { width: 14px; height: 14px; align-self: center; }
      .mark { fill: var(--mode); }
      .mark.hollow { fill: none; stroke: var(--mode); stroke-width: 2.5; }
      .result { display: flex; align-items: baseline; gap: 0.6rem; flex-wrap: wrap; }
      .given { font: 600 var(--large)/1.2 var(--mono); overflow-wrap: anywhere; }
      .given.long { font-size: var(--body); }
      .verdict { font-weight: 600; }
      .facts { display: flex; gap: 0.9rem; flex-wrap: wrap; color: var(--soft); font-size: var(--small); font-variant-numeric: tabular-nums; }
      .error { color: var(--wrong); font-size: var(--small); overflow-wrap: anywhere; }
      .controls { display: flex; align-items: center; gap: 0.4rem; flex-wrap: wrap; font-size: var(--small); }
      .controls input { width: 4.5rem; min-height: 1.6rem; }
      .controls select { min-height: 1.6rem; padding: 0 0.3rem; max-width: 100%; }
      .untrained { border: 1px solid var(--strong); border-radius: 999px; padding: 0 0.55rem; font-size: var(--small); color: var(--soft); white-space: nowrap; }
      .what-if { margin-left: auto; border: 0; background: none; padding: 0; min-height: 1.5rem; color: var(--mode-ink); text-decoration: underline; text-underline-offset: 3px; text-decoration-thickness: 1px; }
      .altered { border-left: 2px dotted var(--mode); padding-left: 0.6rem; font-size: var(--small); }
      .control { margin-top: auto; border-top: 1px dashed var(--line); padding-top: 0.5rem; display: flex; flex-direction: column; gap: 0.4rem; }
    `,
  ];

  @property({ reflect: true }) mode: DecodingMode = "direct";
  @property({ attribute: false }) run: LiveRun | null = null;
  @property({ attribute: false }) control: LiveRun | null = null;
  /** The same run as the reader has altered it, where this is the mode in question. */
  @property({ attribute: false }) altered: LiveRun | null = null;
  @property({ attribute: false }) chosenControl: Thought = "hidden";
  /** How the latent loop makes its inputs. */
  @property({ attribute: false }) method: ThoughtMethod = "hidden";
  /** The model never learnt this kind of thought. */
  @property({ type: Boolean }) untrained = false;
  @property({ attribute: false }) selection: Selection | null = null;
  @property({ type: Boolean, reflect: true }) selected = false;
  @property({ type: Boolean }) playing = false;
  /** Of the chain of thought; 0 is greedy. */
  @property({ type: Number }) temperature = 0;
  /** Size of the added noise over the thought's norm, for the control `noise`. */
  @property({ type: Number }) noise = 0;
  /** What this mode is given, for example `3 solved questions`. */
  @property() given = "";
  /** Grows whenever a run does, so that the column draws again. */
  @property({ type: Number }) revision = 0;

  protected override render(): TemplateResult {
    const { name } = words.modes[this.mode];
    const sentence = this.mode === "latent" ? words.loops[this.method] : words.modes[this.mode].sentence;
    return html`
      <header>
        <button @click=${this.choose} aria-pressed=${this.selected} title="select this mode">
          <svg class="shape" viewBox="0 0 14 14" aria-hidden="true">${modeShape(this.mode)}</svg>
          <h2>${name}</h2>
        </button>
        <span class="soft small">${sentence}${this.given === "" ? "" : `, ${this.given}`}</span>
        ${this.untrained ? html`<span class="untrained" title=${words.untrained.long}>${words.untrained.short}</span>` : nothing}
      </header>
      ${this.run ? this.runBody(this.run, false) : html`<p class="soft small">waiting for the model</p>`}
      ${this.run?.trace && this.altered ? this.alteredLine(this.run, this.altered) : nothing}
      ${this.mode === "latent" ? this.controls() : this.mode === "cot" ? this.sampling() : nothing}
    `;
  }

  private runBody(run: LiveRun, hollow: boolean): TemplateResult {
    const origin = originOf(run);
    const answer = run.answer;
    return html`
      <token-strip .mode=${this.mode} ?hollow=${hollow} .steps=${run.steps} .questionStart=${run.questionStart()} .origin=${origin}
        .cursor=${this.selection?.step ?? null} .selected=${this.selected} .playing=${this.playing} .answer=${answer?.text ?? null}></token-strip>
      ${run.status === "failed" || run.status === "stopped" ? html`<p class="error" role="alert">${run.status === "stopped" ? "stopped" : run.error}</p>` : nothing}
      <div class="result" aria-live="polite">
        ${answer ? this.verdict(run) : html`<span class="soft">${run.status === "running" ? "thinking …" : run.status === "waiting" ? "waiting" : ""}</span>`}
        ${run === this.run && run.trace ? this.whatIf(run) : nothing}
      </div>
      <div class="facts">${this.facts(run)}</div>
    `;
  }

  /** The way to change the selected step. */
  private whatIf(run: LiveRun): TemplateResult | typeof nothing {
    const step = this.selected && this.selection ? run.steps[this.selection.step + originOf(run)] : undefined;
    if (!step || !this.selection) return nothing;
    const what = step.phase !== "thought" ? "step" : this.mode === "latent" ? "thought" : "token";
    return html`<button class="what-if small" @click=${this.askWhatIf}>what if ${what} ${formatNumber(this.selection.step)} were …</button>`;
  }

  /** What came of it, in a line. */
  private alteredLine({ answer: before }: LiveRun, { answer: after }: LiveRun): TemplateResult | typeof nothing {
    if (!before || !after) return nothing;
    const mark = after.correct === null ? nothing : after.correct ? html`<span class="right">✓</span>` : html`<span class="wrong">✗</span>`;
    return html`<p class="altered"><b>altered</b> ${after.text === "" ? "∅" : after.text} ${mark} <span class="number">${changeInWords(before, after)}</span></p>`;
  }

  private askWhatIf(): void {
    this.dispatchEvent(new WhatIfEvent());
  }

  private verdict(run: LiveRun): TemplateResult {
    const answer = run.answer!;
    const mark = answer.correct === null ? nothing : answer.correct ? html`<span class="verdict right">✓ right</span>` : html`<span class="verdict wrong">✗ wrong</span><span class="soft small">should be ${answer.expected}</span>`;
    return html`<span class="given ${answer.text.length > 12 ? "long" : ""}">${answer.text === "" ? "∅" : answer.text}</span>${mark}`;
  }

  private facts(run: LiveRun): TemplateResult | typeof nothing {
    const { answer, trace } = run;
    if (!answer || !trace) return nothing;
    const passes = 1 + stepsTaken(trace);
    const ratio = trace.steps.find((s) => s.normRatio !== null)?.normRatio ?? undefined;
    const time = trace.steps.filter((s) => s.phase !== "prompt").reduce((sum, s) => sum + s.milliseconds, 0) + promptTime(run);
    const probability = answer.expectedLogprob === null ? answer.logprob : answer.expectedLogprob;
    const of = answer.expectedLogprob === null ? answer.text : answer.expected;
    return html`
      <span title="probability of ${answer.expectedLogprob === null ? "its own" : "the right"} answer when it answers">p(${of}) ${figure(formatPercent(Math.exp(probability)), () => runNumber("answer", trace))}</span>
      <span title="forward passes one after another: the prompt’s, then one for each step">${figure(String(passes), () => runNumber("passes", trace))} ${passes === 1 ? "pass" : "passes"}</span>
      <span title="wall-clock time of the forward passes">${figure(formatNumber(time), () => runNumber("time", trace))} ms</span>
      ${ratio === undefined ? nothing : html`<span title="norm of the first vector that was fed back, over the mean norm of the embedding rows">norm ${figure(formatNumber(ratio), () => probeNumber(normRatioProbe, trace, "first thought"))} × an embedding’s</span>`}
      ${run.openedFrom === null ? nothing : html`<span title="read from a file">from ${run.openedFrom}</span>`}
    `;
  }

  /** CoT: greedy, or sampled with the problem's seed. */
  private sampling(): TemplateResult {
    return html`<div class="control"><label class="controls" title="0 takes the likeliest token; above it tokens are sampled, with the problem’s number as seed">temperature
      <input type="number" min="0" max="5" step="0.1" .value=${String(this.temperature)} @change=${this.chooseTemperature} /></label></div>`;
  }

  private controls(): TemplateResult {
    return html`<div class="control">
      <label class="controls" title="what each latent step feeds in; ${words.loops[this.method]}">thought
        <select @change=${this.chooseMethod} aria-label="thought: what a latent step feeds back">
          ${thoughtMethods.map((method) => html`<option value=${method} ?selected=${this.method === method}>${words.thoughts[method]}</option>`)}
        </select>
      </label>
      <label class="controls" title="does the thought matter? feed something else back in its place, and see whether the answer survives">control
        <select @change=${this.chooseControl} aria-label="control: what is fed back instead of the thought">
          <option value="hidden" ?selected=${this.chosenControl === "hidden"}>no control</option>
          ${thoughtControls.map((thought) => html`<option value=${thought} ?selected=${this.chosenControl === thought}>${words.thoughts[thought]}</option>`)}
        </select>
      </label>
      ${this.chosenControl === "noise" ? html`<label class="controls">size, over the thought’s norm <input type="number" min="0" max="10" step="0.1" .value=${String(this.noise)} @change=${this.chooseNoise} /></label>` : nothing}
      ${this.control ? html`<h3>control: ${words.thoughts[this.control.thought]}</h3>${this.runBody(this.control, true)}` : nothing}
    </div>`;
  }

  private choose(): void {
    this.dispatchEvent(new SelectEvent({ mode: this.mode }));
  }

  private chooseMethod(event: Event): void {
    this.dispatchEvent(new SettingsEvent({ thought: (event.target as HTMLSelectElement).value as ThoughtMethod }));
  }

  private chooseTemperature(event: Event): void {
    const temperature = (event.target as HTMLInputElement).valueAsNumber;
    if (temperature >= 0) this.dispatchEvent(new SettingsEvent({ temperature }));
  }

  private chooseNoise(event: Event): void {
    const noise = (event.target as HTMLInputElement).valueAsNumber;
    if (noise >= 0) this.dispatchEvent(new SettingsEvent({ noise }));
  }

  private chooseControl(event: Event): void {
    this.dispatchEvent(new ControlEvent((event.target as HTMLSelectElement).value as Thought));
  }
}

/** How the right answer's probability changed; of a question without one, how sure the model is of its own. */
export function changeInWords(before: Answer, after: Answer): string {
  const known = before.expectedLogprob !== null && after.expectedLogprob !== null;
  const [from, to] = known ? [before.expectedLogprob, after.expectedLogprob] : [before.logprob, after.logprob];
  return `p(${known ? before.expected : "its own answer"}) ${formatPercent(Math.exp(from))} → ${formatPercent(Math.exp(to))}`;
}

/** The prompt's forward pass is shared by its steps, so its time is counted once. */
function promptTime(run: LiveRun): number {
  return run.steps.filter((step) => step.phase === "prompt").reduce((sum, step) => sum + step.milliseconds, 0);
}
