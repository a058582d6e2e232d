/** One measure, step by step, all modes over one another; one cursor runs through all small multiples. */
import type { ActiveElement, Chart, ChartEvent } from "chart.js";
import { customElement, property } from "lit/decorators.js";
import type { DecodingMode } from "../../probes/trace.ts";
import { formatNumber } from "../format.ts";
import { SelectEvent, type Selection } from "../selection.ts";
import { modeStyles } from "../theme.ts";
import { words } from "../words.ts";
import { ChartElement, type ChartTable, type PageChart } from "./chart-element.ts";
import { controlDash } from "./legend.ts";

export interface MetricSeries {
  readonly mode: DecodingMode;
  readonly control: boolean;
  /** Relative to the end of the prompt. */
  readonly steps: readonly number[];
  readonly values: Float32Array;
}

@customElement("metric-chart")
export class MetricChart extends ChartElement {
  @property() unit = "";
  @property({ attribute: false }) series: readonly MetricSeries[] = [];
  @property({ attribute: false }) selection: Selection | null = null;
  /** The measure's own range; null ends come from the data. */
  @property({ attribute: false }) range: readonly [number | null, number | null] = [null, null];
  /** First and last step of the shared axis. */
  @property({ attribute: false }) domain: readonly [number, number] = [0, 1];

  protected configuration(): PageChart {
    const [low, high] = this.range;
    const [first, last] = this.domain;
    return {
      type: "line",
      data: {
        datasets: this.series.map(({ mode, control, steps, values }) => {
          const style = modeStyles[mode];
          const colour = this.modeColour(mode);
          return {
            label: name(mode, control),
            data: steps.map((x, i) => ({ x, y: values[i] ?? Number.NaN })),
            borderColor: colour,
            backgroundColor: control || style.shape === "ring" ? this.colours.raised : colour,
            borderWidth: control ? 1.2 : 2,
            borderDash: [...(control ? controlDash : style.dash)],
            pointStyle: style.pointStyle,
            pointRadius: control ? 2 : 3.2,
            pointBorderWidth: 1.6,
            spanGaps: false,
          };
        }),
      },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        parsing: false,
        layout: { padding: { top: 6, right: 8 } },
        interaction: { mode: "nearest", axis: "x", intersect: false },
        onHover: this.toStep,
        onClick: this.toStep,
        scales: {
          x: this.axis("", { min: first - 0.3, max: last + 0.3 }, 8) as object,
          y: this.axis("", { ...(low === null ? {} : { min: low }), ...(high === null ? {} : { max: high }) }, 4) as object,
        },
        plugins: { tooltip: { enabled: false } },
      },
      plugins: [{ id: "cursor", beforeDatasetsDraw: (chart) => this.drawCursor(chart as unknown as Chart) }],
    };
  }

  private drawCursor({ ctx, chartArea, scales }: Chart): void {
    if (!this.selection) return;
    const x = scales["x"]!.getPixelForValue(this.selection.step);
    if (x < chartArea.left || x > chartArea.right) return;
    ctx.save();
    ctx.strokeStyle = this.colours.faint;
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(x, chartArea.top);
    ctx.lineTo(x, chartArea.bottom);
    ctx.stroke();
    ctx.restore();
  }

  private readonly toStep = (event: ChartEvent, _: ActiveElement[], chart: Chart): void => {
    if (event.x === null) return;
    const step = Math.round(chart.scales["x"]!.getValueForPixel(event.x) ?? 0);
    if (step >= this.domain[0] && step <= this.domain[1] && step !== this.selection?.step) this.dispatchEvent(new SelectEvent({ step }));
  };

  /** The values under the cursor, in words. */
  protected override below(): string {
    const step = this.selection?.step;
    const parts = this.series.flatMap(({ mode, control, steps, values }) => {
      const i = step === undefined ? -1 : steps.indexOf(step);
      return i < 0 || Number.isNaN(values[i]) ? [] : [`${short[mode]}${control ? " (control)" : ""} ${formatNumber(values[i]!)}`];
    });
    return parts.length === 0 ? "step, 0 = end of the prompt" : `step ${step}: ${parts.join(", ")}`;
  }

  protected table(): ChartTable {
    const steps = [...new Set(this.series.flatMap((s) => s.steps))].sort((a, b) => a - b);
    return {
      head: ["step", ...this.series.map(({ mode, control }) => `${name(mode, control)}${this.unit === "1" ? "" : ` (${this.unit})`}`)],
      rows: steps.map((step) => [String(step), ...this.series.map((s) => formatNumber(s.values[s.steps.indexOf(step)] ?? Number.NaN))]),
    };
  }
}

const short: Readonly<Record<DecodingMode, string>> = { direct: "direct", icl: "ICL", cot: "CoT", latent: "latent" };

function name(mode: DecodingMode, control: boolean): string {
  return control ? "control" : words.modes[mode].name;
}
