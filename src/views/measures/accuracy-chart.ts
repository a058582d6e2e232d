/** Share of right answers against difficulty: one line per mode with 95 % intervals, and the level of chance. */
import { css } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { DecodingMode, Thought } from "../../../probes/trace.ts";
import { formatPercent } from "../../format.ts";
import type { Provenance } from "../../measures/provenance.ts";
import { modeStyles } from "../../theme.ts";
import { ChartElement, type ChartTable, type DrawnChart, type PageChart } from "../chart-element.ts";
import { dashOf, legend } from "../picture/legend.ts";

export interface AccuracyRow {
  readonly mode: DecodingMode;
  readonly control: Thought | null;
  readonly label: string;
  /** `low` and `high` are the ends of the Wilson interval. */
  readonly cells: readonly { readonly difficulty: number; readonly correct: number; readonly answered: number; readonly low: number; readonly high: number }[];
}

@customElement("accuracy-chart")
export class AccuracyChart extends ChartElement {
  static override styles = [...ChartElement.styles, css`:host { --chart-height: 280px; }`];

  override heading = "share of right answers by difficulty";
  @property({ attribute: false }) rows: readonly AccuracyRow[] = [];
  /** `hops`, `levels` … */
  @property() difficultyName = "";
  /** What blind guessing gets right; null where it is not known. */
  @property({ attribute: false }) chance: number | null = null;
  @property({ attribute: false }) selectedDifficulty: number | null = null;
  /** Where a rate comes from. */
  @property({ attribute: false }) origin: ((row: AccuracyRow, difficulty: number, answered: number) => Provenance) | null = null;

  /** Rows stand a little beside one another, so that intervals do not hide each other. */
  private shift(row: number): number {
    const { length } = this.rows;
    return ((row - (length - 1) / 2) * 0.44) / Math.max(6, length);
  }

  /** Which of the controls a row is, for its dash; null for a mode. */
  private controlOf(row: AccuracyRow): number | null {
    return row.control === null ? null : this.rows.filter((other) => other.control !== null).indexOf(row);
  }

  protected configuration(): PageChart {
    const difficulties = [...new Set(this.rows.flatMap((row) => row.cells.map((cell) => cell.difficulty)))].sort((a, b) => a - b);
    const [first = 0, last = 1] = [difficulties[0], difficulties.at(-1)];
    return {
      type: "scatter",
      data: {
        datasets: this.rows.map((row, r) => {
          const { mode, control, cells } = row;
          const colour = this.colourOf(mode);
          return {
            data: cells.map(({ difficulty, correct, answered }) => ({ x: difficulty + this.shift(r), y: correct / answered })),
            showLine: true,
            clip: 8,
            order: control ? 1 : 0,
            borderColor: colour,
            backgroundColor: control || modeStyles[mode].shape === "ring" ? this.colours.raised : colour,
            borderWidth: control ? 1.2 : 2,
            borderDash: dashOf(mode, this.controlOf(row)),
            pointStyle: modeStyles[mode].pointStyle,
            pointRadius: control ? 3 : 4.5,
            pointBorderWidth: control ? 1.2 : 2,
            pointHitRadius: 0,
          };
        }),
      },
      options: this.options(
        { title: this.difficultyName, limits: () => [first - 0.5, last + 0.5], ticks: difficulties, size: 40, grid: false, format: String },
        { limits: () => [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], size: 48, format: formatPercent },
      ),
    };
  }

  protected override drawBelow(chart: DrawnChart): void {
    const { chartArea, scales } = chart;
    const [x, y] = [scales["x"]!, scales["y"]!];
    this.paint(chart, (ctx) => {
      if (this.selectedDifficulty !== null) {
        const left = Math.max(chartArea.left, x.getPixelForValue(this.selectedDifficulty - 0.5));
        const right = Math.min(chartArea.right, x.getPixelForValue(this.selectedDifficulty + 0.5));
        ctx.globalCompositeOperation = "destination-over";
        ctx.fillStyle = this.colours.surface;
        if (right > left) ctx.fillRect(left, chartArea.top, right - left, chartArea.height);
        ctx.globalCompositeOperation = "source-over";
      }
      if (this.chance !== null) this.drawLevel(ctx, chartArea, y.getPixelForValue(this.chance), `chance ${formatPercent(this.chance)}`);
      this.rows.forEach(({ mode, control, cells }, r) => {
        ctx.strokeStyle = this.colourOf(mode);
        ctx.lineWidth = control ? 1 : 1.6;
        for (const { difficulty, low, high } of cells) {
          const at = x.getPixelForValue(difficulty + this.shift(r));
          const [top, bottom] = [y.getPixelForValue(high), y.getPixelForValue(low)];
          ctx.beginPath();
          ctx.moveTo(at, top);
          ctx.lineTo(at, bottom);
          for (const end of [top, bottom]) {
            ctx.moveTo(at - 3, end);
            ctx.lineTo(at + 3, end);
          }
          ctx.stroke();
        }
      });
    });
  }

  protected override below(): unknown {
    return legend(this.rows.map((row) => ({ mode: row.mode, control: this.controlOf(row), label: row.label })));
  }

  protected table(): ChartTable {
    const cells = this.rows.flatMap((row) => row.cells.map((cell) => ({ row, cell })));
    return {
      origin: (r, column) => (column < 2 ? null : (this.origin?.(cells[r]!.row, cells[r]!.cell.difficulty, cells[r]!.cell.answered) ?? null)),
      head: ["mode", this.difficultyName, "right", "of", "share", "95 % interval"],
      rows: this.rows.flatMap(({ label, cells }) =>
        cells.map(({ difficulty, correct, answered, low, high }) => [label, String(difficulty), String(correct), String(answered), formatPercent(correct / answered), `${formatPercent(low)} to ${formatPercent(high)}`]),
      ),
    };
  }
}
