/**
 * From a request to verified bytes: where a model's files come from, which of
 * them are needed, and their download.
 */
import type { ModelRequest } from "../engine.ts";
import { type Chosen, chooseFiles } from "./choose.ts";
import { hash } from "../files/digest.ts";
import { fetchFiles, type FetchOptions } from "../files/fetch-files.ts";
import { type ListOptions, listModel } from "../files/list-model.ts";
import type { ListedFile, Listing } from "../files/listing.ts";
import type { Progress } from "../files/progress.ts";
import type { Texts } from "../files/texts.ts";

export interface ModelFiles {
  readonly dtype: string;
  /** Commit hash on the hub; SHA-256 of the weights file where there is no commit. */
  readonly revision: string;
  readonly model: Uint8Array<ArrayBuffer>;
  /** External data, by the file names that the model refers to. */
  readonly data: readonly { readonly path: string; readonly data: Uint8Array<ArrayBuffer> }[];
  readonly texts: Texts;
  readonly bytes: number;
}

export interface FileOptions extends ListOptions {
  readonly shaderF16: boolean;
}

/** What there is and what of it will be loaded; asks for a list at most. */
export async function chooseModel(request: ModelRequest, options: FileOptions, signal: AbortSignal): Promise<{ listing: Listing; chosen: Chosen; bytes: number }> {
  const listing = await listModel(request, options, signal);
  const chosen = chooseFiles(listing, request, options.shaderF16);
  return { listing, chosen, bytes: wanted(chosen).reduce((n, file) => n + file.bytes, 0) };
}

function texts(chosen: Chosen): ListedFile[] {
  const { config, tokenizer, tokenizerConfig, generationConfig, chatTemplate } = chosen;
  return [config, tokenizer, tokenizerConfig, generationConfig, chatTemplate].filter((file) => file !== null);
}

function wanted(chosen: Chosen): ListedFile[] {
  return [...texts(chosen), chosen.model, ...chosen.data];
}

/** Downloads and verifies the chosen files. */
export async function loadFiles(listing: Listing, chosen: Chosen, progress: Progress, signal: AbortSignal, options: FetchOptions = {}): Promise<ModelFiles> {
  const verified = await fetchFiles(listing, wanted(chosen), progress, signal, options);
  const decoder = new TextDecoder();
  const small = new Map<string, string>();
  for (const { path } of texts(chosen)) small.set(path, decoder.decode(await verified.get(path)));
  const model = await verified.get(chosen.model.path);
  const data: { path: string; data: Uint8Array<ArrayBuffer> }[] = [];
  for (const { path } of chosen.data) data.push({ path: path.slice(path.lastIndexOf("/") + 1), data: await verified.get(path) });
  return {
    dtype: chosen.dtype,
    revision: listing.commit ?? (chosen.model.digest?.algorithm === "sha256" ? chosen.model.digest.hex : await hash("sha256", model)),
    model,
    data,
    texts: small,
    bytes: verified.bytes,
  };
}
