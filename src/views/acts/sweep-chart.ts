/** How often the answer is right as one thing is altered more and more, with 95 % intervals; the unaltered rate as a band, the level of chance as a line. */
import { css, html } from "lit";
import { customElement, property } from "lit/decorators.js";
import type { DecodingMode } from "../../../probes/trace.ts";
import { formatPercent } from "../../format.ts";
import { modeStyles } from "../../theme.ts";
import { ChartElement, chartFont, type ChartTable, type DrawnChart, type PageChart } from "../chart-element.ts";
import { type HeatCell, heatHead, type HeatOrigin, heatOrigin, heatRow } from "../heat-map.ts";

@customElement("sweep-chart")
export class SweepChart extends ChartElement {
  static override styles = [...ChartElement.styles, css`:host { --chart-height: 260px; }`];

  @property({ attribute: false }) mode: DecodingMode = "latent";
  /** One per point, evenly spaced. */
  @property({ attribute: false }) labels: readonly string[] = [];
  @property() axisTitle = "";
  @property({ attribute: false }) cells: readonly (HeatCell | null)[] = [];
  @property({ attribute: false }) unaltered: { readonly rate: number; readonly low: number; readonly high: number; readonly answered: number } | null = null;
  @property({ attribute: false }) chance: number | null = null;
  @property({ attribute: false }) provenance: HeatOrigin | null = null;

  private get counted(): { readonly x: number; readonly cell: HeatCell }[] {
    return this.cells.flatMap((cell, x) => (cell && cell.answered > 0 ? [{ x, cell }] : []));
  }

  protected configuration(): PageChart {
    const style = modeStyles[this.mode];
    const colour = this.colourOf(this.mode);
    return {
      type: "scatter",
      data: {
        datasets: [
          {
            data: this.counted.map(({ x, cell }) => ({ x, y: cell.correct / cell.answered })),
            showLine: true,
            clip: 8,
            borderColor: colour,
            backgroundColor: style.shape === "ring" ? this.colours.raised : colour,
            borderWidth: 2,
            borderDash: [...style.dash],
            pointStyle: style.pointStyle,
            pointRadius: 4.5,
            pointBorderWidth: 2,
            pointHitRadius: 0,
          },
        ],
      },
      options: this.options(
        { title: this.axisTitle, limits: () => [-0.5, Math.max(0.5, this.labels.length - 0.5)], ticks: this.labels.map((_, i) => i), size: 40, grid: false, format: (i) => this.labels[i] ?? "" },
        { title: "share right", limits: () => [0, 1], ticks: [0, 0.25, 0.5, 0.75, 1], size: 64, format: formatPercent },
      ),
    };
  }

  protected override drawBelow(chart: DrawnChart): void {
    const { chartArea, scales } = chart;
    const [x, y] = [scales["x"]!, scales["y"]!];
    const { unaltered, chance } = this;
    this.paint(chart, (ctx) => {
      const { left, right } = chartArea;
      if (unaltered) {
        const [top, low] = [y.getPixelForValue(unaltered.high), y.getPixelForValue(unaltered.low)];
        ctx.fillStyle = this.colours.surface;
        ctx.globalCompositeOperation = "destination-over";
        ctx.fillRect(left, top, right - left, low - top);
        ctx.globalCompositeOperation = "source-over";
        level(ctx, left, right, y.getPixelForValue(unaltered.rate), this.colours.soft, []);
      }
      if (chance !== null) level(ctx, left, right, y.getPixelForValue(chance), this.colours.faint, [4, 4]);
      ctx.font = `400 12px ${chartFont}`;
      ctx.fillStyle = this.colours.soft;
      ctx.textAlign = "right";
      if (unaltered) {
        const at = y.getPixelForValue(unaltered.rate);
        ctx.textBaseline = unaltered.rate > 0.85 ? "top" : "bottom";
        ctx.fillText(`unaltered ${formatPercent(unaltered.rate)}`, right - 4, at + (unaltered.rate > 0.85 ? 4 : -3));
      }
      if (chance !== null) {
        ctx.textBaseline = "bottom";
        ctx.fillText(`chance ${formatPercent(chance)}`, right - 4, y.getPixelForValue(chance) - 3);
      }
      ctx.strokeStyle = this.colourOf(this.mode);
      ctx.lineWidth = 1.6;
      for (const { x: i, cell } of this.counted) {
        const at = x.getPixelForValue(i);
        const [top, low] = [y.getPixelForValue(cell.high), y.getPixelForValue(cell.low)];
        ctx.beginPath();
        ctx.moveTo(at, top);
        ctx.lineTo(at, low);
        for (const end of [top, low]) {
          ctx.moveTo(at - 3, end);
          ctx.lineTo(at + 3, end);
        }
        ctx.stroke();
      }
    });
  }

  protected override below(): unknown {
    const n = Math.max(0, ...this.counted.map(({ cell }) => cell.answered));
    return n === 0 ? "" : html`n = ${n} problems for each point, the same ones; bars are 95 % Wilson intervals, the band is that of the unaltered runs`;
  }

  protected table(): ChartTable {
    const cells = this.counted.map(({ cell }) => cell);
    return { head: heatHead, rows: cells.map(heatRow), origin: heatOrigin(cells, this.provenance) };
  }
}

function level(ctx: CanvasRenderingContext2D, left: number, right: number, y: number, colour: string, dash: number[]): void {
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.2;
  ctx.setLineDash(dash);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(right, y);
  ctx.stroke();
  ctx.setLineDash([]);
}
