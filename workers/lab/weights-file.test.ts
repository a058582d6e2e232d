/** Weights leave as a file and come back: to the bit in float32, to the nearest in float16. */
import { expect, test } from "vitest";
import { encodeSafetensors } from "../../probes/safetensors.ts";
import { sequenceTask } from "../../probes/tasks/sequence/index.ts";
import { dispose } from "../toys/autodiff.ts";
import { weightsOf } from "../toys/weights.ts";
import { architecture } from "./architectures.ts";
import { initialParameters } from "./lesson.ts";
import { decodeWeights, encodeWeights, type WeightsFile } from "./weights-file.ts";

const parameters = initialParameters(architecture("rnn"), sequenceTask("cups"), 3);
const file: WeightsFile = { architecture: "rnn", task: "cups", seed: 3, steps: 0, date: "2026-11-27", weights: weightsOf(parameters) };
dispose(parameters);

test("float32 comes back to the bit", () => expect(decodeWeights(encodeWeights(file))).toEqual(file));

test("float16 comes back within half a step of it, in half the bytes", () => {
  const bytes = encodeWeights(file, "F16");
  expect(bytes.length).toBeLessThan(0.55 * encodeWeights(file).length);
  const { weights } = decodeWeights(bytes);
  for (const [name, { data }] of Object.entries(file.weights)) {
    data.forEach((x, i) => expect(Math.abs(weights[name]!.data[i]! - x)).toBeLessThanOrEqual(Math.max(2 ** -25, Math.abs(x) * 2 ** -11)));
  }
});

test.each<[string, Record<string, string>, string]>([
  ["of another kind", { format: "pt" }, 'expected a file of the format "geodesic lab weights 1", got "pt"'],
  ["without a format", {}, "got one that names none"],
  ["of an unknown architecture", { format: "geodesic lab weights 1", architecture: "lstm" }, "expected an architecture among mlp"],
  ["with a broken seed", { format: "geodesic lab weights 1", architecture: "rnn", seed: "x", steps: "1" }, "expected whole numbers as seed and steps, got x and 1"],
])("a file %s is refused", (_, metadata, message) => expect(() => decodeWeights(encodeSafetensors(new Map(), metadata))).toThrow(message));
