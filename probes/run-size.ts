/**
 * How much memory a run holds, stated before it is made.
 *
 * Per step: the residual stream of the kept layers and the final norm, 4 bytes a number;
 * the lens of every layer, 4 bytes for each of 2 K + 2 numbers; and the record, about
 * 200 bytes and 60 more for each of its tokens (K of the prediction, and 2 K beside
 * each vector). The record is an estimate (V8's objects, measured); the rest is exact.
 */

export interface RunShape {
  /** Positions that go through the network. */
  readonly steps: number;
  /** Those of them that are vectors. */
  readonly vectors: number;
  /** L + 1. */
  readonly layers: number;
  /** Layers whose states are kept. */
  readonly keptLayers: number;
  readonly hiddenSize: number;
  /** Tokens kept per lens cell and per step, K. */
  readonly kept: number;
}

export interface RunSize {
  /** Residual stream and final norm. */
  readonly states: number;
  readonly lens: number;
  readonly record: number;
  readonly bytes: number;
}

export function runSize({ steps, vectors, layers, keptLayers, hiddenSize, kept }: RunShape): RunSize {
  const states = steps * (keptLayers + 1) * hiddenSize * 4;
  const lens = steps * layers * (2 * kept + 2) * 4;
  const record = steps * (200 + 60 * kept) + vectors * 2 * 60 * kept;
  return { states, lens, record, bytes: states + lens + record };
}
