/** A verdict as a shape and a word, so that colour is never alone: ▲ supported, ◆ mixed, ▼ refuted, ○ not run. */
import { css, html, svg, type TemplateResult } from "lit";
import type { Verdict } from "../../../workers/claims/claim.ts";
import { verdictWords } from "../../claims/claim-words.ts";

export const verdictStyle = css`
  .verdict { display: inline-flex; align-items: center; gap: 0.4em; white-space: nowrap; font-weight: 600; }
  .verdict.supports { color: var(--right); }
  .verdict.mixed { color: var(--icl-ink); }
  .verdict.refutes { color: var(--wrong); }
  .verdict.none { color: var(--soft); font-weight: 400; }
  .verdict.expected { font-weight: 400; }
  .shape { width: 1em; height: 1em; flex: none; overflow: visible; stroke: currentColor; stroke-width: 1.6; stroke-linejoin: round; fill: currentColor; }
  .expected .shape, .none .shape { fill: none; }
`;

const outlines: Readonly<Record<Verdict | "none", string>> = {
  supports: "M8 2L15 14H1Z",
  mixed: "M8 1L15 8L8 15L1 8Z",
  refutes: "M8 14L15 2H1Z",
  none: "M2.5 8a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0 -11 0Z",
};

/** The shape alone; what it means has to stand beside it or in a label. */
export function verdictShape(verdict: Verdict | null): TemplateResult {
  // The lower half of a mixed one is empty.
  return html`<svg class="shape" viewBox="0 0 16 16" aria-hidden="true"><path d=${outlines[verdict ?? "none"]} fill=${verdict === "mixed" ? "none" : "inherit"} />${verdict === "mixed" ? svg`<path d="M8 1L15 8H1Z" />` : ""}</svg>`;
}

/**
 * @param options  `expected` draws what literature expects, hollow; `text` takes the word's place
 */
export function verdictMark(verdict: Verdict | null, options: { readonly expected?: boolean; readonly text?: string } = {}): TemplateResult {
  const { expected = false, text = verdict ? verdictWords[verdict].name : "not run yet" } = options;
  return html`<span class="verdict ${verdict ?? "none"} ${expected ? "expected" : ""}">${verdictShape(verdict)}<span>${text}</span></span>`;
}
