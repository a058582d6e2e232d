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
import { correlation } from "../statistics/correlation.ts";
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

/** Spearman's rank correlation; equal values share their mean rank. */
export function spearman(x: Float64Array, y: Float64Array): number {
  return correlation(meanRanks(x), meanRanks(y));
}

function meanRanks(x: Float64Array): Float64Array {
  const sorted = x.slice().sort();
  const n = x.length;
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) out[i] = (bound(sorted, x[i]!, false) + bound(sorted, x[i]!, true) - 1) / 2;
  return out;
}

/** How many are below `value`, or up to it. */
function bound(sorted: Float64Array, value: number, through: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (sorted[mid]! < value || (through && sorted[mid]! === value)) low = mid + 1;
    else high = mid;
  }
  return low;
}
