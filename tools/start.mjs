/**
 * `npm start [-- --port N --no-open]`: installs and builds what is missing,
 * serves the app on this machine and opens it. Ctrl-C stops it.
 */
import { spawn } from "node:child_process";
import { serve } from "./serve.mjs";
import { build, buildIsOld, install, requireNode } from "./setup.mjs";

/** A fixed address, so that what the browser stores for it is found again. */
const usualPort = 4646;

const usage = "usage: npm start -- [--port N] [--no-open]";

/** @param {readonly string[]} args */
function options(args) {
  let port = null;
  let open = true;
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--no-open") open = false;
    else if (args[i] === "--port" && /^\d{1,5}$/.test(args[i + 1] ?? "") && Number(args[i + 1]) < 65536) port = Number(args[++i]);
    else {
      console.error(`start: expected --port N or --no-open, got ${args[i]}\n${usage}`);
      process.exit(2);
    }
  }
  return { port, open };
}

/** The command that opens a browser here, or null where there is no desktop. */
function opener(/** @type {string} */ url) {
  if (process.env["CI"]) return null;
  if (process.platform === "darwin") return ["open", url];
  if (process.platform === "win32") return ["cmd", "/c", "start", "", url];
  return process.env["DISPLAY"] || process.env["WAYLAND_DISPLAY"] ? ["xdg-open", url] : null;
}

const { port, open } = options(process.argv.slice(2));
requireNode();
await install();
if (buildIsOld()) {
  console.log("building …");
  const { code } = await build();
  if (code !== 0) process.exit(1);
}
try {
  // The usual port where it is free; a port that was asked for, or an error.
  const served = port === null ? await serve({ port: usualPort }).catch(() => serve()) : await serve({ port });
  console.log(`Geodesic is at ${served.url} (Ctrl-C stops it)`);
  const command = open ? opener(served.url) : null;
  if (command) spawn(command[0] ?? "", command.slice(1), { stdio: "ignore", detached: true }).on("error", () => {}).unref();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void served.close().then(() => process.exit(0)));
} catch (error) {
  console.error(/** @type {Error} */ (error).message);
  process.exitCode = 1;
}
