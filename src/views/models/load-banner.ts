/** How the loading of a model goes, how it ended where it failed, and what can be done about it. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { LoadProgress } from "../../../workers/engine.ts";
import type { LoadState } from "../../models/engine-host.ts";
import { formatBytes, formatDuration } from "../../format.ts";
import { embeddedModel, type ModelChoice, modelTitle, sameModel } from "../../models/model-choice.ts";
import type { Kept } from "../../models/stored-models.ts";
import { sharedStyle } from "../../theme.ts";
import "./progress-bar.ts";

/** `stop` keeps what was downloaded, `load` goes on from there, `embedded` leaves this model. */
export type LoadCommand = "stop" | "load" | "embedded";

export class LoadEvent extends CustomEvent<LoadCommand> {
  constructor(command: LoadCommand) {
    super("load-command", { detail: command, bubbles: true, composed: true });
  }
}

type Phase = LoadProgress["phase"];

/** In the order in which they come; not every engine has each. */
const phases = ["list", "download", "verify", "upload", "compile", "check"] as const satisfies readonly Phase[];

const phaseWords: Readonly<Record<Phase, { readonly short: string; readonly doing: string }>> = {
  list: { short: "find", doing: "finding the files of" },
  download: { short: "download", doing: "downloading" },
  verify: { short: "verify", doing: "verifying every byte of" },
  upload: { short: "upload", doing: "uploading to the GPU:" },
  compile: { short: "compile", doing: "compiling" },
  check: { short: "check", doing: "checking the probe of" },
  ready: { short: "start", doing: "starting" },
};

@customElement("load-banner")
export class LoadBanner extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      section { border: 1px solid var(--line); border-radius: var(--radius); padding: 0.7rem 1rem; margin-bottom: 1rem; display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; align-items: center; }
      section.bad { border-color: var(--wrong); }
      .said { flex: 1 1 20rem; overflow-wrap: anywhere; display: flex; flex-direction: column; gap: 0.2rem; }
      .going { flex: 1 1 20rem; min-width: 0; display: flex; flex-direction: column; gap: 0.45rem; }
      ol { list-style: none; display: flex; flex-wrap: wrap; gap: 0 0.35rem; margin: 0; padding: 0; font-size: var(--small); color: var(--soft); }
      li:not(:last-child)::after { content: " ›"; }
      li[aria-current="step"] { color: var(--ink); font-weight: 600; }
      li[aria-current="step"]::after { font-weight: 400; }
      .buttons { display: flex; flex-wrap: wrap; gap: 0.5rem; }
    `,
  ];

  @property({ attribute: false }) load: LoadState = { status: "idle" };
  @property({ attribute: false }) model: ModelChoice = embeddedModel;

  protected override render(): TemplateResult | typeof nothing {
    const { load } = this;
    switch (load.status) {
      case "loading":
        return this.loading(load.progress);
      case "paused":
        return this.ended("status", "", this.pausedWords(load.kept), null, load.kept ? "resume" : "load again");
      case "failed":
        return this.ended("alert", "bad", load.message, keptWords(load.kept, "Load again goes on from there."), "load again");
      case "lost":
        return this.ended("alert", "bad", `The engine stopped. ${load.message}`, "What it had answered stays on the page.", "load again");
      default:
        return nothing;
    }
  }

  private loading(progress: LoadProgress | null): TemplateResult {
    const phase = progress?.phase ?? "list";
    const downloading = phase === "download";
    // Compiling and checking are not counted in bytes.
    const counted = progress !== null && progress.total > 0 && (downloading || phase === "verify" || phase === "upload");
    const canPause = this.model.source === "hub" && (downloading || phase === "list");
    return html`<section aria-label="loading the model">
      <div class="going">
        <ol aria-label="phases of loading">${this.phases.map((each) => html`<li aria-current=${each === phase ? "step" : nothing}>${phaseWords[each].short}</li>`)}</ol>
        <progress-line unstoppable label="${phaseWords[phase].doing} ${modelTitle(this.model)}" detail=${counted ? detail(progress) : ""} .value=${counted ? progress.loaded : 0} .max=${counted ? progress.total : 0}></progress-line>
      </div>
      <div class="buttons">
        <button data-command="stop" @click=${this.command} title=${canPause ? "what was downloaded is kept" : ""}>${canPause ? "pause" : "stop"}</button>
        ${this.isHome ? nothing : html`<button data-command="embedded" @click=${this.command} title="back to the embedded model; what was downloaded is kept under stored models">cancel</button>`}
      </div>
    </section>`;
  }

  private ended(role: "status" | "alert", tone: string, message: string, more: string | null, again: string): TemplateResult {
    return html`<section class=${tone} aria-label="state of the model">
      <div class="said" role=${role}><p>${message}</p>${more === null ? nothing : html`<p class="soft small">${more}</p>`}</div>
      <div class="buttons">
        <button data-command="load" @click=${this.command}>${again}</button>
        ${this.isHome ? nothing : html`<button data-command="embedded" @click=${this.command}>back to the embedded model</button>`}
      </div>
    </section>`;
  }

  private pausedWords(kept: Kept | null): string {
    return kept ? `Paused. ${keptWords(kept, "")}` : "Loading was stopped.";
  }

  /** transformers.js uploads while it compiles. */
  private get phases(): readonly (typeof phases)[number][] {
    return this.model.engine === "webllm" ? phases : phases.filter((phase) => phase !== "upload");
  }

  /** Whether this is the model that one would go back to. */
  private get isHome(): boolean {
    return sameModel(this.model, embeddedModel);
  }

  private command(event: Event): void {
    this.dispatchEvent(new LoadEvent((event.currentTarget as HTMLElement).dataset["command"] as LoadCommand));
  }
}

function detail({ loaded, total, rate, secondsLeft }: LoadProgress): string {
  const parts = [`${formatBytes(loaded)} of ${formatBytes(total)}`];
  if (rate > 0) parts.push(`${formatBytes(rate)}/s`);
  if (secondsLeft !== null) parts.push(`${formatDuration(secondsLeft)} left`);
  return parts.join(", ");
}

/** What of the model is in the browser already; null where nothing is. */
function keptWords(kept: Kept | null, more: string): string | null {
  return kept ? `${formatBytes(kept.bytes)} of ${formatBytes(kept.total)} are kept in this browser. ${more}`.trim() : null;
}
