/**
 * A Llama decoder in plain TypeScript and float64: slow, clear, and the
 * independent truth that every engine is compared with.
 *
 *   x₀ = E[token], or a vector given in its place
 *   x  = x + O · attention(rotary(Q n), rotary(K n), V n)     with n = RMSNorm(x)
 *   x  = x + Down · (silu(Gate n) ⊙ Up n)                     with n = RMSNorm(x)
 *   logits = Head · RMSNorm(x_L)
 *
 * The rotary embedding turns dimension i of a head with dimension i + headDim/2
 * (rotate-half, as in transformers). Qwen2's biases are added to Q, K and V, and
 * Qwen3's norms applied to each head of Q and K, before that. Keys and values of earlier positions are kept.
 * Numbers become float32 only where they leave as a Tensor.
 *
 * Source: Touvron et al. 2023, arXiv:2302.13971; Su et al. 2021, arXiv:2104.09864.
 */
import { row, tensor } from "../../probes/tensor.ts";
import type { Tensor } from "../../probes/tensor.ts";
import type { EngineRecord, ModelSpec } from "../../probes/trace.ts";
import { EngineError } from "../engine.ts";
import type { Decoder, Forward, ForwardOptions, ResidualEdit, Tokenizer } from "../engine.ts";
import { inverseFrequencies } from "../llama.ts";
import type { LlamaConfig, LlamaModel } from "../llama.ts";
import { checkInput, checkRewind, checkStates, checkTokens } from "../decoder-input.ts";
import { checkEdits } from "../residual-edits.ts";

interface Layer {
  readonly inputNorm: Float64Array;
  readonly query: Float64Array;
  readonly key: Float64Array;
  readonly value: Float64Array;
  /** Of query, key and value; null where the model has none (all but Qwen2). */
  readonly biases: readonly [Float64Array, Float64Array, Float64Array] | null;
  /** Of the heads of query and key, [headDim]; null where the model has none (all but Qwen3). */
  readonly headNorms: readonly [Float64Array, Float64Array] | null;
  readonly output: Float64Array;
  readonly mlpNorm: Float64Array;
  readonly gate: Float64Array;
  readonly up: Float64Array;
  readonly down: Float64Array;
}

export class ReferenceDecoder implements Decoder {
  readonly record: EngineRecord = { name: "Geodesic reference", runtime: "TypeScript, float64", device: "cpu", adapter: null };
  readonly embeddingNorm: number;
  length = 0;

  private readonly config: LlamaConfig;
  private readonly embedding: Tensor;
  private readonly head: Float64Array;
  private readonly finalNormWeight: Float64Array;
  private readonly layers: readonly Layer[];
  /** Angle per position of each pair of dimensions, [headDim/2]. */
  private readonly frequencies: Float64Array;
  /** Keys (already turned) and values of each layer, [contextLength, kvHeads · headDim]. */
  private readonly keys: readonly Float64Array[];
  private readonly values: readonly Float64Array[];

  constructor(model: LlamaModel, readonly tokenizer: Tokenizer, readonly spec: ModelSpec = referenceSpec(model)) {
    const { config } = model;
    this.config = config;
    const weight = (name: string): Tensor => {
      const found = model.weights.get(name);
      if (!found) throw new EngineError(`reference: expected the tensor ${name}, got none; read the model with readLlama`);
      return found;
    };
    const wide = (name: string): Float64Array => Float64Array.from(weight(name).data);
    this.embedding = weight("model.embed_tokens.weight");
    this.head = wide(config.tied ? "model.embed_tokens.weight" : "lm_head.weight");
    this.finalNormWeight = wide("model.norm.weight");
    this.layers = Array.from({ length: config.layers }, (_, layer) => {
      const part = (name: string, what = "weight"): Float64Array => wide(`model.layers.${layer}.${name}.${what}`);
      return {
        inputNorm: part("input_layernorm"),
        query: part("self_attn.q_proj"),
        key: part("self_attn.k_proj"),
        value: part("self_attn.v_proj"),
        biases: config.architecture === "qwen2" ? [part("self_attn.q_proj", "bias"), part("self_attn.k_proj", "bias"), part("self_attn.v_proj", "bias")] : null,
        headNorms: config.architecture === "qwen3" ? [part("self_attn.q_norm"), part("self_attn.k_norm")] : null,
        output: part("self_attn.o_proj"),
        mlpNorm: part("post_attention_layernorm"),
        gate: part("mlp.gate_proj"),
        up: part("mlp.up_proj"),
        down: part("mlp.down_proj"),
      };
    });
    this.frequencies = inverseFrequencies(config);
    const cache = (): Float64Array[] => this.layers.map(() => new Float64Array(config.contextLength * config.kvHeads * config.headDim));
    this.keys = cache();
    this.values = cache();
    let norms = 0;
    for (let v = 0; v < config.vocabSize; v++) norms += Math.hypot(...row(this.embedding, v));
    this.embeddingNorm = norms / config.vocabSize;
  }

  async embed(tokens: readonly number[]): Promise<Tensor> {
    checkTokens(tokens, this.spec);
    const out = tensor([tokens.length, this.config.hiddenSize]);
    tokens.forEach((token, i) => {
      out.data.set(row(this.embedding, token), i * this.config.hiddenSize);
    });
    return out;
  }

  async forward(input: readonly number[] | Tensor, options: ForwardOptions = {}): Promise<Forward> {
    const { config } = this;
    const d = config.hiddenSize;
    const n = checkInput(input, this.spec, this.length);
    const vectors = "shape" in input ? input : await this.embed(input);
    const { edits = [] } = options;
    checkEdits(edits, n, this.spec);
    const logits = tensor([n, config.vocabSize]);
    const finalNorm = tensor([n, d]);
    const residPost = options.capture ? tensor([n, config.layers + 1, d]) : null;
    const positions = this.length + n;
    const attnPattern = options.attention ? tensor([n, config.layers, config.heads, positions]) : null;
    for (let t = 0; t < n; t++) {
      const x = Float64Array.from(row(vectors, t));
      edit(x, edits, 0, t);
      residPost?.data.set(x, t * (config.layers + 1) * d);
      this.layers.forEach((layer, l) => {
        // The pattern of this query, [H, S].
        const at = (t * config.layers + l) * config.heads * positions;
        this.attend(layer, l, x, attnPattern?.data.subarray(at, at + config.heads * positions));
        mlp(layer, config, x);
        edit(x, edits, l + 1, t);
        residPost?.data.set(x, (t * (config.layers + 1) + l + 1) * d);
      });
      const normed = rmsNorm(x, this.finalNormWeight, config.rmsNormEps);
      finalNorm.data.set(normed, t * d);
      logits.data.set(product(this.head, normed), t * config.vocabSize);
      this.length++;
    }
    return { logits, residPost, finalNorm, ...(attnPattern ? { attnPattern } : {}) };
  }

  async unembed(states: Tensor): Promise<Tensor> {
    return this.read(states, (state) => state);
  }

  async lens(states: Tensor): Promise<Tensor> {
    return this.read(states, (state) => rmsNorm(state, this.finalNormWeight, this.config.rmsNormEps));
  }

  async rewind(length: number): Promise<void> {
    checkRewind(length, this.length);
    this.length = length;
  }

  async dispose(): Promise<void> {
    this.length = 0;
  }

  /**
   * x += O · attention(…), at position `this.length`, whose key and value join the cache.
   *
   * @param kept  [H, S] filled with the attention of each head, where it is wanted
   */
  private attend(layer: Layer, index: number, x: Float64Array, kept?: Float32Array): void {
    const { heads, kvHeads, headDim, rmsNormEps } = this.config;
    const position = this.length;
    const normed = rmsNorm(x, layer.inputNorm, rmsNormEps);
    const query = product(layer.query, normed);
    const key = product(layer.key, normed);
    const value = product(layer.value, normed);
    if (layer.biases) [query, key, value].forEach((vector, i) => add(vector, layer.biases![i]!));
    if (layer.headNorms) [query, key].forEach((vector, i) => normHeads(vector, layer.headNorms![i]!, rmsNormEps));
    rotate(query, headDim, position, this.frequencies);
    rotate(key, headDim, position, this.frequencies);
    const width = kvHeads * headDim;
    const keys = this.keys[index]!;
    const values = this.values[index]!;
    keys.set(key, position * width);
    values.set(value, position * width);

    const mixed = new Float64Array(heads * headDim);
    const pattern = new Float64Array(position + 1);
    for (let h = 0; h < heads; h++) {
      // Grouped-query attention: heads / kvHeads query heads read the same keys and values.
      const shared = Math.floor((h * kvHeads) / heads) * headDim;
      const own = h * headDim;
      let largest = -Infinity;
      for (let s = 0; s <= position; s++) {
        let score = 0;
        const at = s * width + shared;
        for (let i = 0; i < headDim; i++) score += query[own + i]! * keys[at + i]!;
        pattern[s] = score / Math.sqrt(headDim);
        largest = Math.max(largest, pattern[s]!);
      }
      let sum = 0;
      for (let s = 0; s <= position; s++) {
        pattern[s] = Math.exp(pattern[s]! - largest);
        sum += pattern[s]!;
      }
      for (let s = 0; s <= position; s++) {
        const share = pattern[s]! / sum;
        if (kept) kept[(h * kept.length) / heads + s] = share;
        const at = s * width + shared;
        for (let i = 0; i < headDim; i++) mixed[own + i] = mixed[own + i]! + share * values[at + i]!;
      }
    }
    add(x, product(layer.output, mixed));
  }

  private read(states: Tensor, prepare: (state: Float64Array) => Float64Array): Tensor {
    checkStates("states", states, this.spec);
    const n = states.shape[0]!;
    const out = tensor([n, this.config.vocabSize]);
    for (let i = 0; i < n; i++) {
      out.data.set(product(this.head, prepare(Float64Array.from(row(states, i)))), i * this.config.vocabSize);
    }
    return out;
  }
}

/** What a trace says of a model that the reference ran. */
export function referenceSpec({ config }: LlamaModel, id = "reference", revision = "unknown"): ModelSpec {
  return {
    id,
    engine: "reference",
    architecture: { llama: "LlamaForCausalLM", qwen2: "Qwen2ForCausalLM", qwen3: "Qwen3ForCausalLM" }[config.architecture],
    layers: config.layers,
    hiddenSize: config.hiddenSize,
    vocabSize: config.vocabSize,
    contextLength: config.contextLength,
    quantization: "f64",
    source: "folder",
    revision,
  };
}

/** Matrix [out, in] times vector [in]. */
function product(weights: Float64Array, x: Float64Array): Float64Array {
  const n = x.length;
  const out = new Float64Array(weights.length / n);
  // Four rows at a time: an entry of x is read once for all four, and no sum waits for another.
  let o = 0;
  for (; o + 3 < out.length; o += 4) {
    const [p, q, r, s] = [o * n, (o + 1) * n, (o + 2) * n, (o + 3) * n];
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      const value = x[i]!;
      a += weights[p + i]! * value;
      b += weights[q + i]! * value;
      c += weights[r + i]! * value;
      d += weights[s + i]! * value;
    }
    out[o] = a;
    out[o + 1] = b;
    out[o + 2] = c;
    out[o + 3] = d;
  }
  for (; o < out.length; o++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += weights[o * n + i]! * x[i]!;
    out[o] = sum;
  }
  return out;
}

function add(x: Float64Array, y: Float64Array): void {
  for (let i = 0; i < x.length; i++) x[i] = x[i]! + y[i]!;
}

/** Makes the edits of one layer and row, in place. */
function edit(x: Float64Array, edits: readonly ResidualEdit[], layer: number, row: number): void {
  for (const { operation, vector, ...at } of edits) {
    if (at.layer !== layer || at.row !== row) continue;
    for (let i = 0; i < x.length; i++) x[i] = operation === "add" ? x[i]! + vector[i]! : vector[i]!;
  }
}

/** w ⊙ x / √(mean x² + ε) (Zhang & Sennrich 2019, arXiv:1910.07467). */
function rmsNorm(x: Float64Array, weight: Float64Array, epsilon: number): Float64Array {
  let squares = 0;
  for (let i = 0; i < x.length; i++) squares += x[i]! * x[i]!;
  const scale = 1 / Math.sqrt(squares / x.length + epsilon);
  return x.map((value, i) => weight[i]! * value * scale);
}

/** RMSNorm of every head on its own, in place. */
function normHeads(x: Float64Array, weight: Float64Array, epsilon: number): void {
  for (let start = 0; start < x.length; start += weight.length) {
    x.set(rmsNorm(x.subarray(start, start + weight.length), weight, epsilon), start);
  }
}

/** Turns each pair (i, i + headDim/2) of every head by position · frequencies[i], in place. */
function rotate(x: Float64Array, headDim: number, position: number, frequencies: Float64Array): void {
  const half = headDim / 2;
  for (let start = 0; start < x.length; start += headDim) {
    for (let i = 0; i < half; i++) {
      const angle = position * frequencies[i]!;
      const a = x[start + i]!;
      const b = x[start + i + half]!;
      x[start + i] = a * Math.cos(angle) - b * Math.sin(angle);
      x[start + i + half] = b * Math.cos(angle) + a * Math.sin(angle);
    }
  }
}

/** x += Down · (silu(Gate n) ⊙ Up n), with n = RMSNorm(x). */
function mlp(layer: Layer, config: LlamaConfig, x: Float64Array): void {
  const normed = rmsNorm(x, layer.mlpNorm, config.rmsNormEps);
  const gate = product(layer.gate, normed);
  const up = product(layer.up, normed);
  for (let i = 0; i < gate.length; i++) gate[i] = (gate[i]! / (1 + Math.exp(-gate[i]!))) * up[i]!;
  add(x, product(layer.down, gate));
}
