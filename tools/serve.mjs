/**
 * `node tools/serve.mjs [--root dist] [--port N]`: serves the built app on
 * 127.0.0.1. Used by `npm start`, the tests and the benches. Node alone.
 */
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { headers } from "./security.mjs";

const host = "127.0.0.1";

/** @type {Record<string, string>} */
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
  ".txt": "text/plain; charset=utf-8",
};

/**
 * The file that a request path names, or null where there is none in `root`.
 *
 * The URL is decoded by hand: `new URL` would fold `..` away, and a request
 * that tries to leave the folder should be refused, not guessed at.
 *
 * @param {string} root
 * @param {string} target  the request line's path, with its query
 */
export async function locate(root, target) {
  let path;
  try {
    path = decodeURIComponent(target.split(/[?#]/, 1)[0] ?? "");
  } catch {
    return null;
  }
  if (!path.startsWith("/") || /[\0\\:]/.test(path) || path.split("/").some((part) => part.startsWith("."))) return null;
  const base = await realpath(resolve(root)).catch(() => null);
  if (base === null) return null;
  try {
    const file = await realpath(join(base, path.endsWith("/") ? `${path}index.html` : path));
    // A link inside the folder must not lead out of it either.
    if (!file.startsWith(base + sep)) return null;
    const { size, mtimeMs, ...kind } = await stat(file).then((s) => ({ size: s.size, mtimeMs: s.mtimeMs, file: s.isFile() }));
    return kind.file ? { file, size, mtimeMs } : null;
  } catch {
    return null;
  }
}

/** @param {string} root */
export function handler(root) {
  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  return async (request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    const refuse = (/** @type {number} */ status, /** @type {string} */ why) => {
      response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" });
      response.end(`${why}\n`);
    };
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.setHeader("Allow", "GET, HEAD");
      return refuse(405, "method not allowed");
    }
    const target = request.url ?? "/";
    const found = await locate(root, target);
    if (!found) return refuse(404, "not found");
    const tag = `"${found.size.toString(36)}-${Math.trunc(found.mtimeMs).toString(36)}"`;
    response.setHeader("ETag", tag);
    // Vite puts a hash of the content into names under assets/; all else is asked for again.
    response.setHeader("Cache-Control", target.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    if (request.headers["if-none-match"] === tag) {
      response.writeHead(304);
      return response.end();
    }
    response.writeHead(200, { "Content-Type": types[extname(found.file)] ?? "application/octet-stream", "Content-Length": found.size });
    if (request.method === "HEAD") return response.end();
    const stream = createReadStream(found.file);
    stream.on("error", () => response.destroy());
    response.on("close", () => stream.destroy());
    stream.pipe(response);
  };
}

/**
 * Starts a server; port 0 takes a free one.
 *
 * @param {{ root?: string, port?: number }} [options]
 */
export async function serve({ root = fileURLToPath(new URL("../dist", import.meta.url)), port = 0 } = {}) {
  if (!(await locate(root, "/"))) throw new Error(`serve: expected ${join(root, "index.html")}, got no such file; run \`npm run build\``);
  const respond = handler(root);
  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy());
  });
  await new Promise((done, fail) => {
    server.once("error", (error) => {
      fail(/** @type {NodeJS.ErrnoException} */ (error).code === "EADDRINUSE" ? new Error(`serve: expected port ${port} to be free, got one in use; give another with --port`) : error);
    });
    server.listen(port, host, () => done(undefined));
  });
  const address = server.address();
  return {
    url: `http://${host}:${typeof address === "object" ? address?.port : port}/`,
    close: () =>
      new Promise((done) => {
        server.close(() => done(undefined));
        server.closeAllConnections();
      }),
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const value = (/** @type {string} */ name) => {
    const at = process.argv.indexOf(`--${name}`);
    return at < 0 ? undefined : process.argv[at + 1];
  };
  const root = value("root");
  try {
    const { url } = await serve({ ...(root === undefined ? {} : { root }), port: Number(value("port") ?? 0) });
    console.log(url);
  } catch (error) {
    console.error(/** @type {Error} */ (error).message);
    process.exitCode = 1;
  }
}
