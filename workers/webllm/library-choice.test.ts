import { describe, expect, test } from "vitest";
import { folderModel } from "../files/folder.ts";
import { Progress } from "../files/progress.ts";
import { chooseLibrary, libraryInFolder, loadFromFolder } from "./library-choice.ts";

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

describe("a library in a dropped folder", () => {
  const magic = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  const dropped = (files: Record<string, Uint8Array<ArrayBuffer>>) => folderModel(new Map(Object.entries({ "mlc-chat-config.json": Uint8Array.of(), ...files }).map(([path, bytes]) => [path, new File([bytes], path)])));
  const options = { progress: new Progress(() => undefined), signal: new AbortController().signal };

  test("is found beside the weights, and nowhere else", () => {
    expect(libraryInFolder(dropped({ "mine.wasm": magic }), "")).toBe("mine.wasm");
    expect(libraryInFolder(dropped({ "deeper/mine.wasm": magic }), "")).toBeNull();
    expect(libraryInFolder(dropped({}), "")).toBeNull();
  });
  test("of a repository of the hub is left alone", () => expect(libraryInFolder({ ...dropped({ "mine.wasm": magic }), source: "hub" }, "")).toBeNull());
  test("of two none is taken", () => {
    expect(() => libraryInFolder(dropped({ "a.wasm": magic, "b.wasm": magic }), "")).toThrow("folder: expected one model library, got a.wasm, b.wasm");
  });
  test("is loaded under its name", async () => {
    expect(await loadFromFolder(dropped({ "mine.wasm": magic }), "mine.wasm", options)).toEqual({ name: "mine.wasm, from the folder", wasm: magic });
  });
  test("that is no WebAssembly is refused", async () => {
    await expect(loadFromFolder(dropped({ "mine.wasm": Uint8Array.of(1, 2, 3, 4) }), "mine.wasm", options)).rejects.toMatchObject({ name: "EngineError", message: expect.stringContaining("expected WebAssembly in mine.wasm") as string });
  });
});
