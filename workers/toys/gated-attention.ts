/**
 * Gated attention: a gate, computed from each token, on one part of attention.
 *
 *   gate = σ(X W_θ + b)                         in (0, 1)
 *
 *   query      Q ← Q ⊙ gate                     and so key and value
 *   attention  concat(heads) ← concat(heads) ⊙ gate, before W_O ("SDPA output", G1)
 *   output     attention(X) ← attention(X) ⊙ gate, after W_O
 *
 *   X       input [B, T, D]; Q, K, V, heads [B, H, T, E] as in attention.ts
 *   gate    elementwise: a number for each element, [B, H, T, E] ([B, T, D] after W_O);
 *           per head: one for each head, [B, H, T, 1]
 *   W_θ, b  weight and bias of the gate; b is at first 0. The paper has no bias: with it, a gate
 *           that is always open (b large) can be set, which is plain attention
 *
 * The gate of a query, value or output sees only its own token: on the attention
 * output it can close what the token looked for and did not find; without a gate,
 * softmax has to put its weight somewhere (the attention sink).
 *
 * Source: Qiu et al. 2025, arXiv:2505.06708, section 2.2 and table 1.
 * Left out for clarity: gates that add instead of multiply, gates shared by the heads, activations but the sigmoid.
 */
import type { Random } from "../../probes/random.ts";
import { type Attention, type AttentionOptions, attentionScores, extend, initialAttention, type KvCache, mergeHeads, mix, splitHeads, visible } from "./attention.ts";
import { np } from "./autodiff.ts";
import { glorot, zeros } from "./initialise.ts";
import { sigmoid } from "./sigmoid.ts";

export type GatedAttention = { attention: Attention; gate: { weight: np.Array; bias: np.Array } };

export type GatePlace = "query" | "key" | "value" | "attention" | "output";

export interface GateOptions {
  readonly place: GatePlace;
  /** One number for each head instead of each element; not after W_O, which mixes the heads. Default false. */
  readonly perHead?: boolean;
}

function gateSize({ place, perHead = false }: GateOptions, hiddenSize: number, heads: number): number {
  if (perHead && place === "output") throw new RangeError("gated attention: expected a gate per head before the output projection, got one after it; use the place attention");
  return perHead ? heads : hiddenSize;
}

export function initialGatedAttention(random: Random, hiddenSize: number, heads: number, options: GateOptions): GatedAttention {
  const size = gateSize(options, hiddenSize, heads);
  return { attention: initialAttention(random, hiddenSize, heads), gate: { weight: glorot(random, [hiddenSize, size]), bias: zeros([size]) } };
}

/**
 * @param x      [B, T, D]
 * @param past   K (as gated) and V of the tokens before x
 * @returns      `output` [B, T, D]; `gate`, shaped as above; `pattern` [B, H, T, S]; `heads` [B, H, T, E], before a gate on them; `cache`
 */
export function gatedAttention(p: GatedAttention, x: np.Array, { heads, causal = true, place }: AttentionOptions & GateOptions, past?: KvCache) {
  const flat = sigmoid(np.matmul(x.ref, p.gate.weight).add(p.gate.bias));
  // One number per head splits into heads of size 1, and multiplies all of the head.
  const gate = place === "output" ? flat : splitHeads(flat, heads);
  const gated = (part: np.Array, name: GatePlace): np.Array => (name === place ? part.mul(gate.ref) : part);

  const query = gated(splitHeads(np.matmul(x.ref, p.attention.query), heads), "query");
  const keys = gated(splitHeads(np.matmul(x.ref, p.attention.key), heads), "key");
  const values = gated(splitHeads(np.matmul(x, p.attention.value), heads), "value");
  const cache = extend(past, { keys, values });
  const scores = attentionScores(query, cache.keys.ref);
  const mixed = mix(scores, cache.values.ref, visible(...(scores.shape.slice(2) as [number, number]), causal));
  const output = gated(np.matmul(mergeHeads(gated(mixed.heads.ref, "attention")), p.attention.output), "output");
  return { output, gate, ...mixed, cache };
}
