/**
 * A picture that a run was drawn in, kept with it: UMAP's layout is the luck of a seed
 * and of a browser, and a picture of several runs cannot be made again from one
 * of them. A saved run is drawn from here, as it was.
 */
import type { JointStart } from "./joint.ts";
import { tensor, type Tensor } from "./tensor.ts";

export type PictureMethod = "pca" | "umap" | "isomap" | "plane" | "answer-axis";
export const pictureMethods: readonly PictureMethod[] = ["pca", "umap", "isomap", "plane", "answer-axis"];

export interface RunPicture {
  readonly method: PictureMethod;
  readonly layer: number;
  /** UMAP's seed; of no meaning for the others. */
  readonly seed: number;
  readonly start: JointStart;
  /** Index of the step that the first row is. */
  readonly first: number;
  /** This run's part, [steps, 2]; NaN for states that are not finite. */
  readonly coordinates: Tensor;
  /** The same for all runs that were drawn together (`fitName`). */
  readonly fit: string;
  /** States that the picture was made of, over all runs in it. */
  readonly states: number;
  /** Share of the variance on each axis; null where axes mean nothing. */
  readonly explained: readonly number[] | null;
  readonly trustworthiness: number;
  readonly continuity: number;
  readonly neighbours: number;
  readonly stress: number;
  readonly geodesic: number;
  /** UMAP epochs done; 0 for the others. */
  readonly epochs: number;
  readonly remarks: readonly string[];
}

/** The name of a picture: what it was made of and how, and a checksum of its coordinates (FNV-1a). */
export function fitName({ method, layer, seed }: Pick<RunPicture, "method" | "layer" | "seed">, coordinates: Tensor): string {
  const { data } = tensor(coordinates.shape, coordinates.data.slice());
  let hash = 2166136261;
  for (const byte of new Uint8Array(data.buffer)) hash = Math.imul(hash ^ byte, 16777619);
  return `${method}, layer ${layer}, seed ${seed}, ${coordinates.shape[0] ?? 0} states, ${(hash >>> 0).toString(16).padStart(8, "0")}`;
}
