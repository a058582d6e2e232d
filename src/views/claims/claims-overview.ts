/** All claims at a glance: what the essay says, what literature expects, and what this browser found. */
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { System, Verdict } from "../../../workers/claims/claim.ts";
import type { ClaimRecord } from "../../../workers/claims/service.ts";
import { writeFilter } from "../../claims/claim-address.ts";
import { type Filter, filters, passes, systemOrder, systems, verdictWords } from "../../claims/claim-words.ts";
import type { Claims } from "../../claims/claims.ts";
import { formatDuration, formatMoment } from "../../format.ts";
import { writeAddress } from "../../places.ts";
import { sharedStyle } from "../../theme.ts";
import { claimsOverviewStyle } from "./claims-overview.style.ts";
import "../models/progress-bar.ts";
import { verdictMark, verdictShape, verdictStyle } from "./verdict-mark.ts";

@customElement("claims-overview")
export class ClaimsOverview extends LitElement {
  static override styles = [sharedStyle, verdictStyle, claimsOverviewStyle];

  @property({ attribute: false }) claims!: Claims;
  @property({ attribute: false }) filter: Filter = "all";
  /** Changes with the claims' state. */
  @property({ type: Number }) revision = 0;

  private get records(): readonly ClaimRecord[] {
    return this.claims.records ?? [];
  }

  /** Brings a claim's row into view and puts the keyboard there. */
  async show(id: string): Promise<void> {
    await this.updateComplete;
    const link = this.renderRoot.querySelector<HTMLAnchorElement>(`#row-${CSS.escape(id)} a`);
    link?.scrollIntoView({ block: "center" });
    link?.focus({ preventScroll: true });
  }

  protected override render(): TemplateResult {
    const { records } = this;
    const shown = records.filter(({ id, expectation }) => passes(this.filter, this.claims.verdict(id), expectation.verdict));
    return html`
      <section class="hero" aria-label="what this is">
        <div class="say">
          <h2>An essay told the story of neural networks as geometry. <em>Is it true?</em></h2>
          <p>«流形假设下的思考·二» (Thinking under the manifold hypothesis, 2025) makes claims about eight architectures and three ways of reasoning. ${records.length} of its sentences are experiments here. Each has a rule that was fixed before it ran; your browser runs it, and <b>the verdict is what comes out</b>.</p>
          ${this.work()}
        </div>
        ${this.board()}
      </section>
      ${this.filters(shown.length)}
      ${shown.length === 0
        ? html`<p class="empty soft">${this.filter === "not-run" ? "Every claim has been run in this browser." : "None yet. Run some claims, and those that come out so stand here."}</p>`
        : html`<table>
            <caption class="visually-hidden">the essay’s claims by system</caption>
            <thead><tr><th scope="col">claim</th><th scope="col">literature expects</th><th scope="col">your last run</th><th scope="col"><span class="visually-hidden">run</span></th></tr></thead>
            ${systemOrder.map((system) => this.group(system, shown.filter((record) => record.system === system)))}
          </table>`}
      <p class="foot small soft">Verdicts are about the essay’s sentence as it stands, from small models in small worlds; each claim says what it does not show. Runs stay in this browser.</p>
    `;
  }

  // ——— run all ———

  private work(): TemplateResult {
    const { claims, records } = this;
    if (claims.running) {
      const { done, of, secondsLeft } = claims.queue;
      const { request, progress } = claims.running;
      return html`<progress-line label=${of > 1 ? `claim ${done + 1} of ${of}: ${request.id}` : `claim ${request.id}`} .value=${Math.round(1000 * (done + (progress?.done ?? 0)))} .max=${1000 * of}
        detail="${progress?.what ?? "starting"}, about ${formatDuration(secondsLeft)} left" @stop=${this.stop}></progress-line>`;
    }
    const open = records.filter(({ id }) => claims.verdict(id) === null);
    const seconds = (some: readonly ClaimRecord[]): string => formatDuration(claims.pace * some.reduce((sum, record) => sum + record.seconds, 0));
    return html`<p class="run">
      <button class="main" @click=${this.runAll}>run all ${records.length}</button><span class="soft">about ${seconds(records)} on this machine</span>
      ${open.length > 0 && open.length < records.length ? html`<button @click=${this.runOpen}>run the ${open.length} not run yet</button>` : nothing}
    </p>`;
  }

  private readonly runAll = (): void => this.claims.runAll(this.records);
  private readonly runOpen = (): void => this.claims.runAll(this.records.filter(({ id }) => this.claims.verdict(id) === null));
  private readonly stop = (): void => this.claims.stop();

  private readonly runOne = (event: Event): void => {
    const { id } = (event.currentTarget as HTMLElement).dataset;
    if (id) this.claims.run({ id });
  };

  // ——— the board: a shape for each claim ———

  private board(): TemplateResult {
    const { claims, records } = this;
    const count = (verdict: Verdict | null): number => records.filter(({ id }) => claims.verdict(id) === verdict).length;
    const ran = records.length - count(null);
    const off = records.filter(({ id, expectation }) => claims.verdict(id) !== null && claims.verdict(id) !== expectation.verdict).length;
    return html`<div class="board">
      <h3>${ran === 0 ? "Nothing has run in this browser yet" : `${ran} of ${records.length} have run in this browser`}</h3>
      <ul class="shapes" aria-label="each claim’s verdict">${records.map(({ id, title }) => {
        const verdict = claims.verdict(id);
        const words = `${id}, ${verdict ? verdictWords[verdict].name : "not run yet"}: ${title}`;
        return html`<li><a class="verdict ${verdict ?? "none"} ${claims.running?.request.id === id ? "running" : ""}" href=${writeAddress({ place: "claims", path: [id] })} title=${words} aria-label=${words}>${verdictShape(verdict)}</a></li>`;
      })}</ul>
      <dl class="tally">${(["supports", "mixed", "refutes"] as const).map((verdict) => html`<div><dt>${verdictMark(verdict)}</dt><dd>${count(verdict)}</dd></div>`)}
        <div><dt>${verdictMark(null)}</dt><dd>${count(null)}</dd></div></dl>
      ${ran > 0 ? html`<p class="small soft">${off === 0 ? "All came out as literature expects." : `${off} came out otherwise than literature expects.`}</p>` : nothing}
      ${this.invitation()}
    </div>`;
  }

  /** A few that take seconds, where literature speaks against the essay: they run as they are opened. */
  private invitation(): TemplateResult | typeof nothing {
    const contrary = ({ expectation }: ClaimRecord): number => (expectation.verdict === "refutes" ? 0 : 1);
    const some = this.records
      .filter(({ id, seconds, expectation }) => this.claims.verdict(id) === null && expectation.verdict !== "supports" && seconds <= 10)
      .sort((a, b) => contrary(a) - contrary(b) || a.seconds - b.seconds)
      .slice(0, 3);
    if (some.length === 0 || this.claims.running) return nothing;
    return html`<div class="invitation"><h3>Begin where literature disagrees</h3>
      <ul>${some.map(({ id, title, expectation, seconds }) => html`<li>${verdictMark(expectation.verdict, { expected: true })}<a href=${writeAddress({ place: "claims", path: [id] })}>${title}</a><span class="soft small">${formatDuration(this.claims.pace * seconds)}</span></li>`)}</ul></div>`;
  }

  // ——— the table ———

  private filters(shown: number): TemplateResult {
    return html`<nav class="filters" aria-label="which claims are shown"><span class="soft small">show</span>
      ${Object.entries(filters).map(([filter, name]) => html`<a href=${writeFilter(filter as Filter)} aria-current=${filter === this.filter ? "true" : "false"}>${name}</a>`)}
      <span class="soft small number" role="status">${shown} of ${this.records.length}</span></nav>`;
  }

  private group(system: System, records: readonly ClaimRecord[]): TemplateResult | typeof nothing {
    if (records.length === 0) return nothing;
    const { name, zh, says } = systems[system];
    return html`<tbody>
      <tr class="system"><th scope="rowgroup" colspan="4"><span class="name">${name}</span> <span class="soft" lang="zh">${zh}</span> <span class="soft says">${says}</span></th></tr>
      ${records.map((record) => this.row(record))}
    </tbody>`;
  }

  private row({ id, title, statement, expectation, seconds }: ClaimRecord): TemplateResult {
    const { claims } = this;
    const judged = claims.live.get(id);
    const error = claims.errors.get(id);
    const running = claims.running?.request.id === id ? claims.running : null;
    const busy = claims.isBusy(id);
    const verdict = judged?.judgement.verdict ?? null;
    return html`<tr id="row-${id}">
      <th scope="row" class="claim"><div class="name"><span class="id">${id}</span><span class="text"><a href=${writeAddress({ place: "claims", path: [id] })}>${title}</a>
        <span class="essay"><q lang="zh">${statement.zh}</q> <span class="en">${statement.en}</span></span></span></div></th>
      <td class="expects" data-label="expected">${verdictMark(expectation.verdict, { expected: true })}</td>
      <td class="found" data-label="found"><div class="last">${running
        ? html`<span class="soft small">${running.progress ? `${Math.round(100 * running.progress.done)} %, ${running.progress.what}` : "starting"}</span>`
        : error !== undefined
          ? html`<span class="wrong small" role="alert">failed: ${error}</span>`
          : html`${verdictMark(verdict)}${judged ? html`<span class="soft small number">${formatMoment(judged.run.date)}, seeds ${judged.run.seeds.join(" ")}</span>` : nothing}`}</div></td>
      <td class="act"><button data-id=${id} @click=${this.runOne} ?disabled=${busy} aria-label="${judged ? "run again" : "run"} ${id}" title="about ${formatDuration(claims.pace * seconds)}">${busy ? (running ? "running" : "waiting") : judged ? "again" : "run"}</button></td>
    </tr>`;
  }
}
