/** The essay's claims: all of them in a table, or one by itself. */
import { css, html, LitElement, type PropertyValues, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { Follow } from "../follow.ts";
import { sharedClaims } from "../claims/claims.ts";
import { readFilter } from "../claims/claim-address.ts";
import { type Address, writeAddress } from "../places.ts";
import { sharedStyle } from "../theme.ts";
import "../views/claims/claim-detail.ts";
import "../views/claims/claims-overview.ts";
import type { ClaimsOverview } from "../views/claims/claims-overview.ts";

@customElement("claims-page")
export class ClaimsPage extends LitElement {
  static override styles = [sharedStyle, css`.wait { padding: 3rem 0; } .missing { padding: 2rem 0; display: flex; flex-direction: column; gap: 0.6rem; } a { color: inherit; }`];

  @property({ attribute: false }) address!: Address;
  private readonly claims = sharedClaims();
  protected readonly follow = new Follow(this, () => [this.claims]);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.claims.start();
  }

  protected override render(): TemplateResult {
    const { claims } = this;
    if (claims.error !== "") return html`<p class="wait" role="alert">${claims.error} <button @click=${this.again}>try again</button></p>`;
    if (!claims.records) return html`<p class="wait soft" role="status">Bringing the claims…</p>`;
    const [id] = this.address.path;
    if (id === undefined) return html`<claims-overview .claims=${claims} .filter=${readFilter(this.address)} .revision=${this.follow.revision}></claims-overview>`;
    const record = claims.record(id);
    if (!record) {
      return html`<div class="missing"><h2>There is no claim ${id} here</h2><p class="soft">Claims are named as in the table, for example ${claims.records[0]?.id ?? "C2"}.</p><p><a href=${writeAddress({ place: "claims" })}>all claims</a></p></div>`;
    }
    return html`<claim-detail .claims=${claims} .record=${record} .address=${this.address} .revision=${this.follow.revision}></claim-detail>`;
  }

  /** A claim opens at its top; the way back leads to its row. */
  protected override updated(changed: PropertyValues<this>): void {
    const before = changed.get("address");
    if (!before || before.path[0] === this.address.path[0]) return;
    if (this.address.path.length > 0) scrollTo(0, 0);
    else void this.updateComplete.then(() => this.renderRoot.querySelector<ClaimsOverview>("claims-overview")?.show(before.path[0] ?? ""));
  }

  private readonly again = (): void => {
    this.claims.error = "";
    void this.claims.start();
    this.requestUpdate();
  };
}
