/**
 * Models on the Hugging Face hub.
 *
 * A revision is resolved to a commit first, and everything after is asked for
 * at that commit, so that what was listed is what is downloaded. The tree of
 * the commit says how long each file is and what it hashes to.
 *
 * Source: huggingface.co/docs/hub/api.
 */
import { EngineError } from "../engine.ts";
import type { Digest, Fetch, ListedFile, Listing } from "./listing.ts";
import { type Patience, patience, persist } from "./patience.ts";
import { isRecord, json, request } from "./request.ts";
import { webFile } from "./web-file.ts";

const hub = "https://huggingface.co";
/** The tree comes in pages of up to a thousand files; a repository of more pages than this is no model. */
const mostPages = 50;

export interface HubDescription {
  readonly id: string;
  readonly commit: string;
  /** As the model card names it, for example `apache-2.0`; null where it does not say. */
  readonly licence: string | null;
  /** The hub gives its files to nobody, or only to those who have agreed to its terms. */
  readonly closed: boolean;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Of all files together. */
  readonly bytes: number;
}

/** What a repository holds, to the byte, before anything of it is downloaded. */
export async function describeHubModel(id: string, revision: string | undefined, fetcher: Fetch, signal: AbortSignal): Promise<HubDescription> {
  const { commit, licence, closed } = await resolve(id, revision, fetcher, signal, {});
  const { files } = await list(id, commit, fetcher, signal, {});
  const sizes = [...files.values()].map(({ path, bytes }) => ({ path, bytes }));
  return { id, commit, licence, closed, files: sizes, bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** @param waits  how to try again; for tests */
export async function hubModel(id: string, revision: string | undefined, fetcher: Fetch, signal: AbortSignal, waits: Partial<Patience> = {}): Promise<Listing> {
  const { commit } = await resolve(id, revision, fetcher, signal, waits);
  return list(id, commit, fetcher, signal, waits);
}

async function resolve(id: string, revision: string | undefined, fetcher: Fetch, signal: AbortSignal, waits: Partial<Patience>): Promise<{ commit: string; licence: string | null; closed: boolean }> {
  if (!/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(id)) {
    throw new EngineError(`hub: expected a repository as owner/name, got "${id}"; copy the name from its page on huggingface.co`);
  }
  const { value } = await ask(fetcher, `${hub}/api/models/${id}/revision/${encodeURIComponent(revision ?? "main")}`, signal, waits);
  const answer = isRecord(value) ? value : {};
  const { sha: commit, cardData: card, gated } = answer;
  if (typeof commit !== "string" || !/^[0-9a-f]{40}$/.test(commit)) {
    throw new EngineError(`hub: expected the commit of ${id} at ${revision ?? "main"}, got none; check the name and the revision`);
  }
  const licence = isRecord(card) ? (card["license_name"] ?? card["license"]) : null;
  return { commit, licence: typeof licence === "string" ? licence : null, closed: answer["private"] === true || (gated !== undefined && gated !== false) };
}

async function list(id: string, commit: string, fetcher: Fetch, signal: AbortSignal, waits: Partial<Patience>): Promise<Listing> {
  const files = new Map<string, ListedFile>();
  let next: string | null = `${hub}/api/models/${id}/tree/${commit}?recursive=true`;
  for (let page = 0; next && page < mostPages; page++) {
    const { value: tree, link }: Answer = await ask(fetcher, next, signal, waits);
    if (!Array.isArray(tree)) throw new EngineError(`hub: expected the list of files of ${id}, got something else; try again later`);
    for (const entry of tree as unknown[]) {
      const file = listed(entry);
      if (!file) continue;
      const url = `${hub}/${id}/resolve/${commit}/${file.path.split("/").map(encodeURIComponent).join("/")}`;
      files.set(file.path, webFile(fetcher, "hub", { ...file, url }, false));
    }
    next = nextPage(link);
  }
  return { source: "hub", commit, files, cacheable: true };
}

interface Answer {
  readonly value: unknown;
  readonly link: string | null;
}

/** Lists are short: they are asked for twice more at most. */
function ask(fetcher: Fetch, url: string, signal: AbortSignal, waits: Partial<Patience>): Promise<Answer> {
  const attempt = async (): Promise<Answer> => {
    const response = await request(fetcher, "hub", url, signal);
    return { value: await json(response, "hub"), link: response.headers.get("link") };
  };
  return persist(attempt, patience({ retries: 2, ...waits }), signal);
}

/** One entry of a tree: large files carry the SHA-256 of their content, small ones the id of their git blob. */
function listed(entry: unknown): { path: string; bytes: number; digest: Digest } | null {
  if (!isRecord(entry) || entry["type"] !== "file") return null;
  const { path, size, oid, lfs } = entry;
  if (typeof path !== "string") return null;
  if (isRecord(lfs) && typeof lfs["oid"] === "string" && typeof lfs["size"] === "number") {
    return { path, bytes: lfs["size"], digest: { algorithm: "sha256", hex: lfs["oid"].replace(/^sha256:/, "") } };
  }
  if (typeof size !== "number" || typeof oid !== "string") return null;
  return { path, bytes: size, digest: { algorithm: "git-blob", hex: oid } };
}

/** Link: <https://…>; rel="next" */
function nextPage(link: string | null): string | null {
  const url = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
  return url?.startsWith(`${hub}/`) ? url : null;
}
