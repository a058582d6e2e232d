/**
 * A Llama-type model as an ONNX decoder with KV cache, in the layout of hub
 * files: operators and names as onnxruntime-genai's model builder writes them.
 *
 *   input_ids [B, S], attention_mask [B, P+S]
 *   past_key_values.N.key, .value [B, kvHeads, P, headDim]
 *     → logits [B, S, V]
 *     → present.N.key, .value [B, kvHeads, P+S, headDim]
 *
 * The rotary embedding is inside GroupQueryAttention, which counts positions
 * itself from the attention mask; hence no `position_ids`. Qwen2's biases are
 * added, and Qwen3's norms of heads applied, before it.
 *
 * Source: microsoft/onnxruntime-genai, src/python/py/models/builders/base.py.
 */
import type { Tensor } from "../probes/tensor.ts";
import type { LlamaModel } from "../workers/llama.ts";
import { Graph } from "./graph.ts";
import { attentionBiases, attentionWeights, graphHeadDim, headNorms, rotaryCaches } from "./heads.ts";
import { float32Precision, floatEmbedding, q4Embedding, q4Precision } from "./linear.ts";
import type { Precision } from "./linear.ts";
import { normLayouts } from "./norms.ts";
import type { NormLayout, NormSite } from "./norms.ts";

export const precisions = { fp32: float32Precision, q4: q4Precision } as const;

export interface OnnxOptions {
  /** Of the linear maps and the unembedding; `fp32` where left out. */
  readonly dtype?: keyof typeof precisions;
  /**
   * Of the embedding; `fp32` where left out, in a 4-bit file as well. A 4-bit
   * table needs GatherBlockQuantized, which onnxruntime-web has in its plain
   * wasm binary only and not in the one that carries WebGPU.
   */
  readonly embedding?: "fp32" | "q4";
  /** How norms are written; other layouts than `fused` imitate other exporters. */
  readonly norms?: keyof typeof normLayouts;
}

/** One model being written. */
class Writer {
  readonly graph: Graph;

  constructor(
    private readonly model: LlamaModel,
    private readonly precision: Precision,
    private readonly layout: NormLayout,
  ) {
    this.graph = new Graph(layout.suffix);
  }

  /** Sequence lengths as GroupQueryAttention wants them: [B] tokens in all minus one, and the longest. */
  attentionLengths(): { readonly lengths: string; readonly total: string } {
    const { graph } = this;
    const name = "/model/attn_mask_reformat/attn_mask_subgraph";
    const one = graph.constant("/model/constants/INT64/1", "int64", [], BigInt64Array.of(1n));
    const oneAxis = graph.constant("/model/constants/INT64/[1]", "int64", [1], BigInt64Array.of(1n));
    const int32 = { attributes: { to: 6 } };
    const sum = graph.node("ReduceSum", `${name}/ReduceSum`, ["attention_mask", oneAxis], { attributes: { keepdims: 0 } });
    const lengths = graph.node("Sub", `${name}/Sub`, [sum, one]);
    const shape = graph.node("Shape", `${name}/Shape`, ["attention_mask"]);
    const total = graph.node("Gather", `${name}/Gather`, [shape, one], { attributes: { axis: 0 } });
    return {
      lengths: graph.node("Cast", `${name}/Sub/Cast`, [lengths], int32),
      total: graph.node("Cast", `${name}/Gather/Cast`, [total], int32),
    };
  }

  attention(layer: number, x: string, lengths: { readonly lengths: string; readonly total: string }): string {
    const { graph, model: { config }, precision } = this;
    const weights = attentionWeights(this.model, layer);
    const biases = attentionBiases(this.model, layer);
    const norms = headNorms(this.model, layer);
    const name = `model/layers.${layer}/attn`;
    const project = (letter: "q" | "k" | "v"): string => {
      const product = precision.linear(graph, `${name}/${letter}_proj/MatMul`, x, weights[letter]);
      if (!biases) return product;
      const { shape, data } = biases[letter];
      return graph.node("Add", `/${name}/${letter}_proj/Add`, [product, graph.constant(`model.layers.${layer}.attn.${letter}_proj.Add.bias`, "float32", shape, data)]);
    };
    const normed = (letter: "q" | "k", heads: number): string => {
      const whole = project(letter);
      if (!norms) return whole;
      const at = `/${name}/${letter}_norm`;
      const { shape: [width = 0], data } = norms[letter];
      const shape = (last: number): string => graph.constant(`/model/constants/INT64/[0, -1, ${last}]`, "int64", [3], BigInt64Array.of(0n, -1n, BigInt(last)));
      const apart = graph.node("Reshape", `${at}/Reshape_1`, [whole, shape(width)]);
      const weight = graph.constant(`model.layers.${layer}.attn.${letter}_norm.layernorm.weight`, "float32", [width], data);
      const each = graph.node("SimplifiedLayerNormalization", `${at}/SimplifiedLayerNormalization`, [apart, weight], { attributes: { axis: -1, epsilon: { float: norms.epsilon }, stash_type: 1 } });
      return graph.node("Reshape", `${at}/Reshape_2`, [each, shape(heads * width)]);
    };
    const attended = graph.node("GroupQueryAttention", `/${name}/GroupQueryAttention`, [
      normed("q", config.heads),
      normed("k", config.kvHeads),
      project("v"),
      `past_key_values.${layer}.key`,
      `past_key_values.${layer}.value`,
      lengths.lengths,
      lengths.total,
      "cos_cache",
      "sin_cache",
    ], {
      attributes: {
        num_heads: config.heads,
        kv_num_heads: config.kvHeads,
        scale: { float: 1 / Math.sqrt(config.headDim) },
        do_rotary: 1,
        rotary_interleaved: 0,
      },
      microsoft: true,
      outputs: [`/${name}/GroupQueryAttention${graph.suffix}`, `present.${layer}.key`, `present.${layer}.value`],
    });
    return precision.linear(graph, `${name}/o_proj/MatMul`, attended, weights.o);
  }

  mlp(layer: number, x: string): string {
    const { graph, precision } = this;
    const name = `model/layers.${layer}/mlp`;
    const weight = (which: string): Tensor => this.weight(`model.layers.${layer}.mlp.${which}_proj.weight`);
    const gate = precision.linear(graph, `${name}/gate_proj/MatMul`, x, weight("gate"));
    const up = precision.linear(graph, `${name}/up_proj/MatMul`, x, weight("up"));
    const sigmoid = graph.node("Sigmoid", `/${name}/act_fn/Sigmoid`, [gate]);
    const silu = graph.node("Mul", `/${name}/act_fn/Mul`, [gate, sigmoid]);
    const product = graph.node("Mul", `/${name}/Mul`, [silu, up]);
    return precision.linear(graph, `${name}/down_proj/MatMul`, product, weight("down"));
  }

  /** A norm whose weight keeps its Hugging Face name. */
  site(at: NormSite["at"], layer: number): NormSite {
    const name = at === "final" ? "model.norm.weight" : `model.layers.${layer}.${at}_layernorm.weight`;
    const { shape, data } = this.weight(name);
    // The builder counts the final norm as that of one more layer.
    const as = at === "final" ? `model.layers.${layer}.final_norm_layernorm.weight` : name;
    return { at, layer, weight: this.graph.constant(as, "float32", shape, data), epsilon: this.model.config.rmsNormEps };
  }

  /** All blocks and the final norm: from the embedding to the states that the unembedding reads. */
  blocks(embedded: string): string {
    const { graph, layout, model: { config } } = this;
    const lengths = this.attentionLengths();
    let residual = embedded;
    let update: string | null = null;
    const norm = (at: NormSite["at"], layer: number): string => {
      const done = layout.norm(graph, this.site(at, layer), residual, update);
      residual = done.residual ?? residual;
      return done.normed;
    };
    for (let layer = 0; layer < config.layers; layer++) {
      update = this.attention(layer, norm("input", layer), lengths);
      update = this.mlp(layer, norm("post_attention", layer));
    }
    return norm("final", config.layers);
  }

  /** The unembedding. A tied one in float32 reads the embedding's table, so that the file holds it once. */
  head(states: string): void {
    const { graph, model: { config }, precision } = this;
    if (config.tied && precision === float32Precision && graph.has("model.embed_tokens.weight")) {
      const transposed = graph.node("Transpose", "/lm_head/Transpose", ["model.embed_tokens.weight"], { attributes: { perm: [1, 0] } });
      graph.node("MatMul", "/lm_head/MatMul", [states, transposed], { outputs: ["logits"] });
      return;
    }
    const weight = this.weight(config.tied ? "model.embed_tokens.weight" : "lm_head.weight");
    precision.linear(graph, "lm_head/MatMul", states, weight, ["logits"]);
  }

  weight(name: string): Tensor {
    return this.model.weights.get(name)!;
  }

  /** What the session is fed and what it returns. */
  signature(): void {
    const { graph, model: { config } } = this;
    const cache = (past: string): (number | string)[] => ["batch_size", config.kvHeads, past, graphHeadDim(config.headDim)];
    graph.input("input_ids", "int64", ["batch_size", "sequence_length"]);
    graph.input("attention_mask", "int64", ["batch_size", "total_sequence_length"]);
    graph.output("logits", "float32", ["batch_size", "sequence_length", config.vocabSize]);
    for (let layer = 0; layer < config.layers; layer++) {
      for (const part of ["key", "value"]) {
        graph.input(`past_key_values.${layer}.${part}`, "float32", cache("past_sequence_length"));
        graph.output(`present.${layer}.${part}`, "float32", cache("total_sequence_length"));
      }
    }
  }
}

/**
 * The ONNX file of a model.
 *
 * @throws RangeError where it would exceed 2 GiB, or a 4-bit embedding is asked for a hidden size that is no multiple of 32
 */
export function encodeOnnx(model: LlamaModel, options: OnnxOptions = {}): Uint8Array<ArrayBuffer> {
  const { dtype = "fp32", embedding = "fp32", norms = "fused" } = options;
  const writer = new Writer(model, precisions[dtype], normLayouts[norms]);
  const { graph } = writer;
  writer.signature();
  const { cos, sin } = rotaryCaches(model);
  graph.constant("cos_cache", "float32", cos.shape, cos.data);
  graph.constant("sin_cache", "float32", sin.shape, sin.data);
  const embed = embedding === "q4" ? q4Embedding : floatEmbedding;
  const embedded = embed(graph, "input_ids", writer.weight("model.embed_tokens.weight"));
  writer.head(writer.blocks(embedded));
  return graph.bytes();
}
