/** Whether the numbers on the page can be trusted, in three words; one click away, what they come from. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { LoadReport, TapVerdict } from "../../../workers/engine.ts";
import type { LoadState } from "../../models/engine-host.ts";
import { formatBytes, formatNumber } from "../../format.ts";
import { sharedStyle } from "../../theme.ts";

/** How hidden states are read. */
const routes: Readonly<Record<TapVerdict["route"], { readonly short: string; readonly long: string }>> = {
  graph: { short: "graph", long: "from outputs added to the ONNX graph" },
  instrument: { short: "TVM instrument", long: "between kernels, by TVM’s own instrument" },
  webgpu: { short: "WebGPU objects", long: "between passes, from WebGPU’s own objects" },
};

@customElement("probe-verdict")
export class ProbeVerdict extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { font-size: var(--small); position: relative; }
      summary { cursor: pointer; border-radius: 6px; padding: 0.25rem 0.3rem; }
      .verified { color: var(--right); font-weight: 600; }
      .partly { color: var(--wrong); font-weight: 600; }
      .sheet { position: absolute; z-index: 3; top: 100%; right: 0; width: min(34rem, calc(100vw - 2.8rem)); max-height: 70vh; overflow: auto; background: var(--raised); border: 1px solid var(--strong); border-radius: var(--radius); padding: 0.9rem 1.1rem; box-shadow: 0 6px 24px rgb(0 0 0 / 0.18); }
      dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.2rem 1rem; margin: 0.6rem 0 0; }
      dt { color: var(--soft); }
      dd { margin: 0; font-family: var(--mono); overflow-wrap: anywhere; }
      @media (max-width: 720px) { .sheet { right: auto; left: 0; } dl { grid-template-columns: minmax(0, 1fr); } dd { margin-bottom: 0.3rem; } }
    `,
  ];

  @property({ attribute: false }) load: LoadState = { status: "idle" };

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener("keydown", this.closeByKey);
    document.addEventListener("pointerdown", this.closeOutside);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("keydown", this.closeByKey);
    document.removeEventListener("pointerdown", this.closeOutside);
  }

  protected override render(): TemplateResult {
    const { load } = this;
    if (load.status === "ready") return this.sheet(load.report);
    const words = { idle: "probe not verified yet", loading: "probe not verified yet", paused: "probe not verified", failed: "probe not verified: no numbers are drawn from this model", lost: "engine stopped" };
    return html`<span class="soft">${words[load.status]}</span>`;
  }

  private sheet({ spec, record, check, tensors, tap, bytes, milliseconds }: LoadReport): TemplateResult {
    const missing = [tap.residuals ? "" : "hidden states", tap.logits ? "" : "logits", tap.latent ? "" : "latent steps"].filter((what) => what !== "");
    return html`<details class="provenance">
      <summary>${missing.length === 0 ? html`<span class="verified">✓ probe verified</span>` : html`<span class="partly">✗ no ${missing.join(", no ")}</span>`} <span class="soft">· ${routes[tap.route].short}</span></summary>
      <div class="sheet" role="group" tabindex="0" aria-label="what the numbers come from">
        <p>${tap.reason ?? "After loading, the engine was compared with itself: these differences are what is left."}</p>
        <dl>
          <dt>layer 0 − embed(t)</dt><dd>${formatNumber(check.embedding)}</dd>
          <dt>head(norm(last layer)) − logits</dt><dd>${formatNumber(check.head)}</dd>
          <dt>latent step with embed(t) − token t</dt><dd>${formatNumber(check.latent)}</dd>
          <dt>allowed</dt><dd>${formatNumber(check.tolerance)}</dd>
          <dt>hidden states are read</dt><dd>${routes[tap.route].long}</dd>
          <dt>model</dt><dd>${spec.id} · ${spec.architecture} · ${spec.quantization}</dd>
          <dt>revision</dt><dd>${spec.revision}</dd>
          <dt>size</dt><dd>${spec.layers} layers × ${spec.hiddenSize}, vocabulary ${spec.vocabSize}, context ${spec.contextLength}</dd>
          <dt>engine</dt><dd>${record.name}</dd>
          <dt>runtime</dt><dd>${record.runtime}, ${record.device}${record.adapter === null ? nothing : ` on ${record.adapter}`}</dd>
          <dt>loaded</dt><dd>${formatBytes(bytes)} in ${formatNumber(milliseconds)} ms</dd>
          <dt>read at</dt><dd>${tensors.join(", ")}</dd>
        </dl>
      </div>
    </details>`;
  }

  private readonly closeByKey = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !this.details?.open) return;
    this.details.open = false;
    this.renderRoot.querySelector("summary")?.focus();
  };

  private readonly closeOutside = (event: Event): void => {
    if (this.details?.open && !event.composedPath().includes(this)) this.details.open = false;
  };

  private get details(): HTMLDetailsElement | null {
    return this.renderRoot.querySelector("details");
  }
}
