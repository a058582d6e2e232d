/**
 * The states from which the answers are read, one per problem, as clouds: how many
 * dimensions each mode's has, how alike any two are, whether wrong answers lie
 * apart from right ones; and whether two modes move alike.
 */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { Follow } from "../../follow.ts";
import { effectiveRankProbe } from "../../../probes/geometry/effective-rank.ts";
import { levinaBickelProbe } from "../../../probes/geometry/levina-bickel.ts";
import { participationRatioProbe } from "../../../probes/geometry/participation-ratio.ts";
import { dimensionCaveat, twoNnProbe } from "../../../probes/geometry/two-nn.ts";
import type { CellCloud, CellDeviation, CloudPair } from "../../../probes/population/clouds.ts";
import type { FlowView } from "../../../workers/population-views.ts";
import { formatNumber } from "../../format.ts";
import type { PopulationRunner } from "../../measures/populations.ts";
import { figure, figureStyle, type Provenance } from "../../measures/provenance.ts";
import type { Session } from "../../session.ts";
import { sharedStyle } from "../../theme.ts";
import { dataTableStyle } from "../data-table.ts";
import "../panel.ts";
import "../models/progress-bar.ts";

type CloudProvenance = Omit<Provenance, "model" | "engine" | "seed">;

/** A column: its head, what the number is, and where it misleads. */
interface Column<T> {
  readonly head: string;
  readonly value: (row: T) => number;
  readonly origin: Omit<CloudProvenance, "at" | "n">;
}

const none = { help: "", unit: "1" } as const;
const explained = (help: string): { help: string; unit: "1" } => ({ help, unit: "1" });
const cloudColumns: readonly Column<CellCloud>[] = [
  { head: "TwoNN", value: (row) => row.twoNn, origin: { ...explained(twoNnProbe.help), what: "dimension (TwoNN)", formula: "slope of −log(1 − F) on log μ, μ = r₂/r₁, over one state per problem", source: "Facco et al. 2017, arXiv:1803.06992", caveat: dimensionCaveat } },
  { head: "Levina–Bickel", value: (row) => row.levinaBickel, origin: { ...explained(levinaBickelProbe.help), what: "dimension (Levina–Bickel)", formula: "n (k − 1) / ΣΣ log(T_k / T_j), k = 20, over one state per problem", source: "Levina & Bickel 2004; MacKay & Ghahramani 2005", caveat: dimensionCaveat } },
  { head: "participation ratio", value: (row) => row.participationRatio, origin: { ...explained(participationRatioProbe.help), what: "participation ratio", formula: "(tr C)² / tr C², C the covariance over problems", source: "Gao et al. 2017", caveat: "n problems bound it by n − 1; D/(1 + D/n) for an even spread over D directions." } },
  { head: "effective rank", value: (row) => row.effectiveRank, origin: { ...explained(effectiveRankProbe.help), what: "effective rank", formula: "exp(−Σ σ̂ log σ̂) over problems", source: "Roy & Vetterli 2007", caveat: "Noise raises it; n problems bound it by n − 1." } },
];
const pairColumns: readonly Column<CloudPair>[] = [
  { head: "debiased CKA", value: (row) => row.debiasedCka, origin: { ...explained("Whether two problems whose answers are read from similar states in one mode are so in the other. 1 is the same up to turning and scaling, 0 is unrelated. The bias of few problems is taken out, so it may fall a little below 0."), what: "debiased CKA", formula: "⟨K̃, L̃⟩ / (‖K̃‖‖L̃‖) over the problems that both answered", source: "Nguyen et al. 2021, arXiv:2010.15327; Song et al. 2012", caveat: "A few directions of large variance decide it; equal values do not mean equal computation." } },
  { head: "CKA", value: (row) => row.cka, origin: { ...explained("Whether two problems whose answers are read from similar states in one mode are so in the other. 1 is the same up to turning and scaling. Unrelated clouds do not give 0 but more, the fewer the problems."), what: "CKA", formula: "⟨K, L⟩ / (‖K‖‖L‖), centred", source: "Kornblith et al. 2019, arXiv:1905.00414", caveat: "Independent clouds of p dimensions give p / (n + p), not 0: read the debiased form." } },
  { head: "Procrustes", value: (row) => row.procrustes, origin: { ...explained("One mode’s states are turned and scaled until they fit the other’s as well as they can; this is what is left. 0 is a perfect fit, 2 none at all. It asks for the shape of the clouds, problem by problem."), what: "Procrustes distance", formula: "2 − 2 ‖XᵀY‖_*, centred and of norm 1", source: "Ding, Denain & Steinhardt 2021, arXiv:2108.01661", caveat: "With fewer problems than dimensions a rotation fits much of anything: see the column beside it." } },
  { head: "by chance", value: (row) => row.procrustesByChance, origin: { ...explained("The Procrustes distance of the same two clouds, with each problem of one mode beside the next problem of the other. It is what turning and scaling fit where there is nothing in common. Only a distance well below it says anything."), what: "Procrustes distance by chance", formula: "2 − 2 ‖XᵀY‖_*, Y’s problems moved on by one", source: "the pairing as a null model; distance as beside it", caveat: "One pairing, not the mean of many." } },
  { head: "neighbours shared", value: (row) => row.overlap, origin: { ...explained("Of the ten problems whose states lie nearest in one mode, the share that is among the ten nearest in the other. 1 keeps all neighbours. Chance alone gives what the next column says."), what: "neighbourhood overlap", formula: "mean share of common points among the 10 nearest", source: "Doimo et al. 2020, arXiv:2007.03506; Huh et al. 2024, arXiv:2405.07987", caveat: "Unrelated clouds share k / (n − 1): see the column beside it." } },
  { head: "by chance", value: (row) => row.expectedOverlap, origin: { ...none, what: "overlap by chance", formula: "k / (n − 1)", source: "expectation for unrelated clouds", caveat: "" } },
];
const deviationColumns: readonly Column<CellDeviation>[] = [
  { head: "right", value: (row) => row.correct, origin: { ...none, what: "right answers", formula: "count", source: "", caveat: "" } },
  { head: "wrong", value: (row) => row.wrong, origin: { ...none, what: "wrong answers", formula: "count", source: "", caveat: "" } },
  { head: "AUROC", value: (row) => row.separability, origin: { ...explained("How far the state behind each wrong answer lies from those behind right ones, and how often that is farther than right ones lie from each other. 1 tells wrong from right by distance alone. ½ says that wrong answers come from the same cloud."), what: "separability of wrong answers", formula: "AUROC of the mean distance to the 5 nearest right runs, wrong against right (leave-one-out)", source: "REMA: Li et al. 2025, arXiv:2509.22518; Hanley & McNeil 1982", caveat: "½ is chance. Wrong runs may be longer or of harder problems; choose no layer by it on the same problems." } },
  { head: "95 % from", value: (row) => row.interval[0], origin: { ...none, what: "lower end of the AUROC’s interval", formula: "2.5 % quantile of 200 bootstrap samples", source: "Efron 1979", caveat: "" } },
  { head: "to", value: (row) => row.interval[1], origin: { ...none, what: "upper end of the AUROC’s interval", formula: "97.5 % quantile of 200 bootstrap samples", source: "Efron 1979", caveat: "" } },
  { head: "leave here first", value: (row) => row.leaving, origin: { ...none, what: "wrong runs that leave here first", formula: "count of wrong runs with D_l > μ_l + 2 σ_l at this layer and none before", source: "REMA: Li et al. 2025, arXiv:2509.22518", caveat: "Searching all layers finds some by chance, about 2 % per layer." } },
];
const flowNames = ["position", "velocity", "second difference", "curvature"] as const;

@customElement("clouds-panel")
export class CloudsPanel extends LitElement {
  static override styles = [
    sharedStyle,
    dataTableStyle,
    figureStyle,
    css`
      .tables { display: flex; flex-direction: column; gap: 1.1rem; }
      .table { max-height: none; border-top: 0; }
      table { width: 100%; }
      td { white-space: nowrap; }
      .banner { background: var(--surface); border-radius: 6px; padding: 0.6rem 0.8rem; font-size: var(--small); max-width: 90ch; }
    `,
  ];

  @property({ attribute: false }) runner!: PopulationRunner;
  @property({ attribute: false }) session!: Session;
  @property({ attribute: false }) labels: readonly string[] = [];
  @property({ attribute: false }) layer = 0;
  @property({ attribute: false }) provenance!: (part: CloudProvenance) => Provenance;
  protected readonly follow = new Follow(this, () => [this.runner]);

  protected override render(): TemplateResult {
    const { clouds, cloudProgress, view } = this.runner;
    return html`<geo-panel heading="Do the modes arrive at the same place, and by the same way?" caption=${clouds ? `the state that the answer is read from, one per problem, layer ${this.layer}` : ""}>
      ${clouds ? nothing : html`<div slot="controls"><button name="find-clouds" @click=${this.find} ?disabled=${cloudProgress !== null}>compare</button></div>`}
      ${cloudProgress ? html`<progress-line label="comparing clouds, layer by layer" .value=${cloudProgress.done} .max=${cloudProgress.total} @stop=${this.stop}></progress-line>` : nothing}
      <div class="tables">
        ${view && view.flows.length > 0 ? this.flows(view.flows) : nothing}
        ${clouds
          ? html`<p class="banner">${dimensionCaveat}</p>
            ${this.table("one mode’s states over the problems", "mode", clouds.cells.filter((c) => c.layer === this.layer), cloudColumns, (row) => this.labels[row.cell]!, (row) => row.n)}
            ${this.table("two modes’ states on the same problems", "modes", clouds.pairs.filter((p) => p.layer === this.layer), pairColumns, (row) => `${this.labels[row.a]} – ${this.labels[row.b]}`, (row) => row.n)}
            ${clouds.deviations.length > 0 ? this.table("wrong answers beside right ones", "mode", clouds.deviations.filter((d) => d.layer === this.layer), deviationColumns, (row) => this.labels[row.cell]!, (row) => row.correct + row.wrong) : nothing}`
          : html`<p class="small soft">Dimensions, alignment of any two modes and the distance of wrong answers are found when asked for.</p>`}
      </div>
      <div slot="help">
        <p>Each problem gives one point per mode: the last hidden state, from which the answer is read. Points of different problems are independent, so clouds of them can be measured; the steps of one run cannot.</p>
        <p>CKA, Procrustes and shared neighbours ask whether two modes order the problems alike. The AUROC asks whether wrong answers come from states that lie far from those of right ones (REMA). The flow compares how two modes move on the same problem, beside two different problems.</p>
        <p><b>Caution</b> all of these depend on how many problems there are. At the embedding all runs end with the same token, and nothing can be said of it.</p>
      </div>
    </geo-panel>`;
  }

  private table<T extends object>(caption: string, head: string, rows: readonly T[], columns: readonly Column<T>[], label: (row: T) => string, n: (row: T) => number): TemplateResult {
    return html`<div><p class="soft small">${caption}</p>
    <div class="table" tabindex="0" role="region" aria-label="table: ${caption}"><table>
      <thead><tr><th scope="col">${head}</th><th scope="col">n</th>${columns.map((column) => html`<th scope="col">${column.head}</th>`)}</tr></thead>
      <tbody>${rows.map((row) => html`<tr><th scope="row">${label(row)}</th><td>${n(row)}</td>${columns.map((column) => html`<td>${this.written(column.value(row), { ...column.origin, at: `${label(row)}, layer ${this.layer}`, n: `${n(row)} problems` })}</td>`)}</tr>`)}</tbody>
    </table></div></div>`;
  }

  private flows(flows: readonly FlowView[]): TemplateResult {
    const origin = (order: number, which: string, { a, b, n }: FlowView): CloudProvenance => ({
      what: `flow similarity, ${flowNames[order]}`,
      formula: order === 3 ? "Pearson’s correlation of the two Menger curvature series" : `mean cosine of aligned steps: ${["positions hₜ", "velocities hₜ₊₁ − hₜ", "second differences"][order]}`,
      unit: "1",
      help: "Two modes take their steps on the same problem, and this asks whether they take the same ones: from the same places, in the same directions, with the same bends. 1 is the same, 0 unrelated, −1 opposite. The number in brackets is for two different problems, and shows how alike any two runs of this model are.",
      source: "Zhou et al. 2025, arXiv:2510.09782",
      caveat: "Positions of any two runs of one model are alike, since all hidden states share a mean: read the number in brackets beside it. Steps are positions (tokens or thoughts) from the end of the prompt on, aligned by number, where the paper takes means over written reasoning steps; runs of different speed are aligned wrongly.",
      at: `${this.labels[a]} and ${this.labels[b]}, ${which}, layer ${this.layer}, from the end of the prompt`,
      // The first problem has none before it.
      n: `${which === "same problem" ? n : n - 1} problems`,
    });
    return html`<div><p class="soft small">Whether two modes move alike on the same problem, and in brackets on two different ones: mean cosine of aligned steps from the end of the prompt on, layer ${this.layer}</p>
    <div class="table" tabindex="0" role="region" aria-label="table: whether two modes move alike"><table>
      <thead><tr><th scope="col">modes</th><th scope="col">n</th>${flowNames.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${flows.map((flow) => html`<tr><th scope="row">${this.labels[flow.a]} – ${this.labels[flow.b]}</th><td>${flow.n}</td>${flowNames.map((_, order) => html`<td>${this.written(flow.same[order]!, origin(order, "same problem", flow))} <span class="soft">(${this.written(flow.other[order]!, origin(order, "different problems", flow))})</span></td>`)}</tr>`)}</tbody>
    </table></div></div>`;
  }

  private written(value: number, origin: CloudProvenance): unknown {
    return Number.isNaN(value) ? "–" : figure(formatNumber(value), () => this.provenance(origin));
  }

  private readonly find = (): void => {
    void this.runner.findClouds();
  };

  private readonly stop = (): void => this.runner.stopClouds();
}
