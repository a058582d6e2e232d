/**
 * Where a number comes from. Any number on the page is written by `figure`; a
 * click on it asks, by an event, for the card that says formula, source, unit,
 * model, engine, revision, seed and n.
 */
import { css, html, type TemplateResult } from "lit";
import type { Probe } from "../../probes/probe.ts";
import type { EngineRecord, ModelSpec } from "../../probes/trace.ts";

export interface Provenance {
  /** The number's name. */
  readonly what: string;
  readonly formula: string;
  readonly source: string;
  /** `1` is none. */
  readonly unit: string;
  /** Three sentences for a newcomer; "" where the name says it. */
  readonly help: string;
  /** Where it misleads. */
  readonly caveat: string;
  /** What the number was measured at: layer, step, problem. */
  readonly at: string;
  readonly model: Pick<ModelSpec, "id" | "quantization" | "revision"> | null;
  readonly engine: EngineRecord | null;
  /** Of the problem, of sampling, of a layout; "" where nothing was drawn. */
  readonly seed: string;
  /** How many cases: "1 run", "50 problems". */
  readonly n: string;
}

/** What produced a number, as far as it is the same for all numbers of a run. */
export type Circumstances = Pick<Provenance, "at" | "model" | "engine" | "seed" | "n">;

/** The provenance of a probe's number. */
export function ofProbe({ name, formula, source, unit, help, caveat }: Pick<Probe, "name" | "formula" | "source" | "unit" | "help" | "caveat">, circumstances: Circumstances): Provenance {
  return { what: name, formula, source, unit, help, caveat, ...circumstances };
}

/** Asks for the card. */
export class OriginEvent extends CustomEvent<{ readonly of: Provenance; readonly beside: DOMRect }> {
  constructor(of: Provenance, beside: DOMRect) {
    super("show-origin", { detail: { of, beside }, bubbles: true, composed: true });
  }
}

/** A number that says where it comes from when it is clicked; whoever uses it takes `figureStyle` along. */
export function figure(text: string, of: () => Provenance): TemplateResult {
  const ask = (event: Event): void => {
    const button = event.currentTarget as HTMLElement;
    button.dispatchEvent(new OriginEvent(of(), button.getBoundingClientRect()));
  };
  return html`<button class="figure number" title="where this number comes from" @click=${ask}>${text}</button>`;
}

export const figureStyle = css`
  button.figure { font: inherit; color: inherit; background: none; border: 0; border-radius: 3px; padding: 0 1px; margin: 0 -1px; min-height: 0; text-decoration: underline dotted transparent; text-underline-offset: 3px; }
  button.figure:hover, button.figure:focus-visible { text-decoration-color: var(--soft); }
`;
