/**
 * Sparse attention: each token sees only a selected set of the others.
 *
 *   pattern = softmax over the selected s of (Q Kᵀ / √E)[t, s]
 *
 *   score      the k keys of largest score                            (top-k)
 *   distance   the k keys nearest to the query, by |q − k|             (kNN)
 *   mass       the fewest keys that hold a share m of dense attention: a budget of each token's own
 *   window     the last w tokens, itself included (as many after it, where not causal), and the first s as sinks
 *   block      its own block of b tokens, and the n others whose mean key has the largest product
 *              with the query; at most (n + 1) b tokens
 *
 *   k, m       a number, or one for each stage: prefill (the prompt) and decode (what follows it)
 *   selected   the selected set [B, H, T, S], 1 or 0; within what is visible; other letters as in attention.ts
 *
 * With k = S, w = S, n b = S or m = 1 it is dense attention. No gradient goes through the choice.
 *
 * Source: top-k: Gupta et al. 2021, arXiv:2106.06899; mass: top-p, Lin et al. 2025,
 * arXiv:2502.02770; window with sinks: Beltagy et al. 2020, arXiv:2004.05150, Xiao et al.
 * 2023, arXiv:2309.17453; blocks: Lu et al. 2025, arXiv:2502.13189 (MoBA).
 * Left out for clarity: the saving (all scores are computed, then masked), NSA's compressed branch and gates.
 */
import { type Attention, type AttentionOptions, attentionScores, extend, type KvCache, mergeHeads, mix, splitHeads, visible } from "./attention.ts";
import { dispose, lax, nn, np } from "./autodiff.ts";
import { ranks } from "./ranks.ts";

export { type Attention, initialAttention } from "./attention.ts";

export type PerStage = number | { readonly prefill: number; readonly decode: number };

export type Selection =
  | { readonly by: "score" | "distance"; readonly k: PerStage }
  | { readonly by: "mass"; readonly mass: PerStage }
  | { readonly by: "window"; readonly width: number; readonly sinks?: number }
  | { readonly by: "block"; readonly size: number; readonly blocks: number };

export interface SparseOptions extends AttentionOptions {
  readonly selection: Selection;
  /** Tokens before this place are the prompt, the others are decoded. Left out: all are prompt. */
  readonly promptLength?: number;
}

/** What a choice is made from: Q, K and scores, which it may use but not keep, and masks [T, S]. */
interface Seen {
  readonly query: np.Array;
  readonly keys: np.Array;
  readonly scores: np.Array;
  readonly visible: np.Array;
  /** The place of each of the T tokens in the sequence. */
  readonly places: readonly number[];
  readonly promptLength: number;
}

/** A number for each token, [T, 1]. */
function perToken(value: PerStage, { places, promptLength }: Seen): np.Array {
  return np.array(places.map((place) => [typeof value === "number" ? value : place < promptLength ? value.prefill : value.decode]));
}

/** The first `budget` of each row by what is visible. */
function best(values: np.Array, budget: np.Array, allowed: np.Array): np.Array {
  return ranks(np.where(allowed.ref, values, -1e9)).less(budget).mul(allowed);
}

function select(selection: Selection, seen: Seen): np.Array {
  const { query, keys, scores, visible, places } = seen;
  const S = scores.shape[3]!;
  const range = Array.from({ length: S }, (_, s) => s);
  /** [T, S], whatever the query. */
  const fixed = (sees: (t: number, s: number) => boolean): np.Array => np.array(places.map((t) => range.map((s) => Number(sees(t, s)))));
  switch (selection.by) {
    case "score":
      return best(scores.ref, perToken(selection.k, seen), visible.ref);
    case "distance": {
      // −|q − k|² without |q|², which is the same for all keys.
      const norms = np.expandDims(np.square(keys.ref).sum(-1), 2);
      const products = scores.ref.mul(2 * Math.sqrt(keys.shape[3]!));
      return best(products.sub(norms), perToken(selection.k, seen), visible.ref);
    }
    case "mass": {
      const dense = nn.softmax(np.where(visible.ref, lax.stopGradient(scores.ref), -1e9), -1);
      const falling = np.sort(dense.ref.mul(-1), -1).mul(-1);
      const before = np.cumsum(falling.ref, -1).sub(falling);
      // A key is needed while those before it hold less than the share; the smallest that it may be is the first.
      const needed = before.less(perToken(selection.mass, seen)).astype(np.int32).sum(-1, { keepdims: true });
      return best(dense, np.maximum(needed, 1), visible.ref);
    }
    case "window":
      return fixed((t, s) => Math.abs(t - s) < selection.width || s < (selection.sinks ?? 0)).mul(visible.ref);
    case "block": {
      const { size, blocks } = selection;
      const block = (s: number): number => Math.floor(s / size);
      const count = block(S - 1) + 1;
      const members = np.array(Array.from({ length: count }, (_, b) => range.map((s) => Number(block(s) === b))));
      const means = np.einsum("ns,bhse->bhne", members.ref.div(members.ref.sum(-1, { keepdims: true })), lax.stopGradient(keys.ref));
      const products = np.einsum("bhte,bhne->bhtn", lax.stopGradient(query.ref), means);
      // Of the other blocks, those with a visible token; its own is always there.
      const own = fixed((t, s) => block(t) === block(s));
      const others = np.matmul(visible.ref.mul(np.subtract(1, own.ref)), members.ref.transpose()).greater(0);
      const chosen = best(products, np.array(blocks), others);
      return np.minimum(np.einsum("bhtn,ns->bhts", chosen, members).add(own), 1).mul(visible.ref);
    }
  }
}

/**
 * @param x      [B, T, D]
 * @param past   K and V of the tokens before x
 * @returns      `output` [B, T, D]; `selected` [B, H, T, S], 1 or 0; `pattern` [B, H, T, S]; `heads` [B, H, T, E]; `cache`
 */
export function sparseAttention(p: Attention, x: np.Array, { heads, causal = true, selection, promptLength = Infinity }: SparseOptions, past?: KvCache) {
  const query = splitHeads(np.matmul(x.ref, p.query), heads);
  const cache = extend(past, { keys: splitHeads(np.matmul(x.ref, p.key), heads), values: splitHeads(np.matmul(x, p.value), heads) });
  const scores = attentionScores(query.ref, cache.keys.ref);
  const [T, S] = scores.shape.slice(2) as [number, number];
  const seen: Seen = { query, keys: cache.keys, scores, visible: visible(T, S, causal), places: Array.from({ length: T }, (_, t) => S - T + t), promptLength };
  const selected = np.broadcastTo(select(selection, seen).astype(np.float32), scores.shape);
  dispose([query, seen.visible]);
  const mixed = mix(scores, cache.values.ref, selected.ref.notEqual(0));
  return { output: np.matmul(mergeHeads(mixed.heads.ref), p.output), selected, ...mixed, cache };
}
