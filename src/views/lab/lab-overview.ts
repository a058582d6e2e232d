/** All architectures on all tasks, and some of them side by side. */
import { css, html, LitElement, type TemplateResult } from "lit";
import { customElement, property, state } from "lit/decorators.js";
import { sequenceTasks } from "../../../probes/tasks/sequence/index.ts";
import { architectureIds } from "../../../workers/lab/architecture.ts";
import { recipe } from "../../../workers/lab/lesson.ts";
import type { LessonResult } from "../../../workers/lab/results.ts";
import { hiddenSize, layers } from "../../../workers/lab/sequence-model.ts";
import { finalProblems } from "../../../workers/lab/student.ts";
import { formatCount } from "../../format.ts";
import { explanations } from "../../lab/lab-explanations.ts";
import { readCompared } from "../../lab/lab-address.ts";
import { type Address, writeAddress } from "../../places.ts";
import type { SharedLab } from "../../lab/shared-lab.ts";
import { sharedStyle } from "../../theme.ts";
import "./lab-compare.ts";
import "./lab-table.ts";
import "../panel.ts";

@customElement("lab-overview")
export class LabOverview extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      :host { display: flex; flex-direction: column; gap: 0.9rem; }
      .intro { max-width: 78ch; margin-bottom: 0.3rem; }
      details > summary { cursor: pointer; }
      dl { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: 0.8rem 1.8rem; margin: 0.7rem 0 0.2rem; }
      dt { font-weight: 600; color: var(--ink); }
      dd { margin: 0.1rem 0 0; }
      .cards { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.2rem 1.4rem; margin: 0.2rem 0 0.4rem; padding: 0; list-style: none; }
      .cards a { display: block; color: inherit; text-decoration: none; padding: 0.4rem 0; }
      .cards b { font-weight: 600; text-decoration: underline; text-decoration-color: var(--strong); text-underline-offset: 3px; }
      .cards a:hover b { text-decoration-color: currentColor; }
      .cards span { display: block; }
      @media (max-width: 1000px) { dl { grid-template-columns: minmax(0, 1fr); } .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
      @media (max-width: 480px) { .cards { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];

  @property({ attribute: false }) lab!: SharedLab;
  @property({ attribute: false }) address!: Address;
  @state() private results: readonly LessonResult[] = [];

  override connectedCallback(): void {
    super.connectedCallback();
    void this.lab.results.then((results) => (this.results = results));
  }

  protected override render(): TemplateResult {
    const { results } = this;
    const counts = results.map(({ parameters }) => parameters);
    const sizes = counts.length > 0 ? `${formatCount(Math.min(...counts))} to ${formatCount(Math.max(...counts))} parameters (on one task within 5 %)` : "equally many parameters";
    const dates = [...new Set(results.map(({ date }) => date))].sort();
    const seeds = [...new Set(results.map(({ seed }) => seed))].sort((a, b) => a - b);
    return html`
      <p class="intro">Eight architectures, each as the block of one and the same small model: ${sizes}, ${layers} blocks, ${hiddenSize} numbers wide, taught by one recipe (${recipe.steps} steps of ${recipe.batch} sequences). What differs is the block. Every one is a short file that reads like its paper; open one, train it here, and look at what it keeps.</p>
      <ul class="cards">${architectureIds.map((id) => html`<li><a href=${writeAddress({ place: "lab", path: [id] })}><b>${explanations[id].name}</b><span class="small soft">${explanations[id].sentence}</span></a></li>`)}</ul>
      <geo-panel heading="What does each learn of each task?" caption="share of right answers on ${finalProblems} problems that it was not trained on${seeds.length > 1 ? `, from each of ${seeds.length} seeds` : ""}, 95 % Wilson interval in per cent; bars: every difficulty, from the easiest to the hardest, dark the one that is counted, a line at chance; grey: chance lies in the interval, or above it">
        <lab-table .results=${results}></lab-table>
        <details class="small"><summary>what the six tasks ask, and why they are hard</summary><dl class="soft">${sequenceTasks.map(({ title, explanation }) => html`<div><dt>${title}</dt><dd>${explanation}</dd></div>`)}</dl></details>
        <div slot="help">
          <p>Every model was trained from ${seeds.length === 1 ? `seed ${seeds[0]}` : `the seeds ${seeds.join(", ")}`}${dates.length > 0 ? ` on ${dates.join(" and ")}` : ""} by <code>tools/record-lab.ts</code>, which anyone can run again; the same seed in this tab repeats the run. Problems of all difficulties were trained on alike, and those of one difficulty are counted here. “90 % after n steps” is the first of the examinations, one every 100 steps, with 90 of 100 right.</p>
          <p><b>Caution</b> The interval is over problems, not over seeds. Time is that of the steps alone, at the tenth percentile of a few dozen in Node on a shared machine without a GPU: it says how these files run there, not how fast an architecture is. A model that fails in ${recipe.steps} steps may learn in more; one that cannot see far enough back will not. And nothing here says which architecture is best when it is large: language models in use have some 100\u202f000 times as many parameters, and more.</p>
        </div>
      </geo-panel>
      <lab-compare .lab=${this.lab} .compared=${readCompared(this.address)}></lab-compare>
    `;
  }
}
