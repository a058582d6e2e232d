/**
 * Every view with test data, hand-made and seeded: nothing here was measured.
 * Served by `npm run dev` at /e2e/gallery/gallery.html; not part of the build.
 */
import { html, render, type TemplateResult } from "lit";
import { accuracyRows, bandSeries, claimFigures, heatCells, innerStates, jointPicture, labResults, mapValues, measureViews, metricSeries, nullSeries, tracks } from "./test-data.ts";
import type { Selection, SelectEvent } from "../../src/selection.ts";
import { documentStyle } from "../../src/theme.ts";
import type { OriginEvent } from "../../src/measures/provenance.ts";
import { words } from "../../src/words.ts";
import { decodingModes } from "../../probes/trace.ts";
import "../../src/views/measures/accuracy-chart.ts";
import "../../src/views/compare/comparison-table.ts";
import "../../src/views/claims/claim-figure.ts";
import "../../src/views/lab/inner-state.ts";
import "../../src/views/lab/lab-table.ts";
import { LiveRun } from "../../src/live-run.ts";
import { initialComparison } from "../../src/compare/compare-settings.ts";
import { exampleTrace } from "../../probes/trace.example.ts";
import "../../src/views/compare/compare-side.ts";
import "../../src/views/heat-map.ts";
import "../../src/views/measures/layer-map.ts";
import "../../src/views/measures/measure-charts.ts";
import "../../src/views/measures/measure-picker.ts";
import "../../src/views/measures/metric-chart.ts";
import { OriginCard } from "../../src/views/measures/origin-card.ts";
import "../../src/views/panel.ts";
import "../../src/views/models/progress-bar.ts";
import "../../src/views/acts/sweep-chart.ts";
import "../../src/views/picture/picture-quality.ts";
import "../../src/views/picture/trajectory-plot.ts";
import "../../src/views/picture/trajectory-seeds.ts";

const sheet = new CSSStyleSheet();
sheet.replaceSync(documentStyle.cssText);
document.adoptedStyleSheets = [sheet];

let selection: Selection = { mode: "latent", step: 2, layer: 3 };
const measures = [
  { title: "How unsure is it?", unit: "nats", range: [0, null] },
  { title: "How likely is the right answer?", unit: "1", range: [0, 1] },
  { title: "How far does each step go?", unit: "1", range: [0, null] },
  { title: "How sharply does it turn?", unit: "rad", range: [0, Math.PI] },
] as const;
const data = measures.map((_, i) => metricSeries(i));
const joint = tracks();
const crowd = tracks(40);
const empty = tracks(0).slice(0, 0);
const accuracy = accuracyRows();
const opened = LiveRun.opened(exampleTrace({ steps: 9 }), "saved.safetensors");
const unaltered = { rate: 0.9, low: 0.7, high: 0.97, answered: 20 };
const patches = heatCells(8, 4, (column, row) => (column === 7 && row === 3 ? 0 : column === 2 ? 1 : Math.min(0.9, 0.2 + 0.1 * Math.abs(column - 4) + 0.1 * row)));
const noise = heatCells(7, 1, (column) => 0.9 / (1 + 0.3 * column));
const origin = { what: "directness", formula: "‖hₜ − h₀‖ / Σₛ₌₁…ₜ ‖hₛ − hₛ₋₁‖", source: "Batschelet 1981", unit: "1", help: "The distance from the start over the length of the path so far. 1 is a straight line, 0 a return to the start. A path that wanders is long for the distance that it covers.", caveat: "It falls with length even for pure chance.", at: "chain of thought, layer 3", model: { id: "geodesic/nano", quantization: "f32", revision: "made up" }, engine: { name: "none", runtime: "none", device: "cpu", adapter: null }, seed: "problem 7", n: "50 problems" } as const;
const charts = ["as measured", "over that of random walks: 1 is a walk"].map((title, i) => ({ heading: title, title, over: "layers" as const, series: bandSeries(), nulls: i === 0 ? nullSeries() : [], range: [0, null] as const, reference: i === 0 ? null : { value: 0.5, label: "a random walk" }, provenance: () => origin }));
const [mapColumns, mapRows] = [Array.from({ length: 60 }, (_, i) => String(i - 4)), Array.from({ length: 25 }, (_, i) => (i === 0 ? "embed" : `layer ${i}`))];
const map = mapValues(60, 25);
const views = measureViews();
const labels = decodingModes.map((mode) => words.modes[mode].name);
const seeds = [jointPicture(1, "umap"), jointPicture(2, "umap"), jointPicture(3, "umap")];
const pca = jointPicture(1);
const few = accuracy.filter((row) => row.control === null || row.control === "none");

function page(): TemplateResult {
  return html`<main @select-step=${select} @show-origin=${showOrigin}>
    <h1>Test data, hand-made; nothing here was measured</h1>
    <progress-line label="downloading nano 0.37 M" detail="412 kB of 1.48 MB, 310 kB/s, 3.4 s left" value="412" max="1480"></progress-line>
    <progress-line label="preparing nano 0.37 M"></progress-line>
    <div class="pair">
      <geo-panel id="trajectory" heading="Where does the hidden state go?" caption="exact PCA of all runs together; trustworthiness 0.97 over 5 neighbours">
        <trajectory-plot .tracks=${joint} .selection=${selection} .explained=${[0.61, 0.22]} .trust=${0.97} heading="joint projection of all runs"></trajectory-plot>
        <div slot="help"><p>Each run’s hidden state after layer 3, one point per step, all runs in one plane.</p><p><b>Formula</b> PCA. <b>Unit</b> that of the residual stream.</p></div>
      </geo-panel>
      <geo-panel heading="A long prompt, laid out by UMAP">
        <trajectory-plot .tracks=${crowd} .selection=${selection} method="umap" .trust=${0.62} heading="joint layout"></trajectory-plot>
      </geo-panel>
    </div>
    <div class="multiples">${measures.map(
      ({ title, unit, range }, i) => html`<geo-panel compact heading=${title} caption=${unit === "1" ? "" : unit}>
        <metric-chart heading=${title} unit=${unit} .series=${data[i]} .selection=${selection} .range=${range} first="-4" last="6"></metric-chart>
        <div slot="help"><p>What it means.</p></div>
      </geo-panel>`,
    )}</div>
    <geo-panel id="accuracy" heading="Is this luck? Share of right answers on held-out problems" caption="50 problems for each point; bars are 95 % Wilson intervals">
      <accuracy-chart .rows=${few} difficultyName="hops" .chance=${1 / 12} .selectedDifficulty=${4} heading="share of right answers by hops"></accuracy-chart>
    </geo-panel>
    <geo-panel heading="The same with all controls">
      <accuracy-chart .rows=${accuracy} difficultyName="hops" .chance=${1 / 12} .selectedDifficulty=${4} heading="share of right answers by hops, with controls"></accuracy-chart>
    </geo-panel>
    <div class="pair">${(["a", "b"] as const).map((name) => html`<compare-side name=${name} mode="latent" label="${name.toUpperCase()}: a saved run" .choice=${initialComparison.sides[name]} .side=${{ loading: null, busy: false, report: null, error: name === "a" ? "" : "compare: expected two models that can be asked the same, got one of each kind; choose two of a kind", run: opened }} .selection=${selection}></compare-side>`)}</div>
    <geo-panel heading="Where does the answer hang?">
      <heat-map heading="share of right answers by step and layer" .columns=${Array.from({ length: 8 }, (_, i) => String(i))} columnTitle="step" .rows=${["embed", "layer 1", "layer 2", "layer 3"]} .cells=${patches} .unaltered=${unaltered} .chance=${1 / 12} .selected=${[2, 3]}></heat-map>
    </geo-panel>
    <geo-panel heading="How much noise does it bear?">
      <sweep-chart heading="share of right answers by noise" .labels=${["0", "0.25", "0.5", "1", "1.5", "2", "4"]} axisTitle="noise, over the thought’s norm" .cells=${noise} .unaltered=${unaltered} .chance=${1 / 12}></sweep-chart>
    </geo-panel>
    <geo-panel heading="How direct is the path?" caption="median and middle 95 % of problems">
      <measure-charts .charts=${charts} .selection=${selection}></measure-charts>
    </geo-panel>
    <geo-panel heading="Where in the network, and when?" caption="25 layers, 60 steps">
      <layer-map heading="made-up numbers, layer by step" .columns=${mapColumns} columnTitle="step, 0 = end of the prompt" .rows=${mapRows} .values=${map} unit="nats" .selected=${[selection.step + 4, selection.layer]} .provenance=${() => origin}></layer-map>
    </geo-panel>
    <geo-panel heading="The same layout with three seeds"><trajectory-seeds .pictures=${seeds} .selection=${selection}></trajectory-seeds></geo-panel>
    <geo-panel heading="What is said under a picture"><picture-quality .picture=${pca}></picture-quality></geo-panel>
    <geo-panel heading="Which measures?"><measure-picker .picked=${["directness", "lens-entropy"]}></measure-picker></geo-panel>
    <geo-panel heading="Modes in numbers"><comparison-table .measures=${views} .labels=${labels} where=", layer 3" .provenance=${() => origin}></comparison-table></geo-panel>
    ${claimFigures().map((figure) => html`<geo-panel heading=${figure.title}><claim-figure .figure=${figure}></claim-figure></geo-panel>`)}
    ${innerStates(16).map((state) => html`<geo-panel heading=${state.title} caption="block ${state.layer}"><inner-state .state=${state} .tokens=${Array.from({ length: 16 }, (_, i) => String(i % 10))}></inner-state></geo-panel>`)}
    <geo-panel heading="What does each learn of each task?"><lab-table .results=${labResults()}></lab-table></geo-panel>
    <geo-panel heading="Before anything has run"><trajectory-plot .tracks=${empty}></trajectory-plot></geo-panel>
  </main>`;
}

function select(event: SelectEvent): void {
  selection = { ...selection, ...event.detail };
  draw();
}

const card = new OriginCard();

function showOrigin(event: OriginEvent): void {
  void card.show(event.detail.of, event.detail.beside);
}

function draw(): void {
  render(page(), document.body);
}

const scheme = new URLSearchParams(location.search).get("scheme");
if (scheme) document.documentElement.dataset["scheme"] = scheme;
draw();
document.body.append(card);
