/** The same act on many held-out problems: where a run keeps what it needs, and how much it bears. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Follow } from "../../follow.ts";
import { task as findTask } from "../../../probes/tasks/index.ts";
import type { SweepCell } from "../../../workers/engine.ts";
import { formatPercent } from "../../format.ts";
import { firstSeed } from "../../measures/accuracy.ts";
import type { Provenance } from "../../measures/provenance.ts";
import { SelectEvent } from "../../selection.ts";
import type { Session } from "../../session.ts";
import { planOf, type SweepKind, sweepKinds, type SweepPlan } from "../../acts/sweep-plan.ts";
import { sweepKey, SweepRunner } from "../../acts/sweeps.ts";
import { sharedStyle } from "../../theme.ts";
import { words } from "../../words.ts";
import "../heat-map.ts";
import type { CellEvent, CellNumber, HeatCell, HeatOrigin } from "../heat-map.ts";
import "../panel.ts";
import "../models/progress-bar.ts";
import "./sweep-chart.ts";

const kindWords: Readonly<Record<SweepKind, string>> = {
  patch: "each step and layer patched from another problem",
  thoughts: "each thought replaced",
  noise: "noise on every thought",
  truncate: "the chain cut after each token",
  corrupt: "each token of the chain made wrong",
};

const numberWords: Readonly<Record<CellNumber, Pick<Provenance, "what" | "formula" | "unit" | "source" | "help" | "caveat">>> = {
  rate: { what: "share of right answers, one thing altered", formula: "right / answered", unit: "1", source: "interval: Wilson 1927", help: "The same problems are run again with one thing altered, and this is how often the answer is still right. Where it falls, what the model needs lay there at that moment. At the level of chance nothing of it is left.", caveat: "Of a hundred cells some fall by chance. An answer that survives does not prove that nothing was there: the same may stand elsewhere too." },
  change: { what: "mean change of ln p(answer)", formula: "mean over problems of ln p(answer), altered less unaltered", unit: "nats", source: "interval: Student 1908", help: "How much the probability of the right answer changes, on a scale where halving is −0.69. 0 is no change. It shows what the share of right answers hides: an answer may stay right and be less sure.", caveat: "A few problems whose answer is lost altogether decide the mean; read the share beside it." },
};

const known = new WeakMap<Session, SweepRunner>();

@customElement("sweep-panel")
export class SweepPanel extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .controls { display: flex; flex-wrap: wrap; gap: 0.4rem 0.9rem; align-items: center; }
      label { font-size: var(--small); color: var(--soft); display: flex; gap: 0.4rem; align-items: center; min-width: 0; }
      select { max-width: min(22rem, 62vw); color: var(--ink); }
      input { width: 4.8rem; color: var(--ink); }
      .error { color: var(--wrong); overflow-wrap: anywhere; }
    `,
  ];

  @property({ attribute: false }) session!: Session;
  @state() private kind: SweepKind = "patch";
  private runner!: SweepRunner;

  protected readonly follow = new Follow(this, () => [this.runner, this.session], () => {
    this.runner.follow(this.session.settings.model);
    // Another question: what was being counted no longer belongs to it.
    if (this.runner.running && this.runner.key !== sweepKey(this.session)) this.runner.stop();
  });

  override connectedCallback(): void {
    this.runner = known.get(this.session) ?? new SweepRunner();
    known.set(this.session, this.runner);
    super.connectedCallback();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.runner.stop();
  }

  protected override render(): TemplateResult {
    const { session, runner } = this;
    const { mode } = session.settings.selection;
    const kinds = sweepKinds(mode, session.report?.tap.residuals ?? true);
    const kind = kinds.includes(this.kind) ? this.kind : (kinds[0] ?? "patch");
    const current = runner.plan !== null && runner.key === sweepKey(session);
    const { done, total } = runner.progress;
    const able = session.load.status === "ready" && !session.running && kinds.length > 0 && planOf(session, kind) !== null;
    return html`<geo-panel heading="And on other problems? The same, at every place" caption=${current ? this.caption(runner.plan!) : ""}>
      <div slot="controls" class="controls">
        <label>${words.modes[mode].name}: <select name="sweep" @change=${this.choose} aria-label="what is swept">${kinds.map((one) => html`<option value=${one} ?selected=${one === kind}>${kindWords[one]}</option>`)}</select></label>
        <label>problems <input name="sweep-problems" type="number" min="1" max="500" step="10" .value=${String(runner.problems)} @change=${this.setProblems} /></label>
        <button @click=${() => void runner.run(session, kind)} ?disabled=${!able}>run</button>
      </div>
      ${runner.running ? html`<progress-line label="answering altered problems" .value=${done} .max=${total} @stop=${this.stop}></progress-line>` : nothing}
      ${runner.error === "" ? nothing : html`<p class="error small" role="alert">${runner.error}</p>`}
      ${current && done > 0 ? this.result(runner.plan!) : html`<p class="soft small">One run is an anecdote. Do the same to ${runner.problems} held-out problems, at every place in turn, and see where the answer hangs: each cell says how often it is still right.</p>`}
      <div slot="help">
        <p>Each cell repeats the same problems with one thing altered. Where the share of right answers falls, what the model needs lay there at that moment.</p>
        <p><b>Patch</b> the residual stream becomes that of the run on another problem (interchange, Vig et al. 2020; Geiger et al. 2021). <b>Unit</b> share of right answers, and the mean change of ln p(answer) in nats, each with its 95 % interval (Wilson 1927; Student 1908). <b>Problems</b> held out: none of the seeds that the page offers.</p>
        <p><b>Caution</b> the intervals are of one cell each: of a hundred cells some lie apart by chance. An answer that survives does not prove that nothing was there: the same may stand elsewhere too. Patches from another problem lie where the model goes; zeros and noise may not.</p>
      </div>
    </geo-panel>`;
  }

  private caption({ mode, kind }: SweepPlan): string {
    const { unaltered } = this.runner;
    const of = unaltered && unaltered.answered > 0 ? `; unaltered ${formatPercent(unaltered.correct / unaltered.answered)} (95 % interval ${formatPercent(unaltered.low)} to ${formatPercent(unaltered.high)}), n = ${unaltered.answered}` : "";
    return `${words.modes[mode].name}, ${kindWords[kind]}${of}`;
  }

  private result(plan: SweepPlan): TemplateResult {
    const { runner, session } = this;
    const cells = runner.cells.map((cell, i) => cell && heatCell(cell, plan, i));
    const unaltered = runner.unaltered && runner.unaltered.answered > 0 ? { ...runner.unaltered, rate: runner.unaltered.correct / runner.unaltered.answered } : null;
    const heading = `share of right answers, ${words.modes[plan.mode].name}, ${kindWords[plan.kind]}`;
    if (!plan.rows) {
      return html`<sweep-chart heading=${heading} .mode=${plan.mode} .labels=${plan.columns.labels} axisTitle=${plan.columns.title} .cells=${cells} .unaltered=${unaltered} .chance=${runner.chance} .provenance=${this.provenance}></sweep-chart>`;
    }
    const { selection } = session.settings;
    const [column, row] = [plan.columns.values.indexOf(selection.step), plan.kind === "patch" ? plan.rows.values.indexOf(selection.layer) : -1];
    return html`<heat-map heading=${heading} .mode=${plan.mode} .columns=${plan.columns.labels} columnTitle=${plan.columns.title} .rows=${plan.rows.labels} .cells=${cells} .unaltered=${unaltered} .chance=${runner.chance}
      .selected=${column >= 0 && row >= 0 ? [column, row] : null} .provenance=${this.provenance} @choose-cell=${this.chooseCell}></heat-map>`;
  }

  private readonly provenance: HeatOrigin = ({ done, answered }, number) => {
    const { session: { settings, report } } = this;
    const { title, difficulty } = findTask(settings.task);
    return {
      ...numberWords[number],
      at: `${done}; ${title}, ${settings.difficulty} ${difficulty.name}`,
      model: report?.spec ?? null,
      engine: report?.record ?? null,
      seed: `problems from ${firstSeed} on; noise and other problems drawn with each problem’s seed`,
      n: `${answered} problems`,
    };
  };

  private readonly stop = (): void => this.runner.stop();

  /** The page goes where the cell is: there one can do the same to the run on screen. */
  private readonly chooseCell = ({ detail: { column, row } }: CellEvent): void => {
    const { plan } = this.runner;
    if (!plan?.rows) return;
    this.dispatchEvent(new SelectEvent({ mode: plan.mode, step: plan.columns.values[column]!, ...(plan.kind === "patch" ? { layer: plan.rows.values[row]! } : {}) }));
  };

  private choose(event: Event): void {
    this.kind = (event.target as HTMLSelectElement).value as SweepKind;
  }

  private setProblems(event: Event): void {
    const value = Math.round((event.target as HTMLInputElement).valueAsNumber);
    if (value >= 1 && value <= 500) this.runner.problems = value;
    this.requestUpdate();
  }
}

function heatCell(cell: SweepCell, plan: SweepPlan, index: number): HeatCell {
  const rows = plan.rows?.values.length ?? 1;
  return { ...cell, done: plan.done(Math.floor(index / rows), index % rows) };
}
