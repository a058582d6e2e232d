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
  const { layers, heads, kvHeads, headDim, rmsNormEps, ropeTheta, tied } = config;
  const weight = (name: string) => weights.get(`${name}.weight`)!;

  const linear = (name: string, x: Vector): Vector => {
    const w = weight(name);
    return Float64Array.from({ length: w.shape[0]! }, (_, out) => row(w, out).reduce((sum, value, i) => sum + value * x[i]!, 0));
  };
  const norm = (name: string, x: Vector): Vector => {
    const root = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0) / x.length + rmsNormEps);
    return x.map((value, i) => (value / root) * weight(name).data[i]!);
  };
  const rotate = (x: Vector, position: number): Vector => x.map((value, j) => {
    const i = j % headDim;
    const half = headDim / 2;
    const angle = position * ropeTheta ** ((-2 * (i % half)) / headDim);
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
    const q = normed.map((x, t) => rotate(linear(`${at}.self_attn.q_proj`, x), t));
    const k = normed.map((x, t) => rotate(linear(`${at}.self_attn.k_proj`, x), t));
    const v = normed.map((x) => linear(`${at}.self_attn.v_proj`, x));
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
