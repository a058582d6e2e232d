/**
 * The two precisions in which a linear map or the embedding is written:
 * float32, and 4-bit blocks (`quantize.ts`).
 */
import { size, tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { Graph } from "./graph.ts";
import { blockSize, quantize } from "./quantize.ts";

export interface Precision {
  /** The file of this precision in a transformers.js folder. */
  readonly file: string;
  /** Adds y = W x with W [out, in]; `name` is that of the MatMul without its first slash. */
  linear(graph: Graph, name: string, x: string, weight: Tensor, outputs?: readonly string[]): string;
}

/** [rows, columns] → [columns, rows], in tiles that stay in the cache. */
export function transpose(matrix: Tensor): Tensor {
  const [rows = 0, columns = 0] = matrix.shape;
  const out = tensor([columns, rows]);
  const tile = 32;
  for (let top = 0; top < rows; top += tile) {
    for (let left = 0; left < columns; left += tile) {
      const bottom = Math.min(top + tile, rows);
      const right = Math.min(left + tile, columns);
      for (let r = top; r < bottom; r++) {
        for (let c = left; c < right; c++) out.data[c * rows + r] = matrix.data[r * columns + c]!;
      }
    }
  }
  return out;
}

/** `model.layers.0.attn.q_proj.MatMul.weight` of `model/layers.0/attn/q_proj/MatMul`. */
function weightName(name: string): string {
  return `${name.replaceAll("/", ".")}.weight`;
}

export const float32Precision: Precision = {
  file: "model.onnx",
  linear(graph, name, x, weight, outputs = [`/${name}${graph.suffix}`]) {
    const { shape, data } = transpose(weight);
    const w = graph.constant(weightName(name), "float32", shape, data);
    return graph.node("MatMul", `/${name}`, [x, w], { outputs });
  },
};

export const q4Precision: Precision = {
  file: "model_q4.onnx",
  linear(graph, name, x, weight, outputs = [`/${name}${graph.suffix}`]) {
    const { shape: [rows, columns], blocks, levels, scales } = quantize(weight);
    const w = weightName(name);
    const inputs = [
      x,
      graph.constant(`${w}_Q4`, "uint8", [rows, blocks, blockSize / 2], levels),
      graph.constant(`${w}_scales`, "float32", [rows * blocks], scales),
    ];
    return graph.node("MatMulNBits", `/${name}_Q4`, inputs, {
      // Level 0 leaves activations in float32; the zero point of 8 is the operator's own.
      attributes: { K: columns, N: rows, bits: 4, block_size: blockSize, accuracy_level: 0 },
      microsoft: true,
      outputs,
    });
  },
};

const embeddingWeight = "model.embed_tokens.weight";

/** Looks rows up in the float32 table. */
export function floatEmbedding(graph: Graph, tokens: string, table: Tensor): string {
  const weight = graph.constant(embeddingWeight, "float32", table.shape, table.data);
  return graph.node("Gather", "/model/embed_tokens/Gather", [weight, tokens], { attributes: { axis: 0 } });
}

/** Looks rows up in a 4-bit table, as newer hub files do. */
export function q4Embedding(graph: Graph, tokens: string, table: Tensor): string {
  const [, columns = 0] = table.shape;
  if (columns % blockSize !== 0) {
    throw new RangeError(`q4 embedding: expected a hidden size that is a multiple of ${blockSize}, got ${columns}; leave the embedding in float32`);
  }
  const { levels, scales, blocks } = quantize(table);
  const rows = size(table.shape) / columns;
  const inputs = [
    graph.constant(`${embeddingWeight}_Q4`, "uint8", [rows, columns / 2], levels),
    tokens,
    graph.constant(`${embeddingWeight}_scales`, "float32", [rows, blocks], scales),
  ];
  return graph.node("GatherBlockQuantized", "/model/embed_tokens/GatherBlockQuantized", inputs, {
    attributes: { bits: 4, block_size: blockSize, gather_axis: 0, quantize_axis: 1 },
    microsoft: true,
  });
}
