/**
 * Which parts and loops a cloud has, and between which scales: persistent homology of
 * its Vietoris–Rips complex in dimensions 0 and 1, over Z/2.
 *
 * At scale r two points are joined where they lie within r of each other, three are a
 * filled triangle where each two are joined. From r = 0 upwards parts merge (`merges`)
 * and loops are born and die (`loops`). n points on a unit circle give one loop, born at
 * the largest gap and dead at √3 or a little more: at the first triangle around the centre.
 *
 * Parts by union and find over the edges from short to long (Kruskal 1956). Loops by
 * reducing the coboundary matrix from the longest edge to the shortest: the same pairs as
 * from the boundary matrix, with far fewer columns that come to nothing. Edges that
 * merge parts bear no loop and are left out; an edge whose first triangle is no longer than
 * itself bears one of no length; above the scale at which one point sees all others nothing
 * is left to happen.
 *
 * Source: Edelsbrunner, Letscher & Zomorodian 2002; de Silva, Morozov & Vejdemo-Johansson
 * 2011 (duality); Bauer 2021, arXiv:1908.02518 (Ripser: clearing, emergent pairs).
 *
 * Where it misleads: a loop in the data is a bar that lasts, and what lasts is a matter of
 * the sample (see `betti-numbers.ts`). One stray point inside a ring closes it early.
 */
import { among, distancesOf, distinctPoints, type Points } from "../geometry/distances.ts";

/** A loop between the scale at which it closes and the one at which it is filled. */
export interface Bar {
  readonly birth: number;
  readonly death: number;
}

export interface Persistence {
  /** Scales at which two parts become one, rising: one less than there are points. */
  readonly merges: Float64Array<ArrayBuffer>;
  /** Loops of some length, the longest first (by death / birth). */
  readonly loops: readonly Bar[];
}

/**
 * About 0.1 s for 100 points, 1 s for 200.
 *
 * @param points  [n, D], or their distances; rows that are not finite are left out, equal rows count once
 */
export function persistence(points: Points): Persistence {
  const all = distancesOf(points);
  const { n, squares } = among(all, distinctPoints(all));
  const complex = new Edges(n, squares);
  const { merges, merging } = mergedParts(complex);
  const loops: Bar[] = [];
  // The reduced column that owns a triangle; where it is an edge's own coboundary, the edge alone.
  const owners = new Map<number, Int32Array | number>();
  for (let edge = complex.count - 1; edge >= 0; edge--) {
    if (merging[edge]) continue;
    let column = complex.coboundary(edge);
    let reduced = false;
    for (let owner = owners.get(column[0]!); owner !== undefined; owner = owners.get(column[0]!)) {
      column = sumModulo2(column, typeof owner === "number" ? complex.coboundary(owner) : owner);
      reduced = true;
    }
    const triangle = column[0];
    // Never at the scale where one point sees all: there every loop is filled.
    if (triangle === undefined) continue;
    owners.set(triangle, reduced ? column : edge);
    const birth = complex.lengths[edge]!;
    const death = complex.lengths[Math.floor(triangle / n)]!;
    if (death > birth) loops.push({ birth, death });
  }
  return { merges, loops: loops.toSorted((a, b) => b.death / b.birth - a.death / a.birth) };
}

/** The edges up to the scale at which one point sees all others, from short to long, and the triangles over them. */
class Edges {
  readonly count: number;
  readonly lengths: Float64Array;
  /** Both ends of each edge. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** The rank of the edge between two points; `count` or more where it is none of them. */
  private readonly ranks: Int32Array;

  constructor(readonly n: number, squares: Float64Array) {
    let enclosing = Infinity;
    for (let i = 0; i < n; i++) enclosing = Math.min(enclosing, squares.subarray(i * n, (i + 1) * n).reduce((most, x) => Math.max(most, x), 0));
    const kept: number[] = [];
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) if (squares[i * n + j]! <= enclosing) kept.push(i * n + j);
    kept.sort((a, b) => squares[a]! - squares[b]! || a - b);
    this.count = kept.length;
    this.lengths = Float64Array.from(kept, (at) => Math.sqrt(squares[at]!));
    this.from = Int32Array.from(kept, (at) => Math.floor(at / n));
    this.to = Int32Array.from(kept, (at) => at % n);
    this.ranks = new Int32Array(n * n).fill(kept.length);
    kept.forEach((at, rank) => (this.ranks[at] = this.ranks[(at % n) * n + Math.floor(at / n)] = rank));
  }

  /**
   * The triangles over an edge, rising. A triangle's number is its longest edge · n + the
   * corner opposite to that, so that numbers rise as triangles appear.
   */
  coboundary(edge: number): Int32Array {
    const { n, ranks, count } = this;
    const i = this.from[edge]!;
    const j = this.to[edge]!;
    const out = new Int32Array(n);
    let length = 0;
    for (let v = 0; v < n; v++) {
      if (v === i || v === j) continue;
      const iv = ranks[i * n + v]!;
      const jv = ranks[j * n + v]!;
      const longest = Math.max(edge, iv, jv);
      if (longest >= count) continue;
      out[length++] = longest * n + (longest === edge ? v : longest === iv ? j : i);
    }
    return out.subarray(0, length).sort();
  }
}

/** The edges that join two parts, and the scales at which they do. */
function mergedParts({ n, count, from, to, lengths }: Edges): { merges: Float64Array<ArrayBuffer>; merging: Uint8Array } {
  const root = Int32Array.from({ length: n }, (_, i) => i);
  const find = (i: number): number => {
    let at = i;
    // Halving the way on each walk keeps the trees flat.
    while (root[at] !== at) at = root[at] = root[root[at]!]!;
    return at;
  };
  const merging = new Uint8Array(count);
  const merges: number[] = [];
  for (let edge = 0; edge < count; edge++) {
    const a = find(from[edge]!);
    const b = find(to[edge]!);
    if (a === b) continue;
    root[a] = b;
    merging[edge] = 1;
    merges.push(lengths[edge]!);
  }
  return { merges: Float64Array.from(merges), merging };
}

/** Entries of rising columns that are in one of them but not in both. */
function sumModulo2(a: Int32Array, b: Int32Array): Int32Array {
  const out = new Int32Array(a.length + b.length);
  let length = 0;
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const x = i < a.length ? a[i]! : Infinity;
    const y = j < b.length ? b[j]! : Infinity;
    if (x === y) {
      i++;
      j++;
    } else if (x < y) {
      out[length++] = x;
      i++;
    } else {
      out[length++] = y;
      j++;
    }
  }
  return out.slice(0, length);
}
