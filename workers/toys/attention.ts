/**
 * Multi-head attention: each token takes from the others what fits its query.
 *
 *   scores  = Q Kᵀ / √E                Q = X W_Q, K = X W_K, V = X W_V, for each head
 *   pattern = softmax(scores)          over what the token sees
 *   attention(X) = concat(pattern V) W_O
 *
 *   X          input [B, T, D]: B sequences, T tokens, hidden size D
 *   Q, K, V    query, key, value [B, H, T, E]: H heads of size E
 *   scores     [B, H, T, S], of T tokens over the S that there are
 *   pattern    scores after softmax: each row sums to 1
 *   mask       causal: no token sees a later one; bidirectional: none
 *   KV cache   K and V of the tokens so far: all that a later token needs of them
 *
 * Source: Vaswani et al. 2017, arXiv:1706.03762, equation 1 and section 3.2.2.
 * Left out for clarity: dropout, biases, rotary positions, grouped heads.
 */
import type { Random } from "../../probes/random.ts";
import { nn, np } from "./autodiff.ts";
import { glorot } from "./initialise.ts";

/** Query, key, value [D, H·E]; output [H·E, D]. */
export type Attention = { query: np.Array; key: np.Array; value: np.Array; output: np.Array };
/** [B, H, S, E] each. */
export type KvCache = { keys: np.Array; values: np.Array };

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
