/**
 * Weights of a lab model as a safetensors file: the tensors by their paths, and
 * beside them which model, taught what, from which seed, how long.
 */
import { decodeSafetensors, encodeSafetensors } from "../../probes/safetensors.ts";
import type { Weights } from "../toys/weights.ts";
import { architectureIds } from "./architecture.ts";
import type { LessonRequest } from "./lesson.ts";

export interface WeightsFile extends LessonRequest {
  /** Steps of training. */
  readonly steps: number;
  /** ISO 8601, day. */
  readonly date: string;
  readonly weights: Weights;
}

const format = "geodesic lab weights 1";

/** @param dtype  F16 is half as long, and rounds */
export function encodeWeights({ architecture, task, seed, steps, date, weights }: WeightsFile, dtype: "F32" | "F16" = "F32"): Uint8Array<ArrayBuffer> {
  return encodeSafetensors(new Map(Object.entries(weights)), { format, architecture, task, seed: String(seed), steps: String(steps), date }, dtype);
}

/** @throws RangeError where it is no such file */
export function decodeWeights(bytes: Uint8Array): WeightsFile {
  const { tensors, metadata } = decodeSafetensors(bytes);
  if (metadata["format"] !== format) throw new RangeError(`lab weights: expected a file of the format "${format}", got ${metadata["format"] ? `"${metadata["format"]}"` : "one that names none"}; open weights that were saved here`);
  const architecture = architectureIds.find((id) => id === metadata["architecture"]);
  const [seed, steps] = [Number(metadata["seed"]), Number(metadata["steps"])];
  if (!architecture) throw new RangeError(`lab weights: expected an architecture among ${architectureIds.join(", ")}, got ${metadata["architecture"]}`);
  if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(steps) || steps < 0) throw new RangeError(`lab weights: expected whole numbers as seed and steps, got ${metadata["seed"]} and ${metadata["steps"]}; the file is damaged`);
  return { architecture, task: metadata["task"] ?? "", seed, steps, date: metadata["date"] ?? "", weights: Object.fromEntries(tensors) };
}
