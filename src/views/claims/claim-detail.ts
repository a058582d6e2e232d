/**
 * One claim: the essay's sentence, what literature expects, what was measured,
 * the verdict and the rule behind it, and how to make it come out otherwise.
 */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { type Judgement, thresholdsOf } from "../../../workers/claims/claim.ts";
import type { ClaimRecord, JudgedRun } from "../../../workers/claims/service.ts";
import { type ClaimAddress, type ClaimView, readClaimAddress, readSeeds, writeClaimAddress } from "../../claims/claim-address.ts";
import { csvFile, download, jsonFile } from "../../claims/claim-files.ts";
import { systems, verdictWords } from "../../claims/claim-words.ts";
import type { Claims } from "../../claims/claims.ts";
import { formatDuration, formatMoment } from "../../format.ts";
import { type Address, writeAddress } from "../../places.ts";
import { sharedStyle } from "../../theme.ts";
import { claimDetailStyle } from "./claim-detail.style.ts";
import "./claim-figure.ts";
import "./claim-numbers.ts";
import type { NumbersColumn } from "./claim-numbers.ts";
import "../panel.ts";
import { prose } from "../prose.ts";
import "../models/progress-bar.ts";
import "./threshold-editor.ts";
import type { ThresholdsEvent } from "./threshold-editor.ts";
import { verdictMark, verdictShape, verdictStyle } from "./verdict-mark.ts";

/** A claim as short as this runs by itself where it has not run here, s. */
const runsByItself = 25;

@customElement("claim-detail")
export class ClaimDetail extends LitElement {
  static override styles = [sharedStyle, verdictStyle, claimDetailStyle];

  @property({ attribute: false }) claims!: Claims;
  @property({ attribute: false }) record!: ClaimRecord;
  @property({ attribute: false }) address!: Address;
  /** Changes with the claims' state. */
  @property({ type: Number }) revision = 0;
  @state() private asked: ClaimAddress = { id: "", seeds: null, thresholds: {}, view: null };
  /** What the rule says under a reader's thresholds, and of which run. */
  @state() private anew: { readonly run: JudgedRun["run"]; readonly thresholds: ClaimAddress["thresholds"]; readonly judgement: Judgement | null; readonly error: string } | null = null;
  @state() private note = "";

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("address") || changed.has("record")) {
      this.asked = readClaimAddress(this.address, this.record);
      void this.claims.askRecorded(this.record.id).then(() => this.runByItself());
    }
    this.judgeAnew();
  }

  /** A reader came to see what comes out: what takes seconds need not be asked for. */
  private runByItself(): void {
    const { claims, record: { id, seconds } } = this;
    if (!this.isConnected || claims.running || claims.errors.has(id) || seconds > runsByItself) return;
    if (!this.askedRun()) this.begin(false);
  }

  /** This browser's run, where it has the seeds that the address asks for. */
  private askedRun(): JudgedRun | null {
    const found = this.claims.live.get(this.record.id) ?? null;
    const { seeds } = this.asked;
    return found && seeds && found.run.seeds.join() !== seeds.join() ? null : found;
  }

  private runs(): Readonly<Record<ClaimView, JudgedRun | null>> {
    const { id } = this.record;
    return { live: this.askedRun(), recorded: this.claims.recorded.get(id) ?? null, sabotaged: this.claims.sabotaged.get(id) ?? null };
  }

  /** What is looked at: what was asked for where it is there, else what is. */
  private get view(): ClaimView {
    const runs = this.runs();
    const { view } = this.asked;
    if (view && runs[view]) return view;
    return runs.live || !runs.recorded ? "live" : "recorded";
  }

  private judgeAnew(): void {
    const { thresholds } = this.asked;
    const shown = this.runs()[this.view];
    if (!shown || Object.keys(thresholds).length === 0) {
      this.anew = null;
      return;
    }
    if (this.anew?.run === shown.run && this.anew.thresholds === thresholds) return;
    const { run } = shown;
    this.anew = { run, thresholds, judgement: null, error: "" };
    const tell = (judgement: Judgement | null, error: string): void => {
      if (this.anew?.run === run && this.anew.thresholds === thresholds) this.anew = { run, thresholds, judgement, error };
    };
    this.claims.judge(this.record.id, run, thresholds).then((judgement) => tell(judgement, ""), (error: Error) => tell(null, error.message));
  }

  // ——— what is on the page ———

  protected override render(): TemplateResult {
    const { record } = this;
    const shown = this.runs()[this.view];
    return html`<article>
      ${this.way()}
      <h2 class="question">${record.title}</h2>
      <blockquote><p lang="zh" class="zh">${record.statement.zh}</p><p class="en">${record.statement.en}</p><footer class="small soft">the essay, on ${systems[record.system].name}</footer></blockquote>
      ${this.views()}
      <div class=${this.view === "sabotaged" ? "result spoiled" : "result"}>
        ${this.view === "sabotaged" ? html`<p class="stamp">✂ Sabotaged on purpose: ${prose(lower(record.sabotage.what))} This is no result; it shows that the verdict hangs on the model.</p>` : nothing}
        ${this.verdict(shown)}
        <div class="pair">
          <div class="pictures">${shown ? html`${this.figures(shown)}${this.numbers()}` : this.placeholder()}</div>
          <aside>
            <section><h3>What literature expects</h3>
              <p>${verdictMark(record.expectation.verdict, { expected: true })}</p>
              <p class="small">${prose(record.expectation.text)}</p>
              <ul class="sources small">${record.expectation.sources.map(({ text, recalled }) => html`<li>${prose(text)}${recalled ? html` <span class="recalled" title="written from memory; look it up before you rely on it">recalled, not looked up</span>` : nothing}</li>`)}</ul>
            </section>
            <section><h3>The rule, fixed before the run</h3>
              <threshold-editor .record=${record} .changed=${this.asked.thresholds} @change-thresholds=${this.changeThresholds}></threshold-editor>
            </section>
            ${this.breaking()}
          </aside>
        </div>
      </div>
      ${this.explanations()}
    </article>`;
  }

  private way(): TemplateResult {
    const { record } = this;
    const all = this.claims.records ?? [];
    const at = all.findIndex(({ id }) => id === record.id);
    const link = (target: ClaimRecord | undefined, text: (id: string) => string, label: string): TemplateResult | typeof nothing =>
      target ? html`<a href=${writeAddress({ place: "claims", path: [target.id] })} aria-label="${label}: ${target.id}, ${target.title}" title=${target.title}>${text(target.id)}</a>` : nothing;
    return html`<nav class="way small" aria-label="claims"><a href=${writeAddress({ place: "claims" })}>‹ all claims</a><span class="soft">${systems[record.system].name}</span><span class="soft number">${record.id}, ${at + 1} of ${all.length}</span>
      <span class="grow"></span><span class="beside">${link(all[at - 1], (id) => `← ${id}`, "the claim before")}${link(all[at + 1], (id) => `${id} →`, "the next claim")}</span></nav>`;
  }

  /** This browser's run, the recorded one, the sabotaged one: each with its verdict. */
  private views(): TemplateResult | typeof nothing {
    const runs = this.runs();
    const names: Readonly<Record<ClaimView, string>> = { live: "this browser", recorded: "recorded, full size", sabotaged: "sabotaged" };
    const there = (Object.keys(names) as ClaimView[]).filter((view) => runs[view] || view === "live");
    if (there.length < 2) return nothing;
    return html`<div class="views" role="group" aria-label="which run is shown">${there.map((view) => {
      const verdict = runs[view]?.judgement.verdict ?? null;
      return html`<button data-view=${view} aria-pressed=${view === this.view} @click=${this.choose} ?disabled=${!runs[view]}>${verdictShape(verdict)} ${names[view]}<span class="soft">${verdict ? verdictWords[verdict].name : "not run yet"}</span></button>`;
    })}</div>`;
  }

  // ——— the verdict ———

  private verdict(shown: JudgedRun | null): TemplateResult {
    const { claims, record } = this;
    const { id } = record;
    const running = claims.running?.request.id === id ? claims.running : null;
    const error = claims.errors.get(id);
    const { anew } = this;
    return html`<section class="banner ${shown ? shown.judgement.verdict : "none"}" aria-label="verdict" aria-live="polite">
      ${shown
        ? html`<div class="word">${verdictMark(shown.judgement.verdict)}<span class="agrees small">${this.view === "sabotaged" ? "sabotaged: no result" : verdictWords[shown.judgement.verdict].agrees}</span></div>
            <div class="why"><p>${prose(shown.judgement.reason)}</p><p class="small soft number">${this.provenance(shown)}</p>${this.bySeed()}</div>`
        : html`<div class="word">${verdictMark(null)}</div><div class="why"><p class="soft">${running ? "The verdict comes with the numbers." : claims.isBusy(id) ? "It waits for the claims before it." : "It has not run in this browser with these seeds."}</p></div>`}
      ${this.controls(shown)}
      ${running ? html`<progress-line class="wide" label=${running.request.sabotaged ? "running, sabotaged" : "running"} .value=${Math.round(1000 * (running.progress?.done ?? 0))} max="1000" detail=${progressWords(running.progress)} @stop=${this.stop}></progress-line>` : nothing}
      ${error === undefined ? nothing : html`<p class="wide wrong small" role="alert">The run failed: ${error}</p>`}
      ${anew ? html`<div class="anew wide"><span class="tag">under your thresholds</span>${anew.judgement
        ? html`${verdictMark(anew.judgement.verdict)}<span>${prose(anew.judgement.reason)}</span>`
        : html`<span class=${anew.error === "" ? "soft" : "wrong"}>${anew.error === "" ? "judging…" : anew.error}</span>`}</div>` : nothing}
    </section>`;
  }

  private provenance({ run, judgement }: JudgedRun): string {
    const expected = this.record.expectation.verdict;
    const recorded = this.view === "recorded" ? this.claims.recorded.get(run.id) : null;
    const where = recorded ? `recorded with ${Object.entries(recorded.run.versions).filter(([name]) => name !== "commit").map(([name, version]) => `${name} ${version}`).join(", ")}` : "this browser";
    const how = `${where}, ${formatMoment(run.date)}, seeds ${run.seeds.join(" ")}, ${formatDuration(run.milliseconds / 1000)}`;
    if (run.sabotaged) return how;
    return `${how}; ${judgement.verdict === expected ? "as expected" : `expected: ${verdictWords[expected].name}`}`;
  }

  /** Whether the recorded verdict hangs on one seed. */
  private bySeed(): TemplateResult | typeof nothing {
    const { bySeed = [] } = (this.view === "recorded" ? this.claims.recorded.get(this.record.id) : null) ?? {};
    if (bySeed.length === 0) return nothing;
    return html`<p class="small seeds"><span class="soft">each seed alone:</span> ${bySeed.map(({ seed, judgement }) => html`<span title=${judgement.reason}>${verdictMark(judgement.verdict, { text: `${seed} ${verdictWords[judgement.verdict].name}` })}</span>`)}</p>`;
  }

  private controls(shown: JudgedRun | null): TemplateResult {
    const { claims, record, asked } = this;
    const busy = claims.isBusy(record.id);
    return html`<div class="controls">
      <button class="main" @click=${this.run} ?disabled=${busy}>${this.askedRun() ? "run again" : "run"}</button>
      <label class="small soft">seeds <input type="text" name="seeds" inputmode="numeric" size=${Math.max(8, (asked.seeds ?? record.seeds).join(", ").length)} .value=${(asked.seeds ?? record.seeds).join(", ")} @change=${this.changeSeeds} /></label>
      <span class="small soft">about ${formatDuration(claims.pace * record.seconds)}</span>
      <span class="grow"></span>
      ${shown ? html`<button data-file="json" @click=${this.export}>JSON</button><button data-file="csv" @click=${this.export}>CSV</button>` : nothing}
      <button @click=${this.share}>${this.note === "" ? "share" : this.note}</button>
    </div>`;
  }

  // ——— pictures and numbers ———

  private figures({ run }: JudgedRun): TemplateResult {
    const [first, ...others] = run.evidence.figures;
    return html`${first ? html`<geo-panel class="first" heading=${first.title} caption=${this.view === "sabotaged" ? "sabotaged on purpose" : ""}><claim-figure .figure=${first}></claim-figure></geo-panel>` : nothing}
      ${others.length > 0 ? html`<div class="others">${others.map((figure) => html`<geo-panel heading=${figure.title}><claim-figure .figure=${figure}></claim-figure></geo-panel>`)}</div>` : nothing}
      ${run.evidence.remarks && run.evidence.remarks.length > 0 ? html`<ul class="remarks small soft">${run.evidence.remarks.map((remark) => html`<li>${prose(remark)}</li>`)}</ul>` : nothing}`;
  }

  private placeholder(): TemplateResult {
    const { record } = this;
    return html`<div class="placeholder"><p class="soft">The picture is drawn from the numbers of a run${this.claims.isBusy(record.id) ? ", which is on its way." : `: about ${formatDuration(this.claims.pace * record.seconds)}.`}</p></div>`;
  }

  private numbers(): TemplateResult {
    const runs = this.runs();
    const names: Readonly<Record<ClaimView, string>> = { live: "this browser", recorded: "recorded, full size", sabotaged: "sabotaged" };
    const columns = (Object.keys(names) as ClaimView[]).flatMap((view): NumbersColumn[] => {
      const judged = runs[view];
      return judged ? [{ name: names[view], evidence: judged.run.evidence, chosen: view === this.view, spoiled: view === "sabotaged" }] : [];
    });
    return html`<section class="numbers"><h3>The numbers <span class="soft">with 95 % intervals</span></h3><claim-numbers .columns=${columns}></claim-numbers></section>`;
  }

  private breaking(): TemplateResult {
    const { record, claims } = this;
    const busy = claims.isBusy(record.id);
    const spoiled = claims.sabotaged.get(record.id);
    return html`<section><h3>Break it on purpose</h3>
      <p class="small">${prose(record.sabotage.what)} If the verdict really comes from the model, it has to become <span class="nowrap">${verdictMark(record.sabotage.verdict)}.</span></p>
      <p class="row"><button @click=${this.sabotage} ?disabled=${busy}>${spoiled ? "run it sabotaged again" : "run it sabotaged"}</button>
      ${spoiled ? html`<span class="small">${verdictMark(spoiled.judgement.verdict)} ${spoiled.judgement.verdict === record.sabotage.verdict ? "as it should" : "which it should not be"}</span>` : nothing}</p></section>`;
  }

  private explanations(): TemplateResult {
    const { record } = this;
    return html`<div class="explanations">
      <section><h3>How it was measured</h3>
        <dl><dt>data</dt><dd>${prose(record.data)}</dd><dt>model</dt><dd>${prose(record.model)}</dd><dt>measured</dt><dd>${prose(record.measurement)}</dd><dt>seeds</dt><dd class="number">${record.seeds.join(", ")}; each is one repetition</dd></dl></section>
      <section><h3>What would change the verdict</h3><p>${prose(record.wouldChange)}</p></section>
      <section><h3>What it does not show</h3><p>${prose(record.doesNotShow)}</p></section>
    </div>`;
  }

  // ——— what a reader does ———

  private begin(sabotaged: boolean): void {
    const { seeds } = this.asked;
    this.claims.run({ id: this.record.id, sabotaged, ...(seeds ? { seeds } : {}) });
  }

  private readonly run = (): void => {
    this.show({ view: null });
    this.begin(false);
  };

  private readonly sabotage = (): void => {
    this.begin(true);
    this.show({ view: "sabotaged" });
    scrollTo({ top: 0 });
  };

  private readonly stop = (): void => this.claims.stop();

  private choose(event: Event): void {
    this.show({ view: (event.currentTarget as HTMLElement).dataset["view"] as ClaimView });
  }

  private changeThresholds({ detail }: ThresholdsEvent): void {
    this.show({ thresholds: detail });
  }

  private changeSeeds(event: Event): void {
    const input = event.target as HTMLInputElement;
    const seeds = readSeeds(input.value);
    if (seeds) this.show({ seeds: seeds.join() === this.record.seeds.join() ? null : seeds, view: null });
    input.value = (this.asked.seeds ?? this.record.seeds).join(", ");
  }

  /** What is looked at stands in the address, so that it can be shared. */
  private show(change: Partial<ClaimAddress>): void {
    this.asked = { ...this.asked, ...change };
    history.replaceState(null, "", writeClaimAddress(this.asked));
  }

  private export(event: Event): void {
    const shown = this.runs()[this.view];
    if (!shown) return;
    const thresholds = { ...thresholdsOf(this.record), ...this.asked.thresholds };
    const judgement = this.anew?.judgement ?? shown.judgement;
    download((event.currentTarget as HTMLElement).dataset["file"] === "csv" ? csvFile(shown.run) : jsonFile(this.record, shown.run, { ...judgement, thresholds }));
  }

  private readonly share = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(location.href);
      this.note = "link copied";
    } catch {
      // No clipboard without permission; the address bar holds the same link.
      this.note = "see address bar";
    }
    setTimeout(() => (this.note = ""), 1600);
  };
}

function progressWords(progress: { readonly what: string; readonly secondsLeft: number | null } | null): string {
  if (!progress) return "starting";
  return progress.secondsLeft === null ? progress.what : `${progress.what}, about ${formatDuration(progress.secondsLeft)} left`;
}

function lower(text: string): string {
  // A name such as "ReLU" or "A" stays as it is.
  return /^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text;
}
