/**
 * The steps of one run as a strip: a token is a block, a latent thought is a
 * ring. The shared context is folded into one block that opens on a click.
 */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import type { DecodingMode, Step } from "../../probes/trace.ts";
import { SelectEvent } from "../selection.ts";
import { sharedStyle } from "../theme.ts";
import { holdsInWords, ringLabel, thoughtRing } from "./picture/thought-ring.ts";

@customElement("token-strip")
export class TokenStrip extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      /* Long chains scroll in place; the padding leaves room for the frame of the present step. */
      ol { list-style: none; margin: -4px; padding: 4px; display: flex; flex-wrap: wrap; gap: 4px; align-items: center; min-height: 52px; max-height: 21rem; overflow-y: auto; }
      button { font-family: var(--mono); min-height: 30px; min-width: 30px; padding: 0 7px; border: 1px solid var(--line); border-radius: 5px; background: var(--surface); }
      button.prompt { color: var(--soft); }
      button.thought, button.answer { border-color: var(--mode); color: var(--mode-ink); background: var(--raised); font-weight: 600; }
      button.cue { color: var(--soft); border-style: dashed; font-weight: 400; }
      button.latent { border: 0; background: none; padding: 0; border-radius: 50%; line-height: 0; }
      button.context { color: var(--soft); font-family: var(--sans); }
      button.given { border-width: 2px; }
      button[aria-current="true"] { box-shadow: 0 0 0 2px var(--ground), 0 0 0 4px var(--ink); }
      button.future { opacity: 0.35; }
      button.shared { color: var(--soft); border-color: var(--line); font-weight: 400; }
      button.shared svg { opacity: 0.45; }
      svg { width: 44px; height: 44px; overflow: visible; }
      .ring-ground { fill: none; stroke: var(--line); stroke-width: 6; }
      .slice { fill: var(--mode); }
      .slice-1 { fill-opacity: 0.55; }
      .slice-2 { fill-opacity: 0.3; }
      .slice-3 { fill-opacity: 0.18; }
      .slice { stroke: var(--ground); stroke-width: 1; }
      .slice.whole { stroke: none; }
      .ring-text { text-anchor: middle; font: 600 13px var(--mono); fill: var(--mode-ink); }
      .ring-text.two { font-size: 11px; }
      .ring-text.word { font-size: 8.5px; }
      .answered { display: flex; gap: 4px; align-items: center; }
      .arrow { color: var(--faint); }
      :host([hollow]) .slice { fill: none; stroke: var(--mode); stroke-dasharray: 2 2; }
      @media (pointer: coarse) { button:not(.latent) { min-height: 36px; min-width: 34px; } }
    `,
  ];

  @property({ reflect: true }) mode: DecodingMode = "direct";
  @property({ attribute: false }) steps: readonly Step[] = [];
  /** First step of the question proper. */
  @property({ type: Number }) questionStart = 0;
  /** Index of the last prompt step: step 0. */
  @property({ type: Number }) origin = 0;
  /** Relative step under the cursor, or null. */
  @property({ attribute: false }) cursor: number | null = null;
  /** Whether this strip's mode is the selected one. */
  @property({ type: Boolean }) selected = false;
  /** While playing, steps after the cursor are faint. */
  @property({ type: Boolean }) playing = false;
  @property({ attribute: false }) answer: string | null = null;
  /** Of an altered run: index of the first step that is its own; those before it, the unaltered run's, are faint. */
  @property({ attribute: false }) branch: number | null = null;
  @state() private unfolded = false;

  protected override render(): TemplateResult {
    const first = this.unfolded ? 0 : this.questionStart;
    return html`<ol aria-label="steps">
      ${this.questionStart > 0 ? html`<li><button class="context" aria-expanded=${this.unfolded} @click=${this.fold} title="the shared context, token by token">${this.unfolded ? "fold" : `${this.questionStart} tokens …`}</button></li>` : nothing}
      ${this.steps.slice(first).map((step) => this.step(step))}
      ${this.answer === null ? nothing : html`<li class="answered"><span class="arrow" aria-hidden="true">→</span><button class="answer given" @click=${this.toAnswer} aria-label="answer ${visible(this.answer)}">${visible(this.answer)}</button></li>`}
    </ol>`;
  }

  private step(step: Step): TemplateResult {
    const relative = step.index - this.origin;
    const latent = step.phase === "thought" && step.token === null;
    const kind = latent ? "latent" : step.phase === "answer" ? "cue" : step.phase;
    const future = this.playing && this.cursor !== null && relative > this.cursor ? "future" : this.branch !== null && step.index < this.branch ? "shared" : "";
    const label = latent ? `thought ${relative} ${ringLabel(step.holds ?? [])}, holds ${holdsInWords(step.holds ?? [])}` : `step ${relative}, ${visible(step.text)}`;
    return html`<li>
      <button class="${kind} ${future}" aria-current=${this.cursor === relative ? "true" : "false"} aria-label=${label} title=${label} data-step=${relative} @click=${this.choose} @mouseenter=${this.hover}>
        ${latent ? html`<svg viewBox="-22 -22 44 44" aria-hidden="true">${thoughtRing(step.holds ?? [])}</svg>` : visible(step.text)}
      </button>
    </li>`;
  }

  private fold(): void {
    this.unfolded = !this.unfolded;
  }

  private choose(event: Event): void {
    this.dispatchEvent(new SelectEvent({ mode: this.mode, step: Number((event.currentTarget as HTMLElement).dataset["step"]) }));
  }

  private hover(event: Event): void {
    if (!this.playing) this.choose(event);
  }

  private toAnswer(): void {
    this.dispatchEvent(new SelectEvent({ mode: this.mode, step: this.steps.length - 1 - this.origin }));
  }
}

/** Whitespace made visible. */
function visible(text: string): string {
  if (text === "") return "∅";
  return text.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replace(/^ +| +$/g, (spaces) => "␣".repeat(spaces.length));
}
