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
import { among, between, distancesOf, distinctPoints, neighboursWithin, type Points } from "./distances.ts";

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
  const ways = dijkstra(distances.n, start, graphOf(distances.n, Math.max(0, Math.min(k, distances.n - 1)), distances.squares));
  for (let i = 0; i < all.n; i++) {
    const at = all.squares[i * all.n + i] === 0 ? stand(i) : -1;
    if (at >= 0) out[i] = ways[at]!;
  }
  return out;
}

/** Lengths of the edges, [n, n]; 0 where there is none. */
function graphOf(n: number, k: number, squares: Float64Array<ArrayBuffer>): Float64Array {
  const edges = new Float64Array(n * n);
  const near = neighboursWithin({ n, squares }, k);
  for (let i = 0; i < n; i++) {
    for (let a = i * k; a < (i + 1) * k; a++) {
      const j = near[a]!;
      edges[i * n + j] = edges[j * n + i] = Math.sqrt(squares[i * n + j]!);
    }
  }
  return edges;
}

function dijkstra(n: number, source: number, edges: Float64Array): Float64Array {
  const ways = new Float64Array(n).fill(Infinity);
  const done = new Uint8Array(n);
  ways[source] = 0;
  for (let round = 0; round < n; round++) {
    let at = -1;
    for (let i = 0; i < n; i++) if (!done[i] && ways[i]! < Infinity && (at < 0 || ways[i]! < ways[at]!)) at = i;
    if (at < 0) break;
    done[at] = 1;
    for (let j = 0; j < n; j++) {
      const edge = edges[at * n + j]!;
      if (edge > 0 && ways[at]! + edge < ways[j]!) ways[j] = ways[at]! + edge;
    }
  }
  return ways;
}
