import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { encodeSafetensors } from "../probes/safetensors.ts";
import { size } from "../probes/tensor.ts";
import type { LlamaConfig, LlamaModel } from "../workers/llama.ts";
import { readLlama } from "../workers/llama.ts";
import type { HuggingFaceFolder } from "./folder.ts";
import { forwardLogits } from "./forward.test-support.ts";
import { mlcFiles, mlcParameters, mlcQuantizations } from "./mlc.ts";
import type { MlcQuantization } from "./mlc.ts";
import { mlcTensors, readMlc } from "./mlc.test-support.ts";
import type { TensorCache } from "./mlc.test-support.ts";
import { huggingFaceConfig, randomLlama, wordTokenizer } from "./random-llama.ts";

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** The model as a folder that was read; `more` are further files. */
function folderOf(model: LlamaModel, more: Record<string, unknown> = {}): HuggingFaceFolder {
  const files = { "tokenizer.json": wordTokenizer(model.config.vocabSize), "tokenizer_config.json": {}, ...more };
  return { model, config: huggingFaceConfig(model.config), copies: new Map(Object.entries(files).map(([name, value]) => [name, bytes(value)])) };
}
function written(model: LlamaModel, quantization: MlcQuantization, more: Record<string, unknown> = {}): Map<string, Uint8Array> {
  return new Map(mlcFiles(folderOf(model, more), quantization));
}
function parsed(files: ReadonlyMap<string, Uint8Array>, name: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(files.get(name))) as Record<string, unknown>;
}

const kinds: [string, Partial<LlamaConfig>][] = [
  ["Llama", {}],
  ["Llama, tied, other sizes", { tied: true, hiddenSize: 96, headDim: 24, kvHeads: 1, intermediateSize: 160 }],
  ["Llama with scaled rotary embeddings", { ropeScaling: { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 64 } }],
  ["Qwen2", { architecture: "qwen2", tied: true }],
  ["Qwen3", { architecture: "qwen3" }],
];

for (const [what, sizes] of kinds) {
  const model = randomLlama(sizes, 5);
  test(`${what}, q0f32: every weight is there, byte for byte`, () => {
    const read = readMlc(written(model, "q0f32"), model.config);
    // Through safetensors, so that names, shapes and order are those of the source.
    expect(readLlama({ config: huggingFaceConfig(model.config), safetensors: [encodeSafetensors(read.weights)] })).toEqual(model);
  });

  test(`${what}, q4f32_1: matrices are off by half a step at most, the rest by nothing`, () => {
    const files = written(model, "q4f32_1");
    const read = readMlc(files, model.config);
    expect([...read.weights.keys()].sort()).toEqual([...model.weights.keys()].sort());
    for (const [name, { shape, data }] of model.weights) {
      const found = read.weights.get(name)!;
      expect(found.shape).toEqual(shape);
      if (shape.length === 1) expect(found.data).toEqual(data);
      else {
        const columns = shape[1]!;
        const excess = data.map((w, i) => {
          const start = i - ((i % columns) % 32);
          const end = Math.min(start + 32, i - (i % columns) + columns);
          const largest = data.subarray(start, end).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
          return Math.abs(w - found.data[i]!) / (largest / 14);
        });
        expect(excess.every((share) => share <= 1 + 1e-5)).toBe(true);
      }
    }
    expect([...mlcTensors(files).values()].filter(({ shape, dtype }) => shape.length === 2 && dtype === "float32").every(({ name }) => name.endsWith(".q_scale"))).toBe(true);
    // The model is still the same one, roughly.
    const [a, b] = [forwardLogits(model, [3, 1, 4]), forwardLogits(read, [3, 1, 4])];
    const cosine = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i]!, 0) / Math.hypot(...x) / Math.hypot(...y);
    expect(cosine(a[2]!, b[2]!)).toBeGreaterThan(0.9);
  });
}

test("names and shapes are those of MLC's builds", () => {
  const names = (sizes: Partial<LlamaConfig>, quantization: MlcQuantization) =>
    [...mlcParameters(randomLlama({ layers: 1, ...sizes }), quantization)].map(({ name, dtype, shape }) => `${name} ${dtype} ${shape}`);
  expect(names({}, "q0f32")).toEqual([
    "model.embed_tokens.weight float32 48,32",
    "model.layers.0.self_attn.qkv_proj.weight float32 128,32",
    "model.layers.0.self_attn.o_proj.weight float32 32,64",
    "model.layers.0.mlp.gate_up_proj.weight float32 128,32",
    "model.layers.0.mlp.down_proj.weight float32 32,64",
    "model.layers.0.input_layernorm.weight float32 32",
    "model.layers.0.post_attention_layernorm.weight float32 32",
    "model.norm.weight float32 32",
    "lm_head.weight float32 48,32",
  ]);
  expect(names({ architecture: "qwen2", tied: true }, "q4f32_1")).toEqual([
    "model.embed_tokens.q_weight uint32 48,4",
    "model.embed_tokens.q_scale float32 48,1",
    "model.layers.0.self_attn.c_attn.q_weight uint32 128,4",
    "model.layers.0.self_attn.c_attn.q_scale float32 128,1",
    "model.layers.0.self_attn.c_attn.bias float32 128",
    "model.layers.0.self_attn.o_proj.q_weight uint32 32,8",
    "model.layers.0.self_attn.o_proj.q_scale float32 32,2",
    "model.layers.0.mlp.gate_up_proj.q_weight uint32 128,4",
    "model.layers.0.mlp.gate_up_proj.q_scale float32 128,1",
    "model.layers.0.mlp.down_proj.q_weight uint32 32,8",
    "model.layers.0.mlp.down_proj.q_scale float32 32,2",
    "model.layers.0.input_layernorm.weight float32 32",
    "model.layers.0.post_attention_layernorm.weight float32 32",
    "model.norm.weight float32 32",
  ]);
  expect(names({ architecture: "qwen3" }, "q0f32").filter((line) => line.includes("self_attn"))).toEqual([
    "model.layers.0.self_attn.c_attn.weight float32 128,32",
    "model.layers.0.self_attn.o_proj.weight float32 32,64",
    "model.layers.0.self_attn.q_norm.weight float32 16",
    "model.layers.0.self_attn.k_norm.weight float32 16",
  ]);
});

test("the list knows every byte of every shard", () => {
  // 19 MB in the embedding and as many in the unembedding: two shards, and no parameter across the border.
  const model = randomLlama({ vocabSize: 150_000, layers: 1 });
  const files = written(model, "q0f32");
  const { metadata, records } = parsed(files, "tensor-cache.json") as unknown as TensorCache;
  const numbers = [...model.weights.values()].reduce((sum, { shape }) => sum + size(shape), 0);
  expect(records.map((shard) => shard.dataPath)).toEqual(["params_shard_0.bin", "params_shard_1.bin"]);
  expect(metadata).toEqual({ ParamSize: 9, ParamBytes: 4 * numbers, BitsPerParam: 32 });
  for (const { dataPath, nbytes, md5sum, records: stored } of records) {
    const shard = files.get(dataPath)!;
    expect(nbytes).toBe(shard.length);
    expect(shard.length).toBeLessThanOrEqual(32 * 2 ** 20);
    expect(md5sum).toBe(createHash("md5").update(shard).digest("hex"));
    let end = 0;
    for (const record of stored) {
      expect(record.byteOffset).toBe(end);
      expect(record.nbytes).toBe(4 * size(record.shape));
      expect(record.format).toBe("raw");
      end += record.nbytes;
    }
    expect(end).toBe(nbytes);
  }
  // One that is longer than a shard has one to itself.
  const long = written(randomLlama({ vocabSize: 300_000, layers: 1, tied: true }), "q0f32");
  expect(long.get("params_shard_0.bin")!.length).toBe(4 * 300_000 * 32);
  expect(long.has("params_shard_1.bin")).toBe(true);
});

test("the configuration says what WebLLM and the library ask", () => {
  for (const quantization of mlcQuantizations) {
    const config = parsed(written(randomLlama({ kvHeads: 1, ropeTheta: 5e5, contextLength: 4096 }), quantization), "mlc-chat-config.json");
    expect(config).toMatchObject({
      model_type: "llama", quantization, vocab_size: 48, context_window_size: 4096, prefill_chunk_size: 2048, sliding_window_size: -1, attention_sink_size: -1,
      tokenizer_files: ["tokenizer.json", "tokenizer_config.json"], bos_token_id: 0, eos_token_id: 1,
      model_config: {
        hidden_size: 32, intermediate_size: 64, num_attention_heads: 4, num_hidden_layers: 2, num_key_value_heads: 1, head_dim: 16,
        rms_norm_eps: 1e-5, vocab_size: 48, tie_word_embeddings: false, position_embedding_base: 5e5, rope_scaling: null, context_window_size: 4096, prefill_chunk_size: 2048,
      },
    });
  }
  const qwen = parsed(written(randomLlama({ architecture: "qwen3", ropeTheta: 1e6 }), "q0f32"), "mlc-chat-config.json");
  expect(qwen).toMatchObject({ model_type: "qwen3", model_config: { rope_theta: 1e6, attention_bias: false, hidden_act: "silu" } });
  const ropeScaling = { factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 64 };
  expect(parsed(written(randomLlama({ ropeScaling }), "q0f32"), "mlc-chat-config.json")).toMatchObject({
    model_config: { rope_scaling: { rope_type: "llama3", factor: 8, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: 64 } },
  });
});

/** What WebLLM makes of one user message: system, user, and the opening of the answer (its `getPromptArray`). */
function rendered(files: ReadonlyMap<string, Uint8Array>, message: string): string {
  const template = parsed(files, "mlc-chat-config.json")["conv_template"] as {
    system_template: string; system_message: string; roles: Record<string, string>; seps: string[]; role_content_sep: string; role_empty_sep: string;
  };
  return template.system_template.replace("{system_message}", template.system_message)
    + template.roles["user"] + template.role_content_sep + message + template.seps[0]
    + template.roles["assistant"] + template.role_empty_sep;
}

test("without a chat template nothing is rendered around a prompt", () => {
  expect(rendered(written(randomLlama(), "q0f32"), "t1 t2")).toBe("t1 t2");
});

test("chat templates that WebLLM can render are recognized", () => {
  const chatml = written(randomLlama(), "q0f32", {
    "tokenizer_config.json": { chat_template: "{% for m in messages %}<|im_start|>{{ m.role }}…" },
    "generation_config.json": { eos_token_id: [3, 2] },
  });
  expect(rendered(chatml, "Hello")).toBe("<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n");
  expect(parsed(chatml, "mlc-chat-config.json")).toMatchObject({ eos_token_id: [3, 2], conv_template: { stop_token_ids: [3, 2], stop_str: ["<|im_end|>"] } });
  const folder = folderOf(randomLlama());
  const copies = new Map([...folder.copies, ["chat_template.jinja", new TextEncoder().encode("{{ '<|start_header_id|>' }}")]]);
  const llama3 = new Map(mlcFiles({ ...folder, copies }, "q0f32"));
  expect(rendered(llama3, "Hello")).toMatch(/<\|start_header_id\|>user<\|end_header_id\|>\n\nHello<\|eot_id\|><\|start_header_id\|>assistant<\|end_header_id\|>\n\n$/);
  expect(llama3.has("chat_template.jinja")).toBe(true);
});

test("grammars learn how the tokenizer spells bytes", () => {
  const info = (decoder: unknown, normalizer: unknown = null) =>
    parsed(written(randomLlama(), "q0f32", { "tokenizer.json": { ...wordTokenizer(48), decoder, normalizer } }), "mlc-chat-config.json")["tokenizer_info"];
  const plain = { token_postproc_method: "byte_fallback", prepend_space_in_encode: false, strip_space_in_decode: false };
  expect(info(null)).toEqual(plain);
  expect(info({ type: "ByteLevel" })).toEqual({ ...plain, token_postproc_method: "byte_level" });
  expect(info(
    { type: "Sequence", decoders: [{ type: "ByteFallback" }, { type: "Strip", content: " ", start: 1, stop: 0 }] },
    { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "▁" }] },
  )).toEqual({ token_postproc_method: "byte_fallback", prepend_space_in_encode: true, strip_space_in_decode: true });
});

test.each(["tokenizer.json", "tokenizer_config.json", "generation_config.json"])("%s that is no JSON object is refused", (name) => {
  expect(() => written(randomLlama(), "q0f32", { [name]: [1] })).toThrow(new RegExp(`${name}: expected a JSON object`));
  const folder = folderOf(randomLlama());
  const copies = new Map([...folder.copies, [name, new TextEncoder().encode("{")]]);
  expect(() => [...mlcFiles({ ...folder, copies }, "q0f32")]).toThrow(/expected a JSON object, got something else; download/);
});
