/** What is fed to a decoder: the checks that all engines share, made before anything runs. */
import type { Tensor } from "../probes/tensor.ts";
import type { ModelSpec } from "../probes/trace.ts";
import { EngineError } from "./engine.ts";

/** @throws EngineError where a token is outside the vocabulary */
export function checkTokens(tokens: readonly number[], { vocabSize }: Pick<ModelSpec, "vocabSize">): void {
  const wrong = tokens.find((token) => !(Number.isInteger(token) && token >= 0 && token < vocabSize));
  if (wrong !== undefined) throw new EngineError(`forward: expected tokens from 0 to ${vocabSize - 1}, got ${wrong}; use this model's own tokenizer`);
}

/**
 * @param what  for example "vectors" or "states"
 * @throws EngineError where they are not [N, D]
 */
export function checkStates(what: string, { shape }: Tensor, { hiddenSize }: Pick<ModelSpec, "hiddenSize">): void {
  if (shape.length === 2 && shape[1] === hiddenSize) return;
  throw new EngineError(`forward: expected ${what} [N, ${hiddenSize}], got [${shape.join(", ")}]; give one row per position, of this model`);
}

/**
 * @param filled  positions in the cache
 * @returns how many positions the input has
 * @throws EngineError where it is empty, does not fit the model, or does not fit into the context
 */
export function checkInput(input: readonly number[] | Tensor, spec: Pick<ModelSpec, "vocabSize" | "hiddenSize" | "contextLength">, filled: number): number {
  if ("shape" in input) checkStates("vectors", input, spec);
  else checkTokens(input, spec);
  const count = "shape" in input ? (input.shape[0] ?? 0) : input.length;
  if (count === 0) throw new EngineError("forward: expected at least one token or vector, got none; write a prompt");
  if (filled + count > spec.contextLength) {
    throw new EngineError(`forward: expected at most ${spec.contextLength} positions, got ${filled} + ${count}; shorten the prompt, take fewer steps or rewind`);
  }
  return count;
}

/** @throws EngineError where a cache of `filled` positions cannot be cut to `length` */
export function checkRewind(length: number, filled: number): void {
  if (Number.isInteger(length) && length >= 0 && length <= filled) return;
  throw new EngineError(`rewind: expected 0 to ${filled} positions, got ${length}; rewind only to what was fed in`);
}
