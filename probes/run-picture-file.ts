/** Pictures of a run in its file: one tensor each, the rest in the record, checked like everything that comes from a file. */
import { pictureMethods, type RunPicture } from "./run-picture.ts";
import type { Tensor } from "./tensor.ts";
import type { Field } from "./trace-file.ts";

const limits = { pictures: 64, states: 2 ** 24, text: 2000, remarks: 16 } as const;

/** The name of the tensor of picture i. */
export function pictureTensor(i: number): string {
  return `picture.${i}`;
}

/**
 * @param take    a tensor of the file by its name and shape
 * @param steps   of the run
 * @param layers  L
 */
export function readPictures(f: Field, take: (name: string, ...shapes: (readonly number[])[]) => Tensor, steps: number, layers: number): RunPicture[] {
  return f.list(limits.pictures, (x) => x).map((x, i): RunPicture => {
    const first = x.at("first").integer(0, steps);
    return {
      method: x.at("method").oneOf(...pictureMethods),
      layer: x.at("layer").integer(0, layers),
      seed: x.at("seed").integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
      start: x.at("start").oneOf("question", "thinking", "all"),
      first,
      coordinates: take(pictureTensor(i), [steps - first, 2]),
      fit: x.at("fit").text(limits.text),
      states: x.at("states").integer(0, limits.states),
      explained: x.at("explained").orNull((list) => list.list(2, (share) => share.number())),
      trustworthiness: x.at("trustworthiness").number(),
      continuity: x.at("continuity").number(),
      neighbours: x.at("neighbours").integer(0, limits.states),
      stress: x.at("stress").number(),
      geodesic: x.at("geodesic").number(),
      epochs: x.at("epochs").integer(0, limits.states),
      remarks: x.at("remarks").list(limits.remarks, (remark) => remark.text(limits.text)),
    };
  });
}
