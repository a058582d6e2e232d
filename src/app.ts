/** `<geodesic-app>`: the frame of the page, its keys, and the state of the model. */
import "./first-engine.ts";
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, query, state } from "lit/decorators.js";
import { AccuracyRunner, accuracyKey } from "./accuracy.ts";
import { formatBytes, formatNumber } from "./format.ts";
import { Geometry } from "./geometry.ts";
import { isTaken, pressKey } from "./keyboard.ts";
import { stepsTaken } from "../probes/trace.ts";
import type { LoadReport } from "../workers/engine.ts";
import "./pages/probe-page.ts";
import { Session } from "./session.ts";
import { colourScheme, documentStyle, sharedStyle } from "./theme.ts";
import "./views/help-dialog.ts";
import type { HelpDialog } from "./views/help-dialog.ts";
import "./views/model-picker.ts";
import type { ModelEvent } from "./views/model-picker.ts";
import "./views/progress-bar.ts";
import { words } from "./words.ts";

document.adoptedStyleSheets = [...document.adoptedStyleSheets, documentStyle.styleSheet!];

@customElement("geodesic-app")
export class GeodesicApp extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { max-width: 1480px; margin: 0 auto; padding: 0.9rem 1.4rem 2rem; }
      .top { display: flex; flex-wrap: wrap; gap: 0.5rem 1.2rem; align-items: center; border-bottom: 1px solid var(--line); padding-bottom: 0.7rem; margin-bottom: 1.1rem; }
      h1 { font-size: var(--large); letter-spacing: -0.01em; margin: 0; font-weight: 650; }
      .tagline { flex: 1 1 20rem; }
      .tools { display: flex; gap: 0.4rem; align-items: center; flex-wrap: wrap; }
      .foot { margin-top: 1.4rem; padding-top: 0.8rem; border-top: 1px solid var(--line); display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; align-items: baseline; font-size: var(--small); color: var(--soft); }
      .foot .grow { flex: 1; }
      .verified { color: var(--right); font-weight: 600; }
      .banner { border: 1px solid var(--wrong); border-radius: var(--radius); padding: 0.8rem 1rem; margin-bottom: 1rem; display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; align-items: center; }
      .banner p { flex: 1 1 20rem; overflow-wrap: anywhere; }
      .loading { margin-bottom: 1rem; }
      details.provenance summary { cursor: pointer; }
      details.provenance dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.15rem 1rem; margin: 0.5rem 0 0; }
      details.provenance dd { margin: 0; font-family: var(--mono); overflow-wrap: anywhere; }
      .file { position: relative; }
      .file input { position: absolute; inset: 0; opacity: 0; cursor: pointer; width: 100%; }
      .file:focus-within { outline: 2px solid var(--focus); outline-offset: 2px; }
      .button { border: 1px solid var(--strong); border-radius: 6px; padding: 0.25rem 0.6rem; font-size: var(--small); background: var(--raised); display: inline-block; }
    `,
  ];

  private readonly session = new Session();
  private readonly geometry = new Geometry(this.session);
  private readonly accuracy = new AccuracyRunner();
  @state() private tick = 0;
  @query("help-dialog") private help!: HelpDialog;
  private seenPicture = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.session.addEventListener("change", this.redraw);
    this.geometry.addEventListener("change", this.markFirstPicture);
    document.addEventListener("keydown", this.keyDown);
    document.addEventListener("dragover", preventDefault);
    document.addEventListener("drop", this.dropTrace);
    void this.session.start();
    void this.updateComplete.then(() => this.geometry.warm());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.keyDown);
    document.removeEventListener("dragover", preventDefault);
    document.removeEventListener("drop", this.dropTrace);
  }

  private readonly redraw = (): void => {
    this.tick++;
    // Another question: what was being counted no longer belongs to it.
    if (this.accuracy.running && this.accuracy.key !== accuracyKey(this.session.settings)) this.accuracy.stop();
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
        if (session.settings.model.source === "embedded" && !session.custom) void accuracy.run(session.settings, session.modelRequest(session.settings.model));
      }),
    );
  };

  protected override render(): TemplateResult {
    const { session } = this;
    return html`
      <header class="top" data-tick=${this.tick}>
        <h1>${words.product}</h1>
        <p class="tagline soft">${words.sentence}</p>
        <div class="tools">
          <model-picker .model=${session.settings.model} title=${this.modelTitle()} @choose-model=${this.chooseModel}></model-picker>
          <button @click=${this.save} ?disabled=${!session.selectedRun?.trace} title="save the selected mode’s run: hidden states and record, as safetensors">save</button>
          <label class="file"><span class="button">open</span><input type="file" accept=".safetensors" aria-label="open a saved run" @change=${this.openTrace} /></label>
          <button @click=${this.share} title="copy a link to this very run">share</button>
          <button @click=${this.switchScheme} aria-label="switch between light and dark">◐</button>
          <button @click=${this.openHelp} aria-label="help">?</button>
        </div>
      </header>
      <main>
        ${this.loading()} ${this.failure()}
        ${session.notice === "" ? nothing : html`<div class="banner" role="alert"><p>${session.notice}</p></div>`}
        <probe-page .session=${session} .geometry=${this.geometry} .accuracy=${this.accuracy}></probe-page>
      </main>
      ${this.status()}
      <help-dialog></help-dialog>
    `;
  }

  private modelTitle(): string {
    const { model } = this.session.settings;
    if (model.source === "embedded") return `nano 0.37 M · ${model.dtype === "q4" ? "4-bit" : "float32"}`;
    return model.id;
  }

  // ——— the state of the model ———

  private loading(): TemplateResult | typeof nothing {
    const { load } = this.session;
    if (load.status !== "loading") return nothing;
    const { progress } = load;
    const phase = progress?.phase ?? "list";
    const bytes = progress && progress.total > 0 ? `${formatBytes(progress.loaded)} of ${formatBytes(progress.total)}` : "";
    const rate = progress && progress.rate > 0 && phase === "download" ? `, ${formatBytes(progress.rate)}/s` : "";
    const left = progress?.secondsLeft !== null && progress?.secondsLeft !== undefined && phase === "download" ? `, ${formatNumber(progress.secondsLeft)} s left` : "";
    return html`<div class="loading"><progress-line label="${phaseWords[phase]} ${this.modelTitle()}" detail="${bytes}${rate}${left}" .value=${progress?.loaded ?? 0} .max=${progress?.total ?? 0} @stop=${this.stopLoading}></progress-line></div>`;
  }

  private failure(): TemplateResult | typeof nothing {
    const { session } = this;
    if (session.load.status !== "failed") return nothing;
    return html`<div class="banner" role="alert">
      <p>${session.load.message}</p>
      <button @click=${this.reload}>try again</button>
      ${session.settings.model.source === "embedded" && session.settings.model.dtype === "fp32" ? nothing : html`<button @click=${this.backToEmbedded}>back to the embedded model</button>`}
    </div>`;
  }

  private status(): TemplateResult {
    const { load, settings } = this.session;
    const run = this.session.selectedRun?.trace;
    const perStep = run ? run.steps.filter((s) => s.phase !== "prompt").reduce((sum, s) => sum + s.milliseconds, 0) / Math.max(1, stepsTaken(run)) : null;
    return html`<footer class="foot" aria-label="state of the probe">
      ${load.status === "ready"
        ? html`<span class="verified" title="after loading, the engine compared its hidden states with its own embedding and logits">✓ probe verified</span>${provenance(load.report)}`
        : html`<span>${load.status === "failed" ? "probe not verified: no numbers are drawn from this model" : "probe not verified yet"}</span>`}
      ${perStep !== null && perStep > 0 ? html`<span class="number">${formatNumber(perStep)} ms/step with capture</span>` : nothing}
      <span class="number">seed ${settings.seed}</span>
      <span class="grow"></span>
      <span>No account, no telemetry: nothing leaves this machine.</span>
    </footer>`;
  }

  // ——— events ———

  private readonly keyDown = (event: KeyboardEvent): void => {
    if (isTaken(event)) return;
    if (pressKey(this.session, event.key, this.openHelp)) event.preventDefault();
  };

  private readonly openHelp = (): void => this.help.open();

  private readonly chooseModel = (event: ModelEvent): void => {
    void this.session.chooseModel(event.detail.model, event.detail.files);
  };

  private readonly reload = (): void => {
    void this.session.loadModel();
  };

  private readonly backToEmbedded = (): void => {
    void this.session.backToEmbedded();
  };

  private readonly stopLoading = (): void => this.session.stop();

  private readonly save = (): void => {
    const run = this.session.selectedRun;
    const file = run && this.session.traceFile(run);
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

const phaseWords = { list: "finding", download: "downloading", verify: "verifying", upload: "uploading", compile: "preparing", check: "checking the probe of", ready: "starting" } as const;

/** What produced every number on the page. */
function provenance({ spec, record, check, tensors, bytes, milliseconds }: LoadReport): TemplateResult {
  return html`<details class="provenance"><summary>${record.name} · ${record.device}</summary>
    <dl>
      <dt>model</dt><dd>${spec.id} · ${spec.architecture} · ${spec.quantization}</dd>
      <dt>revision</dt><dd>${spec.revision}</dd>
      <dt>size</dt><dd>${spec.layers} layers × ${spec.hiddenSize}, vocabulary ${spec.vocabSize}, context ${spec.contextLength}</dd>
      <dt>runtime</dt><dd>${record.runtime}${record.adapter === null ? "" : ` on ${record.adapter}`}</dd>
      <dt>loaded</dt><dd>${formatBytes(bytes)} in ${formatNumber(milliseconds)} ms</dd>
      <dt>layer 0 − embed(t)</dt><dd>${check.embedding.toExponential(1)}</dd>
      <dt>head(norm(last layer)) − logits</dt><dd>${check.head.toExponential(1)}</dd>
      <dt>latent step with embed(t) − token t</dt><dd>${check.latent.toExponential(1)} (allowed ${check.tolerance.toExponential(1)})</dd>
      <dt>hidden states read at</dt><dd>${tensors.join(", ")}</dd>
    </dl></details>`;
}

function preventDefault(event: Event): void {
  event.preventDefault();
}
