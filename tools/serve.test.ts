/** The server gives out its folder with the right types and headers, and nothing else. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { headers } from "./security.mjs";
import { serve, type Served } from "./serve.mjs";

let folder: string;
let served: Served;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "geodesic-serve-"));
  const dist = join(folder, "dist");
  await mkdir(join(dist, "assets"), { recursive: true });
  await writeFile(join(folder, "secret.txt"), "secret");
  await mkdir(join(folder, "dist-other"));
  await writeFile(join(folder, "dist-other", "secret.txt"), "secret");
  await writeFile(join(dist, "index.html"), "<!doctype html>");
  await writeFile(join(dist, ".hidden"), "secret");
  for (const name of ["a.js", "b.mjs", "c.wasm", "d.json", "e.svg", "f.onnx"]) await writeFile(join(dist, "assets", name), name);
  await symlink(join(folder, "secret.txt"), join(dist, "link.txt")).catch(() => undefined);
  served = await serve({ root: dist });
});

afterAll(async () => {
  await served.close();
  await rm(folder, { recursive: true });
});

/** A request whose path no client has tidied up; returns the whole answer. */
async function raw(path: string): Promise<string> {
  const socket = connect(Number(new URL(served.url).port), "127.0.0.1");
  // Not end(): the server drops a client that stops talking before it has answered.
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  let answer = "";
  for await (const part of socket) answer += String(part);
  return answer;
}

test("types", async () => {
  const expected = { "": "text/html", "assets/a.js": "text/javascript", "assets/b.mjs": "text/javascript", "assets/c.wasm": "application/wasm", "assets/d.json": "application/json", "assets/e.svg": "image/svg+xml", "assets/f.onnx": "application/octet-stream" };
  for (const [path, type] of Object.entries(expected)) {
    const response = await fetch(served.url + path);
    expect([path, response.status, response.headers.get("content-type")?.split(";")[0]]).toEqual([path, 200, type]);
  }
});

test("headers on pages, files and refusals alike", async () => {
  for (const path of ["", "assets/a.js", "nothing"]) {
    const response = await fetch(served.url + path);
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name)).toBe(value);
  }
});

test("hashed files are kept, others asked for again", async () => {
  expect((await fetch(`${served.url}assets/a.js`)).headers.get("cache-control")).toContain("immutable");
  const page = await fetch(served.url);
  expect(page.headers.get("cache-control")).toBe("no-cache");
  const again = await fetch(served.url, { headers: { "If-None-Match": page.headers.get("etag") ?? "" } });
  expect(again.status).toBe(304);
});

test("HEAD has no body, other methods are refused", async () => {
  const head = await fetch(served.url, { method: "HEAD" });
  expect([head.status, await head.text(), head.headers.get("content-length")]).toEqual([200, "", "15"]);
  expect((await fetch(served.url, { method: "POST", body: "x" })).status).toBe(405);
});

test("no way out of the folder", async () => {
  const paths = [
    "/../secret.txt",
    "/assets/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/%2e%2e%2fdist-other/secret.txt",
    "/..\\secret.txt",
    "//etc/passwd",
    "/link.txt",
    "/.hidden",
    "/assets",
    "/%00",
    "/%E0%A4%A",
    "secret.txt",
  ];
  for (const path of paths) {
    const answer = await raw(path);
    expect([path, answer.slice(0, 12)]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 40[04]$/)]);
    expect(answer).not.toContain("secret\r\n");
    expect(answer.endsWith("secret")).toBe(false);
  }
});

test("a folder without a page is an error that says what to do", async () => {
  await expect(serve({ root: join(folder, "none") })).rejects.toThrow(/npm run build/);
});

test("a port in use is an error that says what to do", async () => {
  await expect(serve({ root: join(folder, "dist"), port: Number(new URL(served.url).port) })).rejects.toThrow(/--port/);
});
