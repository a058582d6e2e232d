/**
 * The graph that joins each point to its k nearest, an edge as long as the
 * distance, and the shortest ways through it (Dijkstra 1959, with a heap): the
 * distances along the cloud that Isomap draws and pictures are judged by.
 *
 * An edge holds where either end names the other. Where the graph falls apart,
 * `joinParts` adds the shortest edge between the nearest two parts until it is
 * one, and says how many it added.
 *
 * Source: Tenenbaum, de Silva & Langford 2000, Science 290, 2319.
 */
import { smallest, type Neighbours } from "./nearest-neighbours.ts";
import type { PairDistances } from "./pair-distances.ts";
import type { Steps } from "./steps.ts";

export interface NeighbourGraph {
  readonly n: number;
  /** Edges of point i: entries starts[i] … starts[i + 1] of `ends` and `lengths`. */
  readonly starts: Int32Array<ArrayBuffer>;
  readonly ends: Int32Array<ArrayBuffer>;
  readonly lengths: Float64Array<ArrayBuffer>;
}

/** The k nearest of every point, from distances. */
export function* neighboursFrom(distances: PairDistances, k: number): Steps<Neighbours> {
  const { n } = distances;
  const near = Math.max(0, Math.min(k, n - 1));
  const indices = new Int32Array(n * near);
  const lengths = new Float64Array(n * near);
  for (let i = 0; i < n; i++) {
    const squares = distances.row(i);
    smallest(squares, i, near, indices, i * near);
    for (let j = i * near; j < (i + 1) * near; j++) lengths[j] = Math.sqrt(squares[indices[j]!]!);
    if (i % 128 === 127) yield { phase: "graph", done: i, total: n };
  }
  return { k: near, indices, distances: lengths };
}

/** @param extra  edges [from, to, length] besides those of the neighbours */
export function neighbourGraph({ k, indices, distances }: Neighbours, n: number, extra: readonly (readonly [number, number, number])[] = []): NeighbourGraph {
  const edges: [number, number, number][] = [];
  for (let i = 0; i < n; i++) {
    for (let a = i * k; a < (i + 1) * k; a++) {
      const j = indices[a]!;
      // Once, though both ends may name each other.
      if (i < j || !indices.subarray(j * k, (j + 1) * k).includes(i)) edges.push([i, j, distances[a]!]);
    }
  }
  edges.push(...extra.map(([i, j, length]): [number, number, number] => [i, j, length]));
  const starts = new Int32Array(n + 1);
  for (const [i, j] of edges) {
    starts[i + 1]!++;
    starts[j + 1]!++;
  }
  for (let i = 0; i < n; i++) starts[i + 1] = starts[i + 1]! + starts[i]!;
  const at = starts.slice();
  const ends = new Int32Array(2 * edges.length);
  const lengths = new Float64Array(2 * edges.length);
  for (const [i, j, length] of edges) {
    ends[at[i]!] = j;
    lengths[at[i]!++] = length;
    ends[at[j]!] = i;
    lengths[at[j]!++] = length;
  }
  return { n, starts, ends, lengths };
}

/** The part of the graph that each point belongs to, numbered by their first points; and how many there are. */
export function partsOf({ n, starts, ends }: NeighbourGraph): { part: Int32Array; count: number } {
  const part = new Int32Array(n).fill(-1);
  let count = 0;
  for (let first = 0; first < n; first++) {
    if (part[first] !== -1) continue;
    const open = [first];
    part[first] = count;
    for (let i = open.pop(); i !== undefined; i = open.pop()) {
      for (let e = starts[i]!; e < starts[i + 1]!; e++) {
        if (part[ends[e]!] !== -1) continue;
        part[ends[e]!] = count;
        open.push(ends[e]!);
      }
    }
    count++;
  }
  return { part, count };
}

/** A connected graph, and the number of edges that had to be added: one less than there were parts. */
export function* joinParts(neighbours: Neighbours, distances: PairDistances): Steps<{ graph: NeighbourGraph; joined: number }> {
  const { n } = distances;
  const loose = neighbourGraph(neighbours, n);
  const { part, count } = partsOf(loose);
  if (count === 1 || n === 0) return { graph: loose, joined: 0 };
  // The nearest pair of every two parts, then the shortest tree over the parts (Kruskal 1956).
  const best = new Map<number, [number, number, number]>();
  for (let i = 0; i < n; i++) {
    const squares = distances.row(i);
    for (let j = 0; j < i; j++) {
      if (part[i] === part[j]) continue;
      const key = Math.min(part[i]!, part[j]!) * count + Math.max(part[i]!, part[j]!);
      const known = best.get(key);
      if (!known || squares[j]! < known[2]) best.set(key, [j, i, squares[j]!]);
    }
    if (i % 128 === 127) yield { phase: "graph", done: i, total: n };
  }
  const root = Int32Array.from({ length: count }, (_, p) => p);
  const find = (p: number): number => (root[p] === p ? p : (root[p] = find(root[p]!)));
  const added: [number, number, number][] = [];
  for (const [i, j, square] of [...best.values()].toSorted((a, b) => a[2] - b[2])) {
    const [a, b] = [find(part[i]!), find(part[j]!)];
    if (a === b) continue;
    root[a] = b;
    added.push([i, j, Math.sqrt(square)]);
  }
  return { graph: neighbourGraph(neighbours, n, added), joined: added.length };
}

/** Lengths of the shortest ways from `source` to all points, into `out` [n]; Infinity where there is none. */
export function shortestWays({ n, starts, ends, lengths }: NeighbourGraph, source: number, out: Float64Array, heap: WayHeap = new WayHeap(n)): void {
  out.fill(Infinity);
  out[source] = 0;
  heap.clear();
  heap.put(source, out);
  for (let i = heap.take(out); i >= 0; i = heap.take(out)) {
    const way = out[i]!;
    for (let e = starts[i]!; e < starts[i + 1]!; e++) {
      const j = ends[e]!;
      const further = way + lengths[e]!;
      if (further < out[j]!) {
        out[j] = further;
        heap.put(j, out);
      }
    }
  }
}

/** A binary heap of points by their way so far; a point that comes nearer moves up. */
export class WayHeap {
  private readonly items: Int32Array;
  private readonly places: Int32Array;
  private size = 0;

  constructor(n: number) {
    this.items = new Int32Array(n);
    this.places = new Int32Array(n).fill(-1);
  }

  clear(): void {
    this.places.fill(-1);
    this.size = 0;
  }

  put(item: number, keys: Float64Array): void {
    let at = this.places[item]!;
    if (at < 0) at = this.size++;
    const key = keys[item]!;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = this.items[above]!;
      if (keys[other]! <= key) break;
      this.items[at] = other;
      this.places[other] = at;
      at = above;
    }
    this.items[at] = item;
    this.places[item] = at;
  }

  /** The point of the shortest way, taken out; −1 where none is left. */
  take(keys: Float64Array): number {
    if (this.size === 0) return -1;
    const first = this.items[0]!;
    this.places[first] = -1;
    const last = this.items[--this.size]!;
    if (this.size === 0) return first;
    const key = keys[last]!;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= this.size) break;
      if (below + 1 < this.size && keys[this.items[below + 1]!]! < keys[this.items[below]!]!) below++;
      const other = this.items[below]!;
      if (keys[other]! >= key) break;
      this.items[at] = other;
      this.places[other] = at;
      at = below;
    }
    this.items[at] = last;
    this.places[last] = at;
    return first;
  }
}
