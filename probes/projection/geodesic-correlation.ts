/**
 * Whether a picture keeps the order of the distances along the cloud:
 * Spearman's rank correlation of the shortest ways through the kNN graph of the
 * space with the straight distances in the picture. 1 where a rolled-up sheet is
 * shown unrolled, though trustworthiness may be near 1 for a folded one too. Unit 1.
 *
 * Source: Tenenbaum, de Silva & Langford 2000 (there 1 − R², "residual
 * variance"); Spearman 1904.
 *
 * Where it misleads: as the graph does: a short cut or a part that hangs loose
 * (`share` < 1: pairs without a way are left out) changes what is right.
 */
import type { Tensor } from "../tensor.ts";
import { judgePicture } from "./picture-trust.ts";
import { finish } from "./steps.ts";

/**
 * @param points      [n, D], the space
 * @param picture     [n, k]; rows that are not finite in either are left out
 * @param neighbours  of the graph
 * @returns           in [−1, 1]; NaN below three points, or where one side does not vary
 */
export function geodesicCorrelation(points: Tensor, picture: Tensor, neighbours = 12): number {
  return finish(judgePicture(points, picture, { neighbours, geodesics: true, most: Infinity })).geodesic;
}
