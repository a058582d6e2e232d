/** Edits of the residual stream: the checks that all engines share. */
import { residualOperations } from "../probes/intervention.ts";
import type { ModelSpec } from "../probes/trace.ts";
import { EngineError, type ResidualEdit } from "./engine.ts";

/**
 * @param rows  positions of the forward pass
 * @throws EngineError where an edit does not fit the model or the pass
 */
export function checkEdits(edits: readonly ResidualEdit[], rows: number, { layers, hiddenSize }: Pick<ModelSpec, "layers" | "hiddenSize">): void {
  for (const { layer, row, operation, vector } of edits) {
    const fault = (expected: string, got: unknown, advice: string): EngineError => new EngineError(`edit: expected ${expected}, got ${String(got)}; ${advice}`);
    if (!(Number.isInteger(layer) && layer >= 0 && layer <= layers)) throw fault(`a layer from 0 to ${layers}`, layer, "choose one of this model's");
    if (!(Number.isInteger(row) && row >= 0 && row < rows)) throw fault(`a row from 0 to ${rows - 1}`, row, "edit a position of this forward pass");
    if (!residualOperations.includes(operation)) throw fault(`one of ${residualOperations.join(", ")}`, operation, "choose one of these");
    if (vector.length !== hiddenSize) throw fault(`a vector of ${hiddenSize} numbers`, vector.length, "take one from this model");
    for (let i = 0; i < vector.length; i++) {
      if (!Number.isFinite(vector[i])) throw fault("finite numbers in a vector", vector[i], "take a state that was captured whole");
    }
  }
}

/** Edits by layer, [L+1]; undefined where a layer has none. */
export function editsByLayer(edits: readonly ResidualEdit[], layers: number): (ResidualEdit[] | undefined)[] {
  const out = Array.from<ResidualEdit[] | undefined>({ length: layers + 1 });
  for (const edit of edits) (out[edit.layer] ??= []).push(edit);
  return out;
}
