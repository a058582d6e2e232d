/** How often each mode is right on held-out problems, with intervals, so that the picture above is not an anecdote. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { Follow } from "../../follow.ts";
import { wilson } from "../../../probes/statistics/wilson.ts";
import { task as findTask } from "../../../probes/tasks/index.ts";
import type { LoadReport } from "../../../workers/engine.ts";
import { accuracyKey, type AccuracyCount, type AccuracyRunner, firstSeed } from "../../measures/accuracy.ts";
import { isControl } from "../../live-run.ts";
import type { Provenance } from "../../measures/provenance.ts";
import type { Settings } from "../../settings.ts";
import { sharedStyle } from "../../theme.ts";
import { words } from "../../words.ts";
import "./accuracy-chart.ts";
import type { AccuracyRow } from "./accuracy-chart.ts";
import "../panel.ts";
import "../models/progress-bar.ts";

/** Fired to start a run of the panel. */
export class AccuracyEvent extends CustomEvent<null> {
  constructor() {
    super("run-accuracy", { detail: null, bubbles: true, composed: true });
  }
}

@customElement("accuracy-panel")
export class AccuracyPanel extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .controls { display: flex; flex-wrap: wrap; gap: 0.4rem 0.9rem; align-items: center; }
      label { font-size: var(--small); color: var(--soft); display: flex; gap: 0.4rem; align-items: center; }
      input[type="number"] { width: 5.2rem; }
      .error { color: var(--wrong); }
      .empty { padding: 1.5rem 0; }
    `,
  ];

  @property({ attribute: false }) runner!: AccuracyRunner;
  @property({ attribute: false }) settings!: Settings;
  @property({ type: Boolean }) ready = false;
  /** What is known of the model that counts. */
  @property({ attribute: false }) report: LoadReport | null = null;
  protected readonly follow = new Follow(this, () => [this.runner]);

  protected override render(): TemplateResult {
    const { runner, settings } = this;
    const task = findTask(settings.task);
    const current = runner.key === accuracyKey(settings);
    const { done, total } = runner.progress;
    return html`<geo-panel heading="Is this luck? Share of right answers on held-out problems"
        caption=${current && runner.progress.done > 0 ? `${runner.running || runner.progress.done === runner.progress.total ? `${runner.problems} problems` : "stopped early: see the table for how many problems stand"} for each point, the same ones for every mode; bars are 95 % Wilson intervals` : ""}>
      <div slot="controls" class="controls">
        <label>problems <input type="number" name="problems" min="1" max="1000" step="10" .value=${String(runner.problems)} @change=${this.setProblems} /></label>
        <label><input type="checkbox" name="controls" .checked=${runner.withControls} @change=${this.setControls} /> with all controls</label>
        <button @click=${this.run} ?disabled=${!this.ready}>${current && runner.counts.length > 0 ? "run again" : "run"}</button>
        <button @click=${this.run1000} ?disabled=${!this.ready}>run 1000</button>
      </div>
      ${runner.running ? html`<progress-line label="answering held-out problems" .value=${done} .max=${total} @stop=${this.stop}></progress-line>` : nothing}
      ${runner.error === "" ? nothing : html`<p class="error small" role="alert">${runner.error}</p>`}
      ${current && (runner.running || runner.progress.done > 0)
        ? html`<accuracy-chart .rows=${rowsOf(runner.counts)} difficultyName=${task.difficulty.name} .chance=${runner.chance} .selectedDifficulty=${settings.difficulty} .origin=${this.origin}></accuracy-chart>`
        : html`<p class="soft small empty">One question proves nothing. Run ${runner.problems} held-out problems per mode and ${task.difficulty.name} to see how often each way of thinking is right.</p>`}
      <div slot="help">
        <p>Every mode answers the same problems, which nobody saw in training and the page does not offer. A dot is the share of right answers. The bar around it says between which shares the true one plausibly lies.</p>
        <p><b>Formula</b> right / answered; bar: the shares that a score test at 5 % does not reject. <b>Unit</b> share <b>Source</b> Wilson 1927, seeds from ${firstSeed} on</p>
        <p><b>Caution</b> two bars that overlap may still belong to different rates: the problems are the same in all modes. Right means the answer’s text, nothing of how it was found.</p>
      </div>
    </geo-panel>`;
  }

  private readonly origin = (row: AccuracyRow, difficulty: number, answered: number): Provenance => ({
    what: "share of right answers",
    formula: "right / answered; interval: Wilson’s, 95 %",
    unit: "1",
    source: "Wilson 1927",
    help: "",
    caveat: "Problems must be independent; they are drawn by seed.",
    at: `${row.label}, ${difficulty} ${findTask(this.settings.task).difficulty.name}`,
    model: this.report?.spec ?? null,
    engine: this.report?.record ?? null,
    seed: `problems ${firstSeed} and on`,
    n: `${answered} problems`,
  });

  private readonly run = (): void => {
    this.dispatchEvent(new AccuracyEvent());
  };

  private readonly run1000 = (): void => {
    this.runner.problems = 1000;
    this.run();
  };

  private readonly stop = (): void => {
    this.runner.stop();
  };

  private setProblems(event: Event): void {
    const value = Math.round((event.target as HTMLInputElement).valueAsNumber);
    if (value >= 1 && value <= 1000) this.runner.problems = value;
    this.requestUpdate();
  }

  private setControls(event: Event): void {
    this.runner.withControls = (event.target as HTMLInputElement).checked;
    this.run();
  }
}

/** Counts by mode and control, with their intervals, in order of difficulty. */
function rowsOf(counts: readonly AccuracyCount[]): AccuracyRow[] {
  const rows = new Map<string, { row: Omit<AccuracyRow, "cells">; cells: AccuracyRow["cells"][number][] }>();
  for (const { mode, thought, difficulty, correct, answered } of counts) {
    const control = isControl(thought) ? thought : null;
    const key = `${mode} ${thought}`;
    const entry = rows.get(key) ?? { row: { mode, control, label: control ? words.thoughts[control] : thought === "hidden" ? words.modes[mode].name : `${words.modes[mode].name}, ${words.thoughts[thought]}` }, cells: [] };
    const [low, high] = wilson(correct, answered);
    if (answered > 0) entry.cells.push({ difficulty, correct, answered, low, high });
    rows.set(key, entry);
  }
  return [...rows.values()].map(({ row, cells }) => ({ ...row, cells: cells.sort((a, b) => a.difficulty - b.difficulty) }));
}
