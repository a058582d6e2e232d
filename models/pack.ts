/**
 * `npm run pack -- <hugging-face-folder> <out>`: writes a Llama-type model as
 * a folder that both engines load. One function per engine; each adds its
 * files to the same list.
 *
 *   config.json, generation_config.json, tokenizer.json, tokenizer_config.json
 *   onnx/model.onnx      transformers.js, float32
 *   onnx/model_q4.onnx   transformers.js, 4-bit (see quantize.ts)
 *   mlc-q0f32/           WebLLM, float32 (see mlc.ts)
 *   mlc-q4f32_1/         WebLLM, 4-bit (see mlc-quantize.ts)
 *   files.json           path, bytes and SHA-256 of each of them
 */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { untrained } from "../workers/reference/untrained.ts";
import { readFolder } from "./folder.ts";
import type { HuggingFaceFolder } from "./folder.ts";
import { graphHeadDim } from "./heads.ts";
import { mlcFiles, mlcQuantizations } from "./mlc.ts";
import type { MlcQuantization } from "./mlc.ts";
import { encodeOnnx, precisions } from "./onnx.ts";
import type { OnnxOptions } from "./onnx.ts";

export interface PackOptions extends Omit<OnnxOptions, "dtype"> {
  /** Which ONNX files to write; `fp32` and `q4` where left out. */
  readonly dtypes?: readonly (keyof typeof precisions)[];
  /** Which MLC folders to write; all where left out. */
  readonly mlc?: readonly MlcQuantization[];
  /** Packs the model as it was before training: the same shapes, weights drawn anew. */
  readonly untrained?: boolean;
}

/** A line of files.json. */
export interface PackedFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, in hexadecimal. */
  readonly sha256: string;
}

export interface Packed {
  readonly files: readonly PackedFile[];
  readonly milliseconds: number;
}

/** A file: its path inside the folder, and its bytes. */
type File = readonly [string, Uint8Array];

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** The folder with a tokenizer_config.json, which every target needs. */
function complete(folder: HuggingFaceFolder): HuggingFaceFolder {
  const name = "tokenizer_config.json";
  if (folder.copies.has(name)) return folder;
  const made = json({ tokenizer_class: "PreTrainedTokenizerFast", model_max_length: folder.model.config.contextLength, clean_up_tokenization_spaces: false });
  return { ...folder, copies: new Map([...folder.copies, [name, made]]) };
}

/** What transformers.js loads. Files that the model brings along are copied as they are. */
function* transformersFiles({ model, config, copies }: HuggingFaceFolder, { dtypes = ["fp32", "q4"], ...options }: Omit<PackOptions, "untrained">): Generator<File> {
  const { eos, bos, headDim } = model.config;
  const files = new Map(copies);
  // transformers.js sizes the KV cache by head_dim, which has to be the graph's.
  if (graphHeadDim(headDim) !== headDim) files.set("config.json", json({ ...config, head_dim: graphHeadDim(headDim) }));
  if (!files.has("generation_config.json")) {
    files.set("generation_config.json", json({
      ...(bos === null ? {} : { bos_token_id: bos }),
      ...(eos.length === 0 ? {} : { eos_token_id: eos.length === 1 ? eos[0] : eos }),
      do_sample: false,
    }));
  }
  yield* files;
  for (const dtype of dtypes) yield [`onnx/${precisions[dtype].file}`, encodeOnnx(model, { ...options, dtype })];
}

/** What WebLLM loads: a folder of its own for each quantization. */
function* webllmFiles(folder: HuggingFaceFolder, { mlc = mlcQuantizations }: PackOptions): Generator<File> {
  for (const quantization of mlc) {
    for (const [path, bytes] of mlcFiles(folder, quantization)) yield [`mlc-${quantization}/${path}`, bytes];
  }
}

/**
 * Packs the Hugging Face folder `folder` into `out`, which is made where it is
 * missing; other files in it stay.
 *
 * @throws EngineError where a file is missing, or the model is not of the Llama type
 */
export async function pack(folder: string, out: string, options: PackOptions = {}): Promise<Packed> {
  const start = performance.now();
  const { untrained: fresh = false, ...rest } = options;
  const read = complete(await readFolder(folder));
  const model = fresh ? { ...read, model: untrained(read.model) } : read;
  const files: PackedFile[] = [];
  // One file at a time, so that a large model is in memory once and not once per target.
  for (const target of [transformersFiles, webllmFiles]) {
    for (const [path, bytes] of target(model, rest)) {
      await mkdir(dirname(join(out, path)), { recursive: true });
      await writeFile(join(out, path), bytes);
      files.push({ path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") });
    }
  }
  await writeFile(join(out, "files.json"), json(files));
  return { files, milliseconds: performance.now() - start };
}

const usage = "usage: npm run pack -- <hugging-face-folder> <out>";

/** Runs the command and returns its exit code: 0, or 2 where the arguments or the folder are not what they should be. */
export async function main(args: readonly string[], print: (line: string) => void, complain: (line: string) => void): Promise<number> {
  const flag = args.find((arg) => arg.startsWith("-"));
  const [folder, out] = args;
  if (flag !== undefined || folder === undefined || out === undefined || args.length > 2) {
    complain(`pack: expected a folder to read and one to write, got ${flag === undefined ? `${args.length} arguments` : `the flag ${flag}`}\n${usage}`);
    return 2;
  }
  try {
    const { files, milliseconds } = await pack(folder, out);
    for (const { path, bytes } of files) print(`${String(bytes).padStart(12)}  ${path}`);
    print(`${out}: ${files.length} files and files.json in ${milliseconds.toFixed(0)} ms`);
    return 0;
  } catch (error) {
    complain(`pack: ${(error as Error).message}\n${usage}`);
    return 2;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.exitCode = await main(process.argv.slice(2), console.log, console.error);
}
