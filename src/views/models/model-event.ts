import type { Files, ModelChoice } from "../../models/model-choice.ts";

export interface ModelChosen {
  readonly model: ModelChoice;
  /** For a folder: what was dropped. */
  readonly files: Files | null;
}

/** Fired when a model is chosen. */
export class ModelEvent extends CustomEvent<ModelChosen> {
  constructor(model: ModelChoice, files: Files | null = null) {
    super("choose-model", { detail: { model, files }, bubbles: true, composed: true });
  }
}
