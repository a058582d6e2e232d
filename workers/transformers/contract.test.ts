/** The embedded model on transformers.js keeps the same contract as the float64 reference, in float32 and in 4-bit. */
import { asFolder, runtime } from "./node.test-support.ts";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { pack } from "../../models/pack.ts";
import { decoderContract } from "../decoder-contract.test-support.ts";
import { run } from "../decoding/run.ts";
import type { Decoder } from "../engine.ts";
import { interventionCases, runsApart } from "../intervention-cases.test-support.ts";
import { nanoDecoder } from "../reference/nano.test-support.ts";

/** nano as the page ships it. */
async function shipped(): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const out = mkdtempSync(join(tmpdir(), "geodesic-contract-"));
  try {
    await pack(fileURLToPath(new URL("../../models/nano", import.meta.url)), out);
    const paths = readdirSync(out, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    return new Map(paths.map((path) => [path.slice(out.length + 1).replaceAll("\\", "/"), new Uint8Array(readFileSync(path))]));
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

async function loaded(dtype: string): Promise<Decoder> {
  const { loadTransformers } = await import("./decoder.ts");
  const request = { source: "folder", id: "nano", device: "wasm", dtype, files: asFolder(await shipped()) } as const;
  const { decoder } = await loadTransformers(request, () => undefined, new AbortController().signal, { runtime, base: "http://localhost/" });
  return decoder;
}

for (const dtype of ["fp32", "q4"]) {
  // Logits reach 40: float32 sums over the same weights differ by some 1e-5.
  decoderContract(`transformers.js, nano ${dtype}`, () => loaded(dtype), { tolerance: 1e-3 });
}

test("every intervention does to transformers.js what it does to the reference", async () => {
  const decoder = await loaded("fp32");
  for (const { name, request, want } of await interventionCases(nanoDecoder())) {
    expect(runsApart(await run(decoder, request, () => undefined, new AbortController().signal), want), name).toBeLessThan(1e-3);
  }
  await decoder.dispose();
});
