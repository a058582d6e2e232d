/**
 * The problem itself, drawn: the arrows of a pointer chase, the two trees of a
 * reachability question, the shots of a hidden rule. The true path is revealed
 * up to the step under the cursor. A story in plain English has its steps in words.
 */
import { css, html, LitElement, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { PointerChaseProblem as PointerChase } from "../../probes/tasks/pointer-chase.ts";
import type { ReachabilityProblem as Reachability } from "../../probes/tasks/reachability.ts";
import type { RulesProblem as Rules } from "../../probes/tasks/rules.ts";
import type { Problem } from "../../probes/tasks/task.ts";
import { sharedStyle } from "../theme.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

@customElement("problem-picture")
export class ProblemPicture extends LitElement {
  static override styles = [
    sharedStyle,
    css`
      svg { width: 100%; height: auto; display: block; max-height: 260px; }
      .edge { stroke: var(--strong); stroke-width: 1.2; fill: none; }
      .edge.path { stroke: var(--ink); stroke-width: 2.6; }
      .node circle { fill: var(--surface); stroke: var(--strong); stroke-width: 1.2; }
      .node text { font: 500 13px var(--mono); text-anchor: middle; fill: var(--soft); }
      .node.on circle { fill: var(--ink); stroke: var(--ink); }
      .node.on text { fill: var(--ground); font-weight: 700; }
      .node.start circle { stroke: var(--ink); stroke-width: 2.5; }
      .node.start text { fill: var(--ink); font-weight: 700; }
      .node.start.on text { fill: var(--ground); }
      .node.asked circle { stroke-dasharray: 3 2.5; stroke: var(--ink); stroke-width: 2; }
      .head { fill: var(--strong); }
      .head.path { fill: var(--ink); }
      .label { font: 400 11px var(--sans); fill: var(--soft); text-anchor: middle; }
      .cell { fill: var(--surface); stroke: var(--line); }
      .letter { font: 500 14px var(--mono); text-anchor: middle; fill: var(--ink); }
      .value { font: 600 14px var(--mono); text-anchor: middle; fill: var(--ink); }
      figure { margin: 0; border-left: 3px solid var(--line); padding-left: 0.9rem; font-size: var(--small); }
      figcaption { color: var(--soft); }
      ol { margin: 0.3rem 0 0; padding-left: 1.3rem; display: flex; flex-direction: column; gap: 0.2rem; }
      .question { fill: none; stroke: var(--ink); stroke-width: 2; stroke-dasharray: 4 3; }
    `,
  ];

  @property({ attribute: false }) problem: Problem | null = null;
  /** For a story in plain English: its true steps, in words. */
  @property({ attribute: false }) steps: readonly string[] | null = null;
  /** Steps of the true path that are shown. */
  @property({ type: Number }) revealed = 0;

  protected override render(): TemplateResult {
    const { problem } = this;
    if (!problem) return html``;
    if (this.steps) return this.story(this.steps);
    if (problem.task === "pointer-chase") return this.chase(problem as PointerChase);
    if (problem.task === "reachability") return this.trees(problem as Reachability);
    return this.table(problem as Rules);
  }

  /** A story has no picture but its steps; a token of an answer is no step, so all of them are shown. */
  private story(steps: readonly string[]): TemplateResult {
    return html`<figure><figcaption>the true steps</figcaption><ol>${steps.map((step) => html`<li>${step}</li>`)}</ol></figure>`;
  }

  /** Letters on a circle in alphabetical order, so that the cycle shows as the tangle that it is for the reader. */
  private chase(problem: PointerChase): TemplateResult {
    const letters = [...problem.cycle].sort();
    const place = new Map(letters.map((letter, i) => [letter, onCircle(i / letters.length)]));
    const start = problem.cycle.indexOf(problem.start);
    const path = Array.from({ length: problem.hops + 1 }, (_, i) => problem.cycle[(start + i) % problem.cycle.length]!);
    const shown = Math.min(Math.max(this.revealed, 0), problem.hops);
    const lit = new Set(path.slice(0, shown + 1));
    const onPath = new Set(path.slice(0, shown).map((from, i) => `${from}${path[i + 1]}`));
    const arrows = [...problem.edges].sort((a, b) => Number(onPath.has(a.join(""))) - Number(onPath.has(b.join(""))));
    return html`<svg viewBox="-150 -150 300 300" role="img" aria-label="sixteen letters with one arrow from each; the path from ${problem.start}: ${path.slice(0, shown + 1).join(", ")}">
      ${arrows.map(([from, to]) => arrow(place.get(from)!, place.get(to)!, onPath.has(`${from}${to}`)))}
      ${letters.map((letter) => node(place.get(letter)!, letter, [lit.has(letter) ? "on" : "", letter === problem.start ? "start" : ""].join(" ")))}
    </svg>`;
  }

  private trees(problem: Reachability): TemplateResult {
    const depth = problem.trees[0]!.length - 1;
    const place = new Map<string, Point>();
    problem.trees.forEach((levels, tree) =>
      levels.forEach((level, l) => level.forEach((letter, i) => place.set(letter, { x: (tree === 0 ? -80 : 80) + (level.length === 1 ? 0 : (i - 0.5) * 66), y: -118 + l * (236 / depth) }))),
    );
    const shown = Math.min(Math.max(this.revealed, 0), problem.depth);
    const lit = new Set([problem.root, ...problem.frontier.slice(0, shown).flat()]);
    const isLit = (from: string, to: string): boolean => lit.has(from) && lit.has(to);
    const edges = [...problem.edges].sort((a, b) => Number(isLit(...a)) - Number(isLit(...b)));
    return html`<svg viewBox="-150 -145 300 290" role="img" aria-label="two trees; asked: which of ${problem.candidates.join(" and ")} lies ${problem.depth} below ${problem.root}">
      ${edges.map(([from, to]) => arrow(place.get(from)!, place.get(to)!, isLit(from, to)))}
      ${[...place].map(([letter, at]) =>
        node(at, letter, [lit.has(letter) ? "on" : "", letter === problem.root ? "start" : "", problem.candidates.includes(letter) ? "asked" : ""].join(" ")),
      )}
    </svg>`;
  }

  private table(problem: Rules): TemplateResult {
    const columns = [...problem.shots.map(([x, y]) => ({ x, y: String(y), asked: false })), { x: problem.query, y: "?", asked: true }];
    const perRow = 6;
    const rows = Math.ceil(columns.length / perRow);
    return html`<svg viewBox="-150 -20 300 ${rows * 74 + 30}" role="img" aria-label="solved examples: ${problem.shots.map(([x, y]) => `${x} gives ${y}`).join(", ")}; asked: ${problem.query}">
      ${columns.map(({ x, y, asked }, i) => {
        const cx = -126 + (i % perRow) * 50.4;
        const cy = 6 + Math.floor(i / perRow) * 74;
        return svg`<g>
          <rect class=${asked ? "question" : "cell"} x=${cx - 20} y=${cy - 18} width="40" height="56" rx="6" />
          <text class="letter" x=${cx} y=${cy + 2}>${x}</text><text class="label" x=${cx} y=${cy + 15}>↓</text><text class="value" x=${cx} y=${cy + 32}>${y}</text></g>`;
      })}
    </svg>`;
  }
}

function onCircle(share: number): Point {
  const angle = 2 * Math.PI * share - Math.PI / 2;
  return { x: 126 * Math.cos(angle), y: 126 * Math.sin(angle) };
}

function node(at: Point, letter: string, kind: string): SVGTemplateResult {
  return svg`<g class="node ${kind}" transform="translate(${at.x.toFixed(1)} ${at.y.toFixed(1)})"><circle r="13" /><text y="4.5">${letter}</text></g>`;
}

/** A straight arrow that stops at the rims of its nodes. */
function arrow(from: Point, to: Point, path: boolean): SVGTemplateResult {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  const ux = (to.x - from.x) / length;
  const uy = (to.y - from.y) / length;
  const tip = { x: to.x - ux * 15, y: to.y - uy * 15 };
  const wide = path ? 5 : 3.6;
  const long = path ? 10 : 8;
  const base = { x: tip.x - ux * long, y: tip.y - uy * long };
  const kind = path ? "path" : "";
  return svg`<g>
    <line class="edge ${kind}" x1=${(from.x + ux * 14).toFixed(1)} y1=${(from.y + uy * 14).toFixed(1)} x2=${base.x.toFixed(1)} y2=${base.y.toFixed(1)} />
    <path class="head ${kind}" d="M${tip.x.toFixed(1)} ${tip.y.toFixed(1)}L${(base.x - uy * wide).toFixed(1)} ${(base.y + ux * wide).toFixed(1)}L${(base.x + uy * wide).toFixed(1)} ${(base.y - ux * wide).toFixed(1)}Z" />
  </g>`;
}
