import { expect, test } from "vitest";
import { type CompareSettings, decodeComparison, encodeComparison, initialComparison, presets, sideLabels } from "./compare-settings.ts";
import { catalogueModel, embedded } from "../models/model-choice.ts";
import { readAddress } from "../places.ts";
import { initialSettings } from "../settings.ts";

const back = (settings: CompareSettings): CompareSettings => decodeComparison(readAddress(encodeComparison(settings)).query);

test("an address brings back the question and both sides", () => {
  const settings: CompareSettings = {
    question: { ...initialSettings, task: "reachability", difficulty: 3, variant: null, seed: 99, thoughts: 2, selection: { ...initialSettings.selection, step: 1, layer: 2 } },
    sides: {
      a: { model: catalogueModel({ repository: "mlc-ai/SmolLM2-360M-Instruct-q4f32_1-MLC", id: "SmolLM2-360M-Instruct-q4f32_1-MLC", ownLibrary: true }, false), mode: "latent", thought: "soft" },
      b: { model: embedded("webllm", "q4f32_1"), mode: "cot", thought: null },
    },
  };
  expect(back(settings)).toEqual(settings);
  expect(back(initialComparison)).toEqual(initialComparison);
  for (const { sides } of presets) expect(back({ ...initialComparison, sides }).sides).toEqual(sides);
});

test("without an address: the embedded model in float32 beside 4 bits; nonsense is left out", () => {
  expect(decodeComparison(new URLSearchParams())).toEqual(initialComparison);
  expect(decodeComparison(new URLSearchParams("task=nothing&a=dreaming+hard&b=latent+nonsense&b.dtype=q99"))).toEqual({ question: initialSettings, sides: { a: initialComparison.sides.a, b: initialComparison.sides.a } });
});

test("each side is named by what sets it apart", () => {
  expect(presets.map(({ sides }) => Object.values(sideLabels(sides)))).toEqual([
    ["A: float32", "B: 4-bit"],
    ["A: transformers.js, float32", "B: WebLLM, float32"],
    ["A: latent loop", "B: chain of thought"],
    ["A: its own hidden state", "B: a pause token"],
  ]);
  expect(sideLabels({ a: initialComparison.sides.a, b: initialComparison.sides.a })).toEqual({ a: "A", b: "B" });
});
