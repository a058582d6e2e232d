/**
 * The lab's sequence model: the same around every architecture, so that what
 * differs is the block.
 *
 *   x₀ = E[token]                              or a vector given in its place
 *   x₁ = block₁(x₀ + P)                        P only where the architecture needs positions
 *   xₗ = blockₗ(xₗ₋₁)                           l = 2 … L
 *   logits = norm(x_L) W_U
 *
 * Every block adds to the stream and is causal. D and L are the same for all, the
 * inner widths such that the numbers of parameters agree to within 5 %
 * (`sequence-model.test.ts`).
 */
import { Random } from "../../probes/random.ts";
import { dispose, nn, np, type Parameters, tree } from "../toys/autodiff.ts";
import { glorot, normal } from "../toys/initialise.ts";
import { initialNorm, layerNorm, type Norm } from "../toys/layer-norm.ts";
import type { Architecture, InnerArrays } from "./architecture.ts";

export interface ModelSize {
  readonly vocabSize: number;
  /** Longest sequence. */
  readonly contextLength: number;
}

/** D */
export const hiddenSize = 32;
/** L */
export const layers = 2;

/** Embedding [V, D], positions [longest T, D], unembedding [D, V]. */
export type SequenceParameters = { embedding: np.Array; positions?: np.Array; blocks: Parameters[]; finalNorm: Norm; unembedding: np.Array };

export function initialSequenceModel({ positions, initial }: Architecture, { vocabSize, contextLength }: ModelSize, seed: number): SequenceParameters {
  const random = new Random(seed).fork("parameters");
  return {
    embedding: normal(random, [vocabSize, hiddenSize], 1),
    ...(positions ? { positions: normal(random, [contextLength, hiddenSize], 0.5) } : {}),
    blocks: Array.from({ length: layers }, (_, layer) => initial(random, hiddenSize, layer)),
    finalNorm: initialNorm(hiddenSize),
    unembedding: glorot(random, [hiddenSize, vocabSize]),
  };
}

export function parameterCount(parameters: Parameters): number {
  return tree.leaves<np.Array>(parameters).reduce((sum, { shape }) => sum + shape.reduce((n, size) => n * size, 1), 0);
}

/** What is changed on the way, at each layer 0 … L: x ← keep ⊙ x + add. */
export interface Edits {
  /** L+1 of [B, T, 1] */
  readonly keep: readonly np.Array[];
  /** L+1 of [B, T, D] */
  readonly add: readonly np.Array[];
}

/**
 * Consumes everything that it is given.
 *
 * @param x   [B, T, D] in place of embeddings; T at most the context length
 * @returns   `logits` [B, T, V]; `residual`, L+1 of [B, T, D]; `final` [B, T, D], behind the final norm;
 *            `inner`, what each block says of itself; `penalty`, a scalar, 0 for most
 */
export function sequenceModel({ block }: Architecture, p: SequenceParameters, x: np.Array, edits?: Edits) {
  const edited = (stream: np.Array, layer: number): np.Array => (edits ? stream.mul(edits.keep[layer]!).add(edits.add[layer]!) : stream);
  x = edited(x, 0);
  const residual = [x.ref];
  if (p.positions) x = x.add(p.positions.slice([0, x.shape[1]!]));
  let penalty = np.array(0);
  const inner: InnerArrays[] = [];
  p.blocks.forEach((parameters, layer) => {
    const result = block(parameters, x, layer);
    x = edited(result.stream, layer + 1);
    if (result.penalty) penalty = penalty.add(result.penalty);
    residual.push(x.ref);
    inner.push(result.inner);
  });
  const final = layerNorm(p.finalNorm, x);
  const logits = np.matmul(final.ref, p.unembedding);
  p.embedding.dispose();
  return { logits, residual, final, inner, penalty };
}

/**
 * Mean cross-entropy, nats, over the positions where something is asked, and the blocks' penalties.
 *
 * @param tokens    ids [B, T], int32
 * @param targets   [B, T, V]: 1 at the token that is asked for, a row of zeros where nothing is
 */
export function sequenceLoss(architecture: Architecture, p: SequenceParameters, { tokens, targets }: { tokens: np.Array; targets: np.Array }): np.Array {
  const { logits, residual, final, inner, penalty } = sequenceModel(architecture, p, np.take(p.embedding.ref, tokens, 0));
  dispose([final, ...residual, ...inner]);
  return crossEntropy(logits, targets).add(penalty);
}

/** −mean log p(target), over the rows that have one. Consumes both; [..., V] */
function crossEntropy(logits: np.Array, targets: np.Array): np.Array {
  const asked = targets.ref.sum();
  return nn.logSoftmax(logits, -1).mul(targets).sum().mul(-1).div(asked);
}
