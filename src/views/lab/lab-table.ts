/**
 * What each architecture learns of each task: the share of right answers with
 * its interval, the steps that it took, and the time; a cell leads to the model.
 */
import { css, html, LitElement, nothing, svg, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import { sequenceTasks } from "../../../probes/tasks/sequence/index.ts";
import type { SequenceTask } from "../../../probes/tasks/sequence/sequence-task.ts";
import { wilson } from "../../../probes/statistics/wilson.ts";
import { type ArchitectureId, architectureIds } from "../../../workers/lab/architecture.ts";
import { type LessonResult, reachedAt, stepsToReach } from "../../../workers/lab/results.ts";
import { formatDuration, formatPercent } from "../../format.ts";
import { explanations } from "../../lab/lab-explanations.ts";
import { writeAddress } from "../../places.ts";
import { sharedStyle } from "../../theme.ts";

@customElement("lab-table")
export class LabTable extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      .scroll { overflow-x: auto; margin: 0 -0.3rem; padding: 0 0.3rem 0.4rem; }
      table { width: 100%; min-width: 58rem; table-layout: fixed; }
      th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.5rem; }
      thead th { vertical-align: bottom; }
      thead a { color: var(--ink); font-weight: 600; text-underline-offset: 3px; text-decoration-color: var(--strong); }
      col.task { width: 11rem; }
      tbody th { position: sticky; left: 0; background: var(--raised); }
      tbody th b { display: block; font-weight: 600; }
      td a { display: block; color: inherit; text-decoration: none; border-radius: 6px; margin: -0.2rem -0.3rem; padding: 0.2rem 0.3rem; }
      td a:hover { background: var(--surface); }
      .share { font-size: 1.0625rem; font-weight: 600; }
      .spark { display: block; width: 100%; max-width: 7rem; height: 22px; margin: 0.2rem 0 0.25rem; }
      .spark .ground { fill: var(--surface); }
      .spark .bar { fill: var(--direct); fill-opacity: 0.42; }
      .spark .bar.counted { fill-opacity: 1; }
      .spark .by-chance { fill: var(--ink); }
      .chance .share { font-weight: 400; color: var(--soft); }
      .chance .spark .bar { fill: var(--faint); }
      @media (max-width: 720px) { col.task { width: 7.5rem; } table { min-width: 50rem; } }
    `,
  ];

  @property({ attribute: false }) results: readonly LessonResult[] = [];

  /** Of the table; a cell says how many it has where they are fewer. */
  private get seeds(): number {
    return new Set(this.results.map(({ seed }) => seed)).size;
  }

  protected override render(): TemplateResult {
    return html`<div class="scroll" tabindex="0" role="region" aria-label="table: what each architecture learns of each task">
      <table>
        <colgroup><col class="task" />${architectureIds.map(() => html`<col />`)}</colgroup>
        <thead><tr><th scope="col">task, at its difficulty</th>${architectureIds.map((id) => html`<th scope="col"><a href=${writeAddress({ place: "lab", path: [id] })}>${explanations[id].name}</a></th>`)}</tr></thead>
        <tbody>${sequenceTasks.map((task) => html`<tr><th scope="row"><b>${task.title}</b><span class="soft">${difficultyInWords(task)}, chance ${formatPercent(chanceOf(task))}</span></th>${architectureIds.map((id) => this.cell(task, id))}</tr>`)}</tbody>
      </table>
    </div>`;
  }

  private cell(task: SequenceTask, id: ArchitectureId): TemplateResult {
    const runs = this.results.filter((result) => result.task === task.id && result.architecture === id);
    const href = writeAddress({ place: "lab", path: [id], query: new URLSearchParams({ task: task.id }) });
    if (runs.length === 0) return html`<td><a class="soft" href=${href}>not recorded</a></td>`;
    const counts = runs.map(({ accuracy }) => accuracy.find(({ difficulty }) => difficulty === task.difficulty.initial)!);
    const [correct, of] = [counts.reduce((sum, count) => sum + count.correct, 0), counts.reduce((sum, count) => sum + count.of, 0)];
    const [low, high] = wilson(correct, of);
    const steps = runs.map(stepsToReach);
    const reached = steps.filter((step) => step !== null);
    const chance = chanceOf(task);
    const said = reached.length === runs.length ? `${reachedAt * 100} % after ${[...new Set([Math.min(...reached), Math.max(...reached)])].join(" to ")} steps` : `${reachedAt * 100} % not reached${reached.length > 0 ? ` by ${runs.length - reached.length} of ${runs.length} seeds` : ""}`;
    const times = runs.flatMap(({ steps, stepMilliseconds }) => (stepMilliseconds === undefined ? [] : [(steps * stepMilliseconds) / 1000]));
    // Chance lies in the interval, or above it: nothing was learnt that this would show.
    return html`<td class="number ${low <= chance ? "chance" : ""}"><a href=${href}>
      <span class="share">${formatPercent(correct / of)}</span> <span class="small soft">${Math.round(100 * low)}–${Math.round(100 * high)}</span>
      ${byDifficulty(task, runs)}
      <span class="small soft">${said}${times.length > 0 ? html`<br />${formatDuration(times.reduce((sum, time) => sum + time, 0) / times.length)} of training` : nothing}${runs.length < this.seeds ? html`<br />${runs.length} of ${this.seeds} seeds` : nothing}</span>
    </a></td>`;
  }
}

/** A bar for each difficulty, from the easiest to the hardest; the one that is counted is dark, a line across each is chance. */
function byDifficulty(task: SequenceTask, runs: readonly LessonResult[]): TemplateResult {
  const shares = runs[0]!.accuracy.map(({ difficulty }) => {
    const counts = runs.flatMap(({ accuracy }) => accuracy.filter((count) => count.difficulty === difficulty));
    const share = counts.reduce((sum, { correct }) => sum + correct, 0) / counts.reduce((sum, { of }) => sum + of, 0);
    return { difficulty, share, chance: task.draw(0, { difficulty, shots: 0, variant: null }).chance };
  });
  const words = shares.map(({ difficulty, share }) => `${difficulty}: ${formatPercent(share)}`).join(", ");
  return html`<svg class="spark" viewBox="0 0 ${10 * shares.length} 20" preserveAspectRatio="none" role="img" aria-label="by number of ${task.difficulty.name}, ${words}">
    ${shares.map(({ difficulty, share, chance }, i) => svg`<rect class="ground" x=${10 * i} width="9" height="20" /><rect class="bar ${difficulty === task.difficulty.initial ? "counted" : ""}" x=${10 * i} y=${20 * (1 - share)} width="9" height=${20 * share} /><rect class="by-chance" x=${10 * i} y=${20 * (1 - chance) - 0.4} width="9" height="0.8" />`)}
  </svg>`;
}

function chanceOf(task: SequenceTask): number {
  return task.draw(0, { difficulty: task.difficulty.initial, shots: 0, variant: null }).chance;
}

function difficultyInWords({ difficulty: { initial, name } }: SequenceTask): string {
  return `${initial} ${initial === 1 ? name.replace(/s$/, "") : name}`;
}
