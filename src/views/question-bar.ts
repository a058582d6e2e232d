/** Chooses the question: task, difficulty, shots, variant, seed. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { task as findTask } from "../../probes/tasks/index.ts";
import type { Task } from "../../probes/tasks/task.ts";
import { Random } from "../../probes/random.ts";
import { fitToTask, type Settings } from "../settings.ts";
import { sharedStyle } from "../theme.ts";

/** Fired when a setting is changed. */
export class SettingsEvent extends CustomEvent<Partial<Settings>> {
  constructor(detail: Partial<Settings>) {
    super("change-settings", { detail, bubbles: true, composed: true });
  }
}

@customElement("question-bar")
export class QuestionBar extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      form { display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; align-items: center; }
      label { display: flex; align-items: center; gap: 0.4rem; font-size: var(--small); color: var(--soft); }
      select, input, output { color: var(--ink); }
      select { max-width: min(20rem, 62vw); }
      output { min-width: 1.2em; font-weight: 600; font-variant-numeric: tabular-nums; }
      input[type="range"] { width: 96px; }
      input[type="number"] { width: 6.2rem; }
      .seed { display: flex; gap: 0.3rem; align-items: center; }
    `,
  ];

  @property({ attribute: false }) settings!: Settings;
  /** Those that the model can be asked. */
  @property({ attribute: false }) tasks: readonly Task[] = [];
  @property({ type: Boolean }) disabled = false;

  protected override render(): TemplateResult {
    const { settings } = this;
    const task = findTask(settings.task);
    const { difficulty, shots, variants } = task;
    return html`<form @submit=${this.again}>
      <label>task <select name="task" @change=${this.chooseTask}>${this.tasks.map((t) => html`<option value=${t.id} ?selected=${t.id === task.id}>${t.title}</option>`)}</select></label>
      <label>${difficulty.name} <input name="difficulty" type="range" min=${difficulty.minimum} max=${difficulty.maximum} step="1" .value=${live(String(settings.difficulty))} @input=${this.chooseNumber} /><output>${settings.difficulty}</output></label>
      ${shots ? html`<label title="solved questions that the ICL prompt begins with">shots <input name="shots" type="range" min=${shots.minimum} max=${shots.maximum} step="1" .value=${live(String(settings.shots))} @input=${this.chooseNumber} /><output>${settings.shots}</output></label>` : nothing}
      ${variants.length > 1 ? html`<label>rule <select name="variant" @change=${this.chooseVariant}>${variants.map((v) => html`<option value=${v.id} ?selected=${v.id === settings.variant}>${v.title}</option>`)}</select></label>` : nothing}
      <label title="how many times the hidden state is fed back">thoughts <input name="thoughts" type="range" min="0" max=${task.maxThoughts} step="1" .value=${live(String(settings.thoughts ?? this.ownThoughts))} @input=${this.chooseNumber} /><output>${settings.thoughts ?? this.ownThoughts}</output></label>
      <span class="seed"><label>problem <input name="seed" type="number" min="0" max="2147483647" step="1" .value=${String(settings.seed)} @change=${this.chooseNumber} aria-label="problem number, the seed" /></label>
        <button type="submit" title="draw a new problem (key N)">new problem</button></span>
    </form>`;
  }

  /** One thought per hop or level, where the task says so. */
  private get ownThoughts(): number {
    const { settings } = this;
    const task = findTask(settings.task);
    const { seed, difficulty, shots, variant } = fitToTask(settings);
    const thinking = task.prompt(task.draw(seed, { difficulty, shots, variant }), "latent").thinking;
    return thinking.kind === "latent" ? thinking.steps : 0;
  }

  private chooseTask(event: Event): void {
    const next = findTask((event.target as HTMLSelectElement).value);
    this.dispatchEvent(new SettingsEvent({ task: next.id, difficulty: next.difficulty.initial, shots: next.shots?.initial ?? this.settings.shots, variant: next.variants[0]?.id ?? null, thoughts: null }));
  }

  private chooseVariant(event: Event): void {
    this.dispatchEvent(new SettingsEvent({ variant: (event.target as HTMLSelectElement).value }));
  }

  private chooseNumber(event: Event): void {
    const { name, valueAsNumber } = event.target as HTMLInputElement;
    if (!Number.isFinite(valueAsNumber)) return;
    this.dispatchEvent(new SettingsEvent({ [name]: valueAsNumber, ...(name === "difficulty" ? { thoughts: null } : {}) }));
  }

  private again(event: Event): void {
    event.preventDefault();
    this.dispatchEvent(new SettingsEvent({ seed: nextSeed(this.settings.seed) }));
  }
}

/** The next problem: drawn from this one's seed, so that a session can be repeated. */
export function nextSeed(seed: number): number {
  return new Random(seed).integer(100000);
}
