/** Requests whose failures are told in plain words, and told apart: those that may pass, and those that will not. */
import { AbortError, EngineError } from "../engine.ts";
import type { Fetch } from "./listing.ts";

/** What may go better another time: no answer, a broken connection, a server that is busy. */
export class PassingError extends EngineError {
  constructor(
    message: string,
    /** How long the server asks us to wait, ms; null where it does not say. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }
}

/** Too early, too many, and what gateways answer while the server behind them is away. */
const passing: readonly number[] = [408, 425, 429, 500, 502, 503, 504];

/**
 * @param where  who asks, for example `hub`
 * @param init   for example a range; the signal is put in here
 * @throws PassingError where another try may help, EngineError where it will not, AbortError where it was stopped
 */
export async function request(fetcher: Fetch, where: string, url: string, signal: AbortSignal, init: RequestInit = {}): Promise<Response> {
  const host = new URL(url).host;
  let response: Response;
  try {
    response = await fetcher(url, { ...init, signal });
  } catch {
    if (signal.aborted) throw new AbortError("load: stopped");
    const advice = where === "hub" ? "check the connection or drop a local folder" : "check the connection and reload the page";
    throw new PassingError(`${where}: expected an answer from ${host}, got none; ${advice}`);
  }
  if (response.ok) return response;
  void response.body?.cancel().catch(() => undefined);
  const message = `${where}: expected ${url}, got ${reason(response.status)}`;
  throw passing.includes(response.status) ? new PassingError(message, retryAfter(response.headers.get("retry-after"))) : new RefusedError(message, response.status);
}

/** An answer that will be the same another time. */
export class RefusedError extends EngineError {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** What came, or lies in the cache, is not the file that was listed: it is of no use. */
export class ChangedError extends EngineError {}

/** `Retry-After` in ms: seconds, or a date. RFC 9110, 10.2.3. */
export function retryAfter(header: string | null, now: number = Date.now()): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function reason(status: number): string {
  if (status === 401 || status === 403) return `${status}, access denied; choose a public model, or download this one and drop its folder`;
  if (status === 404) return "404, not found; check the name and the revision";
  if (status === 429) return "429, too many requests; wait a minute and try again";
  return `status ${status}; try again later`;
}

/**
 * The JSON of an answer, as unknown.
 *
 * @throws PassingError where the connection breaks off in the midst of it, EngineError where it is no JSON
 */
export async function json(response: Response, where: string): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw new PassingError(`${where}: expected a whole answer from ${response.url || "the server"}, got a part of it; check the connection and try again`);
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
