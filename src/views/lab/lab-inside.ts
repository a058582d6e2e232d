/** What a lab model keeps and decides while it reads one problem: its gates, states, patterns, live while it trains. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { SequenceTask } from "../../../probes/tasks/sequence/sequence-task.ts";
import type { Look } from "../../../workers/lab/lab-service.ts";
import { testProblem } from "../../../workers/lab/batches.ts";
import type { ArchitectureId } from "../../../workers/lab/architecture.ts";
import { formatPercent } from "../../format.ts";
import type { LabTraining } from "../../lab/lab-training.ts";
import { sharedStyle } from "../../theme.ts";
import "./inner-state.ts";
import "../panel.ts";

@customElement("lab-inside")
export class LabInside extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.9rem; }
      h2 { font-size: var(--large); letter-spacing: -0.01em; margin-top: 0.4rem; }
      .bar { display: flex; flex-wrap: wrap; gap: 0.45rem 0.9rem; align-items: center; }
      .bar label { font-size: var(--small); color: var(--soft); display: flex; align-items: center; gap: 0.4rem; }
      .problem { overflow-wrap: anywhere; }
      .problem code { font-family: var(--mono); font-size: var(--small); }
      .panels { display: grid; align-items: start; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.9rem; }
      .panels.three { grid-template-columns: repeat(3, minmax(0, 1fr)); }
      .panels .whole { grid-column: 1 / -1; }
      @media (max-width: 1000px) { .panels.three { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
      @media (max-width: 760px) { .panels, .panels.three { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];

  @property({ attribute: false }) training!: LabTraining;
  @property() architecture!: ArchitectureId;
  @property({ attribute: false }) task!: SequenceTask;
  @property({ type: Number }) revision = 0;

  protected override render(): TemplateResult {
    const { training, task, architecture } = this;
    const look = training.is(architecture, task.id) ? training.look : null;
    if (!look) return html`<h2>What does it keep?</h2><p class="soft">Train it, or open weights: then its inner state on a problem stands here, and changes as it learns.</p>`;
    const { trace, inner } = look;
    const { minimum, maximum, name } = task.difficulty;
    const problem = testProblem(task, training.difficulty, training.problem);
    const { answer } = trace;
    const tokens = this.tokensOf(look);
    // A block of three states has a row, or two where one of them is a pattern, which is drawn for each head.
    const three = inner.filter(({ layer }) => layer === 1).length === 3;
    const patterned = inner.some(({ kind }) => kind === "pattern");
    return html`<h2>What does it keep?</h2>
      <div class="bar">
        <label>${name} <select @change=${this.setDifficulty} aria-label=${name}>${Array.from({ length: maximum - minimum + 1 }, (_, i) => minimum + i).map((d) => html`<option value=${d} ?selected=${d === training.difficulty}>${d}</option>`)}</select></label>
        <label>problem <button @click=${this.another} aria-label="${training.problem}, take another problem">${training.problem} ⟳</button></label>
        <span class="number" id="said"><b class=${answer.correct ? "right" : "wrong"}>it says ${answer.text} ${answer.correct ? "✓" : `✗, right is ${answer.expected}`}</b> <span class="soft">${answer.expectedLogprob === null ? nothing : html`p(right) ${formatPercent(Math.exp(answer.expectedLogprob))}`}</span></span>
      </div>
      <p class="problem soft">${task.sentence(problem)} It reads <code>${tokens.join(" ")}</code></p>
      <div class="panels ${three && !patterned ? "three" : ""}">${inner.map((state) => html`<geo-panel class=${three && state.kind === "pattern" ? "whole" : ""} heading=${state.title} caption="block ${state.layer}" compact><inner-state .state=${state} .tokens=${tokens}></inner-state></geo-panel>`)}</div>`;
  }

  /** The same array for the same look, so that pictures are drawn again for another one only. */
  private tokensOf(look: Look): readonly string[] {
    if (look !== this.read?.look) this.read = { look, tokens: look.trace.steps.map(({ text }) => text) };
    return this.read.tokens;
  }
  private read: { readonly look: Look; readonly tokens: readonly string[] } | null = null;

  private setDifficulty(event: Event): void {
    this.training.choose({ difficulty: Number((event.target as HTMLSelectElement).value) });
  }

  private another(): void {
    this.training.choose({ problem: (this.training.problem + 1) % 1000 });
  }
}
