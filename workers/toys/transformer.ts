/**
 * The transformer: attention between all tokens, and a perceptron for each of them.
 *
 *   X ← X + attention(norm(X)),  X ← X + mlp(norm(X))        in each of L blocks
 *   logits = norm(X) W_U                                     X at first: embedding + position
 *
 *   X          residual stream [B, T, D]: B sequences, T tokens, hidden size D
 *   attention  as in attention.ts: the pattern [B, H, T, S] of H heads, and the KV cache
 *   mlp        D → F → D with GELU
 *   W_U        unembedding [D, V] (V: vocabulary)
 *
 * Source: Vaswani et al. 2017, arXiv:1706.03762; the norm before each part: Xiong et
 * al. 2020, arXiv:2002.04745.
 * Left out for clarity: dropout, biases in attention, rotary positions, grouped heads.
 */
import type { Random } from "../../probes/random.ts";
import { attention, type Attention, type AttentionOptions, initialAttention, type KvCache } from "./attention.ts";
import { dispose, np } from "./autodiff.ts";
import { glorot, normal } from "./initialise.ts";
import { initialNorm, layerNorm, type Norm } from "./layer-norm.ts";
import { initialMlp, mlp, type Mlp } from "./mlp.ts";

export * from "./attention.ts";

export type Block = { attentionNorm: Norm; attention: Attention; mlpNorm: Norm; mlp: Mlp };
/** Embedding [V, D], positions [longest T, D], unembedding [D, V]. */
export type Transformer = { embedding: np.Array; positions: np.Array; blocks: Block[]; finalNorm: Norm; unembedding: np.Array };

export interface TransformerSize {
  readonly vocabSize: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  /** F, default 4 D. */
  readonly mlpSize?: number;
  /** Longest T. */
  readonly contextLength: number;
}

export function initialTransformer(random: Random, { vocabSize, hiddenSize, layers, heads, mlpSize = 4 * hiddenSize, contextLength }: TransformerSize): Transformer {
  const block = (): Block => ({
    attentionNorm: initialNorm(hiddenSize),
    attention: initialAttention(random, hiddenSize, heads),
    mlpNorm: initialNorm(hiddenSize),
    mlp: initialMlp(random, [hiddenSize, mlpSize, hiddenSize], "gelu"),
  });
  return {
    embedding: normal(random, [vocabSize, hiddenSize], 0.02),
    positions: normal(random, [contextLength, hiddenSize], 0.02),
    blocks: Array.from({ length: layers }, block),
    finalNorm: initialNorm(hiddenSize),
    unembedding: glorot(random, [hiddenSize, vocabSize]),
  };
}

/**
 * @param x      embeddings [B, T, D], of tokens (`np.take(p.embedding.ref, tokens, 0)`) or any other vectors
 * @param past   the caches of the tokens before, one for each block
 * @returns      `output`, the logits [B, T, V]; `residual`: X before the first block and after each, L+1 of [B, T, D];
 *               of each block `patterns` [B, H, T, S], `heads` [B, H, T, E] and `caches`
 */
export function transformer(p: Transformer, x: np.Array, options: AttentionOptions & { readonly positions?: boolean }, past?: readonly KvCache[]) {
  const start = past?.[0]?.keys.shape[2] ?? 0;
  if (options.positions ?? true) x = x.add(p.positions.ref.slice([start, start + x.shape[1]!]));
  const residual = [x.ref];
  const states = p.blocks.map((block, l) => {
    const { output, ...state } = attention(block.attention, layerNorm(block.attentionNorm, x.ref), options, past?.[l]);
    x = x.add(output);
    const inner = mlp(block.mlp, layerNorm(block.mlpNorm, x.ref), "gelu");
    dispose(inner.hidden);
    x = x.add(inner.output);
    residual.push(x.ref);
    return state;
  });
  dispose([p.positions, p.embedding]);
  return {
    output: np.matmul(layerNorm(p.finalNorm, x), p.unembedding),
    residual,
    patterns: states.map(({ pattern }) => pattern),
    heads: states.map(({ heads }) => heads),
    caches: states.map(({ cache }) => cache),
  };
}
