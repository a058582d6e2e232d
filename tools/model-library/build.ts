/**
 * Builds the model library: shaders to kernels.h, C to WebAssembly.
 *
 *   npx tsx tools/model-library/build.ts     writes kernels.h and geodesic-llama.wasm
 *
 * The compiler is clang with lld, itself as WebAssembly from npm (@yowasp/clang), so
 * that one pinned version gives the same bytes on every machine. It takes about 20 s.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { commands } from "@yowasp/clang";
import { EngineError } from "../../workers/engine.ts";
import { header, libraryKernels } from "./glue.ts";

const folder = new URL("../../workers/webllm/library/", import.meta.url);
export const libraryFile = fileURLToPath(new URL("geodesic-llama.wasm", folder));
export const headerFile = fileURLToPath(new URL("kernels.h", folder));

/** Freestanding: no C library, no start code, memory exported, names stripped. The stack lies first, where an overflow traps. */
const flags = [
  "--target=wasm32-unknown-unknown", "-std=c17", "-Os", "-mbulk-memory", "-ffreestanding", "-nostdlib", "-fno-builtin", "-Wall", "-Wno-unused-function",
  "-Wl,--no-entry", "-Wl,--stack-first", "-Wl,-z,stack-size=65536", "-Wl,--strip-all",
];

/**
 * kernels.h and the library's bytes, made anew.
 *
 * @throws EngineError with clang's messages where it finds errors or warnings
 */
export async function buildLibrary(): Promise<{ kernels: string; wasm: Uint8Array }> {
  const kernels = header(libraryKernels());
  const sources = readdirSync(folder).filter((name) => /\.[ch]$/.test(name) && name !== "kernels.h").toSorted();
  const files = { ...Object.fromEntries(sources.map((name) => [name, readFileSync(new URL(name, folder), "utf8")])), "kernels.h": kernels };
  const messages: string[] = [];
  const keep = (bytes: Uint8Array | null): void => {
    if (bytes) messages.push(new TextDecoder().decode(bytes));
  };
  const failed = (why: string): EngineError => new EngineError(`build: expected clang to compile library.c without a word, got ${messages.join("").trim() || why}; correct the source`);
  let built;
  try {
    built = await commands.clang([...flags, "library.c", "-o", "library.wasm"], files, { stderr: keep, stdout: keep, fetchProgress: () => undefined });
  } catch (error) {
    throw failed(String(error));
  }
  const wasm = built?.["library.wasm"];
  if (!(wasm instanceof Uint8Array) || messages.join("").trim() !== "") throw failed("no file");
  return { kernels, wasm };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { kernels, wasm } = await buildLibrary();
  writeFileSync(headerFile, kernels);
  writeFileSync(libraryFile, wasm);
}
