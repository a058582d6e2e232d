/** The embedded model in the claims worker, each kind loaded when first asked for. */
import type { Decoder } from "../engine.ts";
import { embeddedModel } from "../files/embedded.ts";
import { fetchFiles } from "../files/fetch-files.ts";
import { Progress } from "../files/progress.ts";
import { readLlama } from "../llama.ts";
import { pageBase } from "../page.ts";
import { ReferenceDecoder, referenceSpec } from "../reference/llama-decoder.ts";
import { untrained } from "../reference/untrained.ts";
import { wordTokenizer } from "../reference/word-tokenizer.ts";
import type { EmbeddedChoice } from "./claim.ts";

const id = "geodesic/nano";

export async function loadEmbedded({ engine = "ordinary", untrained: fresh = false }: EmbeddedChoice): Promise<Decoder> {
  const { signal } = new AbortController();
  if (engine === "ordinary" && !fresh) {
    // Most claims need no language model, and none of its megabytes of runtime.
    const { loadTransformers } = await import("../transformers/decoder.ts");
    const { decoder } = await loadTransformers({ source: "embedded", id, device: "wasm" }, () => undefined, signal);
    return decoder;
  }
  const listing = await embeddedModel(id, pageBase(), (url, init) => fetch(url, init), signal);
  const wanted = ["config.json", "tokenizer.json", "model.safetensors"].flatMap((path) => listing.files.get(path) ?? []);
  const files = await fetchFiles(listing, wanted, new Progress(() => undefined), signal);
  const json = async (path: string): Promise<unknown> => JSON.parse(new TextDecoder().decode(await files.get(path)));
  const model = readLlama({ config: await json("config.json"), safetensors: [await files.get("model.safetensors")] });
  const revision = listing.files.get("model.safetensors")?.digest?.hex ?? "unknown";
  const used = fresh ? untrained(model) : model;
  return new ReferenceDecoder(used, wordTokenizer(await json("tokenizer.json"), model.config.eos), { ...referenceSpec(used, fresh ? `${id}, untrained` : id, revision), source: "embedded" });
}
