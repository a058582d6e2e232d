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
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import type { LayerStates } from "./layer-states.ts";
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

const geodesicOf = ({ distances }: LayerStates): KnnGeodesic => knnGeodesic(distances);

export const detour: ProfileProbe = profileProbe({
  id: "detour",
  name: "length over geodesic",
  group: "path",
  title: "How much longer than the way along the cloud?",
  unit: "1",
  source: "Tenenbaum, de Silva & Langford 2000 (Isomap); graph of 5 neighbours",
  formula: "Σ ‖hₜ − hₜ₋₁‖ / shortest way from first to last state through the graph of 5 nearest neighbours",
  help: "The length of the path over that of the shortest way between its ends that stays among its own states. 1 goes by the shortest way. More visits the same states in another order.",
  caveat: "With few steps the graph is little more than the path, and the ratio nears 1 whatever the run does; k sets the scale. Not defined where the graph falls apart.",
  range: [1, null],
  length: "With more steps there are more states to go round.",
  of: ({ layer }) => layer.shared(geodesicOf).lengthRatio,
});

export const bend: ProfileProbe = profileProbe({
  id: "bend",
  name: "geodesic over chord",
  group: "path",
  title: "How bent is the cloud between its ends?",
  unit: "1",
  source: "Tenenbaum, de Silva & Langford 2000 (Isomap); graph of 5 neighbours",
  formula: "shortest way through the graph of 5 nearest neighbours / ‖h_T − h₀‖",
  help: "The shortest way along the states from the first to the last, over the straight line between them. 1 is a flat cloud, a half circle has π/2. It asks for the shape of the states, not for the order in which they come.",
  caveat: "In many dimensions distances concentrate and the graph means little; with fewer than a dozen steps every neighbour is a near one and the ratio is 1.",
  range: [1, null],
  length: "With few steps every state is a neighbour of every other, and it is 1.",
  of: ({ layer }) => layer.shared(geodesicOf).chordRatio,
});
