/**
 * WebLLM's stock model libraries: WebAssembly with the kernels of one model,
 * kept by MLC on GitHub.
 *
 * They are code, and WebLLM's list names them on a moving branch, without a
 * hash. So the branch is resolved to a commit, GitHub's list of that commit
 * tells the file's git blob and its length, and the bytes are fetched at that
 * commit and verified. Only ever on a click.
 *
 * Source: docs.github.com/rest/git/refs, docs.github.com/rest/repos/contents.
 */
import { EngineError } from "../engine.ts";
import type { Fetch, Listing } from "../files/listing.ts";
import { type Patience, patience, persist } from "../files/patience.ts";
import { isRecord, json, RefusedError, request } from "../files/request.ts";
import { webFile } from "../files/web-file.ts";
import { type CatalogueEntry, findEntry } from "./catalogue.ts";

const api = "https://api.github.com";
const raw = "https://raw.githubusercontent.com";

/**
 * The library of a model, as a listing of one file.
 *
 * @param name   WebLLM's id of the model, or its repository
 * @param waits  how to try again; for tests
 * @throws EngineError where there is none, or GitHub does not say what it hashes to
 */
export async function stockLibrary(name: string, fetcher: Fetch, signal: AbortSignal, waits: Partial<Patience> = {}): Promise<Listing> {
  const entry = findEntry(name);
  if (!entry) throw new EngineError(`library: expected a model of WebLLM's list, got ${name}; choose one of its list, or a Llama-type model, which our own library runs`);
  const { repository, branch, folder, path } = place(entry);
  const reference = await ask(`${api}/repos/${repository}/git/ref/heads/${branch}`, fetcher, signal, waits);
  const target = isRecord(reference) && isRecord(reference["object"]) ? reference["object"]["sha"] : undefined;
  if (!isSha(target)) throw new EngineError(`library: expected the commit of ${repository} at ${branch}, got none; try again later`);
  const list = await ask(`${api}/repos/${repository}/contents/${folder}?ref=${target}`, fetcher, signal, waits);
  const found = Array.isArray(list) ? (list as unknown[]).find((file) => isRecord(file) && file["path"] === path) : undefined;
  if (!isRecord(found)) throw new EngineError(`library: expected ${path} in ${repository} at ${target.slice(0, 7)}, got no such file; choose another model`);
  const { sha, size, type } = found;
  if (!isSha(sha) || typeof size !== "number" || !Number.isSafeInteger(size) || size < 8 || type !== "file") {
    throw new EngineError(`library: expected hash and length of ${path}, got something else; try again later`);
  }
  const url = `${raw}/${repository}/${target}/${path.split("/").map(encodeURIComponent).join("/")}`;
  const file = webFile(fetcher, "library", { path: entry.library, bytes: size, digest: { algorithm: "git-blob", hex: sha }, url }, false);
  return { source: "library", commit: target, files: new Map([[file.path, file]]), cacheable: true };
}

/** `https://raw.githubusercontent.com/<owner>/<name>/<branch>/<path>` */
function place({ libraryUrl }: CatalogueEntry): { repository: string; branch: string; folder: string; path: string } {
  const match = /^https:\/\/raw\.githubusercontent\.com\/([\w.-]+\/[\w.-]+)\/([\w.-]+)\/((.+)\/[^/]+)$/.exec(libraryUrl);
  const [, repository, branch, path, folder] = match ?? [];
  if (repository === undefined || branch === undefined || path === undefined || folder === undefined) {
    throw new EngineError(`library: expected an address on raw.githubusercontent.com, got ${libraryUrl}; choose another model`);
  }
  return { repository, branch, folder, path };
}

async function ask(url: string, fetcher: Fetch, signal: AbortSignal, waits: Partial<Patience>): Promise<unknown> {
  try {
    return await persist(async () => json(await request(fetcher, "library", url, signal), "library"), patience({ retries: 2, ...waits }), signal);
  } catch (error) {
    // Without an account GitHub answers 60 times an hour, and then with 403 or 429.
    if (!(error instanceof RefusedError && error.status === 403)) throw error;
    throw new EngineError("library: expected the list of libraries from api.github.com, got 403, most likely since it answers 60 times an hour; wait an hour, or choose a Llama-type model, which our own library runs");
  }
}

function isSha(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{40}$/.test(value);
}
