/**
 * The transformer: attention between all tokens, and a perceptron for each of them.
 *
 *   pattern = softmax(Q Kᵀ / √E)       Q = X W_Q, K = X W_K, V = X W_V, for each head
 *   attention(X) = concat(pattern V) W_O
 *
 *   X ← X + attention(norm(X)),  X ← X + mlp(norm(X))        in each of L blocks
 *   logits = norm(X) W_U                                     X at first: embedding + position
 *
 *   X          residual stream [B, T, D]: B sequences, T tokens, hidden size D
 *   Q, K, V    query, key, value [B, H, T, E]: H heads of size E
 *   scores     Q Kᵀ / √E [B, H, T, S], of T tokens over the S that there are
 *   pattern    scores after softmax: each row sums to 1
 *   mask       causal: no token sees a later one; bidirectional: none
 *   KV cache   K and V of the tokens so far: all that a later token needs of them
 *   W_U        unembedding [D, V] (V: vocabulary)
 *
 * Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1; the norm before each
 * part: Xiong et al. 2020, arXiv:2002.04745.
 * Left out for clarity: dropout, biases in attention, rotary positions, grouped heads.
 */
import type { Random } from "../../probes/random.ts";
import { dispose, nn, np } from "./autodiff.ts";
import { glorot, normal } from "./initialise.ts";
import { initialNorm, layerNorm, type Norm } from "./layer-norm.ts";
import { initialMlp, mlp, type Mlp } from "./mlp.ts";

/** Query, key, value [D, H·E]; output [H·E, D]. */
export type Attention = { query: np.Array; key: np.Array; value: np.Array; output: np.Array };
/** [B, H, S, E] each. */
export type KvCache = { keys: np.Array; values: np.Array };
export type Block = { attentionNorm: Norm; attention: Attention; mlpNorm: Norm; mlp: Mlp };
/** Embedding [V, D], positions [longest T, D], unembedding [D, V]. */
export type Transformer = { embedding: np.Array; positions: np.Array; blocks: Block[]; finalNorm: Norm; unembedding: np.Array };

export interface AttentionOptions {
  readonly heads: number;
  /** Whether a token sees only itself and earlier ones. Default true. */
  readonly causal?: boolean;
}

/** [B, T, H·E] → [B, H, T, E] */
export function splitHeads(x: np.Array, heads: number): np.Array {
  const [B, T, width] = x.shape as [number, number, number];
  return x.reshape([B, T, heads, width / heads]).transpose([0, 2, 1, 3]);
}

/** [B, H, T, E] → [B, T, H·E] */
export function mergeHeads(x: np.Array): np.Array {
  const [B, H, T, E] = x.shape as [number, number, number, number];
  return x.transpose([0, 2, 1, 3]).reshape([B, T, H * E]);
}

/** Which of S tokens each of the last T sees, [T, S]: those up to itself, or all. */
export function visible(T: number, S: number, causal: boolean): np.Array {
  return causal ? np.tri(T, S, S - T, { dtype: np.bool }) : np.ones([T, S], { dtype: np.bool });
}

/** Q Kᵀ / √E, [B, H, T, S] */
export function attentionScores(query: np.Array, keys: np.Array): np.Array {
  return np.einsum("bhte,bhse->bhts", query, keys).mul(1 / Math.sqrt(keys.shape[3]!));
}

/**
 * Each token's mixture of the values that it sees.
 *
 * @param allowed   which token sees which, broadcast to [B, H, T, S]; at least one in each row
 * @returns         `pattern` [B, H, T, S], `heads` [B, H, T, E]: what each head brings
 */
export function mix(scores: np.Array, values: np.Array, allowed: np.Array): { pattern: np.Array; heads: np.Array } {
  const pattern = nn.softmax(np.where(allowed, scores, -1e9), -1);
  return { pattern, heads: np.einsum("bhts,bhse->bhte", pattern.ref, values) };
}

export function initialAttention(random: Random, hiddenSize: number, heads: number, headSize = hiddenSize / heads): Attention {
  if (!Number.isInteger(headSize)) throw new RangeError(`attention: expected a hidden size that ${heads} heads divide, got ${hiddenSize}`);
  const [inward, outward] = [[hiddenSize, heads * headSize], [heads * headSize, hiddenSize]];
  return { query: glorot(random, inward), key: glorot(random, inward), value: glorot(random, inward), output: glorot(random, outward) };
}

/**
 * @param x      [B, T, D]
 * @param past   K and V of the tokens before x
 * @returns      `output` [B, T, D], `pattern` [B, H, T, S], `heads` [B, H, T, E], `cache` of all S tokens
 */
export function attention(p: Attention, x: np.Array, { heads, causal = true }: AttentionOptions, past?: KvCache) {
  const query = splitHeads(np.matmul(x.ref, p.query), heads);
  const cache = extend(past, { keys: splitHeads(np.matmul(x.ref, p.key), heads), values: splitHeads(np.matmul(x, p.value), heads) });
  const scores = attentionScores(query, cache.keys.ref);
  const mixed = mix(scores, cache.values.ref, visible(...(scores.shape.slice(2) as [number, number]), causal));
  return { output: np.matmul(mergeHeads(mixed.heads.ref), p.output), ...mixed, cache };
}

/** The cache with the new tokens behind it. */
export function extend(past: KvCache | undefined, added: KvCache): KvCache {
  if (!past) return added;
  return { keys: np.concatenate([past.keys, added.keys], 2), values: np.concatenate([past.values, added.values], 2) };
}

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
