import { expect, test } from "vitest";
import { catalogueModel, embedded, embeddedModel, hubPattern, hubRepository, mlcModel } from "./models/model-choice.ts";
import { decodeAddress, encodeAddress, initialSettings, type Settings } from "./settings.ts";

const changed: Settings = {
  ...initialSettings,
  model: { engine: "transformers", source: "hub", id: "onnx-community/SmolLM2-135M", revision: "0123abc", dtype: "q4", device: "webgpu", library: "" },
  task: "rules",
  difficulty: 5,
  variant: "fresh-rule",
  seed: 4242,
  thoughts: 2,
  thought: "soft",
  control: "noise",
  noise: 0.25,
  temperature: 0.7,
  projection: "umap",
  layoutSeed: 3,
  seeds: 3,
  extent: "question",
  plane: [],
  unfolded: ["run", "modes"],
  measures: ["entropy", "two-nn"],
  selection: { mode: "cot", step: 2, layer: 1 },
  acts: "cot truncate.2 patch.1.3.p12",
};

test("an address brings back all settings", () => {
  expect(decodeAddress(`#${encodeAddress(changed)}`)).toEqual(changed);
  expect(decodeAddress(`#${encodeAddress(initialSettings)}`)).toEqual(initialSettings);
});

test("a long list of acts stays out of the address", () => {
  const long: Settings = { ...initialSettings, acts: `latent ${"skip.1 ".repeat(60)}` };
  expect(decodeAddress(`#${encodeAddress(long)}`)).toEqual(initialSettings);
});

test("an empty address is the first screen", () => expect(decodeAddress("")).toEqual(initialSettings));

test.each<[string, Settings["model"]]>([
  ["nano in 4 bits", embedded("transformers", "q4")],
  ["nano on WebLLM", embedded("webllm", "q0f32")],
  ["nano in 4 bits on WebLLM", embedded("webllm", "q4f32_1")],
  ["an MLC folder with our library", mlcModel("mlc-ai/SmolLM2-360M-Instruct-q4f32_1-MLC", "own")],
  ["an MLC folder with a stock library, at a revision", mlcModel("mlc-ai/gemma-2-2b-it-q4f32_1-MLC", "gemma-2-2b-it-q4f32_1-MLC", "main")],
])("%s is in the address", (_, model) => {
  const settings: Settings = { ...initialSettings, model };
  expect(decodeAddress(`#${encodeAddress(settings)}`)).toEqual(settings);
});

test("our own library is asked for by name where it is promised, so that no other comes in its place", () => {
  const listed = { repository: "mlc-ai/SmolLM2-360M-Instruct-q4f32_1-MLC", id: "SmolLM2-360M-Instruct-q4f32_1-MLC", ownLibrary: true };
  expect(catalogueModel(listed, false)).toEqual(mlcModel(listed.repository, "own"));
  expect(catalogueModel(listed, true)).toEqual(mlcModel(listed.repository, listed.id));
  expect(catalogueModel({ ...listed, ownLibrary: false }, false)).toEqual(mlcModel(listed.repository, listed.id));
});

test("addresses from before WebLLM mean what they meant", () => {
  expect(decodeAddress("#/probe?task=rules&difficulty=5&seed=7").model).toEqual(embeddedModel);
  expect(decodeAddress("#/probe?dtype=q4").model).toEqual({ ...embeddedModel, dtype: "q4" });
  expect(decodeAddress("#/probe?device=webgpu").model).toEqual({ ...embeddedModel, device: "webgpu" });
  expect(decodeAddress("#/probe?model=onnx-community%2FSmolLM2-135M&revision=0123abc&dtype=q4&device=webgpu").model).toEqual(changed.model);
});

test("a dropped folder is not in the address: a link cannot carry it", () => {
  const folder: Settings = { ...initialSettings, model: { ...embeddedModel, source: "folder", id: "mine", dtype: "" } };
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
  ["engine=abacus", (s: Settings) => s.model.engine, "transformers"],
  ["engine=webllm&dtype=q4", (s: Settings) => s.model.dtype, "q0f32"],
  ["engine=webllm&library=../../x", (s: Settings) => s.model.library, ""],
  ["library=own", (s: Settings) => s.model.library, ""],
  ["thought=telepathy", (s: Settings) => s.thought, null],
  ["thought=random", (s: Settings) => s.thought, null],
  ["dtype=int1", (s: Settings) => s.model.dtype, "fp32"],
  ["variant=nonsense&task=rules", (s: Settings) => s.variant, "in-distribution"],
])("%s in an address does no harm", (query, read, value) => expect(read(decodeAddress(`#/probe?${query}`))).toBe(value));

test.each([
  ["mlc-ai/x-q4f32_1-MLC", "", "mlc-ai/x-q4f32_1-MLC", ""],
  ["https://huggingface.co/mlc-ai/x.1", "", "mlc-ai/x.1", ""],
  ["https://huggingface.co/mlc-ai/x/", "v2", "mlc-ai/x", "v2"],
  ["https://huggingface.co/mlc-ai/x/tree/v1", "", "mlc-ai/x", "v1"],
  ["https://huggingface.co/mlc-ai/x/resolve/main/", "v2", "mlc-ai/x", "v2"],
])("a repository is taken as it is copied: %s at \"%s\"", (text, asked, id, revision) => {
  expect(text).toMatch(new RegExp(`^(?:${hubPattern})$`, "v"));
  expect(hubRepository(text, asked)).toEqual({ id, revision });
});

test.each(["name", "https://example.org/a/b", "a/b/c", "not a name"])("not a repository: %s", (text) => expect(text).not.toMatch(new RegExp(`^(?:${hubPattern})$`, "v")));
test("the three states of a plane are in the address", () => {
  const settings: Settings = { ...initialSettings, projection: "plane", plane: [{ mode: "cot", step: 0 }, { mode: "latent", step: -2 }, { mode: "cot", step: 5 }] };
  expect(decodeAddress(`#${encodeAddress(settings)}`)).toEqual(settings);
  for (const text of ["cot.0,cot.1", "cot.0,cot.1,dance.2", "cot.x,cot.1,cot.2", ",,", "cot.0,cot.1,cot.2,cot.3"]) expect(decodeAddress(`#/probe?projection=plane&plane=${encodeURIComponent(text)}`).plane).toEqual([]);
});
