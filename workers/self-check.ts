import { type Tensor, row, tensor } from "../probes/tensor.ts";
import { type Decoder, EngineError, type Forward, type SelfCheck } from "./engine.ts";

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
 * Checks a decoder against itself on three tokens, and leaves it empty: in one
 * pass, and again in a single step, which engines mostly run through other
 * kernels and which is what a latent loop consists of.
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

  // Where a GPU computes nothing, zeros agree with zeros.
  if (largest(embedded.data) === 0 || logits.data.every((logit) => logit === logits.data[0])) throw new EngineError("probe: expected embeddings and logits, got the same number everywhere; this build computes nothing here, choose another");
  const tolerance = toleranceFor(decoder, logits.data);
  const layer = (states: Tensor, index: number): Tensor => {
    const rows = states.shape[0] ?? 0;
    return tensor([rows, spec.hiddenSize], Float32Array.from(Array.from({ length: rows }, (_, t) => [...row(states, t, index)]).flat()));
  };
  const whole = difference(layer(residPost, 0).data, embedded.data);
  require("layer 0 to be the embedding", whole, toleranceFor(decoder, embedded.data));

  const lens = difference((await decoder.lens(layer(residPost, spec.layers))).data, logits.data);
  require("the head applied to the last layer to give the logits", lens, tolerance);
  const unembedded = difference((await decoder.unembed(finalNorm)).data, logits.data);
  require("the unembedding of the final norm to give the logits", unembedded, tolerance);

  // Both steps after the same two tokens, so that models which quantize
  // activations by the batch do so alike. No partial rewind: not every cache can.
  const [first = 0, second = 0, last = 0] = tokens;
  const after = async (input: readonly number[] | Tensor, capture: boolean): Promise<Forward> => {
    await decoder.rewind(0);
    await decoder.forward([first, second]);
    return decoder.forward(input, { capture });
  };
  const byToken = await after([last], true);
  const vector = tensor([1, spec.hiddenSize], row(embedded, 2).slice());
  const byVector = await after(vector, false);
  const latent = difference(byVector.logits.data, byToken.logits.data);
  require("a latent step with a token's embedding to give the token's logits", latent, tolerance);
  if (!byToken.residPost) throw new EngineError("probe: expected hidden states of a single step, got none; load the model again");
  const step = difference(layer(byToken.residPost, 0).data, vector.data);
  require("layer 0 of a single step to be the embedding", step, toleranceFor(decoder, embedded.data));
  await decoder.rewind(0);
  const stepLens = difference((await decoder.lens(layer(byToken.residPost, spec.layers))).data, byToken.logits.data);
  require("the head applied to the last layer of a single step to give its logits", stepLens, tolerance);
  return { embedding: Math.max(whole, step), head: Math.max(lens, unembedded, stepLens), latent, tolerance };
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
