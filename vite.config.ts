/** How the app is built: one page, module workers, no inline code, everything served by ourselves. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defaultClientConditions, defineConfig, type Plugin } from "vite";
import { noRandom } from "./tools/no-random.ts";
import { headers, metaPolicy } from "./tools/security.mjs";
import { handler } from "./tools/serve.mjs";

const root = fileURLToPath(new URL(".", import.meta.url));
const publicFolder = `${root}build/public`;

/** SHA-256 of each embedded model's files.json, as tools/prepare.ts left them. */
function manifests(): unknown {
  try {
    return JSON.parse(readFileSync(`${root}build/manifests.json`, "utf8"));
  } catch (error) {
    throw new Error(`vite: expected build/manifests.json, got ${(error as Error).message}; run \`npm run build\` or \`npm run dev\`, which prepare it`, { cause: error });
  }
}

/** The policy as a meta tag, first in the head, for static hosts that set no headers. */
function securityTag(): Plugin {
  return {
    name: "geodesic-security",
    transformIndexHtml: () => [{ tag: "meta", attrs: { "http-equiv": "Content-Security-Policy", content: metaPolicy }, injectTo: "head-prepend" }],
  };
}

/** In development Vite would refuse onnxruntime's import of a module from the public folder; serve it as it is. */
function runtimeFiles(): Plugin {
  const respond = handler(publicFolder);
  return {
    name: "geodesic-runtime-files",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith("/ort/")) void respond(request, response);
        else next();
      });
    },
  };
}

export default defineConfig({
  root,
  // Relative, so that the app also works in a folder of a host.
  base: "./",
  publicDir: publicFolder,
  define: { __MODEL_MANIFESTS__: JSON.stringify(manifests()) },
  plugins: [noRandom(root), securityTag(), runtimeFiles()],
  resolve: {
    // onnxruntime-web without its WebAssembly inside: it comes from /ort/, one binary per device.
    conditions: ["onnxruntime-web-use-extern-wasm", ...defaultClientConditions],
    dedupe: ["onnxruntime-web", "onnxruntime-common"],
  },
  worker: { format: "es" },
  // Only workers import these; found late, they would reload the page in development.
  optimizeDeps: { include: ["@huggingface/transformers", "onnxruntime-web/webgpu", "umap-js"] },
  build: {
    target: "es2022",
    // The polyfill would be an inline script.
    modulePreload: { polyfill: false },
    // Inlined files would become data: URLs.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 700,
    // Building the worker is most of the work, and Rolldown would say so each time.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
  server: { headers },
  preview: { headers },
});
