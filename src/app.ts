/** `<geodesic-app>`: the frame of the page, its keys, and the state of the model. */
import "./models/first-engine.ts";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { AccuracyRunner, accuracyKey } from "./measures/accuracy.ts";
import { formatBytes, formatNumber } from "./format.ts";
import { Geometry } from "./picture/geometry.ts";
import { isTaken, pressKey } from "./keyboard.ts";
import { type LayerChoice, layerChoices, layerChoiceWords, worthChoosing } from "./layer-choice.ts";
import { stepsTaken } from "../probes/trace.ts";
import "./pages/probe-page.ts";
import { type Address, openPlace, type Place, places, readAddress, writeAddress } from "./places.ts";
import { figure, figureStyle, type OriginEvent } from "./measures/provenance.ts";
import { plainNumber, runNumber } from "./measures/run-provenance.ts";
import { Session } from "./session.ts";
import { colourScheme, documentStyle, sharedStyle } from "./theme.ts";
import { traceFile } from "./trace-files.ts";
import "./views/help-dialog.ts";
import type { HelpDialog } from "./views/help-dialog.ts";
import "./views/models/load-banner.ts";
import type { LoadEvent } from "./views/models/load-banner.ts";
import type { OriginCard } from "./views/measures/origin-card.ts";
import "./views/models/model-picker.ts";
import type { ModelEvent } from "./views/models/model-event.ts";
import "./views/models/probe-verdict.ts";
import { words } from "./words.ts";

document.adoptedStyleSheets = [...document.adoptedStyleSheets, documentStyle.styleSheet!];

@customElement("geodesic-app")
export class GeodesicApp extends LitElement {
  static override styles = [
    sharedStyle,
    figureStyle,
    css`
      :host { max-width: 1480px; margin: 0 auto; padding: 0.9rem 1.4rem 2rem; }
      .top { display: flex; flex-wrap: wrap; gap: 0.5rem 1.2rem; align-items: center; border-bottom: 1px solid var(--line); padding-bottom: 0.7rem; margin-bottom: 1.1rem; }
      h1 { font-size: var(--large); letter-spacing: -0.01em; margin: 0; font-weight: 650; }
      .tagline { flex: 1 1 20rem; }
      nav { display: flex; gap: 0.2rem; }
      nav a { color: var(--soft); text-decoration: none; padding: 0.2rem 0.55rem; border-radius: 6px; }
      nav a:hover { color: var(--ink); background: var(--surface); }
      nav a[aria-current="page"] { color: var(--ink); background: var(--surface); font-weight: 600; }
      .tools { display: flex; gap: 0.4rem; align-items: center; flex-wrap: wrap; }
      .tools probe-verdict { margin-right: 0.5rem; }
      .foot { margin-top: 1.4rem; padding-top: 0.8rem; border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; align-items: baseline; font-size: var(--small); color: var(--soft); }
      .foot .grow { flex: 1; }
      .banner { border: 1px solid var(--wrong); border-radius: var(--radius); padding: 0.8rem 1rem; margin-bottom: 1rem; display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; align-items: center; }
      .banner p { flex: 1 1 20rem; overflow-wrap: anywhere; }
      .file { position: relative; }
      .file input { position: absolute; inset: 0; opacity: 0; cursor: pointer; width: 100%; }
      .file:focus-within { outline: 2px solid var(--focus); outline-offset: 2px; }
      .button { border: 1px solid var(--strong); border-radius: 6px; padding: 0.25rem 0.6rem; font-size: var(--small); background: var(--raised); display: inline-block; }
    `,
  ];

  private readonly session = new Session();
  private readonly geometry = new Geometry(this.session);
  private readonly accuracy = new AccuracyRunner();
  private readonly origin = document.createElement("origin-card") as OriginCard;
  @state() private tick = 0;
  @state() private address: Address = readAddress(location.hash);
  @query("help-dialog") private help!: HelpDialog;
  /** The place whose code did not load. */
  @state() private missing: Place | null = null;
  private seenPicture = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener("show-origin", this.showOrigin);
    this.session.addEventListener("change", this.redraw);
    this.geometry.addEventListener("change", this.markFirstPicture);
    document.addEventListener("keydown", this.keyDown);
    document.addEventListener("dragover", preventDefault);
    document.addEventListener("drop", this.dropTrace);
    addEventListener("hashchange", this.follow);
    void this.enter();
    void this.updateComplete.then(() => this.geometry.warm());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.keyDown);
    document.removeEventListener("dragover", preventDefault);
    document.removeEventListener("drop", this.dropTrace);
    removeEventListener("hashchange", this.follow);
  }

  private readonly follow = (): void => {
    this.address = readAddress(location.hash);
    void this.enter();
  };

  private async enter(): Promise<void> {
    const { place } = this.address;
    this.missing = null;
    if (place === "probe") return this.session.start();
    try {
      await openPlace(place);
    } catch {
      if (place === this.address.place) this.missing = place;
    }
  }

  private readonly redraw = (): void => {
    this.tick++;
    // Another question: what was being counted no longer belongs to it.
    if (this.accuracy.running && this.accuracy.key !== accuracyKey(this.session.settings)) this.accuracy.stop();
    this.accuracy.follow(this.session.settings.model);
  };

  /** The first complete picture: all four answers, the projection and the measures are on the page. */
  private readonly markFirstPicture = (): void => {
    const { session, geometry, accuracy } = this;
    if (this.seenPicture || session.running || !geometry.projection || geometry.projection.tracks.length < session.activeRuns.length || session.activeRuns.length === 0) return;
    this.seenPicture = true;
    void this.updateComplete.then(() =>
      requestAnimationFrame(() => {
        performance.mark("geodesic:first-picture");
        document.documentElement.dataset["geodesicReady"] = "true";
        if (session.settings.model.source === "embedded" && !session.custom) void accuracy.run(session);
      }),
    );
  };

  protected override render(): TemplateResult {
    const probing = this.address.place === "probe";
    return html`
      <header class="top" data-tick=${this.tick}>
        <h1>${words.product}</h1>
        ${places.length > 1 ? html`<nav aria-label="places">${places.map((place) => this.link(place))}</nav>` : nothing}
        <p class="tagline soft">${words.taglines[this.address.place]}</p>
        <div class="tools">
          ${probing ? this.runTools() : nothing}
          <button @click=${this.switchScheme} aria-label="switch between light and dark">◐</button>
          <button @click=${this.openHelp} aria-label="help">?</button>
        </div>
      </header>
      <main>${this.page()}</main>
      ${probing ? this.status() : nothing}
      <help-dialog place=${this.address.place}></help-dialog>
    `;
  }

  /** The page of the place that the address names. */
  private page(): TemplateResult {
    if (this.missing === this.address.place) {
      return html`<div class="banner" role="alert"><p>${words.notLoaded}</p><button @click=${(): void => location.reload()}>reload the page</button></div>`;
    }
    switch (this.address.place) {
      case "probe":
        return this.probePage();
      case "compare":
        return html`<compare-page .address=${this.address}></compare-page>`;
      case "lab":
        return html`<lab-page .address=${this.address}></lab-page>`;
      case "claims":
        return html`<claims-page .address=${this.address}></claims-page>`;
    }
  }

  private link(place: Place): TemplateResult {
    const href = place === "probe" ? this.session.address : writeAddress({ place });
    return html`<a href=${href} aria-current=${place === this.address.place ? "page" : "false"}>${words.places[place]}</a>`;
  }

  private runTools(): TemplateResult {
    const { session } = this;
    return html`<model-picker .model=${session.settings.model} @choose-model=${this.chooseModel}></model-picker>
      <probe-verdict .load=${session.load}></probe-verdict>
      <button @click=${this.save} ?disabled=${!session.selectedRun?.trace} title="save the selected mode’s run: hidden states and record, as safetensors">save</button>
      <label class="file"><span class="button">open</span><input type="file" accept=".safetensors" aria-label="open a saved run" @change=${this.openTrace} /></label>
      <button @click=${this.share} title="copy a link to this very run">share</button>`;
  }

  private probePage(): TemplateResult {
    const { session } = this;
    return html`<load-banner .load=${session.load} .model=${session.settings.model} @load-command=${this.obey}></load-banner>
      ${session.notice === "" ? nothing : html`<div class="banner" role="alert"><p>${session.notice}</p></div>`}
      <probe-page .session=${session} .geometry=${this.geometry} .accuracy=${this.accuracy}></probe-page>`;
  }

  private status(): TemplateResult {
    const { settings, report, memory } = this.session;
    const run = this.session.selectedRun?.trace;
    const perStep = run ? run.steps.filter((s) => s.phase !== "prompt").reduce((sum, s) => sum + s.milliseconds, 0) / Math.max(1, stepsTaken(run)) : null;
    return html`<footer class="foot" aria-label="state of the probe">
      ${report ? html`<span>${report.record.name} · ${report.record.device}</span>` : nothing}
      ${perStep !== null && perStep > 0 ? html`<span>${figure(formatNumber(perStep), () => runNumber("stepTime", run!))} ms/step with capture</span>` : nothing}
      ${memory === null ? nothing : html`<span>these runs hold ${figure(formatBytes(memory.bytes), () => plainNumber("memory", { at: "all runs on the page", model: report?.spec ?? null, engine: report?.record ?? null, seed: "", n: `${memory.runs} runs` }))}${memory.most > 1.1 * memory.bytes ? html`, ${formatBytes(memory.most)} at most` : nothing}</span>`}
      ${(memory?.most ?? 0) > worthChoosing || this.session.keep !== "all" ? html`<label>keep <select name="keep-layers" @change=${this.keepLayers} aria-label="layers whose hidden states are kept">${layerChoices.map((choice) => html`<option value=${choice} ?selected=${choice === this.session.keep}>${layerChoiceWords[choice]}</option>`)}</select></label>` : nothing}
      <span class="number">seed ${settings.seed}</span>
      <span class="grow"></span>
      <span>No account, no telemetry: nothing leaves this machine.</span>
    </footer>`;
  }

  // ——— events ———

  private readonly keyDown = (event: KeyboardEvent): void => {
    if (isTaken(event) || this.address.place !== "probe") return;
    if (pressKey(this.session, event.key, this.openHelp)) event.preventDefault();
  };

  private readonly openHelp = (): void => this.help.open();

  private readonly showOrigin = async (event: Event): Promise<void> => {
    const { of, beside } = (event as OriginEvent).detail;
    // Beside an open modal everything is inert, so the card of a number in an enlarged panel goes inside.
    const modal = event.composedPath().find((at) => at instanceof HTMLDialogElement);
    await import("./views/measures/origin-card.ts");
    (modal ?? this.renderRoot).append(this.origin);
    await this.origin.show(of, beside);
  };

  private keepLayers(event: Event): void {
    void this.session.keepLayers((event.target as HTMLSelectElement).value as LayerChoice);
  }

  private readonly chooseModel = (event: ModelEvent): void => {
    void this.session.chooseModel(event.detail.model, event.detail.files);
  };

  private readonly obey = ({ detail: command }: LoadEvent): void => {
    const { session } = this;
    if (command === "stop") session.stop();
    else void (command === "load" ? session.loadModel() : session.backToEmbedded());
  };

  private readonly save = (): void => {
    const run = this.session.selectedRun;
    const file = run && traceFile(run, this.geometry.picturesOf(run));
    if (!file) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file.bytes], { type: "application/octet-stream" }));
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  };

  private readonly openTrace = async (event: Event): Promise<void> => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) this.session.openTrace(new Uint8Array(await file.arrayBuffer()), file.name);
    input.value = "";
  };

  private readonly dropTrace = async (event: DragEvent): Promise<void> => {
    event.preventDefault();
    const file = [...(event.dataTransfer?.files ?? [])].find((f) => f.name.endsWith(".safetensors"));
    if (file && !event.composedPath().some((t) => t instanceof Element && t.localName === "model-picker")) {
      this.session.openTrace(new Uint8Array(await file.arrayBuffer()), file.name);
    }
  };

  private readonly share = async (event: Event): Promise<void> => {
    const button = event.currentTarget as HTMLButtonElement;
    try {
      await navigator.clipboard.writeText(location.href);
      button.textContent = "link copied";
    } catch {
      // No clipboard without permission; the address bar holds the same link.
      button.textContent = "see address bar";
    }
    setTimeout(() => (button.textContent = "share"), 1600);
  };

  private readonly switchScheme = (): void => {
    document.documentElement.dataset["scheme"] = colourScheme() === "dark" ? "light" : "dark";
    document.dispatchEvent(new Event("geodesic:scheme"));
  };
}

function preventDefault(event: Event): void {
  event.preventDefault();
}
