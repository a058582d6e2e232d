/** The embedded model on transformers.js keeps the same contract as the float64 reference, in float32 and in 4-bit. */
import { asFolder, runtime } from "./node.test-support.ts";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pack } from "../../models/pack.ts";
import { decoderContract } from "../decoder-contract.test-support.ts";

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

for (const dtype of ["fp32", "q4"]) {
  decoderContract(
    `transformers.js, nano ${dtype}`,
    async () => {
      const { loadTransformers } = await import("./decoder.ts");
      const request = { source: "folder", id: "nano", device: "wasm", dtype, files: asFolder(await shipped()) } as const;
      const { decoder } = await loadTransformers(request, () => undefined, new AbortController().signal, { runtime, base: "http://localhost/" });
      return decoder;
    },
    // Logits reach 40: float32 sums over the same weights differ by some 1e-5.
    { tolerance: 1e-3 },
  );
}
