/**
 * What `npm start` and `npm test` need before anything else: a new enough
 * Node, installed packages, and a build that is not older than its sources.
 * Node alone, since nothing is installed yet.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));

/** @param {string} [version] */
export function nodeIsTooOld(version = process.versions.node) {
  return Number(version.split(".", 1)[0]) < 20;
}

export function requireNode() {
  if (!nodeIsTooOld()) return;
  console.error(`node: expected version 20 or newer, got ${process.versions.node}; install one from https://nodejs.org`);
  process.exit(1);
}

/** `Path` on Windows. */
const pathName = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";

/**
 * Runs a command in the repository.
 *
 * @param {string} command  `npm`, or `node` for the Node that runs this
 * @param {readonly string[]} args
 * @param {{ quiet?: boolean, env?: Record<string, string>, minutes?: number }} [options]
 *   quiet keeps the output for the caller in place of showing it
 * @returns {Promise<{ code: number, output: string }>}
 */
export function run(command, args, { quiet = false, env = {}, minutes = 0 } = {}) {
  return new Promise((done) => {
    const windows = process.platform === "win32";
    const child = spawn(command === "node" ? process.execPath : command, args, {
      cwd: root,
      env: { ...process.env, [pathName]: `${join(root, "node_modules", ".bin")}${delimiter}${process.env[pathName] ?? ""}`, PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD: "1", ...env },
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
      // npm is a .cmd file on Windows, which only a shell starts.
      shell: windows && command === "npm",
      // A group of its own, so that a time limit ends browsers and servers too.
      detached: minutes > 0 && !windows,
    });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => (output += text));
    child.stderr?.setEncoding("utf8").on("data", (text) => (output += text));
    const stop = () => {
      try {
        if (windows || minutes === 0) child.kill("SIGKILL");
        else process.kill(-(/** @type {number} */ (child.pid)), "SIGKILL");
      } catch {
        // It ended by itself.
      }
    };
    const timer = minutes > 0 ? setTimeout(() => { output += `\n${args[0]}: expected an end within ${minutes} minutes, got none; it was stopped\n`; stop(); }, minutes * 60_000) : undefined;
    const interrupt = () => { stop(); process.exit(130); };
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    const end = (/** @type {number} */ code) => {
      clearTimeout(timer);
      process.off("SIGINT", interrupt);
      process.off("SIGTERM", interrupt);
      done({ code, output });
    };
    child.once("error", (error) => { output += `${command}: ${error.message}\n`; if (!quiet) console.error(`${command}: ${error.message}`); end(127); });
    child.once("close", (code) => end(code ?? 1));
  });
}

/** A program of an installed package, by the JavaScript file that its package.json names. */
export function program(/** @type {string} */ name, /** @type {string} */ bin = name) {
  const folder = join(root, "node_modules", name);
  const entry = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).bin;
  return join(folder, typeof entry === "string" ? entry : entry[bin]);
}

/** Installs what package-lock.json lists, unless it is there already. */
export async function install() {
  const lock = join(root, "package-lock.json");
  const installed = join(root, "node_modules", ".package-lock.json");
  const stamp = join(root, "node_modules", ".geodesic-lock");
  const wanted = createHash("sha256").update(readFileSync(lock)).digest("hex");
  if (existsSync(installed)) {
    // The stamp is ours; where somebody ran npm by hand, npm's own file is at least as new as the lock.
    const fits = existsSync(stamp) ? readFileSync(stamp, "utf8") === wanted : false;
    if (fits) return;
    if (statSync(installed).mtimeMs >= statSync(lock).mtimeMs) {
      writeFileSync(stamp, wanted);
      return;
    }
  }
  console.log("installing packages (npm ci) …");
  const { code } = await run("npm", ["ci", "--no-audit", "--no-fund"]);
  if (code !== 0) {
    console.error(`npm ci: expected exit code 0, got ${code}; check the network and try again`);
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

/** When the newest file below a path was changed, in ms since 1970; 0 where there is none. @returns {number} */
function newest(/** @type {string} */ path) {
  if (!existsSync(path)) return 0;
  const found = statSync(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const names = readdirSync(path).filter((name) => !/\.test(-support)?\.ts$|^__pycache__$/.test(name));
  return Math.max(0, ...names.map((name) => newest(join(path, name))));
}

/** True where dist/ is missing or older than what it is built from. */
export function buildIsOld() {
  const built = join(root, "dist", "index.html");
  if (!existsSync(built)) return true;
  const sources = ["probes", "workers", "src", "models", "tools", "index.html", "vite.config.ts", "tsconfig.json", "package-lock.json"];
  const at = statSync(built).mtimeMs;
  return sources.some((source) => newest(join(root, source)) > at);
}

/** Prepares build/public and builds dist/. @param {{ quiet?: boolean, minutes?: number }} [options] */
export async function build(options = {}) {
  const prepared = await run("node", [program("tsx"), "tools/prepare.ts"], options);
  if (prepared.code !== 0) return prepared;
  const built = await run("node", [program("vite"), "build", "--logLevel", "warn"], options);
  return { code: built.code, output: prepared.output + built.output };
}

/** A Python that has torch, or null. Debian's own first: another one on the PATH seldom has it. */
export async function pythonWithTorch() {
  for (const python of ["/usr/bin/python3", "python3"]) {
    if (python.startsWith("/") && !existsSync(python)) continue;
    if ((await run(python, ["-c", "import torch"], { quiet: true, minutes: 2 })).code === 0) return python;
  }
  return null;
}
