/** The embedded model on the float64 reference, for tests and tools in Node. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readLlama } from "../llama.ts";
import { ReferenceDecoder, referenceSpec } from "./llama-decoder.ts";
import { untrained } from "./untrained.ts";
import { wordTokenizer } from "./word-tokenizer.ts";

const folder = new URL("../../models/nano/", import.meta.url);

export function nanoFile(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

/** @param options  `untrained` gives the same model with weights as before training */
export function nanoDecoder(options: { readonly untrained?: boolean } = {}): ReferenceDecoder {
  const json = (name: string): unknown => JSON.parse(nanoFile(name).toString("utf8"));
  const weights = nanoFile("model.safetensors");
  const trained = readLlama({ config: json("config.json"), safetensors: [weights] });
  const model = options.untrained ? untrained(trained) : trained;
  const revision = createHash("sha256").update(weights).digest("hex");
  return new ReferenceDecoder(model, wordTokenizer(json("tokenizer.json"), model.config.eos), referenceSpec(model, "geodesic/nano", revision));
}
