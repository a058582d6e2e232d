/**
 * The response headers of every Geodesic server, and the policy that the built
 * page also carries as a meta tag for hosts that cannot set headers.
 *
 * Plain JavaScript, since `serve.mjs` runs before anything is installed.
 */

/** Model files come from the hub, on a click only; everything else is our own. */
const hub = ["https://huggingface.co", "https://*.huggingface.co", "https://*.hf.co"];
/** WebLLM's stock model libraries: what they hash to, and their bytes. On a click as well. */
const libraries = ["https://api.github.com", "https://raw.githubusercontent.com"];

/** @type {Record<string, string[]>} */
const policy = {
  "default-src": ["'none'"],
  // onnxruntime-web compiles WebAssembly; no other code is made at run time.
  "script-src": ["'self'", "'wasm-unsafe-eval'"],
  "worker-src": ["'self'"],
  "connect-src": ["'self'", ...hub, ...libraries],
  // Lit adopts style sheets and Chart.js sets styles through the CSSOM; neither needs 'unsafe-inline'.
  "style-src": ["'self'"],
  "img-src": ["'self'", "data:", "blob:"],
  "font-src": ["'self'"],
  "base-uri": ["'none'"],
  "form-action": ["'none'"],
};

const text = Object.entries(policy).map(([directive, sources]) => `${directive} ${sources.join(" ")}`).join("; ");

/** For `<meta http-equiv="Content-Security-Policy">`; `frame-ancestors` works in a header only. */
export const metaPolicy = text;

export const headers = {
  "Content-Security-Policy": `${text}; frame-ancestors 'none'`,
  // Together these make the page cross-origin isolated, which WebAssembly threads need.
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
  "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
};
