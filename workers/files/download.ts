/** Reads a few listed files into memory. Not a byte is used before its hash is right. */
import { fetchFiles, type FetchOptions } from "./fetch-files.ts";
import type { ListedFile, Listing } from "./listing.ts";
import type { Progress } from "./progress.ts";

/**
 * @returns the bytes of each file, in the order asked for
 * @throws as `fetchFiles`
 */
export async function download(listing: Listing, files: readonly ListedFile[], progress: Progress, signal: AbortSignal, options: FetchOptions = {}): Promise<Uint8Array<ArrayBuffer>[]> {
  const verified = await fetchFiles(listing, files, progress, signal, options);
  const all: Uint8Array<ArrayBuffer>[] = [];
  for (const { path } of files) all.push(await verified.get(path));
  return all;
}
