/** Share of right answers against difficulty, one line per mode, with 95 % intervals and the level of chance. */
import type { Chart } from "chart.js";
import { html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { DecodingMode, Thought } from "../../probes/trace.ts";
import { formatPercent } from "../format.ts";
import { modeStyles } from "../theme.ts";
import { ChartElement, type ChartTable, type PageChart } from "./chart-element.ts";
import { legend } from "./legend.ts";

export interface AccuracyRow {
  readonly mode: DecodingMode;
  readonly control: Thought | null;
  readonly label: string;
  readonly cells: readonly { readonly difficulty: number; readonly correct: number; readonly answered: number; readonly low: number; readonly high: number }[];
}

@customElement("accuracy-chart")
export class AccuracyChart extends ChartElement {
  @property({ attribute: false }) rows: readonly AccuracyRow[] = [];
  @property() difficultyName = "";
  @property({ attribute: false }) chance: number | null = null;
  @property({ attribute: false }) selectedDifficulty: number | null = null;

  /** Rows stand a little beside one another, so that intervals do not hide each other. */
  private shift(row: number): number {
    return (row - (this.rows.length - 1) / 2) * 0.055;
  }

  protected configuration(): PageChart {
    const all = this.rows.flatMap((row) => row.cells.map((cell) => cell.difficulty));
    return {
      type: "line",
      data: {
        datasets: this.rows.map(({ mode, control, cells }, r) => {
          const style = modeStyles[mode];
          const colour = this.modeColour(mode);
          return {
            data: cells.map(({ difficulty, correct, answered }) => ({ x: difficulty + this.shift(r), y: correct / answered })),
            borderColor: colour,
            backgroundColor: control || style.shape === "ring" ? this.colours.raised : colour,
            borderWidth: control ? 1.2 : 2,
            borderDash: [...(control ? [3, 3] : style.dash)],
            pointStyle: style.pointStyle,
            pointRadius: control ? 3 : 4.5,
            pointBorderWidth: 1.8,
          };
        }),
      },
      options: {
        responsive: true,
        maintainAspectRatio: false,
        parsing: false,
        layout: { padding: { top: 8, right: 10 } },
        scales: {
          x: { ...this.axis(this.difficultyName, { min: Math.min(...all) - 0.4, max: Math.max(...all) + 0.4 }, 12), afterBuildTicks: (axis: { ticks: { value: number }[] }) => (axis.ticks = [...new Set(all)].sort((a, b) => a - b).map((value) => ({ value }))) } as object,
          y: { ...this.axis("share right", { min: 0, max: 1 }, 5) } as object,
        },
        plugins: { tooltip: { enabled: false } },
      },
      plugins: [{ id: "intervals", beforeDatasetsDraw: (chart) => this.drawIntervals(chart as unknown as Chart) }],
    };
  }

  private drawIntervals({ ctx, chartArea, scales }: Chart): void {
    const { x, y } = { x: scales["x"]!, y: scales["y"]! };
    ctx.save();
    if (this.chance !== null) {
      const at = y.getPixelForValue(this.chance);
      ctx.strokeStyle = this.colours.faint;
      ctx.setLineDash([4, 4]);
      ctx.beginPath();
      ctx.moveTo(chartArea.left, at);
      ctx.lineTo(chartArea.right, at);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.fillStyle = this.colours.soft;
      ctx.textAlign = "right";
      ctx.fillText("chance", chartArea.right - 2, at - 5);
    }
    this.rows.forEach(({ mode, control, cells }, r) => {
      ctx.strokeStyle = this.modeColour(mode);
      ctx.lineWidth = control ? 1 : 1.6;
      for (const { difficulty, low, high } of cells) {
        const at = x.getPixelForValue(difficulty + this.shift(r));
        ctx.beginPath();
        ctx.moveTo(at, y.getPixelForValue(low));
        ctx.lineTo(at, y.getPixelForValue(high));
        ctx.stroke();
      }
    });
    ctx.restore();
  }

  protected override below(): unknown {
    return html`${legend(this.rows.map(({ mode, control, label }) => ({ mode, control: control !== null, label })))}`;
  }

  protected table(): ChartTable {
    return {
      head: ["mode", this.difficultyName, "right", "of", "share", "95 % interval"],
      rows: this.rows.flatMap(({ label, cells }) => cells.map(({ difficulty, correct, answered, low, high }) => [label, String(difficulty), String(correct), String(answered), formatPercent(correct / answered), `${formatPercent(low)} to ${formatPercent(high)}`])),
    };
  }
}
