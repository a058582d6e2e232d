/** The runs in one plane: a line per mode, small points for the question, thick for thinking, an outlined point where it answers. */
import type { ActiveElement, Chart, ChartEvent } from "chart.js";
import { html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { DecodingMode } from "../../probes/trace.ts";
import { formatNumber, formatPercent } from "../format.ts";
import { SelectEvent, type Selection } from "../selection.ts";
import { modeStyles } from "../theme.ts";
import { words } from "../words.ts";
import { boundsOf, equalAspect, followed, type Bounds } from "./bounds.ts";
import { ChartElement, type ChartTable, type PageChart } from "./chart-element.ts";
import { controlDash, legend } from "./legend.ts";

export interface PlotTrack {
  readonly mode: DecodingMode;
  readonly control: boolean;
  /** Relative to the end of the prompt. */
  readonly steps: readonly number[];
  readonly labels: readonly string[];
  readonly phases: readonly string[];
  /** [n, 2], row by row. */
  readonly points: Float32Array;
}

@customElement("trajectory-plot")
export class TrajectoryPlot extends ChartElement {
  @property({ attribute: false }) tracks: readonly PlotTrack[] = [];
  @property({ attribute: false }) selection: Selection | null = null;
  /** Shares of variance of the two axes; null where axes mean nothing. */
  @property({ attribute: false }) explained: readonly number[] | null = null;
  @property() method: "pca" | "umap" = "pca";
  private view: Bounds | null = null;

  protected configuration(): PageChart {
    const { ground, raised, ink } = this.colours;
    const box = this.getBoundingClientRect();
    const bounds = boundsOf(this.tracks.map((track) => track.points));
    this.view = bounds ? followed(this.view, bounds) : null;
    const view = this.view ? equalAspect(this.view, Math.max(200, box.width - 60), Math.max(150, this.plotHeight - 46)) : { left: 0, right: 1, bottom: 0, top: 1 };
    const axis = (i: 0 | 1): string => (this.method === "umap" ? `UMAP ${i + 1}, no unit` : `PC ${i + 1}${this.explained ? `, ${formatPercent(this.explained[i] ?? Number.NaN)} of the variance` : ""}`);
    return {
      type: "scatter",
      data: {
        datasets: this.tracks.map(({ mode, control, steps, phases, points }) => {
          const style = modeStyles[mode];
          const colour = this.modeColour(mode);
          const hollow = control || style.shape === "ring";
          const last = steps.length - 1;
          return {
            data: steps.map((_, i) => ({ x: points[2 * i]!, y: points[2 * i + 1]! })),
            showLine: true,
            borderColor: colour,
            borderWidth: control ? 1.2 : 2,
            borderDash: [...(control ? controlDash : style.dash)],
            segment: { borderWidth: ({ p0DataIndex }: { p0DataIndex: number }) => (control ? 1.2 : phases[p0DataIndex + 1] === "prompt" ? 0.8 : 2.4) },
            pointStyle: style.pointStyle,
            pointBackgroundColor: hollow ? raised : colour,
            pointBorderColor: steps.map((_, i) => (i === last && !hollow ? ink : colour)),
            pointBorderWidth: steps.map((_, i) => (i === last ? 2.4 : hollow ? 1.8 : 1)),
            pointRadius: steps.map((_, i) => (phases[i] === "prompt" ? 2.2 : i === last ? 7 : 5)),
          };
        }) as never,
      },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        parsing: false,
        clip: false,
        layout: { padding: 6 },
        interaction: { mode: "nearest", axis: "xy", intersect: false },
        onHover: this.toPoint,
        onClick: this.toPoint,
        scales: { x: this.axis(axis(0), { min: view.left, max: view.right }, 6) as object, y: this.axis(axis(1), { min: view.bottom, max: view.top }, 5) as object },
        plugins: { tooltip: { enabled: false } },
      },
      plugins: [{ id: "selected", afterDatasetsDraw: (chart) => this.drawSelected(chart as unknown as Chart, ground) }],
    };
  }

  private get plotHeight(): number {
    return this.renderRoot.querySelector(".canvas")?.getBoundingClientRect().height ?? 340;
  }

  /** A ring and a label at the selected step of every run. */
  private drawSelected(chart: Chart, ground: string): void {
    const { ctx } = chart;
    const { selection } = this;
    if (!selection) return;
    ctx.save();
    ctx.font = `600 12px ${Chart_font}`;
    ctx.textBaseline = "middle";
    for (const [t, { mode, control, steps, labels }] of this.tracks.entries()) {
      const i = steps.indexOf(selection.step);
      const element = chart.getDatasetMeta(t).data[i];
      if (i < 0 || !element) continue;
      const { x, y } = element.getProps(["x", "y"], true);
      ctx.strokeStyle = this.colours.ink;
      ctx.lineWidth = mode === selection.mode && !control ? 2 : 1;
      ctx.beginPath();
      ctx.arc(x as number, y as number, 10, 0, 2 * Math.PI);
      ctx.stroke();
      const text = labels[i] ?? "";
      ctx.lineWidth = 4;
      ctx.strokeStyle = ground;
      ctx.strokeText(text, (x as number) + 14, y as number);
      ctx.fillStyle = this.colours.ink;
      ctx.fillText(text, (x as number) + 14, y as number);
    }
    ctx.restore();
  }

  private readonly toPoint = (_: ChartEvent, elements: ActiveElement[]): void => {
    const [element] = elements;
    const track = element && this.tracks[element.datasetIndex];
    if (!element || !track) return;
    const step = track.steps[element.index]!;
    if (step !== this.selection?.step || track.mode !== this.selection.mode) this.dispatchEvent(new SelectEvent({ mode: track.mode, step }));
  };

  protected override below(): unknown {
    return html`${legend(this.tracks)}`;
  }

  protected table(): ChartTable {
    return {
      head: ["run", "step", "token", "first axis", "second axis"],
      rows: this.tracks.flatMap(({ mode, control, steps, labels, points }) =>
        steps.map((step, i) => [control ? "control" : words.modes[mode].name, String(step), labels[i] ?? "", formatNumber(points[2 * i]!), formatNumber(points[2 * i + 1]!)]),
      ),
    };
  }
}

const Chart_font = '"Inter", "Segoe UI", system-ui, "Liberation Sans", sans-serif';
