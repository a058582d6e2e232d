/**
 * Reads an MLC weight folder back into the model that its numbers stand for,
 * 4-bit ones dequantized: what an engine that loads the folder computes with.
 * Written from the format and not from the code that packs.
 */
import { tensor } from "../probes/tensor.ts";
import type { Tensor } from "../probes/tensor.ts";
import type { LlamaConfig, LlamaModel } from "../workers/llama.ts";

interface Stored {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly format: string;
  readonly nbytes: number;
  readonly byteOffset: number;
}

export interface TensorCache {
  readonly metadata: Readonly<Record<string, number>>;
  readonly records: readonly { readonly dataPath: string; readonly format: string; readonly nbytes: number; readonly md5sum: string; readonly records: readonly Stored[] }[];
}

/** Bytes of every parameter, by MLC's name. */
export function mlcTensors(files: ReadonlyMap<string, Uint8Array>): Map<string, Stored & { readonly bytes: Uint8Array }> {
  const cache = JSON.parse(new TextDecoder().decode(files.get("tensor-cache.json"))) as TensorCache;
  return new Map(cache.records.flatMap((shard) => shard.records.map((stored) => {
    const bytes = files.get(shard.dataPath)!.slice(stored.byteOffset, stored.byteOffset + stored.nbytes);
    return [stored.name, { ...stored, bytes }];
  })));
}

/**
 * @param files   by path inside the MLC folder
 * @param config  of the model that was packed
 */
export function readMlc(files: ReadonlyMap<string, Uint8Array>, config: LlamaConfig): LlamaModel {
  const stored = mlcTensors(files);
  const view = (name: string): DataView => {
    const { bytes } = stored.get(name)!;
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  };
  const plain = (name: string): Tensor => {
    const { shape, nbytes } = stored.get(name)!;
    return tensor(shape, Float32Array.from({ length: nbytes / 4 }, (_, i) => view(name).getFloat32(4 * i, true)));
  };
  const matrix = (module: string, columns: number): Tensor => {
    if (stored.has(`${module}.weight`)) return plain(`${module}.weight`);
    const words = view(`${module}.q_weight`);
    const scales = view(`${module}.q_scale`);
    const [rows = 0, wordsPerRow = 0] = stored.get(`${module}.q_weight`)!.shape;
    const groups = wordsPerRow / 4;
    const out = tensor([rows, columns]);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        // A level is half a byte, and the words are little-endian: so level c is half of byte c / 2.
        const byte = words.getUint8(r * wordsPerRow * 4 + (c >> 1));
        const nibble = c % 2 === 0 ? byte % 16 : Math.floor(byte / 16);
        out.data[r * columns + c] = (nibble - 7) * scales.getFloat32(4 * (r * groups + (c >> 5)), true);
      }
    }
    return out;
  };
  /** Rows of a stacked tensor, given out one part after the other. */
  const parts = (whole: Tensor, rows: readonly number[]): Tensor[] => {
    let start = 0;
    const inner = whole.shape.slice(1);
    const width = inner[0] ?? 1;
    return rows.map((n) => {
      const part = tensor([n, ...inner], whole.data.slice(start * width, (start + n) * width));
      start += n;
      return part;
    });
  };

  const { architecture, hiddenSize: d, heads, kvHeads, headDim, intermediateSize: f } = config;
  const weights = new Map<string, Tensor>([["model.embed_tokens.weight", matrix("model.embed_tokens", d)]]);
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const attention = `${at}.self_attn.${architecture === "llama" ? "qkv_proj" : "c_attn"}`;
    const rows = [heads * headDim, kvHeads * headDim, kvHeads * headDim];
    parts(matrix(attention, d), rows).forEach((part, i) => weights.set(`${at}.self_attn.${"qkv"[i]}_proj.weight`, part));
    if (architecture === "qwen2") parts(plain(`${attention}.bias`), rows).forEach((part, i) => weights.set(`${at}.self_attn.${"qkv"[i]}_proj.bias`, part));
    if (architecture === "qwen3") for (const norm of ["q_norm", "k_norm"]) weights.set(`${at}.self_attn.${norm}.weight`, plain(`${at}.self_attn.${norm}.weight`));
    weights.set(`${at}.self_attn.o_proj.weight`, matrix(`${at}.self_attn.o_proj`, heads * headDim));
    parts(matrix(`${at}.mlp.gate_up_proj`, d), [f, f]).forEach((part, i) => weights.set(`${at}.mlp.${["gate", "up"][i]}_proj.weight`, part));
    weights.set(`${at}.mlp.down_proj.weight`, matrix(`${at}.mlp.down_proj`, f));
    for (const norm of ["input_layernorm", "post_attention_layernorm"]) weights.set(`${at}.${norm}.weight`, plain(`${at}.${norm}.weight`));
  }
  weights.set("model.norm.weight", plain("model.norm.weight"));
  if (!config.tied) weights.set("lm_head.weight", matrix("lm_head", d));
  return { config, weights };
}
