/** Where a model's files come from. */
import type { ModelRequest } from "../engine.ts";
import { embeddedModel } from "./embedded.ts";
import { folderModel } from "./folder.ts";
import { hubModel } from "./hub.ts";
import type { Fetch, Listing } from "./listing.ts";
import type { Patience } from "./patience.ts";

export interface ListOptions {
  /** URL of the page's folder, for embedded models. */
  readonly base: string;
  readonly fetch: Fetch;
  /** How to try again; for tests. */
  readonly patience?: Partial<Patience>;
}

/** What there is of a model; asks for a list at most. */
export async function listModel(request: ModelRequest, { base, fetch, patience }: ListOptions, signal: AbortSignal): Promise<Listing> {
  if (request.source === "embedded") return embeddedModel(request.id, base, fetch, signal);
  if (request.source === "hub") return hubModel(request.id, request.revision, fetch, signal, patience);
  return folderModel(request.files);
}
