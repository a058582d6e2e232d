import { describe, expect, test } from "vitest";
import { chooseLibrary } from "./library-choice.ts";

const model = { hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 2, num_key_value_heads: 1, intermediate_size: 128, vocab_size: 100, rms_norm_eps: 1e-5, position_embedding_base: 10_000, context_window_size: 256, prefill_chunk_size: 128 };
const config = { model_type: "llama", quantization: "q4f32_1", model_config: model };
const id = "mlc-ai/SmolLM2-360M-Instruct-q4f32_1-MLC";

describe("the library", () => {
  test("is ours where it can run the weights", () => expect(chooseLibrary({ id }, config)).toMatchObject({ architecture: "llama", layers: 2 }));
  test("is the one that was asked for", () => expect(chooseLibrary({ id, library: "Llama-3.2-1B-Instruct-q4f32_1-MLC" }, config)).toBe("Llama-3.2-1B-Instruct-q4f32_1-MLC"));
  test.each([
    ["another architecture", { ...config, model_type: "gemma2" }],
    ["another quantization", { ...config, quantization: "q3f16_1" }],
    ["no quantization", { ...config, quantization: undefined }],
  ])("for %s is the stock one, and ours is refused", (_, other) => {
    expect(chooseLibrary({ id }, other)).toBe(id);
    expect(() => chooseLibrary({ id, library: "own" }, other)).toThrow(expect.objectContaining({ name: "EngineError" }));
  });
  test("where there is no stock one either, it says why ours cannot", () => {
    expect(() => chooseLibrary({ id: "somebody/model" }, { ...config, quantization: "q3f16_1" })).toThrow("expected quantization q0f32, q0f16, q4f32_1, q4f16_1, got \"q3f16_1\"");
    expect(() => chooseLibrary({ id: "somebody/model" }, { ...config, model_type: "gemma2" })).toThrow("expected model_type llama, qwen2, qwen3, got gemma2");
  });
});
