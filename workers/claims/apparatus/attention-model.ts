/**
 * A transformer in which attention is of any kind: the toys' attention layers
 * (`attention`, `gatedAttention`, `sparseAttention`) with the same stream around them.
 *
 *   X ← X + attend(norm(X)),  X ← X + mlp(norm(X))        in each block, logits = norm(X) W_U
 */
import type { Random } from "../../../probes/random.ts";
import { dispose, np, type Parameters, type Tree } from "../../toys/autodiff.ts";
import { glorot, normal } from "../../toys/initialise.ts";
import { initialNorm, layerNorm, type Norm } from "../../toys/layer-norm.ts";
import { initialMlp, mlp, type Mlp } from "../../toys/mlp.ts";
import { attention, type Attention } from "../../toys/transformer.ts";

type Block<A extends Parameters> = { attentionNorm: Norm; attention: A; mlpNorm: Norm; mlp: Mlp };

/** Embedding [V, D], positions [T, D], unembedding [D, C]. */
export type AttentionModel<A extends Parameters> = { embedding: np.Array; positions: np.Array; blocks: Block<A>[]; finalNorm: Norm; unembedding: np.Array };

export interface ModelSize {
  readonly vocabSize: number;
  /** C; left out: as many as tokens. */
  readonly classes?: number;
  readonly hiddenSize: number;
  readonly layers: number;
  /** T */
  readonly contextLength: number;
}

export function initialAttentionModel<A extends Parameters>(random: Random, { vocabSize, classes = vocabSize, hiddenSize, layers, contextLength }: ModelSize, initial: (random: Random) => A): AttentionModel<A> {
  return {
    embedding: normal(random, [vocabSize, hiddenSize], 0.02),
    positions: normal(random, [contextLength, hiddenSize], 0.02),
    blocks: Array.from({ length: layers }, () => ({
      attentionNorm: initialNorm(hiddenSize),
      attention: initial(random),
      mlpNorm: initialNorm(hiddenSize),
      mlp: initialMlp(random, [hiddenSize, 4 * hiddenSize, hiddenSize], "gelu"),
    })),
    finalNorm: initialNorm(hiddenSize),
    unembedding: glorot(random, [hiddenSize, classes]),
  };
}

/** What a layer of attention gives; `rest` is freed. */
export interface Attended {
  readonly output: np.Array;
  /** [B, H, T, S] */
  readonly pattern: np.Array;
  readonly gate?: np.Array;
  readonly rest: Tree;
}

/** Dense causal attention. */
export function plainAttention(heads: number): (p: Attention, x: np.Array) => Attended {
  return (p, x) => {
    const { output, pattern, ...rest } = attention(p, x, { heads });
    return { output, pattern, rest };
  };
}

/**
 * Consumes the parameters and the tokens.
 *
 * @param tokens   ids [B, T], int32
 * @returns        `logits` [B, T, C]; `patterns` [B, H, T, S] and `mixed`, what attention added [B, T, D], of each block;
 *                 `gates`, of each block that has one; `inputs` [B, T, D], what attention saw, of each block; `residual` [B, T, D] before each block and after the last
 */
export function attentionModel<A extends Parameters>(p: AttentionModel<A>, tokens: np.Array, attend: (p: A, x: np.Array, layer: number) => Attended) {
  const T = tokens.shape[1]!;
  let x = np.take(p.embedding, tokens, 0).add(p.positions.slice([0, T]));
  const [patterns, mixed, gates, inputs, residual]: [np.Array[], np.Array[], np.Array[], np.Array[], np.Array[]] = [[], [], [], [], [x.ref]];
  p.blocks.forEach((block, layer) => {
    const input = layerNorm(block.attentionNorm, x.ref);
    inputs.push(input.ref);
    const { output, pattern, gate, rest } = attend(block.attention, input, layer);
    dispose(rest);
    patterns.push(pattern);
    if (gate) gates.push(gate);
    mixed.push(output.ref);
    x = x.add(output);
    const inner = mlp(block.mlp, layerNorm(block.mlpNorm, x.ref), "gelu");
    dispose(inner.hidden);
    x = x.add(inner.output);
    residual.push(x.ref);
  });
  return { logits: np.matmul(layerNorm(p.finalNorm, x), p.unembedding), patterns, mixed, gates, inputs, residual };
}
