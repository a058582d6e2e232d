/** The house keeps its rules, and the rules catch what they should. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { breaches } from "./rules.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

const files = ["probes", "workers", "src", "models", "tools", "e2e"].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .map((path) => `${folder}/${path.replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".ts") && !path.includes("node_modules/")),
);

test("every file keeps the rules", () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.flatMap((file) => breaches(file, readFileSync(join(root, file), "utf8")))).toEqual([]);
});

describe("a bad example is caught", () => {
  const doc = "/** A file. */\n";
  const bad: readonly (readonly [why: string, file: string, code: string, got: RegExp])[] = [
    ["probes import workers", "probes/a.ts", 'import { x } from "../workers/engine.ts"; x();', /^probes\/a\.ts:2: .*workers\/engine/],
    ["probes import the types of workers", "probes/a.ts", 'import type { X } from "../workers/engine.ts";', /workers\/engine/],
    ["workers import src", "workers/a/b.ts", 'export * from "../../src/app.ts";', /src\/app/],
    ["workers start what lies in src", "workers/a.ts", `new ${"Worker"}(new URL("../src/a.ts", import.meta.url));`, /src\/a/],
    ["src imports models", "src/a.ts", 'import { pack } from "../models/pack.ts"; pack();', /models\/pack/],
    ["src imports models late", "src/a.ts", 'void import("../models/pack.ts");', /models\/pack/],
    ["src imports e2e", "src/a.ts", 'import type { X } from "../e2e/fixtures.ts";', /e2e\/fixtures/],
    ["probes import a package", "probes/a.ts", 'import { html } from "lit"; html``;', /got lit/],
    ["src imports a runtime", "src/a.ts", 'import * as ort from "onnxruntime-web/webgpu"; ort;', /got onnxruntime-web/],
    ["probes ask the clock", "probes/a.ts", "export const t = performance.now();", /got performance/],
    ["probes ask the date", "probes/a.ts", "export const t = new Date();", /got new Date/],
    ["probes use the network", "probes/a.ts", 'export const t = fetch("x");', /got fetch/],
    ["probes use the page", "probes/a.ts", "document.title = String(1);", /got document/],
    ["chance without a seed", "src/a.ts", "export const x = Math.random();", /src\/a\.ts:2: .*Math\.random/],
    ["chance by another name", "src/a.ts", "const { random } = Math; random();", /Math\.random/],
    ["markup from text", "src/a.ts", 'document.body.innerHTML = "x";', /got innerHTML/],
    ["code from text", "workers/a.ts", 'eval("1");', /got eval/],
    ["a foreign host", "src/a.ts", 'export const url = "https://cdn.jsdelivr.net/x";', /got cdn\.jsdelivr\.net/],
  ];
  for (const [why, file, code, got] of bad) {
    test(why, () => expect(breaches(file, doc + code)).toEqual([expect.stringMatching(got)]));
  }
  test("no doc comment", () => expect(breaches("probes/a.ts", "export const x = 1;")).toEqual([expect.stringMatching(/a doc comment on top/)]));
});

describe("a good example passes", () => {
  const good: readonly (readonly [why: string, file: string, code: string])[] = [
    ["comments may speak of what is banned", "probes/a.ts", "// no Math.random(), no fetch(), no performance.now()\nexport const x = 1;"],
    ["words that only look like it", "probes/a.ts", "export const window = 3; export const update = (performances: number) => performances + window;"],
    ["types from Node's side", "src/a.ts", 'import type { Packed } from "../models/pack.ts"; export type X = Packed;'],
    ["tests may use Node's side", "workers/a.test.ts", 'import { pack } from "../models/pack.ts"; pack("a", "b");'],
    ["umap-js in probes", "probes/a.ts", 'import { UMAP } from "umap-js"; export const x = UMAP;'],
  ];
  for (const [why, file, code] of good) test(why, () => expect(breaches(file, `/** A file. */\n${code}`)).toEqual([]));
});
