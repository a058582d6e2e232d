/**
 * All that says how far a picture can be trusted, from one table of distances:
 * trustworthiness, continuity, stress and geodesic correlation.
 *
 * Up to `most` points everything is exact. Beyond, each measure is a mean over
 * points drawn by seed, and the result says over how many: trustworthiness,
 * continuity and stress over `judged` points against all the others; geodesics
 * in the graph of `judged` points only.
 */
import { Random } from "../random.ts";
import type { Tensor } from "../tensor.ts";
import { finiteRows, takeRows } from "./finite-rows.ts";
import { smallest, squaredDistances } from "./nearest-neighbours.ts";
import { neighbourGraph, neighboursFrom, shortestWays, WayHeap } from "./neighbour-graph.ts";
import { pairDistances, type PairDistances } from "./pair-distances.ts";
import { spearmanSteps } from "./rank-correlation.ts";
import type { Steps } from "./steps.ts";
import { rankOf, trustNeighbours } from "./trustworthiness.ts";

export interface PictureJudgement {
  /** In [0, 1]; NaN for fewer than three points. */
  readonly trustworthiness: number;
  readonly continuity: number;
  /** Neighbours that count for the two, after clipping to below n/2. */
  readonly neighbours: number;
  /** Kruskal's stress-1 at the best scale, in [0, 1]. */
  readonly stress: number;
  /** Rank correlation of ways along the cloud with distances in the picture; NaN where it was not asked for. */
  readonly geodesic: number;
  /** Share of the pairs that the graph joins; the others are not in `geodesic`. */
  readonly geodesicShare: number;
  /** Points from which ways were measured. */
  readonly geodesicSources: number;
  /** Points that were judged; all n of them where nothing was drawn by chance. */
  readonly judged: number;
  readonly of: number;
}

export interface JudgeOptions {
  readonly neighbours: number;
  readonly geodesics: boolean;
  /** Judges so many points at most; by default as many as two thousand million multiplications allow, 200 at least. */
  readonly most?: number;
  /** Of the finite rows of the points, where they are known already. */
  readonly distances?: PairDistances | null;
}

const work = 2.2e9;
/** Ways from more points than these do not move a rank correlation of all their pairs. */
const mostSources = 200;

export function* judgePicture(points: Tensor, picture: Tensor, { neighbours, geodesics, most, distances: known }: JudgeOptions): Steps<PictureJudgement> {
  if (points.shape[0] !== picture.shape[0]) throw new RangeError(`judgePicture: expected a picture of ${points.shape[0]} points, got ${picture.shape[0]}`);
  const drawn = new Set(finiteRows(picture));
  const rows = finiteRows(points).filter((r) => drawn.has(r));
  const n = rows.length;
  const D = points.shape[1] ?? 0;
  const near = trustNeighbours(n, Math.floor(neighbours));
  const space = takeRows(points, rows);
  const shown = takeRows(picture, rows);
  const table = known && known.n === n ? known : null;
  const exact = table !== null || (n * n * D) / 2 <= work;
  const judged = Math.min(n, most ?? (exact ? n : Math.max(200, Math.floor(work / 2 / (n * D)))));
  const all = judged === n;
  // Up to 4096 points one table serves all; beyond, rows are computed as they are asked for.
  const distances = table ?? (all ? yield* pairDistances(space) : { n, row: rowsOf(space) });
  const chosen = all ? Array.from({ length: n }, (_, i) => i) : new Random(1).shuffle(Array.from({ length: n }, (_, i) => i)).slice(0, judged).toSorted((a, b) => a - b);
  const shownRow = rowsOf(shown);
  const nearest = new Int32Array(near);
  const shownNearest = new Int32Array(near);
  let intrusions = 0;
  let extrusions = 0;
  let dd = 0;
  let ss = 0;
  let ds = 0;
  for (const [done, i] of chosen.entries()) {
    const squares = distances.row(i);
    const flat = shownRow(i);
    smallest(squares, i, near, nearest, 0);
    smallest(flat, i, near, shownNearest, 0);
    for (const j of shownNearest) if (!nearest.includes(j)) intrusions += rankOf(squares, i, j) - near;
    for (const j of nearest) if (!shownNearest.includes(j)) extrusions += rankOf(flat, i, j) - near;
    for (let j = 0; j < n; j++) {
      const [d2, s2] = [flat[j]!, squares[j]!];
      dd += d2;
      ss += s2;
      ds += Math.sqrt(d2 * s2);
    }
    if (done % 16 === 15) yield { phase: "trust", done, total: judged };
  }
  const scale = 2 / (judged * near * (2 * n - 3 * near - 1));
  const along = geodesics && n >= 3 ? yield* geodesicsOf(space, shown, neighbours, all ? distances : null, chosen) : { geodesic: NaN, geodesicShare: NaN, geodesicSources: 0 };
  return {
    trustworthiness: near < 1 ? NaN : 1 - scale * intrusions,
    continuity: near < 1 ? NaN : 1 - scale * extrusions,
    neighbours: near,
    stress: dd > 0 && ss > 0 ? Math.sqrt(Math.max(0, 1 - (ds / dd) * (ds / ss))) : NaN,
    ...along,
    judged,
    of: n,
  };
}

function rowsOf(points: Tensor): (i: number) => Float64Array {
  const out = new Float64Array(points.shape[0] ?? 0);
  return (i) => {
    squaredDistances(points, i, out);
    return out;
  };
}

function* geodesicsOf(space: Tensor, shown: Tensor, k: number, table: PairDistances | null, chosen: readonly number[]): Steps<Pick<PictureJudgement, "geodesic" | "geodesicShare" | "geodesicSources">> {
  const picture = table ? shown : takeRows(shown, chosen);
  const distances = table ?? (yield* pairDistances(takeRows(space, chosen)));
  const { n } = distances;
  const graph = neighbourGraph(yield* neighboursFrom(distances, Math.floor(k)), n);
  const sources = Math.min(n, mostSources);
  const ways: number[] = [];
  const flat: number[] = [];
  const out = new Float64Array(n);
  const heap = new WayHeap(n);
  const pictureRow = rowsOf(picture);
  for (let s = 0; s < sources; s++) {
    const from = Math.floor((s * n) / sources);
    shortestWays(graph, from, out, heap);
    const apart = pictureRow(from);
    for (let j = 0; j < n; j++) {
      if (j === from || out[j] === Infinity) continue;
      ways.push(out[j]!);
      flat.push(apart[j]!);
    }
    if (s % 8 === 7) yield { phase: "geodesics", done: s, total: sources };
  }
  // Squares have the ranks of the distances.
  const geodesic = yield* spearmanSteps(Float64Array.from(ways), Float64Array.from(flat));
  return { geodesic, geodesicShare: ways.length / (sources * (n - 1)), geodesicSources: sources };
}
