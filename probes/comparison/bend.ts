/**
 * How far one run's path lies from another's, layer by layer and step by step. With
 * aₜ and bₜ the residual streams at the same step and layer:
 *
 * - relative distance ‖bₜ − aₜ‖ / ‖aₜ‖; 0 for equal states, √2 for unrelated ones of equal norm
 * - cosine of the angle between aₜ and bₜ; 1 for equal directions, 0 for unrelated ones
 *
 * Steps are aligned by their distance from the end of the prompt, over those that
 * both runs have from there on. Unit 1.
 *
 * Where it misleads: states share a large common part, so that two runs on different
 * problems have a cosine far above 0 as well: give that value beside it. Once the two
 * runs have read different tokens (`sameUntil`), they differ for another reason than
 * the one in question. Only for runs of one architecture: other models have other axes
 * (`cka.ts`, `procrustes.ts`).
 */
import { row, tensor, type Tensor } from "../tensor.ts";
import type { Trace } from "../trace.ts";

export interface Bend {
  /** Steps that both runs have, counted from the end of the prompt, which is 0. */
  readonly steps: readonly number[];
  /** [steps, L+1]; NaN where a state is zero or not finite. */
  readonly distance: Tensor;
  readonly cosine: Tensor;
  /** The last of these steps up to which both runs had the same tokens go in; thoughts, being vectors, count as the same. NaN where they differ from the first on. */
  readonly sameUntil: number;
}

/** Why two runs cannot be laid over one another; null where they can. */
export function apart(a: Trace, b: Trace): string | null {
  const [, layersA = 0, sizeA = 0] = a.activations.residPost.shape;
  const [, layersB = 0, sizeB = 0] = b.activations.residPost.shape;
  if (a.activations.residPost.data.length === 0 || b.activations.residPost.data.length === 0) return "one of the runs kept no hidden states";
  if (sizeA !== sizeB) return `their hidden states have ${sizeA} and ${sizeB} numbers`;
  if (layersA !== layersB) return `they have ${layersA - 1} and ${layersB - 1} layers`;
  return null;
}

/** @throws RangeError where the runs cannot be laid over one another (`apart`) */
export function bend(a: Trace, b: Trace): Bend {
  const why = apart(a, b);
  if (why !== null) throw new RangeError(`bend: expected two runs of one shape, but ${why}; compare them by CKA`);
  const [startA, startB] = [promptEnd(a), promptEnd(b)];
  const count = Math.max(0, Math.min(a.steps.length - startA, b.steps.length - startB));
  const layers = a.activations.residPost.shape[1]!;
  const distance = tensor([count, layers]);
  const cosine = tensor([count, layers]);
  for (let i = 0; i < count; i++) {
    for (let layer = 0; layer < layers; layer++) {
      const [x, y] = [row(a.activations.residPost, startA + i, layer), row(b.activations.residPost, startB + i, layer)];
      let [difference, dot, xx, yy] = [0, 0, 0, 0];
      for (let d = 0; d < x.length; d++) {
        difference += (y[d]! - x[d]!) ** 2;
        dot += x[d]! * y[d]!;
        xx += x[d]! * x[d]!;
        yy += y[d]! * y[d]!;
      }
      distance.data[i * layers + layer] = xx > 0 ? Math.sqrt(difference / xx) : NaN;
      cosine.data[i * layers + layer] = xx > 0 && yy > 0 ? dot / Math.sqrt(xx * yy) : NaN;
    }
  }
  const differ = Array.from({ length: count }, (_, i) => i).find((i) => a.steps[startA + i]!.token !== b.steps[startB + i]!.token);
  return { steps: Array.from({ length: count }, (_, i) => i), distance, cosine, sameUntil: differ === undefined ? count - 1 : differ > 0 ? differ - 1 : NaN };
}

/** Index of the last step of the prompt. */
function promptEnd({ steps }: Trace): number {
  return Math.max(0, steps.findLastIndex(({ phase }) => phase === "prompt"));
}
