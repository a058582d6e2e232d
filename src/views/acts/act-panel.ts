/** Acting on a run: what can be done at the selected step, what was done, and what came of it. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { Follow } from "../../follow.ts";
import { probe as findProbe } from "../../../probes/index.ts";
import { tokenTexts } from "../../../probes/lens/lens-grid.ts";
import type { Answer } from "../../../probes/trace.ts";
import { type Act, actInWords } from "../../acts/act.ts";
import { type ActSizes, type OfferGroup, offersAt } from "../../acts/act-offers.ts";
import { type Acts, actsOf } from "../../acts/acts.ts";
import { formatNumber } from "../../format.ts";
import type { LiveRun } from "../../live-run.ts";
import { originOf } from "../../selection.ts";
import type { Session } from "../../session.ts";
import { figure, figureStyle, ofProbe, type Provenance } from "../../measures/provenance.ts";
import { sharedStyle } from "../../theme.ts";
import { words } from "../../words.ts";
import { changeInWords } from "../mode-column.ts";
import "../panel.ts";
import "../token-strip.ts";

@customElement("act-panel")
export class ActPanel extends LitElement {
  static override styles = [
    sharedStyle,
    figureStyle,
    css`
      .halves { display: grid; grid-template-columns: minmax(0, 1.15fr) minmax(0, 1fr); gap: 1rem 2.2rem; }
      .offers, .done { display: flex; flex-direction: column; gap: 0.8rem; min-width: 0; align-items: flex-start; }
      .group { border: 0; padding: 0; margin: 0; min-width: 0; }
      legend, h3 { padding: 0; font-size: var(--small); font-weight: 600; margin-bottom: 0.4rem; }
      .chips { display: flex; flex-wrap: wrap; gap: 0.35rem; }
      .chips button { border-radius: 999px; text-align: left; }
      .sizes { display: flex; flex-wrap: wrap; gap: 0.4rem 1.1rem; border-top: 1px solid var(--line); padding-top: 0.7rem; width: 100%; }
      .sizes label { display: flex; gap: 0.4rem; align-items: center; font-size: var(--small); color: var(--soft); }
      .sizes input { width: 4.6rem; color: var(--ink); }
      .sizes .wide { width: 6.4rem; }
      ol { margin: 0; padding-left: 1.3rem; font-size: var(--small); width: 100%; }
      li { padding: 0.1rem 0; }
      li button { border: 0; background: none; min-height: 1.5rem; padding: 0 0.4rem; color: var(--soft); }
      .buttons { display: flex; flex-wrap: wrap; gap: 0.4rem; }
      .change { font-size: var(--large); font-weight: 600; line-height: 1.3; }
      .verdict { font-weight: 600; }
      .answer { font-family: var(--mono); font-weight: 600; }
      token-strip { width: 100%; }
      .error { color: var(--wrong); overflow-wrap: anywhere; }
      @media (max-width: 900px) { .halves { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];

  @property({ attribute: false }) session!: Session;
  protected readonly follow = new Follow(this, () => [this.acts, this.session]);
  @state() private sizes: ActSizes | null = null;
  private acts!: Acts;

  override connectedCallback(): void {
    this.acts = actsOf(this.session);
    super.connectedCallback();
  }

  /** The first thing that can be done gets the keyboard. */
  override focus(options?: FocusOptions): void {
    this.renderRoot.querySelector<HTMLButtonElement>(".chips button")?.focus(options);
  }

  private get chosen(): ActSizes {
    const { settings } = this.session;
    return this.sizes ?? { sigma: 0.5, kept: 2, scale: 1, other: (settings.seed + 1) % 2 ** 31 };
  }

  protected override render(): TemplateResult {
    const { session, acts } = this;
    const { mode } = session.settings.selection;
    const list = acts.list;
    return html`<geo-panel heading="What if a step were different?" caption="select a step and a layer above, then choose; the rest of the run is computed anew from there">
      <div class="halves">
        <div class="offers">${this.offers()}</div>
        <div class="done" aria-live="polite">
          ${list || acts.error !== "" || acts.canUndo
            ? html`<h3>${list ? `Done to ${words.modes[list.mode].name}` : "Nothing is done to the run"}</h3>
                ${list ? this.list(list.acts) : nothing}
                ${acts.error === "" ? nothing : html`<p class="error small" role="alert">${acts.error}</p>`}
                ${this.outcome()}
                <div class="buttons">
                  <button @click=${this.undo} ?disabled=${!acts.canUndo}>undo</button>
                  <button @click=${this.clear} ?disabled=${session.settings.acts === ""}>clear</button>
                  ${acts.running ? html`<button @click=${this.stop}>stop</button>` : nothing}
                </div>`
            : html`<p class="soft small">Nothing is done to the ${words.modes[mode].name} run yet. What you choose is put here, with what it does to the answer; several things can be done to one run.</p>`}
        </div>
      </div>
      <div slot="help">
        <p>An intervention: one thing is changed inside a run, and the model goes on from there. If the answer survives, it did not depend on what was changed.</p>
        <p><b>Replace</b> the vector that is fed in becomes another. <b>Leave out, repeat, swap</b> the thoughts of the unaltered run are played back in another order. <b>Push</b> so much of the way to another vector is added (activation addition, Turner et al. 2023). <b>Patch</b> the residual stream at one step and layer becomes that of another run (Vig et al. 2020; Meng et al. 2022).</p>
        <p><b>Caution</b> a vector from elsewhere may lie where the model never goes, and then the answer changes for no reason of its own: compare with a random vector of the same norm, and count over many problems below.</p>
      </div>
    </geo-panel>`;
  }

  // ——— what can be done ———

  private offers(): TemplateResult {
    const { session } = this;
    const { selection } = session.settings;
    const run = session.selectedRun;
    if (!run?.trace) return html`<p class="soft small">There is no finished ${words.modes[selection.mode].name} run to act on.</p>`;
    if (run.openedFrom !== null) return html`<p class="soft small">This run came from a file: run the question again to act on it.</p>`;
    const others = session.activeRuns.filter((other) => other.trace && !other.isControl && !other.isAltered);
    const groups = offersAt(run, selection, this.chosen, others, session.report?.tap.residuals ?? false);
    if (groups.length === 0 && run.steps[originOf(run) + selection.step]) return html`<p class="soft small">This engine does not reach inside this model${session.report?.tap.reason ? `: ${session.report.tap.reason}` : ""}. Select a step of its thinking.</p>`;
    if (groups.length === 0) return html`<p class="soft small">The ${words.modes[selection.mode].name} run has no step ${formatNumber(selection.step)}: select one that it has.</p>`;
    return html`${groups.map((group) => this.group(group))}
      <div class="sizes">
        <label title="size of the noise, over the thought’s norm">noise <input name="sigma" type="number" min="0" max="100" step="0.1" .value=${String(this.chosen.sigma)} @change=${this.size} /></label>
        <label title="tokens in a mixture">mixture of <input name="kept" type="number" min="1" max="64" step="1" .value=${String(this.chosen.kept)} @change=${this.size} /></label>
        <label title="1 goes all the way, 0.5 half of it, −1 as far the other way">push × <input name="scale" type="number" min="-100" max="100" step="0.25" .value=${String(this.chosen.scale)} @change=${this.size} /></label>
        ${run.request.problem ? html`<label title="the problem whose run vectors are taken from">other problem <input class="wide" name="other" type="number" min="0" max="2147483647" step="1" .value=${String(this.chosen.other)} @change=${this.size} /></label>` : nothing}
      </div>`;
  }

  private group({ heading, offers }: OfferGroup): TemplateResult {
    const { mode } = this.session.settings.selection;
    return html`<fieldset class="group"><legend>${heading} …</legend>
      <div class="chips">${offers.map(({ label, act }) => html`<button @click=${() => this.toggle(act)} aria-pressed=${this.acts.has(mode, act)}>${label}</button>`)}</div>
    </fieldset>`;
  }

  private toggle(act: Act): void {
    const { mode } = this.session.settings.selection;
    if (this.acts.has(mode, act)) this.acts.remove(act);
    else this.acts.add(mode, act);
  }

  private size(event: Event): void {
    const { name, valueAsNumber, min, max } = event.target as HTMLInputElement;
    const whole = name === "kept" || name === "other";
    if (valueAsNumber >= Number(min) && valueAsNumber <= Number(max)) this.sizes = { ...this.chosen, [name]: whole ? Math.round(valueAsNumber) : valueAsNumber };
  }

  // ——— what was done ———

  private list(acts: readonly Act[]): TemplateResult {
    const texts = new Map<number, string>([...tokenTextsOf(this.acts.original), ...tokenTextsOf(this.acts.altered)]);
    const tokenText = (token: number): string => texts.get(token) ?? `#${token}`;
    return html`<ol>${acts.map((act) => {
      const said = actInWords(act, tokenText);
      return html`<li>${said}<button @click=${() => this.acts.remove(act)} aria-label="take back: ${said}" title="take back">✕</button></li>`;
    })}</ol>`;
  }

  private outcome(): TemplateResult | typeof nothing {
    const { acts } = this;
    const { original, altered } = acts;
    if (acts.running) return html`<p class="soft small">running …</p>`;
    if (!original?.answer || !altered?.trace?.answer) return nothing;
    const { trace } = altered;
    const branch = trace.branch ?? null;
    const origin = originOf(altered);
    return html`
      <p class="change number">${figure(changeInWords(original.answer, trace.answer), () => this.provenance(original, altered))}</p>
      <p class="small">answer <span class="answer">${shown(original.answer)}</span> → <span class="answer">${shown(trace.answer)}</span> ${verdict(trace.answer)}
        <span class="soft">${branch === null ? "· nothing came of it: the run never got there" : branch - origin > 1 ? `· the same up to step ${branch - 1 - origin}` : ""}</span></p>
      <token-strip .mode=${altered.mode} hollow .steps=${altered.steps} .questionStart=${altered.questionStart()} .origin=${origin} .branch=${branch} .cursor=${this.session.settings.selection.step} .answer=${trace.answer.text}></token-strip>`;
  }

  private provenance(original: LiveRun, { request }: LiveRun): Provenance {
    const { trace } = original;
    const { difficulty, seed } = this.session.settings;
    return {
      ...ofProbe(findProbe("answer-probability"), {
        at: `where the answer is asked for, ${words.modes[original.mode].name}${request.problem ? `, ${request.problem.task} ${difficulty}` : ""}`,
        model: trace?.model ?? null,
        engine: trace?.engine ?? null,
        seed: String(seed),
        n: "1 run, unaltered → altered",
      }),
      what: "probability of the right answer, unaltered → altered",
    };
  }

  private readonly undo = (): void => this.acts.undo();
  private readonly clear = (): void => this.acts.clear();
  private readonly stop = (): void => this.acts.stop();
}

function verdict({ correct, expected }: Answer): TemplateResult | typeof nothing {
  if (correct === null) return nothing;
  return correct ? html`<span class="verdict right">✓ right</span>` : html`<span class="verdict wrong">✗ wrong</span> <span class="soft">should be ${expected}</span>`;
}

function shown({ text }: Answer): string {
  return text === "" ? "∅" : text;
}

function tokenTextsOf(run: LiveRun | null): ReadonlyMap<number, string> {
  return run?.trace ? tokenTexts(run.trace) : new Map();
}
