/**
 * Writes workers/webllm/catalogue.json from the installed WebLLM's own list:
 * `npx tsx tools/catalogue.ts`. The page reads the list without WebLLM itself,
 * which has 6.8 MB. A test compares the two.
 */
import { writeFile } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { AppConfig } from "@mlc-ai/web-llm";
import type { CatalogueFile, CatalogueRow } from "../workers/webllm/catalogue.ts";

const hub = "https://huggingface.co/";
/** WebLLM's ModelType, by number. */
const kinds = ["language", "embedding", "vision"] as const;

/**
 * @param release  WebLLM's version
 * @param prefix   the address that all its libraries begin with
 */
export function catalogueOf({ model_list: models }: AppConfig, release: string, prefix: string): CatalogueFile {
  const rows = models.map((model): CatalogueRow => {
    const { model_id: id, model: repository, model_lib: library, vram_required_MB: memoryMB } = model;
    const kind = kinds[model.model_type ?? 0];
    if (!repository.startsWith(hub)) throw new Error(`catalogue: expected ${id} on ${hub}, got ${repository}`);
    if (!library.startsWith(prefix)) throw new Error(`catalogue: expected the library of ${id} under ${prefix}, got ${library}`);
    if (memoryMB === undefined || kind === undefined) throw new Error(`catalogue: expected memory and a known type for ${id}, got ${memoryMB} and ${model.model_type}`);
    const { model_manifest: manifest } = model as { readonly model_manifest?: string };
    return {
      id,
      repository: repository.slice(hub.length),
      library: library.slice(prefix.length),
      memoryMB,
      contextLength: model.overrides?.context_window_size ?? null,
      bufferBytes: model.buffer_size_required_bytes ?? null,
      kind,
      manifest: manifest !== undefined,
    };
  });
  return { webllm: release, libraries: prefix, models: rows };
}

/** One model a line, so that a new release shows what it changes. */
export function write(file: CatalogueFile): string {
  const rows = file.models.map((row) => `    ${JSON.stringify(row)}`).join(",\n");
  return `{\n  "webllm": ${JSON.stringify(file.webllm)},\n  "libraries": ${JSON.stringify(file.libraries)},\n  "models": [\n${rows}\n  ]\n}\n`;
}

/** The installed WebLLM's list. */
export async function installed(): Promise<CatalogueFile> {
  const { modelLibURLPrefix, modelVersion, prebuiltAppConfig } = await import("@mlc-ai/web-llm");
  const { default: manifest } = await import("@mlc-ai/web-llm/package.json", { with: { type: "json" } });
  return catalogueOf(prebuiltAppConfig, manifest.version, `${modelLibURLPrefix}${modelVersion}/`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const file = await installed();
  await writeFile(fileURLToPath(new URL("../workers/webllm/catalogue.json", import.meta.url)), write(file));
  console.log(`catalogue: ${file.models.length} models of WebLLM ${file.webllm}`);
}
