/**
 * What one can do to a run, as plain data: a request carries a list of these,
 * and the trace of the altered run keeps it. How each is carried out stands in
 * `workers/decoding/interventions.ts`.
 *
 * Thoughts are counted from 0, in the order in which the unaltered run has them.
 * Vectors are lists of D numbers: final-norm states where they stand for a
 * thought, residual states where they stand for a layer.
 */

/** What a latent thought is replaced by; v is the vector that would have been fed in. */
export type Replacement =
  /** E[argmax head · v]: the thought forced into one token. */
  | { readonly by: "argmax" }
  /** Σ pᵢ Eᵢ over the `kept` likeliest tokens of softmax(head · v), brought to sum 1. */
  | { readonly by: "soft"; readonly kept: number }
  /** The mean of the thoughts that were fed in before it; the first has none before it. */
  | { readonly by: "mean" }
  /** v + σ ‖v‖ / √D · ε with ε standard normal, so that the noise's norm is about σ ‖v‖. */
  | { readonly by: "noise"; readonly sigma: number }
  /** Zeros. */
  | { readonly by: "zero" }
  /** A given vector: another run's thought, or any other; `from` says which, in words for the reader. */
  | { readonly by: "vector"; readonly vector: readonly number[]; readonly from: string };

export type Intervention =
  /** Mode latent: thought number `thought` becomes something else. */
  | { readonly kind: "replace"; readonly thought: number; readonly replacement: Replacement }
  /** Mode latent: `scale` times a vector is added to the thought, after a replacement; `from` says which, in words. */
  | { readonly kind: "steer"; readonly thought: number; readonly vector: readonly number[]; readonly scale: number; readonly from?: string }
  /** Mode latent: the thought is left out. */
  | { readonly kind: "skip"; readonly thought: number }
  /** Mode latent: the thought is fed in `times` times more, at positions of its own. */
  | { readonly kind: "repeat"; readonly thought: number; readonly times: number }
  /** Mode latent: the thoughts in another order; every one of them once. */
  | { readonly kind: "reorder"; readonly order: readonly number[] }
  /** Mode CoT: thinking ends after this many tokens, and the cue asks for the answer. */
  | { readonly kind: "truncate"; readonly after: number }
  /** Mode CoT: token number `token` of the thinking is replaced by `by`, or where that is null by one drawn with the run's seed; then the model goes on freely. */
  | { readonly kind: "corrupt"; readonly token: number; readonly by: number | null }
  /**
   * Any mode: the residual stream entering block `layer` (L: entering the final
   * norm) at step `step` of the trace is replaced by a vector, or a vector is added to it;
   * `from` says where the vector comes from, in words.
   */
  | { readonly kind: "residual"; readonly step: number; readonly layer: number; readonly operation: ResidualOperation; readonly vector: readonly number[]; readonly from?: string };

export type ResidualOperation = "replace" | "add";
export const residualOperations: readonly ResidualOperation[] = ["replace", "add"];
