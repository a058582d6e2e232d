/**
 * The house rules, as a function of a file's path and text. The one rule:
 * `probes ← workers ← src ← e2e`; `models` and `tools` are Node's side.
 */
import { posix } from "node:path";
import { inspect } from "./source.ts";
import { randomUses } from "./no-random.ts";

/** What each folder may import from, besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  probes: [],
  workers: ["probes"],
  src: ["probes", "workers"],
  models: ["probes", "workers"],
  tools: ["probes", "workers", "models"],
  e2e: ["probes", "workers", "src", "models", "tools"],
};

/** Packages that a folder may import; folders that are not named may import any. */
const packages: Readonly<Record<string, readonly string[]>> = {
  probes: ["umap-js"],
  workers: ["@huggingface/transformers", "@jax-js/jax", "@mlc-ai/web-llm", "comlink", "onnxruntime-common", "onnxruntime-web"],
  src: ["chart.js", "comlink", "lit"],
};

interface Ban {
  readonly folders: readonly string[];
  readonly pattern: RegExp;
  readonly instead: string;
}

const bans: readonly Ban[] = [
  {
    folders: ["probes"],
    pattern: /\b(?:document|window|navigator|performance|localStorage|sessionStorage|indexedDB|postMessage|XMLHttpRequest|WebSocket|Worker|GPUDevice)\b(?=\s*[.(?[])|(?<![.\w])fetch\s*\(|\bnew\s+(?:Date|XMLHttpRequest|WebSocket|Worker)\b|\bDate\s*\.\s*now\b|\bsetTimeout\s*\(|\bsetInterval\s*\(|\bimport\.meta\b/g,
    instead: "a function of its arguments alone",
  },
  {
    folders: ["workers", "src"],
    pattern: /\b(?:inner|outer)HTML\b|\bunsafe(?:HTML|SVG|Static)\b|\binsertAdjacentHTML\b|\bdocument\s*\.\s*write\b|(?<![.\w])eval\s*\(|\bnew\s+Function\b/g,
    instead: "a Lit template",
  },
  {
    folders: ["probes", "workers", "src"],
    // Our own server, the hub and WebLLM's libraries on GitHub are all that the page's policy lets through.
    pattern: /\b(?:cdn\.[\w.]+|unpkg\.com|jsdelivr\.net|esm\.sh|googleapis\.com|gstatic\.com|google-analytics\.com|googletagmanager\.com|hf-mirror\.com)/g,
    instead: "no host but our own, huggingface.co and GitHub's for WebLLM's libraries",
  },
];

/** Tests, and what helps them: they may look to Node's side for weights and files. */
export function isTest(file: string): boolean {
  return /\.test(-support)?\.ts$/.test(file);
}

/** `package/part` → `package`, `@scope/package/part` → `@scope/package`. */
function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Breaches of the rules in one file, a line each, in the house's words for errors. */
export function breaches(file: string, text: string): string[] {
  const folder = file.split("/", 1)[0] ?? "";
  const allowed = mayImport[folder];
  if (allowed === undefined) return [];
  const source = inspect(file, text);
  const found: string[] = [];
  const say = (line: number, expected: string, got: string): number => found.push(`${file}:${line}: expected ${expected}, got ${got}`);

  for (const { from, typeOnly, line } of source.imports) {
    if (from.startsWith(".")) {
      const target = posix.join(posix.dirname(file), from);
      const other = target.split("/", 1)[0] ?? "";
      const nodeSide = other === "models" || other === "tools";
      // Files at the root, such as vite.config.ts, are for the onlookers alone.
      if (folder === "e2e" && !target.includes("/")) continue;
      if (other === folder || allowed.includes(other)) continue;
      if (other === "node_modules" && isTest(file)) continue;
      if (nodeSide && (typeOnly || isTest(file))) continue;
      say(line, `${folder}/ to import from ${[folder, ...allowed].join(", ")}`, from);
    } else {
      const list = packages[folder];
      if (list === undefined || isTest(file) || list.includes(packageName(from))) continue;
      say(line, `${folder}/ to import ${list.join(", ")} and nothing else`, from);
    }
  }
  if (isTest(file)) return found;
  for (const { folders, pattern, instead } of bans) {
    if (!folders.includes(folder)) continue;
    for (const { text: got, line } of source.find(pattern)) say(line, instead, got.trim());
  }
  if (["probes", "workers", "src"].includes(folder)) for (const use of randomUses(file, text)) found.push(`${use}: expected seeded numbers, got Math.random`);
  if (["probes", "workers"].includes(folder) && !source.documented) say(1, "a doc comment on top", "none");
  return found;
}
