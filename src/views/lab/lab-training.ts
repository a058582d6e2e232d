/** One architecture in training: begin, stop, go on, and how the loss falls. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { live } from "lit/directives/live.js";
import { sequenceTasks } from "../../../probes/tasks/sequence/index.ts";
import type { SequenceTask } from "../../../probes/tasks/sequence/sequence-task.ts";
import { wilson } from "../../../probes/statistics/wilson.ts";
import type { Figure, Line } from "../../../workers/claims/claim.ts";
import type { ArchitectureId } from "../../../workers/lab/architecture.ts";
import { recipe } from "../../../workers/lab/lesson.ts";
import { recordedWeights } from "../../../workers/lab/recorded.ts";
import type { LessonResult } from "../../../workers/lab/results.ts";
import { messageOf } from "../../message.ts";
import { formatCount, formatDuration, formatNumber, formatPercent } from "../../format.ts";
import { openWeights, saveWeights } from "../../lab/lab-files.ts";
import type { LabTraining } from "../../lab/lab-training.ts";
import { writeAddress } from "../../places.ts";
import { sharedStyle } from "../../theme.ts";
import "../claims/claim-figure.ts";
import "../panel.ts";
import "../models/progress-bar.ts";

@customElement("lab-training")
export class LabTrainingView extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .bar { display: flex; flex-wrap: wrap; gap: 0.45rem 0.9rem; align-items: center; }
      .bar label { font-size: var(--small); color: var(--soft); display: flex; align-items: center; gap: 0.4rem; }
      input[type="number"] { width: 5rem; }
      .go { background: var(--ink); color: var(--ground); border-color: var(--ink); padding-inline: 1rem; }
      .file { position: relative; }
      .file input { position: absolute; inset: 0; opacity: 0; cursor: pointer; width: 100%; }
      .file:focus-within { outline: 2px solid var(--focus); outline-offset: 2px; }
      .button { border: 1px solid var(--strong); border-radius: 6px; padding: 0.25rem 0.6rem; font-size: var(--small); background: var(--raised); display: inline-block; color: var(--ink); }
      claim-figure { --chart-height: 200px; }
    `,
  ];

  @property({ attribute: false }) training!: LabTraining;
  @property({ attribute: false }) results: readonly LessonResult[] = [];
  @property() architecture!: ArchitectureId;
  @property({ attribute: false }) task!: SequenceTask;
  @property({ type: Number }) revision = 0;
  @state() private seed = 1;
  @state() private notice = "";

  /** Trained weights are there to look at, where it was trained before or they are shipped. */
  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("architecture") && !changed.has("task")) return;
    this.notice = "";
    void this.loadTrained();
  }

  private async loadTrained(): Promise<void> {
    const { training, architecture, task } = this;
    if (training.is(architecture, task.id)) return;
    try {
      await training.leave();
      const kept = training.keptModel(architecture, task.id);
      const file = kept ? null : await recordedWeights(architecture, task.id);
      // Another model was chosen meanwhile, or this one is in training already.
      if (architecture !== this.architecture || task !== this.task || training.is(architecture, task.id)) return;
      if (kept) await training.begin(kept, 0, kept.weights, `as this visit left it, seed ${kept.seed}, ${kept.steps} steps`);
      else if (file) await training.begin(file, 0, file.weights, `recorded on ${file.date}, seed ${file.seed}, ${file.steps} steps`);
      else training.forget();
    } catch (error) {
      this.notice = messageOf(error);
    }
  }

  protected override render(): TemplateResult {
    const { training, architecture, task } = this;
    const ours = training.is(architecture, task.id);
    const status = ours ? training.status : "none";
    const { request, losses, progress } = training;
    const shown = [ours, request, task, architecture, this.recorded];
    const loss = this.figure("loss", [...shown, losses.length], () => this.losses(ours));
    const accuracy = this.figure("accuracy", [...shown, progress.length], () => this.accuracy(ours));
    return html`<geo-panel heading="Does it learn?" caption=${this.caption(ours)}>
      <div class="bar">
        <label>task <select @change=${this.setTask} aria-label="task" ?disabled=${ours && training.busy}>${sequenceTasks.map(({ id, title }) => html`<option value=${id} ?selected=${id === task.id}>${title}</option>`)}</select></label>
        <label>seed <input type="number" step="1" .value=${live(String(this.seed))} @change=${this.setSeed} aria-label="seed" ?disabled=${ours && training.busy} /></label>
        ${ours && training.busy
          ? nothing
          : html`${ours && training.begunFrom === "" && training.step > 0 && training.step < recipe.steps ? html`<button class="go" @click=${this.goOn}>go on</button><button @click=${this.begin}>begin again</button>` : html`<button class="go" @click=${this.begin}>train</button>`}`}
        ${ours && !training.busy && status !== "failed" && status !== "none" ? html`<button @click=${this.save}>save weights</button>` : nothing}
        <label class="file"><span class="button">open weights</span><input type="file" accept=".safetensors" aria-label="open weights" @change=${this.open} /></label>
      </div>
      <p class="small soft">${task.explanation}</p>
      ${status === "starting" ? html`<progress-line label="compiling the first step" .value=${0} .max=${0}></progress-line>` : nothing}
      ${status === "running" ? html`<progress-line label="step" .value=${training.step} .max=${recipe.steps} @stop=${this.stop}></progress-line>` : nothing}
      ${status === "failed" ? html`<p class="small wrong" role="alert">${training.message}</p>` : nothing}
      ${this.notice === "" ? nothing : html`<p class="small wrong" role="alert">${this.notice}</p>`}
      <claim-figure id="loss" .figure=${loss}></claim-figure>
      ${accuracy ? html`<claim-figure id="accuracy" .figure=${accuracy}></claim-figure>` : nothing}
      <div slot="help">
        <p>AdamW on ${recipe.batch} sequences a step, ${recipe.steps} steps: the learning rate rises to ${recipe.rate} in ${recipe.warmup} steps and falls along half a cosine. Loss is the mean cross-entropy of every token that is asked for, in nats, averaged over 10 steps. Every 100 steps the model is examined on 100 problems of the table’s difficulty.</p>
        <p><b>Caution</b> The same seed gives the same run, here and in the record, to the rounding of float32. A stopped run goes on as if it had not been stopped. Weights that were opened or recorded are there to be looked at; “train” begins anew, from the seed.</p>
      </div>
    </geo-panel>`;
  }

  private caption(ours: boolean): string {
    const { training } = this;
    if (!ours || training.status === "none") return "not trained in this tab yet";
    if (training.status === "starting") return "starting";
    const last = training.losses.at(-1)?.[1];
    const from = training.begunFrom === "" ? `seed ${training.request!.seed}` : training.begunFrom;
    if (training.step === 0) return `${from}, ${formatCount(training.parameters)} parameters`;
    const examined = training.progress.at(-1);
    const parts = [from, `step ${training.step} of ${recipe.steps}`, formatDuration(training.seconds)];
    if (last !== undefined) parts.push(`loss ${formatNumber(last)} nats`);
    if (examined) parts.push(`${formatPercent(examined.correct / examined.of)} right`);
    return parts.join(" · ");
  }

  private get recorded(): LessonResult | undefined {
    return this.results.find((result) => result.architecture === this.architecture && result.task === this.task.id);
  }

  /** A figure again as long as what it is made of has not changed: a chart is drawn for a new one. */
  private figure<F extends Figure | null>(name: string, made: readonly unknown[], make: () => F): F {
    const known = this.figures.get(name);
    if (known?.made.every((part, i) => part === made[i])) return known.figure as F;
    const figure = make();
    this.figures.set(name, { made, figure });
    return figure;
  }
  private readonly figures = new Map<string, { readonly made: readonly unknown[]; readonly figure: Figure | null }>();

  private losses(ours: boolean): Figure {
    const { training, recorded } = this;
    const line = (name: string, losses: LessonResult["losses"]): Line => ({ name, x: losses.map(([step]) => step), y: losses.map(([, loss]) => loss) });
    const lines: Line[] = [];
    if (ours && training.losses.length > 0) lines.push(line("this training", training.losses));
    if (recorded) lines.push(line(`recorded, seed ${recorded.seed}`, recorded.losses));
    return { kind: "lines", title: "training loss", x: { label: "step", unit: "" }, y: { label: "loss", unit: "nats" }, lines };
  }

  /** Null before the first examination, where none is recorded. */
  private accuracy(ours: boolean): Figure | null {
    const { training, recorded, task } = this;
    const line = (name: string, progress: LessonResult["progress"]): Line => ({
      name,
      x: progress.map(({ step }) => step),
      y: progress.map(({ correct, of }) => correct / of),
      low: progress.map(({ correct, of }) => wilson(correct, of)[0]),
      high: progress.map(({ correct, of }) => wilson(correct, of)[1]),
    });
    const lines: Line[] = [];
    if (ours && training.progress.length > 0) lines.push(line("this training", training.progress));
    if (recorded) lines.push(line(`recorded, seed ${recorded.seed}`, recorded.progress));
    const { initial, name } = task.difficulty;
    const { chance } = task.draw(0, { difficulty: initial, shots: 0, variant: null });
    if (lines.length === 0) return null;
    lines.push({ name: "chance", role: "theory", x: [0, recipe.steps], y: [chance, chance] });
    return { kind: "lines", title: `share right, ${initial} ${name}`, x: { label: "step", unit: "" }, y: { label: `share right, ${initial} ${name}`, unit: "" }, lines };
  }

  // ——— events ———

  private setTask(event: Event): void {
    location.hash = writeAddress({ place: "lab", path: [this.architecture], query: new URLSearchParams({ task: (event.target as HTMLSelectElement).value }) });
  }

  private setSeed(event: Event): void {
    const { valueAsNumber } = event.target as HTMLInputElement;
    if (Number.isSafeInteger(valueAsNumber)) this.seed = valueAsNumber;
    this.requestUpdate();
  }

  private begin(): void {
    this.notice = "";
    const { architecture, task, seed } = this;
    void this.training.begin({ architecture, task: task.id, seed }, recipe.steps);
  }

  private goOn(): void {
    void this.training.goOn(recipe.steps);
  }

  private stop(): void {
    this.training.stop();
  }

  private async save(): Promise<void> {
    const { request, step } = this.training;
    if (!request) return;
    try {
      saveWeights({ ...request, steps: step, date: new Date().toISOString().slice(0, 10), weights: await this.training.weights() });
    } catch (error) {
      this.notice = messageOf(error);
    }
  }

  private async open(event: Event): Promise<void> {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = "";
    if (!file) return;
    this.notice = "";
    try {
      const read = await openWeights(file);
      await this.training.leave();
      this.training.remember(read);
      const begun = this.training.begin(read, 0, read.weights, `${file.name}, seed ${read.seed}, ${read.steps} steps`);
      if (read.architecture !== this.architecture || read.task !== this.task.id) {
        location.hash = writeAddress({ place: "lab", path: [read.architecture], query: new URLSearchParams({ task: read.task }) });
      }
      await begun;
    } catch (error) {
      this.notice = messageOf(error);
    }
  }
}
