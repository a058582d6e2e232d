/**
 * Kruskal's stress-1, how far the distances of a picture are from those in
 * space at the best common scale s:
 *
 *   min over s of √(Σ (d − s δ)² / Σ d²) = √(1 − (Σ d δ)² / (Σ d² Σ δ²))
 *
 * d distances in the picture, δ in space, over all pairs. 0 where the picture is
 * the space but for scale, at most 1. Kruskal's words: 0.2 poor, 0.1 fair, 0.05
 * good (he let δ bend by any rising curve first, which lowers it; here only the
 * scale is free). Unit 1.
 *
 * Source: Kruskal 1964, Psychometrika 29, 1; Borg & Groenen 2005.
 *
 * Where it misleads: large distances decide it; a UMAP that keeps every
 * neighbourhood has much stress. In many dimensions all δ are alike, and a
 * picture of them cannot have little.
 */
import type { Tensor } from "../tensor.ts";
import { judgePicture } from "./picture-trust.ts";
import { finish } from "./steps.ts";

/**
 * @param points   [n, D], the space
 * @param picture  [n, k]; rows that are not finite in either are left out
 * @returns        in [0, 1]; NaN below two points or where all points of one are equal
 */
export function kruskalStress(points: Tensor, picture: Tensor): number {
  return finish(judgePicture(points, picture, { neighbours: 1, geodesics: false, most: Infinity })).stress;
}
