/** Which model library runs the weights: our own where it can, else the stock one. */
import type { ModelRequest } from "../engine.ts";
import { fetchFiles } from "../files/fetch-files.ts";
import type { Fetch } from "../files/listing.ts";
import type { Progress } from "../files/progress.ts";
import { body, request as ask } from "../files/request.ts";
import { findEntry } from "./catalogue.ts";
import { type LibraryConfig, configureLibrary, readLibraryConfig } from "./library/configure.ts";
import { stockLibrary } from "./stock-library.ts";

export interface LibrarySource {
  /** For the record. */
  readonly name: string;
  readonly wasm: Uint8Array<ArrayBuffer>;
}

export interface LibraryOptions {
  readonly base: string;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

/**
 * @param config  the parsed mlc-chat-config.json
 * @throws EngineError where the library that was asked for cannot run these weights
 */
export async function chooseLibrary(request: ModelRequest, config: unknown, options: LibraryOptions): Promise<LibrarySource> {
  if (request.library !== undefined && request.library !== "own") return stock(request.library, options);
  let own: LibraryConfig;
  try {
    own = readLibraryConfig(config);
  } catch (error) {
    if (request.library === "own") throw error;
    return stock(request.id, options);
  }
  const url = new URL("./library/geodesic-llama.wasm", import.meta.url).href;
  const response = await ask(options.fetch, "library", url, options.signal);
  const wasm = new Uint8Array(await new Response(body(response, "library")).arrayBuffer());
  return { name: "Geodesic's library for Llama-type models", wasm: configureLibrary(wasm, own) };
}

/** One of WebLLM's list, verified against what GitHub says it hashes to. */
async function stock(name: string, { fetch, signal, progress }: LibraryOptions): Promise<LibrarySource> {
  const listing = await stockLibrary(name, fetch, signal);
  const files = [...listing.files.values()];
  progress.expect(files.reduce((sum, { bytes }) => sum + bytes, 0));
  const [path = ""] = listing.files.keys();
  const verified = await fetchFiles(listing, files, progress, signal, { model: { id: findEntry(name)?.id ?? name, kind: "library" } });
  return { name: `${path} at ${listing.commit?.slice(0, 7)}`, wasm: await verified.get(path) };
}
