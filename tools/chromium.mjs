/** Finds a Chromium for the tests and benches, and says how it is started. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const { env, platform } = process;

function onPath(/** @type {string} */ name) {
  for (const folder of (env["PATH"] ?? "").split(delimiter)) {
    if (folder && existsSync(join(folder, name))) return join(folder, name);
  }
  return null;
}

function standardPaths() {
  if (platform === "darwin") {
    return ["Google Chrome", "Chromium", "Microsoft Edge"].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
  }
  if (platform === "win32") {
    return [env["PROGRAMFILES"], env["PROGRAMFILES(X86)"], env["LOCALAPPDATA"]]
      .filter((folder) => folder !== undefined)
      .flatMap((folder) => [join(folder, "Google", "Chrome", "Application", "chrome.exe"), join(folder, "Microsoft", "Edge", "Application", "msedge.exe")]);
  }
  return ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(onPath).filter((path) => path !== null);
}

/** The one that `npx playwright install chromium` put into its cache. */
function playwrightsOwn() {
  try {
    const path = createRequire(import.meta.url)("playwright").chromium.executablePath();
    return path && existsSync(path) ? path : null;
  } catch {
    return null;
  }
}

/** Path of a Chromium, or null where there is none. @returns {string | null} */
export function findChromium() {
  const named = env["GEODESIC_CHROMIUM"];
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`GEODESIC_CHROMIUM: expected the path of a browser, got ${named}, where there is none; correct it or unset it`);
  }
  return standardPaths().find((path) => existsSync(path)) ?? playwrightsOwn();
}

export const howToGetChromium = "chromium: expected a browser, got none; run `npx playwright install chromium`, install Chrome, or set GEODESIC_CHROMIUM to its path";

/** The browser itself asks nobody anything, and other hosts do not exist for it. */
export const quietArgs = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-default-apps",
  "--disable-domain-reliability",
  "--disable-sync",
  "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
  "--metrics-recording-only",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/**
 * WebGPU on the processor: right, and slow; never a measure of speed.
 *
 * Workgroup memory is set to zero by the shader itself, as on most GPUs: SwiftShader's
 * own way takes a store for each word, and seconds to compile a kernel that has a tile.
 */
export const webgpuArgs = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--ignore-gpu-blocklist",
  "--disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension",
];
