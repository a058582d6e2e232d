/**
 * Models that are shipped with the page, under `models/<name>/`.
 *
 * `files.json` there lists every file: [{ "path", "bytes", "sha256" }]. The
 * build can pin that manifest's own hash, and with it every byte of the model.
 */
import { EngineError } from "../engine.ts";
import { hash } from "./digest.ts";
import type { Fetch, ListedFile, Listing } from "./listing.ts";
import { isRecord, json, request } from "./request.ts";
import { webFile } from "./web-file.ts";

/** SHA-256 of each embedded model's files.json, by model name, put in by the build; absent in development. */
declare const __MODEL_MANIFESTS__: Readonly<Record<string, string>> | undefined;

/**
 * @param id    for example `geodesic/nano`; its last part names the folder
 * @param base  URL of the page's folder
 */
export async function embeddedModel(id: string, base: string, fetcher: Fetch, signal: AbortSignal): Promise<Listing> {
  const name = id.slice(id.lastIndexOf("/") + 1);
  const folder = new URL(`models/${name}/`, base).href;
  const response = await request(fetcher, "embedded", `${folder}files.json`, signal);
  if (typeof __MODEL_MANIFESTS__ !== "undefined") {
    const pinned = __MODEL_MANIFESTS__[name];
    if (!pinned) throw new EngineError(`embedded: expected a model that this page was built with, got ${id}; choose another`);
    const got = await hash("sha256", new Uint8Array(await response.clone().arrayBuffer()));
    if (got !== pinned) throw new EngineError(`embedded: expected the manifest of ${name} that this page was built with, got another (SHA-256 ${got}); reload the page`);
  }
  const files = new Map<string, ListedFile>();
  for (const { path, bytes, sha256 } of entries(await json(response, "embedded"), name)) {
    const url = folder + path;
    files.set(path, webFile(fetcher, "embedded", { path, bytes, digest: { algorithm: "sha256", hex: sha256 }, url }, true));
  }
  return { source: "embedded", commit: null, files, cacheable: false };
}

function entries(value: unknown, name: string): { path: string; bytes: number; sha256: string }[] {
  const wrong = new EngineError(`embedded: expected files.json of ${name} to list path, bytes and sha256, got something else; build the page again`);
  if (!Array.isArray(value)) throw wrong;
  return value.map((entry: unknown) => {
    if (!isRecord(entry)) throw wrong;
    const { path, bytes, sha256 } = entry;
    if (typeof path !== "string" || typeof bytes !== "number" || typeof sha256 !== "string") throw wrong;
    return { path, bytes, sha256 };
  });
}
