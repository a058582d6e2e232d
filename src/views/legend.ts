/** The key to a chart: a mode's line, dash and shape beside its name. */
import { html, svg, type TemplateResult } from "lit";
import type { DecodingMode } from "../../probes/trace.ts";
import { colourScheme, modeStyles } from "../theme.ts";
import { words } from "../words.ts";

export interface LegendEntry {
  readonly mode: DecodingMode;
  readonly control: boolean;
  readonly label?: string;
}

/** Dashes of a control: the latent colour, thinner. */
export const controlDash: readonly number[] = [3, 3];

export function legend(entries: readonly LegendEntry[]): TemplateResult[] {
  return entries.map(({ mode, control, label }) => {
    const { colour, dash, shape } = modeStyles[mode];
    const stroke = colour[colourScheme()];
    const dashes = (control ? controlDash : dash).join(" ");
    return html`<span class="key"><svg viewBox="0 0 30 12" aria-hidden="true">
      <line x1="0" y1="6" x2="30" y2="6" stroke=${stroke} stroke-width=${control ? 1.3 : 2} stroke-dasharray=${dashes} />
      ${control || shape === "ring"
        ? svg`<circle cx="15" cy="6" r="3.6" class="hollow" stroke=${stroke} stroke-width="1.8" fill="none" />`
        : shape === "circle"
          ? svg`<circle cx="15" cy="6" r="4" fill=${stroke} />`
          : shape === "square"
            ? svg`<rect x="11" y="2" width="8" height="8" fill=${stroke} />`
            : svg`<path d="M15 1 L20 10.5 L10 10.5 Z" fill=${stroke} />`}
    </svg>${label ?? (control ? "control" : words.modes[mode].name)}</span>`;
  });
}
