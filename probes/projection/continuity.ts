/**
 * Whether points that are neighbours in space are neighbours in the picture:
 * the trustworthiness of the space as a picture of the picture. A picture that
 * tears a path apart loses continuity; one that lays parts over each other
 * loses trustworthiness.
 *
 * Source: Venna & Kaski 2001, as for trustworthiness.
 */
import type { Tensor } from "../tensor.ts";
import { pictureTrust } from "./trustworthiness.ts";

/**
 * @param points   [n, D], the space
 * @param picture  [n, 2], what is shown of it
 * @param k        size of a neighbourhood; clipped to below n/2
 * @returns        in [0, 1]; NaN for fewer than three points
 */
export function continuity(points: Tensor, picture: Tensor, k: number): number {
  return pictureTrust(points, picture, k).continuity;
}
