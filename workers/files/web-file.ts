/** A file that a server holds: read from its beginning, or from where an earlier download broke off. */
import type { Fetch, ListedFile } from "./listing.ts";
import { body, ChangedError, RefusedError, request } from "./request.ts";

/**
 * @param where   who asks, for messages
 * @param keep    false keeps the file out of the browser's HTTP cache, where it would take its room a second time
 */
export function webFile(fetcher: Fetch, where: string, file: Pick<ListedFile, "path" | "bytes" | "digest"> & { readonly url: string }, keep: boolean): ListedFile {
  const { url, path, bytes } = file;
  const init: RequestInit = keep ? {} : { cache: "no-store" };
  const open = async (signal: AbortSignal): Promise<ReadableStream<Uint8Array>> => body(await request(fetcher, where, url, signal, init), where);
  return {
    ...file,
    open,
    resume: async (signal, from) => {
      // A plain range from a position on needs no CORS preflight (Fetch standard), and is never compressed on its way.
      let response: Response;
      try {
        response = await request(fetcher, where, url, signal, { ...init, headers: { range: `bytes=${from}-` } });
      } catch (error) {
        // 416: there is nothing so far on, says the server. The whole file will tell.
        if (error instanceof RefusedError && error.status === 416) return { start: 0, stream: await open(signal) };
        throw error;
      }
      if (response.status !== 206) return { start: 0, stream: body(response, where) };
      // Servers may hide this header from other origins; then 206 itself says that the range was kept, and the hash has the last word.
      const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? `bytes ${from}-${bytes - 1}/*`);
      const total = range?.[2] ?? "*";
      if (total !== "*" && Number(total) !== bytes) {
        await response.body?.cancel().catch(() => undefined);
        throw new ChangedError(`${where}: expected ${bytes} bytes of ${path}, got a file of ${total}; it was changed on the server, load the model again`);
      }
      if (!range || Number(range[1]) !== from) {
        await response.body?.cancel().catch(() => undefined);
        return { start: 0, stream: await open(signal) };
      }
      return { start: from, stream: body(response, where) };
    },
  };
}
