/** The embedded model on the float64 reference, for tests and tools in Node. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { readLlama } from "../llama.ts";
import { ReferenceDecoder, referenceSpec } from "./llama-decoder.ts";
import { wordTokenizer } from "./word-tokenizer.ts";

const folder = new URL("../../models/nano/", import.meta.url);

export function nanoFile(name: string): Buffer {
  return readFileSync(new URL(name, folder));
}

export function nanoDecoder(): ReferenceDecoder {
  const json = (name: string): unknown => JSON.parse(nanoFile(name).toString("utf8"));
  const weights = nanoFile("model.safetensors");
  const model = readLlama({ config: json("config.json"), safetensors: [weights] });
  const revision = createHash("sha256").update(weights).digest("hex");
  return new ReferenceDecoder(model, wordTokenizer(json("tokenizer.json"), model.config.eos), referenceSpec(model, "geodesic/nano", revision));
}
