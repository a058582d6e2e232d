import { expect, test } from "vitest";
import { fitName, type RunPicture } from "./run-picture.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import { matrix, tensor } from "./tensor.ts";
import { exampleTrace } from "./trace.example.ts";
import { decodeTrace, encodeTrace } from "./trace-file.ts";
import type { Trace } from "./trace.ts";

const picture: RunPicture = {
  method: "umap", layer: 1, seed: 3, start: "thinking", first: 2, coordinates: matrix([[0, 1], [2, NaN], [-0, 5], [6, 7]]), fit: "umap, layer 1", states: 20,
  explained: null, trustworthiness: 0.9, continuity: NaN, neighbours: 7, stress: 0.2, geodesic: 0.7, epochs: 500, remarks: ["drawn by <b>chance</b>"],
};
const trace: Trace = { ...exampleTrace({ steps: 6 }), pictures: [picture, { ...picture, method: "pca", explained: [0.6, NaN] }] };

test("a run comes back with its pictures, bit for bit; one without stays without", () => {
  const back = decodeTrace(encodeTrace(trace));
  expect(back).toEqual(trace);
  expect(Object.is(back.pictures![0]!.coordinates.data[4], -0)).toBe(true);
  expect(encodeTrace(back)).toEqual(encodeTrace(trace));
  expect("pictures" in decodeTrace(encodeTrace(exampleTrace()))).toBe(false);
});
test("a picture that does not fit its run, or is no picture, is refused", () => {
  const spoiled = (change: (picture: Record<string, unknown>) => void): Uint8Array => {
    const { tensors, metadata } = decodeSafetensors(encodeTrace(trace));
    const record = JSON.parse(metadata["geodesic.trace"]!) as { pictures: Record<string, unknown>[] };
    change(record.pictures[0]!);
    return encodeSafetensors(tensors, { ...metadata, "geodesic.trace": JSON.stringify(record) });
  };
  expect(() => decodeTrace(spoiled((p) => (p["method"] = "tsne")))).toThrow("trace.pictures[0].method: expected one of pca, umap, isomap, plane, answer-axis");
  expect(() => decodeTrace(spoiled((p) => (p["layer"] = 9)))).toThrow("expected an integer from 0 to 2");
  expect(() => decodeTrace(spoiled((p) => (p["first"] = 0)))).toThrow("picture.0: expected [6, 2], got [4, 2]");
  expect(() => decodeTrace(spoiled((p) => (p["explained"] = [1, 2, 3])))).toThrow("at most 2 items");
});
test("a picture's name tells others apart by one bit", () => {
  const a = tensor([2, 2], Float32Array.of(1, 2, 3, 4));
  const b = tensor([2, 2], Float32Array.of(1, 2, 3, 4.0000005));
  expect(fitName(picture, a)).toBe(fitName(picture, tensor([2, 2], a.data.slice())));
  expect(fitName(picture, a)).not.toBe(fitName(picture, b));
  expect(fitName(picture, a)).toMatch(/^umap, layer 1, seed 3, 2 states, [0-9a-f]{8}$/);
});
