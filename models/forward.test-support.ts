/**
 * A Llama forward pass in float64, written as the formulas are: the truth that
 * ONNX files are tested against. Whole sequences, no cache, no speed.
 *
 * Source: Touvron et al. 2023, arXiv:2302.13971; rotary embedding by halves as
 * in transformers' LlamaForCausalLM.
 */
import { row } from "../probes/tensor.ts";
import type { LlamaModel } from "../workers/llama.ts";

type Vector = Float64Array<ArrayBuffer>;

/** Logits of every position, [T][V]. */
export function forwardLogits({ config, weights }: LlamaModel, tokens: readonly number[]): Vector[] {
  const { architecture, layers, heads, kvHeads, headDim, rmsNormEps, ropeTheta, ropeScaling, tied } = config;
  const weight = (name: string) => weights.get(`${name}.weight`)!;

  const linear = (name: string, x: Vector): Vector => {
    const w = weight(name);
    return Float64Array.from({ length: w.shape[0]! }, (_, out) => row(w, out).reduce((sum, value, i) => sum + value * x[i]!, 0));
  };
  const norm = (name: string, x: Vector): Vector => {
    const root = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + rmsNormEps);
    return x.map((value, i) => (value / root) * weight(name).data[i]!);
  };
  /** An angle's frequency, by wavelength as transformers writes it. */
  const frequency = (i: number): number => {
    const plain = ropeTheta ** ((-2 * i) / headDim);
    if (ropeScaling === null) return plain;
    const wavelength = (2 * Math.PI) / plain;
    const { factor, lowFrequencyFactor: low, highFrequencyFactor: high, originalContextLength: context } = ropeScaling;
    if (wavelength < context / high) return plain;
    if (wavelength > context / low) return plain / factor;
    const smooth = (context / wavelength - low) / (high - low);
    return ((1 - smooth) * plain) / factor + smooth * plain;
  };
  /** Q, K or V of a layer: Qwen2 adds a bias. */
  const projection = (at: string, letter: string, x: Vector): Vector => {
    const bias = weights.get(`${at}.self_attn.${letter}_proj.bias`);
    return linear(`${at}.self_attn.${letter}_proj`, x).map((value, i) => value + (bias?.data[i] ?? 0));
  };
  /** Qwen3 normalizes every head of Q and K. */
  const headNorm = (name: string, x: Vector): Vector => {
    if (architecture !== "qwen3") return x;
    const heads = Array.from({ length: x.length / headDim }, (_, h) => x.slice(h * headDim, (h + 1) * headDim));
    return Float64Array.from(heads.flatMap((part) => [...norm(name, part)]));
  };
  const rotate = (x: Vector, position: number): Vector => x.map((value, j) => {
    const i = j % headDim;
    const half = headDim / 2;
    const angle = position * frequency(i % half);
    const partner = i < half ? -x[j + half]! : x[j - half]!;
    return value * Math.cos(angle) + partner * Math.sin(angle);
  });
  const add = (x: Vector, y: Vector): Vector => x.map((value, i) => value + y[i]!);
  const head = (x: Vector, h: number): Vector => x.subarray(h * headDim, (h + 1) * headDim);
  const dot = (x: Vector, y: Vector): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);

  let states = tokens.map((token) => Float64Array.from(row(weight("model.embed_tokens"), token)));
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    const normed = states.map((x) => norm(`${at}.input_layernorm`, x));
    const q = normed.map((x, t) => rotate(headNorm(`${at}.self_attn.q_norm`, projection(at, "q", x)), t));
    const k = normed.map((x, t) => rotate(headNorm(`${at}.self_attn.k_norm`, projection(at, "k", x)), t));
    const v = normed.map((x) => projection(at, "v", x));
    states = states.map((x, t) => {
      const attended = new Float64Array(heads * headDim);
      for (let h = 0; h < heads; h++) {
        const shared = Math.floor((h * kvHeads) / heads);
        const scores = k.slice(0, t + 1).map((key) => dot(head(q[t]!, h), head(key, shared)) / Math.sqrt(headDim));
        const powers = scores.map((score) => Math.exp(score - Math.max(...scores)));
        const total = powers.reduce((sum, power) => sum + power, 0);
        powers.forEach((power, s) => head(v[s]!, shared).forEach((value, i) => (attended[h * headDim + i]! += (power / total) * value)));
      }
      const middle = add(x, linear(`${at}.self_attn.o_proj`, attended));
      const n = norm(`${at}.post_attention_layernorm`, middle);
      const up = linear(`${at}.mlp.up_proj`, n);
      const gated = linear(`${at}.mlp.gate_proj`, n).map((gate, i) => (gate / (1 + Math.exp(-gate))) * up[i]!);
      return add(middle, linear(`${at}.mlp.down_proj`, gated));
    });
  }
  return states.map((x) => linear(tied ? "model.embed_tokens" : "lm_head", norm("model.norm", x)));
}
