/**
 * Fills `build/public`, which Vite copies into the app as it is: the binaries
 * of onnxruntime-web and the embedded models. What is up to date is left alone.
 *
 * `build/manifests.json` then holds the SHA-256 of each model's files.json.
 * The build writes these into the code, and with them every byte of the models.
 */
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { PackOptions } from "../models/pack.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const publicFolder = join(root, "build", "public");
export const manifestsFile = join(root, "build", "manifests.json");

/** What is shipped with the app, by the name of its folder: which folder under models/ it is packed from, and how. */
const embedded: Readonly<Record<string, { readonly from: string; readonly options?: PackOptions }>> = {
  nano: { from: "nano" },
  // The null model of every measure: the same shapes before training, for one engine.
  "nano-untrained": { from: "nano", options: { untrained: true, dtypes: ["fp32"], mlc: [] } },
};

/** Beside the model, for the page to quote; not part of what the engine loads. */
const records = ["evaluation.json", "rules.json"];

/** Plain for WebAssembly, the others for WebGPU with and without JSPI; see workers/transformers/runtime.ts. */
const runtimeFiles = ["", ".jspi", ".asyncify"].flatMap((kind) => [`ort-wasm-simd-threaded${kind}.mjs`, `ort-wasm-simd-threaded${kind}.wasm`]);

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function textOrNull(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(() => true, () => false);
}

/** Copies a file unless the copy has its size and is not older. */
async function refresh(from: string, to: string): Promise<boolean> {
  const [source, copy] = await Promise.all([stat(from), stat(to).catch(() => null)]);
  if (copy && copy.size === source.size && copy.mtimeMs >= source.mtimeMs) return false;
  await mkdir(dirname(to), { recursive: true });
  await cp(from, to);
  return true;
}

async function runtime(): Promise<string> {
  const folder = dirname(createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"));
  const copied = await Promise.all(runtimeFiles.map((file) => refresh(join(folder, file), join(publicFolder, "ort", file))));
  return `${copied.filter(Boolean).length} of ${copied.length} runtime files copied`;
}

/** Says whether the packed model still fits: its own files, and the code that packs it. */
async function fingerprint(folder: string): Promise<string> {
  const code = ["models", "workers", "workers/reference", "workers/transformers/onnx", "probes"];
  const paths = (await readdir(folder)).filter((name) => !records.includes(name)).map((name) => join(folder, name));
  for (const sources of code) {
    const names = await readdir(join(root, sources)).catch(() => []);
    paths.push(...names.filter((name) => name.endsWith(".ts") && !name.includes(".test")).map((name) => join(root, sources, name)));
  }
  const hash = createHash("sha256");
  for (const path of paths.toSorted()) {
    if ((await stat(path)).isFile()) hash.update(path.slice(root.length)).update(digest(await readFile(path)));
  }
  return hash.digest("hex");
}

/** The weights as they were trained: the float64 reference in the page reads them, for claims about attention. */
async function addWeights(from: string, to: string, packed: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[]): Promise<void> {
  const path = "model.safetensors";
  const bytes = await readFile(join(from, path));
  await cp(join(from, path), join(to, path));
  await writeFile(join(to, "files.json"), `${JSON.stringify([...packed, { path, bytes: bytes.length, sha256: digest(bytes) }], null, 2)}\n`);
}

async function model(name: string): Promise<string> {
  const { from: source = name, options = {} } = embedded[name] ?? {};
  const from = join(root, "models", source);
  const to = join(publicFolder, "models", name);
  const stamp = join(root, "build", `${name}.fingerprint`);
  const wanted = await fingerprint(from);
  let what = "up to date";
  if ((await textOrNull(stamp)) !== wanted || !(await exists(join(to, "files.json")))) {
    // From an empty folder, so that nothing of an older pack is shipped.
    await rm(to, { recursive: true, force: true });
    const { pack } = await import("../models/pack.ts");
    const { files, milliseconds } = await pack(from, to, options);
    if (source === name) await addWeights(from, to, files);
    await writeFile(stamp, wanted);
    what = `${files.length} files packed in ${milliseconds.toFixed(0)} ms`;
  }
  if (source === name) for (const record of records) if (await exists(join(from, record))) await refresh(join(from, record), join(to, record));
  return `${name} ${what}`;
}

/** Brings build/public up to date and returns what was done, in words. */
export async function prepare(): Promise<string> {
  const done = [await runtime()];
  const manifests: Record<string, string> = {};
  for (const name of Object.keys(embedded)) {
    done.push(await model(name));
    manifests[name] = digest(await readFile(join(publicFolder, "models", name, "files.json")));
  }
  await writeFile(manifestsFile, `${JSON.stringify(manifests, null, 2)}\n`);
  return done.join(", ");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  console.log(`prepare: ${await prepare()}`);
}
