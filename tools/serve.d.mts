/** Types of `serve.mjs`. */
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Served {
  /** With a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}
export function locate(root: string, target: string): Promise<{ file: string; size: number; mtimeMs: number } | null>;
export function handler(root: string): (request: IncomingMessage, response: ServerResponse) => Promise<unknown>;
export function serve(options?: { root?: string; port?: number }): Promise<Served>;
