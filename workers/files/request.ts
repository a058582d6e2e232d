import { AbortError, EngineError } from "../engine.ts";
import type { Fetch } from "./listing.ts";

/**
 * A request whose failures are told in plain words.
 *
 * @param where  who asks, for example `hub`
 */
export async function request(fetcher: Fetch, where: string, url: string, signal: AbortSignal): Promise<Response> {
  const host = new URL(url).host;
  let response: Response;
  try {
    response = await fetcher(url, { signal });
  } catch {
    if (signal.aborted) throw new AbortError("load: stopped");
    const advice = where === "hub" ? "check the connection or drop a local folder" : "check the connection and reload the page";
    throw new EngineError(`${where}: expected an answer from ${host}, got none; ${advice}`);
  }
  if (response.ok) return response;
  throw new EngineError(`${where}: expected ${url}, got ${reason(response.status)}`);
}

function reason(status: number): string {
  if (status === 401 || status === 403) return `${status}, access denied; choose a public model, or download this one and drop its folder`;
  if (status === 404) return "404, not found; check the name and the revision";
  if (status === 429) return "429, too many requests; wait a minute and try again";
  return `status ${status}; try again later`;
}

/** The JSON of an answer, as unknown. */
export async function json(response: Response, where: string): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    throw new EngineError(`${where}: expected JSON from ${response.url || "the server"}, got something else; try again later`);
  }
}

/** The bytes of an answer as a stream. */
export function body(response: Response, where: string): ReadableStream<Uint8Array> {
  if (!response.body) throw new EngineError(`${where}: expected a file from ${response.url}, got an empty answer; try again`);
  return response.body;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
