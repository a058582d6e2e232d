/**
 * The key to a chart: a mode's line, dash and shape beside its name, as SVG.
 * Colours are the theme's variables, so a switch of scheme needs no drawing.
 */
import { css, html, nothing, svg, type TemplateResult } from "lit";
import type { DecodingMode } from "../../../probes/trace.ts";
import { modeStyles, type Shape } from "../../theme.ts";
import { words } from "../../words.ts";

export interface LegendEntry {
  readonly mode: DecodingMode;
  /** Which of several controls, from 0; null for the mode itself. */
  readonly control: number | null;
  readonly label?: string;
}

export const legendStyle = css`
  .legend { display: flex; flex-wrap: wrap; gap: 0.15rem 1.1rem; }
  .key { display: inline-flex; align-items: center; gap: 0.4rem; white-space: nowrap; }
  .mark { width: 34px; height: 14px; flex: none; overflow: visible; }
  .mark.shape { width: 14px; }
  .mark line, .mark path { stroke: currentColor; stroke-width: 2; fill: currentColor; stroke-linejoin: round; }
  .mark path.hollow { fill: var(--raised); }
  .mark path.none { fill: none; stroke-width: 1.2; }
  .mark.control line, .mark.control path { stroke-width: 1.25; }
  .mark.direct { color: var(--direct); }
  .mark.icl { color: var(--icl); }
  .mark.cot { color: var(--cot); }
  .mark.latent { color: var(--latent); }
  .mark.plain { color: var(--soft); }
`;

/** Controls are the latent colour, thinner and hollow; their dashes differ from one another and from the modes'. */
const controlDashes: readonly (readonly number[])[] = [[3, 3], [1.5, 2.5], [9, 2], [6, 2, 1.5, 2, 1.5, 2], [3, 6], [1.5, 5]];

export function dashOf(mode: DecodingMode, control: number | null): number[] {
  return [...(control === null ? modeStyles[mode].dash : controlDashes[control % controlDashes.length]!)];
}

const outlines: Readonly<Record<Shape, string>> = {
  circle: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
  ring: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
  square: "M-3.7 -3.7h7.4v7.4h-7.4Z",
  triangle: "M0 -4.6L4.3 3.2H-4.3Z",
};

/** The shape of a mode, on its line or alone. */
export function modeMark(mode: DecodingMode, control: number | null, line = true): TemplateResult {
  const { shape } = modeStyles[mode];
  const hollow = shape === "ring" || control !== null ? "hollow" : "";
  const half = line ? 17 : 7;
  return html`<svg class="mark ${mode} ${control === null ? "" : "control"} ${line ? "" : "shape"}" viewBox="${-half} -7 ${2 * half} 14" aria-hidden="true">
    ${line ? svg`<line x1="-17" x2="17" stroke-dasharray=${dashOf(mode, control).join(" ") || "none"} />` : nothing}
    <path class=${hollow} d=${outlines[shape]} />
  </svg>`;
}

export function legend(entries: readonly LegendEntry[], rest: unknown = nothing): TemplateResult {
  return html`<div class="legend">${entries.map(({ mode, control, label }) => html`<span class="key">${modeMark(mode, control)}${label ?? (control === null ? words.modes[mode].name : "control")}</span>`)}${rest}</div>`;
}
