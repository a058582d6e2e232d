/**
 * Lets transformers.js and the decoder run in Node on onnxruntime-web's plain
 * wasm binary. Import it before anything that imports transformers.js.
 */
import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-web/webgpu";
import { vi } from "vitest";
import { encodeOnnx, type OnnxOptions } from "../../models/onnx.ts";
import { huggingFaceConfig, wordTokenizer } from "../../models/random-llama.ts";
import type { LlamaModel } from "../llama.ts";

// Its build for Node wants onnxruntime-node and sharp, which are not installed;
// its build for browsers runs in Node as well, once it is handed a runtime.
vi.mock("@huggingface/transformers", () => import(new URL("../../node_modules/@huggingface/transformers/dist/transformers.web.js", import.meta.url).href));
(globalThis as Record<symbol, unknown>)[Symbol.for("onnxruntime")] = ort;

/** The folder with the runtime's binaries. */
export const runtime = new URL("./", import.meta.resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm")).href;
export const runtimePath = fileURLToPath(runtime);

/** The files of a packed model, by path. */
export function packed(model: LlamaModel, options: OnnxOptions = {}): Map<string, Uint8Array<ArrayBuffer>> {
  const json = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));
  return new Map([
    ["config.json", json(huggingFaceConfig(model.config))],
    ["tokenizer.json", json(wordTokenizer(model.config.vocabSize))],
    ["tokenizer_config.json", json({ tokenizer_class: "PreTrainedTokenizerFast" })],
    [`onnx/${options.dtype === "q4" ? "model_q4" : "model"}.onnx`, encodeOnnx(model, options)],
  ]);
}

export function asFolder(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>): Map<string, File> {
  return new Map([...files].map(([path, bytes]) => [`dropped/${path}`, new File([bytes], path)]));
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
