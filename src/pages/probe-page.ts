/** The first page: one question, four ways of thinking, and where the hidden state goes. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { Follow } from "../follow.ts";
import { answerProbability } from "../../probes/lens/answer-probability.ts";
import { entropyProbe } from "../../probes/lens/entropy.ts";
import type { Probe } from "../../probes/probe.ts";
import { nearestCosine } from "../../probes/thoughts/nearest-embedding.ts";
import { normRatioProbe } from "../../probes/thoughts/norm-ratio.ts";
import type { Prompt } from "../../probes/tasks/task.ts";
import { tokenTexts } from "../../probes/lens/lens-grid.ts";
import { decodingModes, type DecodingMode, type Trace, trainedForLatent } from "../../probes/trace.ts";
import { accuracyKey, type AccuracyRunner } from "../measures/accuracy.ts";
import { bareToken, formatNumber, formatPercent } from "../format.ts";
import { charted, type Geometry } from "../picture/geometry.ts";
import type { LiveRun } from "../live-run.ts";
import { originOf, type SelectEvent } from "../selection.ts";
import type { Session } from "../session.ts";
import { figure, figureStyle } from "../measures/provenance.ts";
import { probeNumber, runNumber } from "../measures/run-provenance.ts";
import { sharedStyle } from "../theme.ts";
import { words } from "../words.ts";
import "../views/measures/accuracy-panel.ts";
import { lensHelp } from "../views/measures/lens-grid.ts";
import "../views/measures/metric-chart.ts";
import "../views/measures/more-measures.ts";
import "../views/mode-column.ts";
import type { ControlEvent } from "../views/mode-column.ts";
import "../views/panel.ts";
import "../views/problem-picture.ts";
import "../views/prompt-editor.ts";
import type { PromptsEvent } from "../views/prompt-editor.ts";
import "../views/question-bar.ts";
import type { SettingsEvent } from "../views/question-bar.ts";
import "../views/token-bars.ts";
import "../views/picture/trajectory-panel.ts";
import "../views/acts/what-if.ts";
import type { WhatIf } from "../views/acts/what-if.ts";
import { probePageStyle } from "./probe-page.style.ts";

@customElement("probe-page")
export class ProbePage extends LitElement {
  static override styles = [sharedStyle, figureStyle, probePageStyle];

  @property({ attribute: false }) session!: Session;
  @property({ attribute: false }) geometry!: Geometry;
  @property({ attribute: false }) accuracy!: AccuracyRunner;
  protected readonly follow = new Follow(this, () => [this.session, this.geometry]);
  /** The mode that was brought into view last. */
  private shownMode: DecodingMode | null = null;
  /** The reader has moved the row of columns by hand since then. */
  private swiped = false;
  private watched = false;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.growth.disconnect();
    this.watched = false;
  }

  protected override render(): TemplateResult {
    const { session } = this;
    const { settings } = session;
    return html`<div @select-step=${this.select} @change-settings=${this.changeSettings} @what-if=${this.whatIf}>
      ${this.question()}
      ${this.columns()}
      <div class="pair"><trajectory-panel .session=${session} .geometry=${this.geometry}></trajectory-panel> ${this.holds()}</div>
      <what-if .session=${session} .acts=${session.settings.acts}></what-if>
      <section class="multiples" aria-label="measures per step">${charted.map((probe) => this.measure(probe))}</section>
      ${session.custom ? nothing : html`<accuracy-panel .runner=${this.accuracy} .settings=${session.settings} ?ready=${session.load.status === "ready"} .report=${session.report} @run-accuracy=${this.runAccuracy}></accuracy-panel>`}
      <more-measures .session=${session} .geometry=${this.geometry} .unfolded=${settings.unfolded}></more-measures>
    </div>`;
  }

  /** On a narrow screen the columns are a row to swipe through: the selected one comes into view. */
  protected override updated(): void {
    const { mode } = this.session.settings.selection;
    if (mode === this.shownMode) return;
    this.shownMode = mode;
    this.swiped = false;
    this.bringIntoView();
    if (!this.watched) {
      this.watched = true;
      for (const column of this.renderRoot.querySelectorAll("mode-column")) this.growth.observe(column);
    }
  }

  /** Columns grow as steps arrive, and the browser then snaps to one or the other: until the reader swipes, it stays with the selected one. */
  private readonly growth = new ResizeObserver(() => {
    if (!this.swiped) this.bringIntoView();
  });

  private bringIntoView(): void {
    const columns = this.renderRoot.querySelector<HTMLElement>(".columns");
    const column = this.renderRoot.querySelector<HTMLElement>(`#column-${this.shownMode}`);
    if (columns && column && columns.scrollWidth > columns.clientWidth) columns.scrollLeft = column.offsetLeft - columns.offsetLeft;
  }

  private readonly swipe = (): void => {
    this.swiped = true;
  };

  // ——— the question ———

  private question(): TemplateResult {
    const { session } = this;
    const { settings, custom } = session;
    const { problem, task } = session;
    return html`<section class="question" aria-label="the question">
      <div class="ask">
        <question-bar .settings=${settings} .tasks=${session.tasks}></question-bar>
        ${custom
          ? html`<p class="sentence">Your own prompts.</p>`
          : html`<p class="sentence">${task.sentence(problem)}</p>
              <details class="about small"><summary>${task.title.toLowerCase()}: what is asked, and why it is hard</summary><p class="soft">${task.explanation}</p></details>`}
        <prompt-editor .prompts=${this.prompts()} expected=${problem.answer} .custom=${custom} ?chat=${task.language ?? false} maxAnswerTokens=${task.maxAnswerTokens ?? 1} hint=${this.promptHint()} @use-prompts=${this.usePrompts}></prompt-editor>
        <div class="player">
          <button @click=${this.back} aria-label="step back">◀</button>
          <button @click=${this.play} aria-label=${session.player.playing ? "pause" : "play"}>${session.player.playing ? "❚❚ pause" : "▶ play"}</button>
          <button @click=${this.forward} aria-label="step on">▶</button>
          <span class="soft small number">step ${settings.selection.step} of ${session.stepRange.last}</span>
          ${session.running ? html`<button @click=${this.stop}>stop</button>` : html`<button @click=${this.again} ?disabled=${session.load.status !== "ready"}>run again</button>`}
        </div>
      </div>
      ${custom ? nothing : html`<problem-picture .problem=${problem} .steps=${task.language ? storySteps(this.prompts().cot) : null} .revealed=${settings.selection.step}></problem-picture>`}
    </section>`;
  }

  private prompts(): Record<DecodingMode, ReturnType<Session["prompt"]>> {
    const { session } = this;
    return { direct: session.prompt("direct"), icl: session.prompt("icl"), cot: session.prompt("cot"), latent: session.prompt("latent") };
  }

  private promptHint(): string {
    const { report } = this.session;
    if (!report) return "";
    return report.spec.source === "embedded"
      ? "nano knows 64 words: the letters a to z, the digits 0 to 9, the names of sixteen rules <r0> … <r15>, and <bos> <hop> <reach> <icl> <direct> <cot> <latent> <ans> |, separated by spaces."
      : "Write the question in the model’s own language; its answer is compared with yours, word for word.";
  }

  // ——— the four columns ———

  private columns(): TemplateResult {
    const { session } = this;
    const { settings } = session;
    return html`<section class="columns" aria-label="four ways of thinking" tabindex="0" @pointerdown=${this.swipe} @wheel=${this.swipe} @keydown=${this.swipe}>
      ${decodingModes.map((mode) => {
        const run = session.runs[mode] ?? null;
        const control = mode === "latent" ? (session.runs.control ?? null) : null;
        return html`<mode-column id="column-${mode}" .mode=${mode} .run=${run} .control=${control} .altered=${session.runs.altered?.mode === mode ? session.runs.altered : null} .chosenControl=${settings.control} .method=${session.thought} ?untrained=${mode === "latent" && this.untrained} .noise=${settings.noise} .temperature=${settings.temperature}
          .selection=${settings.selection} ?selected=${settings.selection.mode === mode} ?playing=${session.player.playing}
          given=${this.given(mode)} .revision=${this.follow.revision} @choose-control=${this.chooseControl}></mode-column>`;
      })}
    </section>
    <nav class="dots" aria-label="modes">${decodingModes.map((mode) => html`<button data-mode=${mode} @click=${this.swipeTo} aria-label="show ${words.modes[mode].name}" aria-current=${settings.selection.mode === mode ? "true" : "false"}></button>`)}</nav>`;
  }

  private given(mode: DecodingMode): string {
    const { session } = this;
    if (session.custom) return "";
    const shots = session.task.shots ? session.settings.shots : session.settings.difficulty;
    if (mode === "icl") return `${shots} of them`;
    const run = session.runs.latent;
    if (mode === "latent" && run) return run.request.thoughts === 1 ? "once" : `${run.request.thoughts} times`;
    return "";
  }

  private get untrained(): boolean {
    const { report, thought } = this.session;
    return report !== null && !trainedForLatent(report.spec, thought);
  }

  // ——— what each step holds ———

  private holds(): TemplateResult {
    const { session } = this;
    const { selection } = session.settings;
    const run = session.selectedRun;
    const trace = run?.snapshot() ?? null;
    const step = run && trace ? trace.steps[selection.step + originOf(run)] : undefined;
    const latent = step?.phase === "thought" && step.token === null;
    const expected = trace?.answer.expected ?? null;
    const at = `step ${selection.step}`;
    if (trace && trace !== this.texts.trace) this.texts = { trace, map: tokenTexts(trace) };
    return html`<geo-panel id="holds" heading="What does each step hold?" caption="logit lens of ${words.modes[selection.mode].name}: each layer read with the model’s own final norm and head; green frame: the right answer">
      <lens-grid .mode=${selection.mode} .trace=${trace} .selection=${selection} .tokenText=${this.tokenText} .answerToken=${answerToken(run)}></lens-grid>
      ${step
        ? html`<div class="readout">
            <h3>${latent ? `thought ${selection.step}: the vector that was fed in reads out as` : `step ${selection.step} reads “${step.text}” and would say next`}</h3>
            <token-bars .mode=${selection.mode} .tokens=${latent ? (step.holds ?? []) : step.top} .expected=${expected} .origin=${() => runNumber(latent ? "held" : "next", trace!, at)}></token-bars>
            <p class="small soft number">entropy of the next token ${figure(formatNumber(step.entropy), () => probeNumber(entropyProbe, trace!, at))} nats${step.answerLogprob === null ? nothing : html`, p(${expected}) ${figure(formatPercent(Math.exp(step.answerLogprob)), () => probeNumber(answerProbability, trace!, at))}`}${step.normRatio === null ? nothing : html`, norm ${figure(formatNumber(step.normRatio), () => probeNumber(normRatioProbe, trace!, at))} × an embedding’s`}</p>
            ${step.nearest && step.nearest.length > 0 ? html`<p class="small soft number" title="tokens whose embeddings point most nearly where the vector does, with the cosine of the angle">nearest embeddings ${step.nearest.slice(0, 3).map((near, i) => html`${i === 0 ? "" : ", "}${near.text} ${figure(formatNumber(near.cosine), () => probeNumber(nearestCosine, trace!, at))}`)}</p>` : nothing}
          </div>`
        : html`<p class="small soft">this mode has no step ${selection.step}</p>`}
      <div slot="help">${lensHelp}</div>
    </geo-panel>`;
  }

  /** Texts of the selected run's tokens, read once for each of its states. */
  private texts: { trace: Trace | null; map: ReadonlyMap<number, string> } = { trace: null, map: new Map() };

  private readonly tokenText = (token: number): string => this.texts.map.get(token) ?? `#${token}`;

  // ——— small multiples ———

  private measure(probe: Probe): TemplateResult {
    const { session, geometry } = this;
    const runs = geometry.measures.get(probe.id) ?? none;
    const { first, last } = session.stepRange;
    return html`<geo-panel id="measure-${probe.id}" heading=${probe.title} caption=${probe.unit === "1" ? "" : probe.unit} compact>
      <metric-chart heading=${probe.title} unit=${probe.unit} .series=${runs} .selection=${session.settings.selection} .range=${probe.range} first=${first} last=${last}></metric-chart>
      <div slot="help"><p>${probe.help}</p><p><b>Formula</b> ${probe.formula} <b>Unit</b> ${probe.unit === "1" ? "none" : probe.unit} <b>Source</b> ${probe.source}${probe.needs.includes("residPost") ? html` <b>Layer</b> ${session.settings.selection.layer}` : nothing}</p><p><b>Caution</b> ${probe.caveat}</p></div>
    </geo-panel>`;
  }

  // ——— events ———

  private readonly select = (event: SelectEvent): void => this.session.select(event.detail);

  private readonly changeSettings = (event: SettingsEvent): void => {
    void this.session.change(event.detail);
  };

  private readonly chooseControl = (event: ControlEvent): void => {
    void this.session.runControl(event.detail);
  };

  private readonly usePrompts = (event: PromptsEvent): void => {
    void this.session.useCustomPrompts(event.detail);
  };

  private readonly whatIf = (): void => {
    void this.renderRoot.querySelector<WhatIf>("what-if")?.show();
  };

  private readonly runAccuracy = (): void => {
    void this.accuracy.run(this.session);
  };

  private readonly back = (): void => this.session.step(-1);
  private readonly forward = (): void => this.session.step(1);
  private readonly play = (): void => this.session.player.toggle();
  private readonly stop = (): void => this.session.stop();

  private readonly again = (): void => {
    void this.session.runAll();
  };

  private swipeTo(event: Event): void {
    this.session.select({ mode: (event.currentTarget as HTMLElement).dataset["mode"] as DecodingMode });
  }
}

/** Whether counts on screen belong to the question on screen. */
export function accuracyIsCurrent(session: Session, accuracy: AccuracyRunner): boolean {
  return accuracy.key === accuracyKey(session.settings);
}

/** One empty list, so that a view without data is not drawn again. */
const none: readonly never[] = [];

/** The true steps of a story, in words. */
function storySteps({ thinking }: Prompt): readonly string[] {
  return thinking.kind === "text" ? thinking.reference.map((step) => step.join(" ")) : [];
}

/** The id of the right answer, where the run has seen it written. */
function answerToken(run: LiveRun | null): number | null {
  const expected = run?.request.expected;
  if (!run || expected === null || expected === undefined) return null;
  for (const step of run.steps) {
    if (bareToken(step.text) === expected && step.token !== null) return step.token;
    const found = step.top.find((t) => bareToken(t.text) === expected);
    if (found) return found.token;
  }
  return null;
}
