/**
 * The shortest way along the cloud: the shortest path (Dijkstra) through the
 * graph that joins each point to its k nearest and weighs an edge by its length.
 *
 * Its ratios for a path from its first to its last point, unit 1:
 * - length / geodesic: 1 where the path goes along the cloud by the shortest way,
 *   ≫ 1 where the same points are visited in another order
 * - geodesic / chord: 1 in a flat cloud, more where the cloud is bent between the
 *   ends (a half circle: π/2)
 *
 * Neighbours are exact; an edge holds where either end names the other. Equal
 * points are one point.
 *
 * Source: Tenenbaum, de Silva & Langford 2000, Science 290 (Isomap).
 *
 * Where it misleads: with few points the graph is little more than the path, and
 * every ratio nears 1; a large k cuts corners; a small k breaks the graph apart.
 * In many dimensions distances concentrate and the graph means little.
 */
import { neighbourGraph, shortestWays } from "../projection/neighbour-graph.ts";
import { among, between, distancesOf, distinctPoints, neighboursWithin, type Distances, type Points } from "./distances.ts";

export interface KnnGeodesic {
  /** Length of the shortest way; Infinity where the graph does not join the two ends, NaN where one is not finite. */
  readonly geodesic: number;
  /** Path length over geodesic; NaN where the ends are equal, not joined, or a point of the path is not finite. */
  readonly lengthRatio: number;
  /** Geodesic over chord; NaN where the ends are equal or not joined. */
  readonly chordRatio: number;
  /** Neighbours used, after clipping to the number of other points. */
  readonly k: number;
}

/**
 * @param path  one layer's trajectory, [T, D], or its distances; from its first to its last row
 * @param k     neighbours
 */
export function knnGeodesic(path: Points, k = 5): KnnGeodesic {
  const distances = distancesOf(path);
  const { n } = distances;
  const near = Math.max(0, Math.min(k, distinctPoints(distances).length - 1));
  const geodesic = n > 0 ? geodesicDistances(distances, 0, k)[n - 1]! : NaN;
  const chord = n > 0 ? between(distances, 0, n - 1) : NaN;
  let length = 0;
  for (let t = 1; t < n; t++) length += between(distances, t - 1, t);
  const joined = geodesic > 0 && geodesic < Infinity;
  return { geodesic, lengthRatio: joined ? length / geodesic : NaN, chordRatio: joined ? geodesic / chord : NaN, k: near };
}

/**
 * Shortest ways from one point to all, [n]; Infinity where the graph does not
 * join them, NaN for points that are not finite.
 */
export function geodesicDistances(points: Points, source: number, k = 5): Float64Array<ArrayBuffer> {
  const all = distancesOf(points);
  const out = new Float64Array(all.n).fill(NaN);
  const rows = distinctPoints(all);
  // Equal points are at distance 0 of the one that stands for them.
  const stand = (i: number): number => rows.findIndex((r) => all.squares[r * all.n + i] === 0);
  const start = stand(source);
  if (start < 0) return out;
  const distances = among(all, rows);
  const ways = waysFrom(start, distances, Math.max(0, Math.min(k, distances.n - 1)));
  for (let i = 0; i < all.n; i++) {
    const at = all.squares[i * all.n + i] === 0 ? stand(i) : -1;
    if (at >= 0) out[i] = ways[at]!;
  }
  return out;
}

function waysFrom(source: number, distances: Distances, k: number): Float64Array {
  const { n, squares } = distances;
  const indices = neighboursWithin(distances, k);
  const lengths = new Float64Array(n * k);
  indices.forEach((j, at) => (lengths[at] = Math.sqrt(squares[Math.floor(at / k) * n + j]!)));
  const ways = new Float64Array(n);
  shortestWays(neighbourGraph({ k, indices, distances: lengths }, n), source, ways);
  return ways;
}
