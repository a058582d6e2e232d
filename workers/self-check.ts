import { type Tensor, row } from "../probes/tensor.ts";
import { type Decoder, EngineError, type SelfCheck } from "./engine.ts";

/**
 * How far a number may be off, as a share of the largest logit (for layer 0, of
 * the largest component). In float32 two ways to the same number differ by
 * summation order, some 1e-6; where activations are float16 (f16, q4f16, q4f16_1), each
 * carries a rounding of 5e-4, which adds up over layers and the head. A wrong
 * tensor is off by 1.
 */
const tolerance16 = 2e-2;
const tolerance32 = 1e-3;

/** The tolerance for numbers of this size. */
export function toleranceFor({ spec }: Decoder, numbers: Float32Array): number {
  return (/f16/.test(spec.quantization) ? tolerance16 : tolerance32) * Math.max(1, largest(numbers));
}

/**
 * Checks a decoder against itself on three tokens, and leaves it empty.
 *
 * @throws EngineError "probe: …" where what it says does not hold together
 */
export async function selfCheck(decoder: Decoder): Promise<SelfCheck> {
  const { spec } = decoder;
  const { vocabSize } = spec;
  // Three tokens from within the vocabulary.
  const tokens = [Math.floor(vocabSize / 3), Math.floor(vocabSize / 2), Math.floor((2 * vocabSize) / 3)];
  await decoder.rewind(0);
  const embedded = await decoder.embed(tokens);
  const { logits, residPost, finalNorm } = await decoder.forward(tokens, { capture: true });
  if (!residPost) throw new EngineError("probe: expected hidden states, got none; load the model again");

  const tolerance = toleranceFor(decoder, logits.data);
  const layer = (index: number): Tensor => ({
    shape: [tokens.length, spec.hiddenSize],
    data: Float32Array.from(tokens.flatMap((_, t) => [...row(residPost, t, index)])),
  });
  const embedding = difference(layer(0).data, embedded.data);
  require("layer 0 to be the embedding", embedding, toleranceFor(decoder, embedded.data));

  const lens = difference((await decoder.lens(layer(spec.layers))).data, logits.data);
  require("the head applied to the last layer to give the logits", lens, tolerance);
  const unembedded = difference((await decoder.unembed(finalNorm)).data, logits.data);
  require("the unembedding of the final norm to give the logits", unembedded, tolerance);

  // Both steps after the same two tokens, so that models which quantize
  // activations by the batch do so alike. No partial rewind: not every cache can.
  const [first = 0, second = 0, last = 0] = tokens;
  const after = async (input: readonly number[] | Tensor): Promise<Float32Array> => {
    await decoder.rewind(0);
    await decoder.forward([first, second]);
    return row((await decoder.forward(input)).logits, 0);
  };
  const byToken = await after([last]);
  const byVector = await after({ shape: [1, spec.hiddenSize], data: row(embedded, 2).slice() });
  const latent = difference(byVector, byToken);
  require("a latent step with a token's embedding to give the token's logits", latent, tolerance);
  await decoder.rewind(0);
  return { embedding, head: Math.max(lens, unembedded), latent, tolerance };
}

/** NaN fails, too. */
function require(what: string, got: number, tolerance: number): void {
  if (got <= tolerance) return;
  throw new EngineError(`probe: expected ${what} to within ${tolerance.toPrecision(2)}, got a difference of ${got.toPrecision(3)}; this export cannot be probed`);
}

function largest(data: Float32Array): number {
  return data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** max |a − b|; NaN where there is one, or where the lengths differ. */
export function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN)));
  return most;
}
