/**
 * One selection lights up in every view. Steps are counted from the last
 * position of the prompt, which is step 0 in every mode: there the model has
 * read the question and nothing else, so equal numbers are comparable.
 */
import type { DecodingMode, Trace } from "../probes/trace.ts";

export interface Selection {
  readonly mode: DecodingMode;
  /** Relative to the last prompt position; negative inside the prompt. */
  readonly step: number;
  /** 0 (embedding) … L. */
  readonly layer: number;
}

/** Index in `trace.steps` of the last prompt position: step 0 of every view. */
export function originOf(trace: Pick<Trace, "steps">): number {
  return trace.steps.findLastIndex((step) => step.phase === "prompt");
}

/** Fired by views, handled by the page: part of a new selection. */
export class SelectEvent extends CustomEvent<Partial<Selection>> {
  constructor(detail: Partial<Selection>) {
    super("select-step", { detail, bubbles: true, composed: true });
  }
}
