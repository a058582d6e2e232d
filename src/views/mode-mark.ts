/** The mark of a mode as an SVG picture: its dash and its shape, as in the charts. Colour comes from the theme's variables. */
import { css, html, svg, type SVGTemplateResult, type TemplateResult } from "lit";
import type { DecodingMode } from "../../probes/trace.ts";
import { modeStyles, type Shape } from "../theme.ts";

export const modeMarkStyle = css`
  .mark { width: 34px; height: 14px; flex: none; overflow: visible; }
  .mark.shape-only { width: 14px; }
  .mark line, .mark path { stroke: currentColor; stroke-width: 2; fill: currentColor; stroke-linejoin: round; }
  .mark .hollow { fill: var(--raised); }
  .mark.control line, .mark.control path { stroke-width: 1.25; }
  .mark.direct { color: var(--direct); }
  .mark.icl { color: var(--icl); }
  .mark.cot { color: var(--cot); }
  .mark.latent { color: var(--latent); }
  .mark.chance { color: var(--faint); }
`;

/** Dashes of controls, in the order in which they appear; all differ from the modes' own. */
export const controlDashes: readonly (readonly number[])[] = [[1.5, 2.5], [4, 2], [9, 2], [6, 2, 1.5, 2, 1.5, 2], [3, 5], [1.5, 5]];

const outlines: Record<Shape, string> = {
  circle: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
  ring: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
  square: "M-3.7 -3.7h7.4v7.4h-7.4Z",
  triangle: "M0 -4.6L4.3 3.2H-4.3Z",
};

export interface MarkOptions {
  /** Which control of several; picks the dash. */
  readonly control?: number;
  readonly line?: boolean;
}

export function modeMark(mode: DecodingMode, { control, line = true }: MarkOptions = {}): TemplateResult {
  const style = modeStyles[mode];
  const dash = control === undefined ? style.dash : controlDashes[control % controlDashes.length]!;
  const hollow = style.shape === "ring" || control !== undefined;
  const stroke: SVGTemplateResult | "" = line ? svg`<line x1="-17" x2="17" stroke-dasharray=${dash.join(" ") || "none"} />` : "";
  return html`<svg class="mark ${mode} ${control === undefined ? "" : "control"} ${line ? "" : "shape-only"}" viewBox="${line ? -17 : -7} -7 ${line ? 34 : 14} 14" aria-hidden="true">${stroke}${svg`<path class=${hollow ? "hollow" : ""} d=${outlines[style.shape]} />`}</svg>`;
}
