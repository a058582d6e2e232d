/** The library in the repository is what its source makes, byte for byte, and small. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { buildLibrary, headerFile, libraryFile } from "./build.ts";

test("kernels.h and geodesic-llama.wasm are those that the source makes now", { timeout: 180_000 }, async () => {
  const { kernels, wasm } = await buildLibrary();
  expect(readFileSync(headerFile, "utf8"), "run `npx tsx tools/model-library/build.ts`").toBe(kernels);
  expect(Buffer.from(wasm).equals(readFileSync(libraryFile)), "run `npx tsx tools/model-library/build.ts`").toBe(true);
});

test("the library is at most 40 KB with gzip", () => {
  expect(gzipSync(readFileSync(libraryFile), { level: 9 }).length).toBeLessThanOrEqual(40_000);
});
