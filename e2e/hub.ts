/** A stand-in for huggingface.co: it answers as the hub does, from files in memory, and can be told to misbehave. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BrowserContext, Route } from "@playwright/test";

export const hubOrigin = "https://huggingface.co";
export const commit = "0123456789abcdef0123456789abcdef01234567";

export type Files = ReadonlyMap<string, Buffer>;

/** The embedded model's files as the page is served with them, but for MLC's. */
export async function nanoFiles(home: string): Promise<Files> {
  return new Map([...(await allFiles(home))].filter(([path]) => !path.startsWith("mlc-")));
}

async function allFiles(home: string): Promise<Files> {
  const folder = `${home}models/nano/`;
  const list = (await (await fetch(`${folder}files.json`)).json()) as readonly { readonly path: string }[];
  return new Map(await Promise.all(list.map(async ({ path }) => [path, Buffer.from(await (await fetch(folder + path)).arrayBuffer())] as const)));
}

/** Its weights in MLC's format, as a repository of their own holds them. */
export async function nanoMlcFiles(home: string, quantization: "q0f32" | "q4f32_1" = "q0f32"): Promise<Files> {
  const prefix = `mlc-${quantization}/`;
  return new Map([...(await allFiles(home))].flatMap(([path, bytes]) => (path.startsWith(prefix) ? [[path.slice(prefix.length), bytes] as const] : [])));
}

export class FakeHub {
  readonly asked: string[] = [];
  /** Does something else than answering, where the path ends so. */
  readonly instead = new Map<string, (route: Route) => Promise<void>>();

  constructor(
    readonly id: string,
    readonly files: Files,
  ) {}

  async listen(context: BrowserContext): Promise<void> {
    await context.route(`${hubOrigin}/**`, (route) => this.answer(route));
  }

  private async answer(route: Route): Promise<void> {
    const path = decodeURIComponent(new URL(route.request().url()).pathname);
    this.asked.push(path);
    const other = [...this.instead].find(([end]) => path.endsWith(end));
    if (other) return other[1](route);
    if (["main", commit].some((revision) => path === `/api/models/${this.id}/revision/${revision}`)) return send(route, JSON.stringify({ id: this.id, sha: commit }), "application/json");
    if (path === `/api/models/${this.id}/tree/${commit}`) return send(route, JSON.stringify(this.tree()), "application/json");
    const file = this.files.get(path.replace(`/${this.id}/resolve/${commit}/`, ""));
    if (!file) return route.fulfill({ status: 404, headers: shared, body: "Not found" });
    const from = /^bytes=(\d+)-$/.exec(route.request().headers()["range"] ?? "")?.[1];
    return from === undefined ? send(route, file) : sendFrom(route, file, Number(from));
  }

  /** Large files by the SHA-256 of their content, small ones by the id of their git blob, as the hub lists them. */
  private tree(): object[] {
    return [...this.files].map(([path, bytes]) => {
      const blob = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
      const entry = { type: "file", path, size: bytes.length, oid: blob };
      return /\.(onnx|bin)$/.test(path) ? { ...entry, lfs: { oid: createHash("sha256").update(bytes).digest("hex"), size: bytes.length, pointerSize: 130 } } : entry;
    });
  }
}

const shared = { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" };

export async function send(route: Route, body: string | Buffer, contentType = "application/octet-stream"): Promise<void> {
  // A request that the page has given up can no longer be answered.
  await route.fulfill({ status: 200, headers: shared, contentType, body }).catch(() => undefined);
}

/** The rest of a file, as a server that knows ranges sends it. */
async function sendFrom(route: Route, file: Buffer, from: number): Promise<void> {
  await route.fulfill({ status: 206, headers: { ...shared, "content-range": `bytes ${from}-${file.length - 1}/${file.length}` }, body: file.subarray(from) }).catch(() => undefined);
}

export function status(code: number): (route: Route) => Promise<void> {
  return (route) => route.fulfill({ status: code, headers: shared, body: "no" });
}

/** Writes files into a folder, as a downloaded model lies on a disk. */
export async function writeFolder(folder: string, files: Files): Promise<string> {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
}
