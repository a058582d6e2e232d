/** The scale that a fed-back vector is compared with. */
import { row } from "../probes/tensor.ts";
import type { Decoder } from "./engine.ts";

/** Rows of the embedding that its mean norm is taken from, evenly spaced; all of them in a smaller vocabulary. */
const sampledRows = 4096;

/** Mean L2 norm of the embedding's rows. */
export async function meanEmbeddingNorm(decoder: Pick<Decoder, "spec" | "embed">): Promise<number> {
  const { spec } = decoder;
  const rows = Math.min(spec.vocabSize, sampledRows);
  const embedded = await decoder.embed(Array.from({ length: rows }, (_, i) => Math.floor((i * spec.vocabSize) / rows)));
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += Math.sqrt(row(embedded, i).reduce((square, x) => square + x * x, 0));
  return sum / rows;
}
