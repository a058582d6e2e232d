import type { Tensor } from "../../probes/tensor.ts";
import { EngineError } from "../engine.ts";
import type { OnnxDecoder } from "./onnx-decoder.ts";
import { difference, toleranceFor } from "../self-check.ts";

/** The length of the trial prompt, and of the pieces that are known to be right. */
const trial = 48;
const piece = 16;

/**
 * Finds out whether a long prompt may go through a GPU in one run, and limits
 * the decoder to short ones where not.
 *
 * From 32 new positions on, onnxruntime's attention on WebGPU takes another
 * kernel. On SwiftShader, whose subgroups have 4 lanes, that kernel is wrong
 * from the fifth position on, and by as much as the numbers themselves
 * (measured, 1.31.0-dev.20260914). In shorter pieces the same GPU is right to
 * 1e-5. So both ways are tried, and short pieces are kept where they differ.
 *
 * @returns whether the decoder was limited
 */
export async function limitPasses(decoder: OnnxDecoder): Promise<boolean> {
  const { vocabSize, contextLength } = decoder.spec;
  const tokens = Array.from({ length: Math.min(trial, contextLength) }, (_, i) => Math.floor((vocabSize * ((i * 0.618) % 1))));
  const logits = async (): Promise<Tensor> => {
    await decoder.rewind(0);
    const { logits: all } = await decoder.forward(tokens);
    await decoder.rewind(0);
    return all;
  };
  const whole = await logits();
  decoder.longestPass = piece;
  const pieces = await logits();
  // Half-length pieces must agree with the pieces, or nothing can be said of either.
  decoder.longestPass = piece / 2;
  const smaller = await logits();
  const tolerance = toleranceFor(decoder, pieces.data);
  const apart = difference(pieces.data, smaller.data);
  if (!(apart <= tolerance)) {
    throw new EngineError(`probe: expected the same logits from pieces of ${piece} and ${piece / 2} tokens to within ${tolerance.toPrecision(2)}, got a difference of ${apart.toPrecision(3)}; choose wasm`);
  }
  decoder.longestPass = piece;
  if (!(difference(whole.data, pieces.data) <= tolerance)) return true;
  decoder.longestPass = Number.POSITIVE_INFINITY;
  return false;
}
