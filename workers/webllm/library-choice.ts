/** Which model library runs the weights: the one in a dropped folder, our own where it can, else the stock one. */
import { EngineError, type ModelRequest } from "../engine.ts";
import { fetchFiles } from "../files/fetch-files.ts";
import type { Fetch, Listing } from "../files/listing.ts";
import type { Progress } from "../files/progress.ts";
import { body, request as ask } from "../files/request.ts";
import { findEntry, ownQuantizations } from "./catalogue.ts";
import { type LibraryConfig, configureLibrary, readLibraryConfig } from "./library/configure.ts";
import { stockLibrary } from "./stock-library.ts";

export interface Library {
  /** For the record. */
  readonly name: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
}

export interface LibraryOptions {
  readonly fetch: Fetch;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** The library that lies in a dropped folder, by its path; null where there is none. Code of the hub's repositories is not run: whoever wants it downloads the folder and drops it. */
export function libraryInFolder({ source, files }: Listing, prefix: string): string | null {
  if (source !== "folder") return null;
  const found = [...files.keys()].filter((path) => path.startsWith(prefix) && /^[^/]+\.wasm$/.test(path.slice(prefix.length)));
  if (found.length > 1) throw new EngineError(`folder: expected one model library, got ${found.join(", ")}; drop the folder with the one that fits`);
  return found[0] ?? null;
}

/**
 * A library of the user's own.
 *
 * @param path  of its file in the listing
 */
export async function loadFromFolder(listing: Listing, path: string, { progress, signal }: Pick<LibraryOptions, "progress" | "signal">): Promise<Library> {
  const file = listing.files.get(path);
  if (!file) throw new RangeError(`library: expected ${path} in the listing`);
  const wasm = await (await fetchFiles(listing, [file], progress, signal)).get(path);
  if (!wasmMagic.every((byte, i) => wasm[i] === byte)) throw new EngineError(`folder: expected WebAssembly in ${path}, got something else; build the library for WebLLM, or leave it out`);
  return { name: `${path.split("/").at(-1) ?? path}, from the folder`, wasm };
}

/** "\0asm" */
const wasmMagic = [0, 97, 115, 109];

/**
 * @param config  the parsed mlc-chat-config.json
 * @throws EngineError where the library that was asked for cannot run these weights
 */
export async function loadLibrary(request: Pick<ModelRequest, "id" | "library">, config: Readonly<Record<string, unknown>>, options: LibraryOptions): Promise<Library> {
  const choice = chooseLibrary(request, config);
  return typeof choice === "string" ? loadStock(choice, options) : loadOwn(choice, options);
}

/**
 * @returns our library's configuration, or the name of the stock library
 * @throws EngineError where ours cannot run these weights, and was asked for or is the only one
 */
export function chooseLibrary({ id, library }: Pick<ModelRequest, "id" | "library">, config: Readonly<Record<string, unknown>>): LibraryConfig | string {
  if (library !== undefined && library !== "own") return library;
  try {
    const own = readLibraryConfig(config);
    const { quantization } = config;
    if (typeof quantization === "string" && ownQuantizations.includes(quantization)) return own;
    throw new EngineError(`mlc-chat-config.json: expected quantization ${ownQuantizations.join(", ")}, got ${JSON.stringify(quantization) ?? "none"}; choose another build of the model, or its stock library`);
  } catch (error) {
    // Where there is no stock one, the reason is of more use than its absence.
    if (library === "own" || !findEntry(id)) throw error;
    return id;
  }
}

async function loadOwn(config: LibraryConfig, { fetch: fetcher, signal }: LibraryOptions): Promise<Library> {
  const url = new URL("./library/geodesic-llama.wasm", import.meta.url).href;
  const response = await ask(fetcher, "library", url, signal);
  const wasm = new Uint8Array(await new Response(body(response, "library")).arrayBuffer());
  return { name: "Geodesic's own library", wasm: configureLibrary(wasm, config) };
}

async function loadStock(name: string, { fetch: fetcher, progress, signal }: LibraryOptions): Promise<Library> {
  const listing = await stockLibrary(name, fetcher, signal);
  const [file] = listing.files.values();
  if (!file) throw new RangeError(`library: expected one file for ${name}`);
  const files = await fetchFiles(listing, [file], progress, signal, { model: { id: name, kind: "library" } });
  return { name: file.path.replace(/\.wasm$/, ""), wasm: await files.get(file.path) };
}
