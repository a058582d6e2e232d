/**
 * The runs in one plane, a line per run. The question is faint, thinking is
 * bold with arrows along the way, a diamond marks step 0 (the question is read,
 * thinking begins), the outlined point at the end answers. The selected step
 * has a ring and its token in every run.
 *
 * One unit is as long across as up, and the view only grows while steps arrive.
 */
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { PictureMethod } from "../../../probes/run-picture.ts";
import type { DecodingMode } from "../../../probes/trace.ts";
import { formatNumber } from "../../format.ts";
import { axisTitles } from "../../picture/picture-words.ts";
import { SelectEvent, type Selection } from "../../selection.ts";
import { modeStyles } from "../../theme.ts";
import { words } from "../../words.ts";
import { boundsOf, equalAspect, followed, type Bounds } from "./bounds.ts";
import { ChartElement, chartFont, type ChartTable, type DrawnChart, type PageChart } from "../chart-element.ts";
import { freePlace, type Box } from "./label-places.ts";
import { dashOf, legend } from "./legend.ts";

export interface PlotTrack {
  readonly mode: DecodingMode;
  /** Drawn thin and hollow: a control, or a run beside another. */
  readonly control: boolean;
  /** In the key and the table; left out: as the mode, or "control". */
  readonly name?: string;
  /** Relative to the end of the prompt. */
  readonly steps: readonly number[];
  readonly labels: readonly string[];
  readonly phases: readonly string[];
  /** [n, 2], row by row. */
  readonly points: Float32Array;
}

/** Room for the axes, px; known beforehand, so that the aspect can be. */
const axisHeight = 40;
const axisWidth = 54;
/** How near the pointer must come to a point, px. */
const reach = 30;

@customElement("trajectory-plot")
export class TrajectoryPlot extends ChartElement {
  static override styles = [
    ...ChartElement.styles,
    css`
      :host { --chart-height: 380px; flex: 1; }
      .canvas { min-height: var(--enlarged-height, var(--chart-height)); flex: 1 1 auto; }
      @media (max-width: 720px) { :host { --chart-height: 340px; } }
    `,
  ];

  override heading = "joint projection of the runs’ hidden states";
  @property({ attribute: false }) tracks: readonly PlotTrack[] = [];
  @property({ attribute: false }) selection: Selection | null = null;
  /** Shares of variance of the two axes; null where axes mean nothing. */
  @property({ attribute: false }) explained: readonly number[] | null = null;
  /** Trustworthiness of the picture; a low one is said in words. */
  @property({ attribute: false }) trust: number | null = null;
  @property() method: PictureMethod = "pca";
  /** Runs that the picture was made of, where those on show were placed in it; drawn faint. */
  @property({ attribute: false }) ghosts: readonly PlotTrack[] = [];
  /** Leaves out the key and the word of caution: another plot beside it has them. */
  @property({ type: Boolean }) bare = false;
  private view: Bounds | null = null;
  private viewOf: PictureMethod = "pca";

  protected configuration(): PageChart {
    const { raised } = this.colours;
    this.follow();
    return {
      type: "scatter",
      data: {
        datasets: this.tracks.map((track) => {
          const { mode, control, steps, phases, points } = track;
          const style = modeStyles[mode];
          const colour = this.colourOf(mode);
          const faint = `${colour}80`;
          const hollow = control || style.shape === "ring";
          const read = (i: number): boolean => phases[i] === "prompt" && steps[i] !== 0;
          const size = control ? 3.2 : 4.6;
          return {
            data: steps.map((_, i) => ({ x: points[2 * i]!, y: points[2 * i + 1]! })),
            showLine: true,
            clip: false as const,
            order: control ? 1 : 0,
            borderColor: colour,
            borderWidth: control ? 1.25 : 2.4,
            borderDash: dashOf(mode, dashIndex(track)),
            borderJoinStyle: "round" as const,
            segment: {
              borderWidth: ({ p1DataIndex }: { p1DataIndex: number }) => (phases[p1DataIndex] === "prompt" ? 1 : undefined),
              borderColor: ({ p1DataIndex }: { p1DataIndex: number }) => (phases[p1DataIndex] === "prompt" ? faint : undefined),
            },
            pointStyle: style.pointStyle,
            pointBackgroundColor: steps.map((_, i) => (hollow ? raised : read(i) ? faint : colour)),
            pointBorderColor: steps.map((_, i) => (read(i) ? faint : colour)),
            pointBorderWidth: hollow ? (control ? 1.25 : 2) : 0,
            pointRadius: steps.map((_, i) => (read(i) ? 2 : i === steps.length - 1 ? size + 2 : size)),
          };
        }),
      },
      options: this.options(
        { title: this.axisTitle(0), limits: () => [this.window().left, this.window().right], ticks: 6, size: axisHeight },
        { title: this.axisTitle(1), limits: () => [this.window().bottom, this.window().top], ticks: 5, size: axisWidth },
      ),
    };
  }

  private axisTitle(axis: 0 | 1): string {
    return axisTitles(this.method, this.explained)[axis];
  }

  private follow(): void {
    const bounds = boundsOf([...this.tracks, ...this.ghosts].map((track) => track.points));
    if (this.viewOf !== this.method || !bounds) this.view = null;
    this.viewOf = this.method;
    if (bounds) this.view = followed(this.view, bounds);
  }

  /** What the plot shows, at the canvas's present size. */
  private window(): Bounds {
    const { width, height } = this.canvasSize;
    return equalAspect(this.view ?? { left: 0, right: 1, bottom: 0, top: 1 }, Math.max(1, width - axisWidth - 10), Math.max(1, height - axisHeight - 8));
  }

  /** Pixel positions of one track. */
  private positions(chart: DrawnChart, track: number): { x: number; y: number }[] {
    return chart.getDatasetMeta(track).data.map((element) => element.getProps(["x", "y"], true) as { x: number; y: number });
  }

  protected override drawBelow(chart: DrawnChart): void {
    const [x, y] = [chart.scales["x"]!, chart.scales["y"]!];
    this.paint(chart, (ctx) => {
      ctx.strokeStyle = this.colours.faint;
      ctx.globalAlpha = 0.55;
      ctx.lineWidth = 1;
      for (const { points } of this.ghosts) {
        ctx.beginPath();
        for (let i = 0; i + 1 < points.length; i += 2) ctx.lineTo(x.getPixelForValue(points[i]!), y.getPixelForValue(points[i + 1]!));
        ctx.stroke();
      }
    });
  }

  protected override drawAbove(chart: DrawnChart): void {
    if (this.tracks.length === 0) return this.drawNothing(chart);
    this.paint(chart, (ctx) => {
      const at = this.tracks.map((_, t) => this.positions(chart, t));
      this.tracks.forEach((track, t) => {
        drawArrows(ctx, track, at[t]!, this.colourOf(track.mode));
        this.drawMarks(ctx, track, at[t]!);
      });
      this.tracks.forEach((track, t) => this.drawSelected(ctx, track, at[t]!));
      this.drawLabels(ctx, chart, at);
    });
  }

  private drawNothing(chart: DrawnChart): void {
    this.paint(chart, (ctx) => {
      ctx.clearRect(0, 0, chart.width, chart.height);
      ctx.font = `400 13px ${chartFont}`;
      ctx.fillStyle = this.colours.soft;
      ctx.textAlign = "center";
      ctx.fillText("no hidden states yet", chart.width / 2, chart.height / 2);
    });
  }

  /** Step 0 as a diamond, the last step of a run outlined. */
  private drawMarks(ctx: CanvasRenderingContext2D, { steps, control, phases }: PlotTrack, at: readonly { x: number; y: number }[]): void {
    const { soft, ink } = this.colours;
    ctx.lineWidth = 1.2;
    const start = at[steps.indexOf(0)];
    if (start) {
      ctx.strokeStyle = soft;
      const r = 14;
      ctx.beginPath();
      ctx.moveTo(start.x, start.y - r);
      ctx.lineTo(start.x + r, start.y);
      ctx.lineTo(start.x, start.y + r);
      ctx.lineTo(start.x - r, start.y);
      ctx.closePath();
      ctx.stroke();
    }
    const end = at.at(-1);
    if (end && !control && (phases.at(-1) !== "prompt" || steps.at(-1) === 0)) {
      ctx.strokeStyle = ink;
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      ctx.arc(end.x, end.y, 9.5, 0, 2 * Math.PI);
      ctx.stroke();
    }
  }

  private drawSelected(ctx: CanvasRenderingContext2D, { mode, control, steps }: PlotTrack, at: readonly { x: number; y: number }[]): void {
    const { selection } = this;
    const point = selection && at[steps.indexOf(selection.step)];
    if (!point) return;
    const main = mode === selection.mode && !control;
    ctx.fillStyle = this.colourOf(mode);
    ctx.globalAlpha = main ? 0.28 : 0.16;
    ctx.beginPath();
    ctx.arc(point.x, point.y, main ? 15 : 12, 0, 2 * Math.PI);
    ctx.fill();
    ctx.globalAlpha = 1;
  }

  /** The token at the selected step of each run; and, where there is room, along the selected run's thinking. */
  private drawLabels(ctx: CanvasRenderingContext2D, chart: DrawnChart, at: readonly (readonly { x: number; y: number }[])[]): void {
    const { selection } = this;
    if (!selection) return;
    const { left, right } = chart.chartArea;
    const frame: Box = { left, top: 0, right: right + 10, bottom: chart.chartArea.bottom };
    const taken: Box[] = this.tracks.flatMap(({ phases }, t) => at[t]!.flatMap((p, i) => (phases[i] === "prompt" ? [] : [{ left: p.x - 5, right: p.x + 5, top: p.y - 5, bottom: p.y + 5 }])));
    const wanted = this.tracks.flatMap((track, t) =>
      track.steps.flatMap((step, i) => {
        const chosen = step === selection.step;
        const along = track.mode === selection.mode && !track.control && step > 0;
        const rank = chosen ? (track.mode === selection.mode && !track.control ? 0 : 1) : 2;
        return chosen || along ? [{ text: track.labels[i] ?? "", point: at[t]![i]!, mode: track.mode, rank }] : [];
      }),
    );
    ctx.textBaseline = "top";
    ctx.lineJoin = "round";
    const written: { text: string; x: number; y: number }[] = [];
    for (const { text, point, mode, rank } of wanted.sort((a, b) => a.rank - b.rank)) {
      if (text.trim() === "") continue;
      // Runs that pass through one place are labelled once.
      if (written.some((other) => other.text === text && Math.hypot(other.x - point.x, other.y - point.y) < 14)) continue;
      ctx.font = `${rank < 2 ? 600 : 400} ${rank === 0 ? 15 : 12}px ${chartFont}`;
      const height = rank === 0 ? 16 : 13;
      const width = ctx.measureText(text).width + 2;
      const free = freePlace(point.x, point.y, width, height, rank < 2 ? 14 : 9, taken, frame);
      const box = free ?? (rank === 0 ? { left: point.x + 14, top: point.y - height / 2, right: point.x + 14 + width, bottom: point.y + height / 2 } : null);
      if (!box) continue;
      taken.push(box);
      written.push({ text, x: point.x, y: point.y });
      ctx.lineWidth = 3.5;
      ctx.strokeStyle = this.colours.raised;
      ctx.strokeText(text, box.left, box.top + 1);
      ctx.fillStyle = this.inkOf(mode);
      ctx.fillText(text, box.left, box.top + 1);
    }
  }

  /** Selects the nearest point, of those that the pointer has come near. */
  protected override pointed(chart: DrawnChart, x: number, y: number): void {
    let nearest: { mode: DecodingMode; step: number; away: number } | null = null;
    for (const [t, { mode, steps }] of this.tracks.entries()) {
      this.positions(chart, t).forEach((point, i) => {
        const away = Math.hypot(point.x - x, point.y - y);
        if (away < (nearest?.away ?? reach)) nearest = { mode, step: steps[i]!, away };
      });
    }
    if (nearest) this.choose(nearest);
  }

  private choose({ mode, step }: { mode: DecodingMode; step: number }): void {
    if (step !== this.selection?.step || mode !== this.selection.mode) this.dispatchEvent(new SelectEvent({ mode, step }));
  }

  protected override below(): unknown {
    if (this.tracks.length === 0 || this.bare) return "";
    const poor = this.trust !== null && this.trust < 0.8 ? html`<p>trust ${formatNumber(this.trust)}: many points that lie close here are not close in the model.</p>` : "";
    const keys = html`
      <span class="key"><svg class="mark shape plain" viewBox="-7 -7 14 14" aria-hidden="true"><path class="none" d="M0 -6L6 0L0 6L-6 0Z" /></svg>step 0: the question is read</span>
      <span class="key"><svg class="mark shape plain" viewBox="-7 -7 14 14" aria-hidden="true"><path class="none" d="M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0Z" /></svg>last step: answers</span>`;
    return html`${legend(this.tracks.map((track) => ({ mode: track.mode, control: dashIndex(track), ...(track.name === undefined ? {} : { label: track.name }) })), keys)}${poor}`;
  }

  protected table(): ChartTable {
    return {
      head: ["run", "step", "phase", "token", this.axisTitle(0), this.axisTitle(1)],
      rows: this.tracks.flatMap(({ mode, control, name = control ? "control" : words.modes[mode].name, steps, phases, labels, points }) =>
        steps.map((step, i) => [name, formatNumber(step), phases[i] ?? "", labels[i] ?? "", formatNumber(points[2 * i]!), formatNumber(points[2 * i + 1]!)]),
      ),
    };
  }
}

/** Which of the thin dashes; null for the mode's own. */
function dashIndex({ control, name }: PlotTrack): number | null {
  return control ? (name === undefined ? 0 : 1) : null;
}

/** Which way it goes: an arrow head on each step of thinking that is long enough to carry one. */
function drawArrows(ctx: CanvasRenderingContext2D, { phases, control }: PlotTrack, at: readonly { x: number; y: number }[], colour: string): void {
  const size = control ? 4 : 6;
  ctx.fillStyle = colour;
  for (let i = 1; i < at.length; i++) {
    if (phases[i] === "prompt") continue;
    const [a, b] = [at[i - 1]!, at[i]!];
    const length = Math.hypot(b.x - a.x, b.y - a.y);
    if (!(length > 34)) continue;
    const [u, v] = [(b.x - a.x) / length, (b.y - a.y) / length];
    const [x, y] = [a.x + 0.56 * (b.x - a.x), a.y + 0.56 * (b.y - a.y)];
    ctx.beginPath();
    ctx.moveTo(x + size * u, y + size * v);
    ctx.lineTo(x - size * (u - 0.7 * v), y - size * (v + 0.7 * u));
    ctx.lineTo(x - size * (u + 0.7 * v), y - size * (v - 0.7 * u));
    ctx.closePath();
    ctx.fill();
  }
}
