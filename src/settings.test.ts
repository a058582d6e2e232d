import { expect, test } from "vitest";
import { decodeAddress, encodeAddress, initialSettings, type Settings } from "./settings.ts";

const changed: Settings = {
  ...initialSettings,
  model: { source: "hub", id: "onnx-community/SmolLM2-135M", revision: "0123abc", dtype: "q4", device: "webgpu" },
  task: "rules",
  difficulty: 5,
  variant: "fresh-rule",
  seed: 4242,
  thoughts: 2,
  control: "noise",
  noise: 0.25,
  temperature: 0.7,
  projection: "umap",
  layoutSeed: 3,
  extent: "question",
  selection: { mode: "cot", step: 2, layer: 1 },
};

test("an address brings back all settings", () => {
  expect(decodeAddress(`#${encodeAddress(changed)}`)).toEqual(changed);
  expect(decodeAddress(`#${encodeAddress(initialSettings)}`)).toEqual(initialSettings);
});

test("an empty address is the first screen", () => expect(decodeAddress("")).toEqual(initialSettings));

test("4-bit nano is in the address", () => {
  const q4: Settings = { ...initialSettings, model: { ...initialSettings.model, dtype: "q4" } };
  expect(decodeAddress(`#${encodeAddress(q4)}`)).toEqual(q4);
});

test("a dropped folder is not in the address: a link cannot carry it", () => {
  const folder: Settings = { ...initialSettings, model: { source: "folder", id: "mine", revision: "", dtype: "", device: "wasm" } };
  expect(encodeAddress(folder)).not.toContain("mine");
});

test.each([
  ["task=no-such-task", (s: Settings) => s.task, "pointer-chase"],
  ["task=pointer-chase&difficulty=99", (s: Settings) => s.difficulty, 6],
  ["difficulty=x", (s: Settings) => s.difficulty, 4],
  ["seed=-1", (s: Settings) => s.seed, 7],
  ["seed=1e99", (s: Settings) => s.seed, 7],
  ["mode=telepathy", (s: Settings) => s.selection.mode, "latent"],
  ["control=magic", (s: Settings) => s.control, "hidden"],
  ["model=../../etc/passwd", (s: Settings) => s.model.source, "embedded"],
  ["model=%3Cscript%3E/x", (s: Settings) => s.model.source, "embedded"],
  ["dtype=int1", (s: Settings) => s.model.dtype, "fp32"],
  ["variant=nonsense&task=rules", (s: Settings) => s.variant, "in-distribution"],
])("%s in an address does no harm", (query, read, value) => expect(read(decodeAddress(`#/probe?${query}`))).toBe(value));
