/**
 * A latent thought, drawn as a ring that is filled by what it holds: each slice
 * is a token that the vector reads out as, as wide as its probability. So one
 * sees a thought carry two branches of a graph at once.
 */
import { svg, type SVGTemplateResult } from "lit";
import { bareToken } from "../../format.ts";
import type { TokenLogprob } from "../../../probes/trace.ts";

/** Tokens below this probability are not drawn; the empty part of the ring is the rest. */
const smallest = 0.03;

export interface Slice {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** Slices of the ring, as shares of a turn, likeliest first. */
export function slices(holds: readonly TokenLogprob[]): Slice[] {
  const out: Slice[] = [];
  let from = 0;
  for (const { text, logprob } of holds) {
    const share = Math.exp(logprob);
    if (share < smallest) break;
    const to = Math.min(1, from + share);
    out.push({ text, from, to });
    from = to;
  }
  return out;
}

function point(share: number, radius: number): string {
  const angle = 2 * Math.PI * share - Math.PI / 2;
  return `${(radius * Math.cos(angle)).toFixed(2)} ${(radius * Math.sin(angle)).toFixed(2)}`;
}

/** A ring segment between two radii. An arc cannot end where it begins, so a whole turn stops a hair before. */
function segment({ from, to: end }: Slice, inner: number, outer: number): string {
  const to = Math.min(end, from + 0.9999);
  const long = to - from > 0.5 ? 1 : 0;
  return `M${point(from, outer)}A${outer} ${outer} 0 ${long} 1 ${point(to, outer)}L${point(to, inner)}A${inner} ${inner} 0 ${long} 0 ${point(from, inner)}Z`;
}

/** The ring as an SVG group around (0, 0), 20 units in radius. */
export function thoughtRing(holds: readonly TokenLogprob[]): SVGTemplateResult {
  const parts = slices(holds);
  return svg`<g class="ring">
    <circle class="ring-ground" r="17" />
    ${parts.map((part, i) => svg`<path class="slice slice-${Math.min(i, 3)} ${part.to - part.from > 0.99 ? "whole" : ""}" d=${segment(part, 13, 20)} />`)}
    ${ringText(parts)}
  </g>`;
}

function ringText(parts: readonly Slice[]): SVGTemplateResult {
  const label = labelOf(parts);
  const size = label.length > 2 ? "word" : label.length > 1 ? "two" : "";
  return svg`<text class="ring-text ${size}" y="4">${label}</text>`;
}

/** Letters fit two by two; of words there is room for the beginning of one. */
function labelOf(parts: readonly Slice[]): string {
  const texts = parts.slice(0, 2).map((part) => bareToken(part.text));
  const label = texts.every((text) => text.length <= 1) ? texts.join("") : (texts[0] ?? "").slice(0, 4);
  return label === "" ? "·" : label;
}

/** What is written inside the ring: its likeliest tokens. */
export function ringLabel(holds: readonly TokenLogprob[]): string {
  return labelOf(slices(holds));
}

/** What a thought holds, in words: `b 52 %, t 47 %`. */
export function holdsInWords(holds: readonly TokenLogprob[], most = 3): string {
  const parts = slices(holds).slice(0, most);
  if (parts.length === 0) return "nothing above 3 %";
  return parts.map((part) => `${part.text} ${Math.round(100 * (part.to - part.from))} %`).join(", ");
}
