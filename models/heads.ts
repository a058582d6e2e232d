/**
 * onnxruntime's GroupQueryAttention rotates heads of a multiple of 16 only.
 * Other head sizes are filled up with zeros, which changes no number: zero
 * columns add nothing to a score, and zero rows of O drop the zero part of the
 * values. The softmax scale stays 1/√headDim of the model.
 *
 * The rotary embedding pairs dimension i with i + headDim/2; so the halves are
 * filled up each on its own, and keep their frequencies.
 */
import { tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import { inverseFrequencies } from "../workers/llama.ts";
import type { LlamaModel } from "../workers/llama.ts";

const multiple = 16;

/** The head size that the graph uses. */
export function graphHeadDim(headDim: number): number {
  return Math.ceil(headDim / multiple) * multiple;
}

/** Where dimension i of a head lies in the filled-up head. */
export function headPlace(i: number, from: number, to: number): number {
  return i < from / 2 ? i : i - from / 2 + to / 2;
}

/** Rows [heads · from, in] → [heads · to, in]. */
function padRows(weight: Tensor, heads: number, from: number, to: number): Tensor {
  const columns = weight.shape[1] ?? 0;
  const out = tensor([heads * to, columns]);
  for (let head = 0; head < heads; head++) {
    for (let i = 0; i < from; i++) {
      const source = (head * from + i) * columns;
      out.data.set(weight.data.subarray(source, source + columns), (head * to + headPlace(i, from, to)) * columns);
    }
  }
  return out;
}

/** Columns [out, heads · from] → [out, heads · to]. */
function padColumns(weight: Tensor, heads: number, from: number, to: number): Tensor {
  const rows = weight.shape[0] ?? 0;
  const out = tensor([rows, heads * to]);
  for (let row = 0; row < rows; row++) {
    for (let head = 0; head < heads; head++) {
      for (let i = 0; i < from; i++) {
        out.data[row * heads * to + head * to + headPlace(i, from, to)] = weight.data[row * heads * from + head * from + i]!;
      }
    }
  }
  return out;
}

/** A layer's projections of attention, by `q`, `k`, `v`, `o`, with heads filled up. */
export function attentionWeights({ config, weights }: LlamaModel, layer: number): Record<"q" | "k" | "v" | "o", Tensor> {
  const { heads, kvHeads, headDim: from } = config;
  const to = graphHeadDim(from);
  const weight = (letter: string): Tensor => weights.get(`model.layers.${layer}.self_attn.${letter}_proj.weight`)!;
  const all = { q: weight("q"), k: weight("k"), v: weight("v"), o: weight("o") };
  if (from === to) return all;
  return {
    q: padRows(all.q, heads, from, to),
    k: padRows(all.k, kvHeads, from, to),
    v: padRows(all.v, kvHeads, from, to),
    o: padColumns(all.o, heads, from, to),
  };
}

/** Biases of a layer's projections, by `q`, `k`, `v`, with heads filled up; null where the model has none (all but Qwen2). */
export function attentionBiases({ config, weights }: LlamaModel, layer: number): Record<"q" | "k" | "v", Tensor> | null {
  const { architecture, heads, kvHeads, headDim: from } = config;
  if (architecture !== "qwen2") return null;
  const to = graphHeadDim(from);
  const bias = (letter: string, count: number): Tensor => {
    const { data } = weights.get(`model.layers.${layer}.self_attn.${letter}_proj.bias`)!;
    return tensor([count * to], padRows(tensor([data.length, 1], data), count, from, to).data);
  };
  return { q: bias("q", heads), k: bias("k", kvHeads), v: bias("v", kvHeads) };
}

/**
 * The norm of each head of queries and keys, for filled-up heads; null where
 * the model has none (all but Qwen3). The mean over a filled-up head is smaller
 * by from/to, so that ε is made smaller as much, and the weight by its root:
 *
 *   x √(from/to) w / √(from/to · mean x² + from/to · ε)  =  x w / √(mean x² + ε)
 */
export function headNorms({ config, weights }: LlamaModel, layer: number): { readonly q: Tensor; readonly k: Tensor; readonly epsilon: number } | null {
  const { architecture, headDim: from, rmsNormEps } = config;
  if (architecture !== "qwen3") return null;
  const to = graphHeadDim(from);
  const weight = (letter: string): Tensor => {
    const { data } = weights.get(`model.layers.${layer}.self_attn.${letter}_norm.weight`)!;
    return tensor([to], padRows(tensor([from, 1], data), 1, from, to).data.map((value) => value * Math.sqrt(from / to)));
  };
  return { q: weight("q"), k: weight("k"), epsilon: (rmsNormEps * from) / to };
}

/** cos and sin of position · frequency, [contextLength, graphHeadDim/2]; filled up with angles of 0. */
export function rotaryCaches({ config }: LlamaModel): { readonly cos: Tensor; readonly sin: Tensor } {
  const { contextLength, headDim } = config;
  const frequencies = inverseFrequencies(config);
  const half = graphHeadDim(headDim) / 2;
  const cos = tensor([contextLength, half]);
  const sin = tensor([contextLength, half]);
  for (let i = 0; i < half; i++) {
    const frequency = frequencies[i] ?? 0;
    for (let position = 0; position < contextLength; position++) {
      cos.data[position * half + i] = Math.cos(position * frequency);
      sin.data[position * half + i] = Math.sin(position * frequency);
    }
  }
  return { cos, sin };
}
