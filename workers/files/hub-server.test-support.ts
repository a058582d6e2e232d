/**
 * A server on this machine that answers as the hub and GitHub do: lists of
 * files, redirects to a place for large files, ranges. It can be told to
 * misbehave. `fetch` sends there what is meant for the real hosts.
 */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Fetch } from "./listing.ts";

export const commit = "0123456789abcdef0123456789abcdef01234567";

export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
export const gitBlob = (bytes: Uint8Array): string => createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");

export interface Asked {
  readonly path: string;
  readonly range: string | null;
}

/** Answers one request in place of the server; true where it did. */
export type Instead = (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean | Promise<boolean>;

export class HubServer {
  readonly asked: Asked[] = [];
  /** Requests for files that were being answered at the same time, at most. */
  busiest = 0;
  /** false: answers 200 with the whole file, whatever range is asked for. */
  ranges = true;
  private busy = 0;
  private readonly instead: { readonly end: string; readonly answer: Instead }[] = [];

  private constructor(
    private readonly server: Server,
    readonly id: string,
    readonly files: ReadonlyMap<string, Uint8Array>,
  ) {}

  static async start(id: string, files: ReadonlyMap<string, Uint8Array>): Promise<HubServer> {
    const server = createServer();
    const hub = new HubServer(server, id, files);
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      hub.answer(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return hub;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  readonly fetch: Fetch = (url, init) => fetch(url.replace(/^https:\/\/(huggingface\.co|api\.github\.com|raw\.githubusercontent\.com)\//, `${this.url}/`), init);

  /** Does something else, once for each call, where a path ends so. */
  once(end: string, answer: Instead): void {
    this.instead.push({ end, answer });
  }

  /** Files asked for, not lists. */
  get downloads(): Asked[] {
    return this.asked.filter(({ path }) => path.startsWith("/cdn/"));
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
    this.asked.push({ path, range: request.headers.range ?? null });
    const file = /^\/cdn\/(.+)$/.exec(path)?.[1];
    const bytes = Buffer.from(this.files.get(file ?? "") ?? []);
    const at = this.instead.findIndex(({ end }) => path.endsWith(end));
    if (at >= 0 && (await this.instead.splice(at, 1)[0]!.answer(request, response, bytes))) return;
    if (path === `/api/models/${this.id}/revision/main`) return json(response, { id: this.id, sha: commit, gated: false, cardData: { license: "apache-2.0" } });
    if (path === `/api/models/${this.id}/tree/${commit}`) return json(response, tree(this.files));
    const resolved = path.split(`/${this.id}/resolve/${commit}/`)[1];
    // Large files are elsewhere, as on the hub.
    if (resolved !== undefined && this.files.has(resolved)) return void response.writeHead(302, { location: `${this.url}/cdn/${resolved}` }).end();
    if (file === undefined || !this.files.has(file)) return void response.writeHead(404).end("Not found");
    this.busy++;
    this.busiest = Math.max(this.busiest, this.busy);
    response.on("close", () => this.busy--);
    const from = this.ranges ? start(request) : null;
    if (from === null) return sendSlowly(response.writeHead(200, { "content-length": bytes.length }), bytes);
    if (from >= bytes.length) return void response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    response.writeHead(206, { "content-length": bytes.length - from, "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
    await sendSlowly(response, bytes.subarray(from));
  }
}

export function start(request: IncomingMessage): number | null {
  const from = /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1];
  return from === undefined ? null : Number(from);
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Small files by their git blob, others by SHA-256, as the hub lists them. */
export function tree(files: ReadonlyMap<string, Uint8Array>): object[] {
  return [...files].map(([path, bytes]) => {
    const entry = { type: "file", path, size: bytes.length, oid: gitBlob(bytes) };
    return path.endsWith(".json") ? entry : { ...entry, lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 130 } };
  });
}

/** In pieces, so that several come for each file. */
async function sendSlowly(response: ServerResponse, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; at += 1000) {
    if (response.destroyed) return;
    response.write(bytes.subarray(at, at + 1000));
    await new Promise((resolve) => setImmediate(resolve));
  }
  response.end();
}

/** Sends so many bytes of what was asked for, then breaks the connection. */
export function breakAfter(count: number): Instead {
  return async (request, response, bytes) => {
    const from = start(request) ?? 0;
    response.writeHead(from > 0 ? 206 : 200, { "content-length": bytes.length - from, ...(from > 0 ? { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}) });
    await new Promise((resolve) => response.write(bytes.subarray(from, from + count), resolve));
    // The bytes are on their way before the connection is gone.
    await new Promise((resolve) => setTimeout(resolve, 20));
    response.destroy();
    return true;
  };
}

export function status(code: number, headers: Record<string, string> = {}): Instead {
  return (_, response) => {
    response.writeHead(code, headers).end("no");
    return true;
  };
}

/** A whole answer with these bytes. */
export function send(bytes: Uint8Array, code = 200, headers: Record<string, string> = {}): Instead {
  return (_, response) => {
    response.writeHead(code, { "content-length": bytes.length, ...headers }).end(bytes);
    return true;
  };
}

/** Sends some bytes and then nothing more, for ever. */
export function stallAfter(count: number): Instead {
  return (_, response, bytes) => {
    response.writeHead(200, { "content-length": bytes.length });
    response.write(bytes.subarray(0, count));
    return true;
  };
}
