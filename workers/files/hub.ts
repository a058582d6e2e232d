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
import { body, isRecord, json, request } from "./request.ts";

const hub = "https://huggingface.co";
/** The tree comes in pages of up to a thousand files; a repository of more pages than this is no model. */
const mostPages = 50;

export async function hubModel(id: string, revision: string | undefined, fetcher: Fetch, signal: AbortSignal): Promise<Listing> {
  if (!/^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/.test(id)) {
    throw new EngineError(`hub: expected a repository as owner/name, got "${id}"; copy the name from its page on huggingface.co`);
  }
  const answer = await json(await request(fetcher, "hub", `${hub}/api/models/${id}/revision/${encodeURIComponent(revision ?? "main")}`, signal), "hub");
  const commit = isRecord(answer) ? answer["sha"] : undefined;
  if (typeof commit !== "string" || !/^[0-9a-f]{40}$/.test(commit)) {
    throw new EngineError(`hub: expected the commit of ${id} at ${revision ?? "main"}, got none; check the name and the revision`);
  }

  const files = new Map<string, ListedFile>();
  let next: string | null = `${hub}/api/models/${id}/tree/${commit}?recursive=true`;
  for (let page = 0; next && page < mostPages; page++) {
    const response: Response = await request(fetcher, "hub", next, signal);
    const tree = await json(response, "hub");
    if (!Array.isArray(tree)) throw new EngineError(`hub: expected the list of files of ${id}, got something else; try again later`);
    for (const entry of tree as unknown[]) {
      const file = listed(entry);
      if (!file) continue;
      const url = `${hub}/${id}/resolve/${commit}/${file.path.split("/").map(encodeURIComponent).join("/")}`;
      files.set(file.path, { ...file, url, open: async (during) => body(await request(fetcher, "hub", url, during), "hub") });
    }
    next = nextPage(response);
  }
  return { source: "hub", commit, files, cacheable: true };
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
function nextPage(response: Response): string | null {
  const url = /<([^>]+)>;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
  return url?.startsWith(`${hub}/`) ? url : null;
}
