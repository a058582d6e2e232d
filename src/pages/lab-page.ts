/** The lab: all architectures and tasks, or one architecture on a page of its own. */
import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { architectureIds } from "../../workers/lab/architecture.ts";
import { type Address, writeAddress } from "../places.ts";
import { sharedLab } from "../lab/shared-lab.ts";
import { sharedStyle } from "../theme.ts";
import "../views/lab/lab-architecture.ts";
import "../views/lab/lab-overview.ts";

@customElement("lab-page")
export class LabPage extends LitElement {
  static override styles = [sharedStyle, css`.missing { padding: 2rem 0; display: flex; flex-direction: column; gap: 0.6rem; } a { color: inherit; }`];

  @property({ attribute: false }) address!: Address;
  private readonly lab = sharedLab();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // Another place may want the processor and the memory; what was trained stays.
    this.lab.training.stop();
    this.lab.comparison.release();
  }

  protected override render(): TemplateResult {
    const [name] = this.address.path;
    if (name === undefined) return html`<lab-overview .lab=${this.lab} .address=${this.address}></lab-overview>`;
    const id = architectureIds.find((known) => known === name);
    if (!id) return html`<div class="missing"><h2>There is no architecture ${name} here</h2><p class="soft">There are ${architectureIds.join(", ")}.</p><p><a href=${writeAddress({ place: "lab" })}>all of them</a></p></div>`;
    return html`<lab-architecture .lab=${this.lab} .architecture=${id} .address=${this.address}></lab-architecture>`;
  }

  /** An architecture opens at its top. */
  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get("address");
    if (before && before.path[0] !== this.address.path[0]) scrollTo(0, 0);
  }
}
