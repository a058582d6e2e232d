/** The numbers of a model, from mlc-chat-config.json into the wasm: read by name, refused where impossible, written where the library looks. */
import { describe, expect, test } from "vitest";
import { configureLibrary, inverseFrequencies, readLibraryConfig } from "./configure.ts";
import { builtLibrary, smallConfig } from "./library.test-support.ts";

/** As MLC writes it for Llama-3.2-1B-Instruct. */
const llama = {
  version: "0.1.0",
  model_type: "llama",
  quantization: "q4f32_1",
  model_config: {
    hidden_size: 2048,
    intermediate_size: 8192,
    num_attention_heads: 32,
    num_hidden_layers: 16,
    rms_norm_eps: 1e-5,
    vocab_size: 128_256,
    tie_word_embeddings: true,
    position_embedding_base: 500_000,
    rope_scaling: { factor: 32, high_freq_factor: 4, low_freq_factor: 1, original_max_position_embeddings: 8192, rope_type: "llama3" },
    context_window_size: 131_072,
    prefill_chunk_size: 8192,
    num_key_value_heads: 8,
    head_dim: 64,
    tensor_parallel_shards: 1,
    pipeline_parallel_stages: 1,
    max_batch_size: 128,
  },
  vocab_size: 128_256,
  context_window_size: 131_072,
  sliding_window_size: -1,
  prefill_chunk_size: 8192,
};

/** The same with other fields; undefined takes one away. */
const changed = (model: Record<string, unknown>, outer: Record<string, unknown> = {}): unknown => ({ ...llama, ...outer, model_config: { ...llama.model_config, ...model } });
const message = (json: unknown): string => {
  try {
    readLibraryConfig(json);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error("expected an error, got none");
};

describe("reading mlc-chat-config.json", () => {
  test("of a Llama", () => {
    expect(readLibraryConfig(llama)).toEqual({
      architecture: "llama",
      hiddenSize: 2048,
      layers: 16,
      heads: 32,
      kvHeads: 8,
      headDim: 64,
      intermediateSize: 8192,
      vocabSize: 128_256,
      ropeTheta: 500_000,
      ropeScaling: { type: "llama3", factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192 },
      normEpsilon: 1e-5,
      contextLength: 131_072,
      prefillChunkSize: 1024,
      tied: true,
    });
  });

  test("of a Qwen3, whose heads are wider than its hidden size has room for", () => {
    const qwen3 = { hidden_act: "silu", attention_bias: false, hidden_size: 1024, num_attention_heads: 16, num_key_value_heads: 8, head_dim: 128, rope_theta: 1_000_000, position_embedding_base: undefined, rope_scaling: null };
    expect(readLibraryConfig(changed(qwen3, { model_type: "qwen3" }))).toMatchObject({ architecture: "qwen3", headDim: 128, kvHeads: 8, ropeTheta: 1_000_000, ropeScaling: null });
  });

  test("fills in what a folder leaves out, as mlc-llm does", () => {
    const sparse = { num_key_value_heads: 0, head_dim: 0, context_window_size: 0, max_position_embeddings: 4096, prefill_chunk_size: 0, tie_word_embeddings: undefined, position_embedding_base: 0, rope_theta: undefined, rope_scaling: undefined };
    expect(readLibraryConfig(changed(sparse, { prefill_chunk_size: undefined, context_window_size: -1 }))).toMatchObject({ kvHeads: 32, headDim: 64, contextLength: 4096, prefillChunkSize: 1024, tied: false, ropeTheta: 10_000, ropeScaling: null });
  });

  test.each([
    ["no object", 3, "expected a JSON object, got 3"],
    ["no model_config", { model_type: "llama" }, "expected model_config to be an object, got none"],
    ["another architecture", changed({}, { model_type: "gemma2" }), "expected model_type llama, qwen2, qwen3, got gemma2; choose a Llama-type model, or its stock library"],
    ["an architecture named as a property of objects", changed({}, { model_type: "toString" }), "expected model_type llama, qwen2, qwen3, got toString"],
    ["a size that is no number", changed({ hidden_size: "2048" }), "expected hidden_size to be a whole number from 1 up, got 2048"],
    ["a size that is missing", changed({ intermediate_size: undefined }), "expected intermediate_size to be a whole number from 1 up, got none"],
    ["half a layer", changed({ num_hidden_layers: 1.5 }), "expected num_hidden_layers to be a whole number from 1 up, got 1.5"],
    ["heads that do not share evenly", changed({ num_key_value_heads: 5 }), "expected num_key_value_heads to divide 32, got 5"],
    ["too wide a head", changed({ head_dim: 320 }), "expected a head_dim that is a multiple of 4 up to 256, got 320"],
    ["a head of odd width", changed({ head_dim: 63 }), "expected a head_dim that is a multiple of 4 up to 256, got 63"],
    ["a hidden size that vectors of four do not fill", changed({ hidden_size: 2050 }), "expected hidden_size and intermediate_size to be multiples of 4, got [2050,8192]"],
    ["no epsilon", changed({ rms_norm_eps: undefined }), "expected rms_norm_eps to be a number above 0, got none"],
    ["a negative theta", changed({ position_embedding_base: -1 }), "expected rope_theta to be a number above 0, got -1"],
    ["another scaling", changed({ rope_scaling: { rope_type: "yarn", factor: 4 } }), "expected rope_scaling of type default, linear or llama3, got yarn"],
    ["a scaling without its factor", changed({ rope_scaling: { type: "linear" } }), "expected rope_scaling.factor to be a number above 0, got none"],
    ["bands in the wrong order", changed({ rope_scaling: { ...llama.model_config.rope_scaling, high_freq_factor: 1 } }), "expected rope_scaling.high_freq_factor above 1, got 1"],
    ["another activation", changed({ hidden_act: "gelu" }), 'expected hidden_act "silu", got gelu'],
    ["a Qwen3 with biases", changed({ attention_bias: true }, { model_type: "qwen3" }), "expected attention_bias false, got true"],
    ["a model cut for two GPUs", changed({ tensor_parallel_shards: 2 }), "expected tensor_parallel_shards 1, got 2"],
    ["a sliding window", changed({}, { sliding_window_size: 4096 }), "expected no sliding window, got 4096"],
  ])("refuses %s", (_, json, expected) => {
    expect(message(json)).toContain(`mlc-chat-config.json: ${expected}`);
  });
});

describe("rotary frequencies", () => {
  test("fall from 1 by equal ratios", () => {
    const frequencies = inverseFrequencies({ headDim: 8, ropeTheta: 10_000, ropeScaling: null });
    [1, 0.1, 0.01, 0.001].forEach((expected, i) => expect(frequencies[i]).toBeCloseTo(expected, 15));
  });

  test("are divided by the factor of a linear scaling", () => {
    const frequencies = inverseFrequencies({ headDim: 8, ropeTheta: 10_000, ropeScaling: { type: "linear", factor: 4 } });
    [0.25, 0.025, 0.0025, 0.00025].forEach((expected, i) => expect(frequencies[i]).toBeCloseTo(expected, 15));
  });

  test("of Llama 3 are kept where fast, divided where slow, and blended between", () => {
    const plain = inverseFrequencies({ headDim: 64, ropeTheta: 500_000, ropeScaling: null });
    const scaled = inverseFrequencies(readLibraryConfig(llama));
    // The rule of transformers, written by wavelength: modeling_rope_utils.py, _compute_llama3_parameters.
    const expected = plain.map((frequency) => {
      const wavelength = (2 * Math.PI) / frequency;
      if (wavelength < 8192 / 4) return frequency;
      if (wavelength > 8192 / 1) return frequency / 32;
      const smooth = (8192 / wavelength - 1) / (4 - 1);
      return ((1 - smooth) * frequency) / 32 + smooth * frequency;
    });
    scaled.forEach((frequency, i) => expect(frequency).toBeCloseTo(expected[i]!, 12));
    expect(scaled[0]).toBe(1);
    expect(scaled.at(-1)).toBe(plain.at(-1)! / 32);
    expect(scaled.filter((frequency, i) => frequency < plain[i]! && frequency > plain[i]! / 32).length).toBeGreaterThan(0);
  });
});

describe("configuring the library", () => {
  test("changes the block and nothing else, and leaves the given bytes alone", () => {
    const wasm = builtLibrary();
    const configured = configureLibrary(wasm, smallConfig);
    expect(wasm).toEqual(builtLibrary());
    expect(configured).toHaveLength(wasm.length);
    const at = Buffer.from(wasm).indexOf("geodesic-config1");
    const differing = [...configured.keys()].filter((i) => configured[i] !== wasm[i]);
    expect(Math.min(...differing)).toBeGreaterThanOrEqual(at + 16);
    expect(Math.max(...differing)).toBeLessThan(at + 592);
    const view = new DataView(configured.buffer, at);
    expect(Array.from({ length: 11 }, (_, i) => view.getUint32(16 + 4 * i, true))).toEqual([1, 64, 2, 4, 2, 16, 96, 50, 40, 16, 1]);
    expect(view.getFloat32(60, true)).toBe(Math.fround(1e-5));
    expect(view.getFloat32(80 + 4, true)).toBe(Math.fround(10_000 ** (-2 / 16)));
  });

  test("can be done again for another model", () => {
    const other = { ...smallConfig, layers: 7, headDim: 8 };
    expect(configureLibrary(configureLibrary(builtLibrary(), other), other)).toEqual(configureLibrary(builtLibrary(), other));
  });

  test("refuses bytes that are not our library, and impossible numbers", () => {
    expect(() => configureLibrary(new Uint8Array(100), smallConfig)).toThrow("configure: expected Geodesic's model library, with one block for the configuration, got 100 bytes with 0; build the library anew");
    expect(() => configureLibrary(new Uint8Array([...builtLibrary(), ...builtLibrary()]), smallConfig)).toThrow("with 2; build the library anew");
    expect(() => configureLibrary(builtLibrary(), { ...smallConfig, prefillChunkSize: 41 })).toThrow("expected a prefill chunk of at most 40, got 41");
    expect(() => configureLibrary(builtLibrary(), { ...smallConfig, normEpsilon: 0 })).toThrow("expected rms_norm_eps and rope_theta above 0, got [0,10000]");
  });
});
