/** Which of a model's files to load: the configuration, the tokenizer, and one of the ONNX exports. */
import { EngineError, type ModelRequest } from "../engine.ts";
import type { ListedFile, Listing } from "../files/listing.ts";

/** The names under which hub repositories keep each export. */
const exports: Readonly<Record<string, readonly string[]>> = {
  fp32: ["model"],
  fp16: ["model_fp16"],
  q8: ["model_quantized", "model_int8"],
  q4: ["model_q4"],
  q4f16: ["model_q4f16"],
};

/**
 * Best first. On wasm a 4-bit step takes six times as long as one in float32
 * (measured), so 4-bit comes last there; on WebGPU it comes first.
 */
const preference = {
  wasm: ["fp32", "q8", "fp16", "q4", "q4f16"],
  webgpu: ["q4", "fp32"],
  "webgpu with f16": ["q4f16", "q4", "fp16", "fp32"],
} as const;

/** What a browser can hold: a wasm heap has 4 GiB, a buffer 2 GiB, and a model is in memory about twice while it loads. */
const mostBytes = 1.8 * 2 ** 30;

export interface Chosen {
  readonly dtype: string;
  readonly model: ListedFile;
  /** External data, by the name that the model knows each file by. */
  readonly data: readonly ListedFile[];
  readonly config: ListedFile;
  readonly tokenizer: ListedFile;
  readonly tokenizerConfig: ListedFile | null;
  readonly generationConfig: ListedFile | null;
  readonly chatTemplate: ListedFile | null;
}

export function chooseFiles(listing: Listing, request: Pick<ModelRequest, "id" | "dtype" | "device">, shaderF16: boolean): Chosen {
  const where = listing.source;
  const need = (path: string): ListedFile => {
    const file = listing.files.get(path);
    if (!file) throw new EngineError(`${where}: expected ${path} in ${request.id}, got no such file; choose a model with ONNX files for transformers.js`);
    return file;
  };
  const kind = request.device === "wasm" ? "wasm" : shaderF16 ? "webgpu with f16" : "webgpu";
  const candidates = request.dtype ? [request.dtype] : preference[kind];
  const there = candidates.flatMap((dtype) => found(listing, dtype));
  const fits = there.find(({ model, data }) => [model, ...data].every((file) => file.bytes <= mostBytes) && weigh(model, data) <= 2 * mostBytes);
  if (!fits) {
    const sizes = there.map(({ dtype, model, data }) => `${dtype} of ${Math.round(weigh(model, data) / 2 ** 20)} MiB`);
    const others = Object.keys(exports).filter((dtype) => found(listing, dtype).length > 0);
    if (sizes.length > 0) throw new EngineError(`${where}: expected an export of ${request.id} that fits into a browser, got ${sizes.join(", ")}; choose a smaller model`);
    throw new EngineError(`${where}: expected ${request.id} as ${candidates.join(" or ")} for ${request.device}, got ${others.join(", ") || "no ONNX file"}; choose ${others.length > 0 ? "one of those" : "a model with ONNX files, such as those of onnx-community"}`);
  }
  return {
    ...fits,
    config: need("config.json"),
    tokenizer: need("tokenizer.json"),
    tokenizerConfig: listing.files.get("tokenizer_config.json") ?? null,
    generationConfig: listing.files.get("generation_config.json") ?? null,
    chatTemplate: listing.files.get("chat_template.jinja") ?? null,
  };
}

/** The files of one export: in `onnx/`, as on the hub, or beside config.json. */
function found(listing: Listing, dtype: string): { dtype: string; model: ListedFile; data: ListedFile[] }[] {
  for (const name of exports[dtype] ?? [`model_${dtype}`]) {
    for (const path of [`onnx/${name}.onnx`, `${name}.onnx`]) {
      const model = listing.files.get(path);
      if (!model) continue;
      const data = [...listing.files.values()].filter((file) => file.path.startsWith(`${path}_data`) || file.path === `${path}.data`);
      return [{ dtype, model, data }];
    }
  }
  return [];
}

function weigh(model: ListedFile, data: readonly ListedFile[]): number {
  return data.reduce((bytes, file) => bytes + file.bytes, model.bytes);
}
