/**
 * UMAP's graph: how much each point is a neighbour of each other, in [0, 1].
 *
 *   v(i → j) = exp(−max(0, d(i, j) − ρᵢ) / σᵢ)
 *   w(i, j)  = v(i → j) + v(j → i) − v(i → j) v(j → i)
 *
 * ρᵢ is the distance to the nearest neighbour apart, and σᵢ such that Σⱼ v(i → j) = log₂ k,
 * by bisection. Number for number what umap-js computes, which takes a second for
 * 2,000 points in one call that nothing can interrupt; here in short steps.
 *
 * Source: McInnes, Healy & Melville 2018, arXiv:1802.03426; umap-js 1.4.0.
 */
import type { Neighbours } from "./nearest-neighbours.ts";
import type { Steps } from "./steps.ts";

/** As umap-js reads a graph. */
export interface GraphEntry {
  readonly row: number;
  readonly col: number;
  readonly value: number;
}

/** A sparse symmetric graph, its edges by row and then by column. */
export class FuzzyGraph {
  readonly nCols: number;

  constructor(
    readonly nRows: number,
    private readonly edges: readonly GraphEntry[],
  ) {
    this.nCols = nRows;
  }

  getValues(): number[] {
    return this.edges.map(({ value }) => value);
  }

  getAll(): readonly GraphEntry[] {
    return this.edges;
  }

  map(f: (value: number) => number): FuzzyGraph {
    return new FuzzyGraph(this.nRows, this.edges.map(({ row, col, value }) => ({ row, col, value: f(value) })));
  }
}

const tolerance = 1e-5;
const leastScale = 1e-3;
const bisections = 64;

/** @param nearest  k − 1 exact neighbours of each of n points, themselves not counted */
export function* fuzzyGraph({ k: others, indices, distances }: Neighbours, n: number): Steps<FuzzyGraph> {
  const k = others + 1;
  const target = Math.log(k) / Math.log(2);
  // A point is its own first neighbour, at 0.
  const meanOf = (i: number): number => {
    let sum = 0;
    for (let j = 0; j < others; j++) sum += distances[i * others + j]!;
    return sum / k;
  };
  let mean = 0;
  for (let i = 0; i < n; i++) mean += meanOf(i);
  mean /= n;
  const strengths = new Float64Array(n * others);
  /** Points that name i as a neighbour, and how strongly. */
  const incoming = Array.from({ length: n }, () => new Map<number, number>());
  for (let i = 0; i < n; i++) {
    let rho = 0;
    for (let j = 0; j < others && rho === 0; j++) rho = distances[i * others + j]!;
    let [low, high, sigma] = [0, Infinity, 1];
    for (let step = 0; step < bisections; step++) {
      let sum = 0;
      for (let j = 0; j < others; j++) {
        const d = distances[i * others + j]! - rho;
        sum += d > 0 ? Math.exp(-(d / sigma)) : 1;
      }
      if (Math.abs(sum - target) < tolerance) break;
      if (sum > target) {
        high = sigma;
        sigma = (low + high) / 2;
      } else {
        low = sigma;
        sigma = high === Infinity ? sigma * 2 : (low + high) / 2;
      }
    }
    sigma = Math.max(sigma, leastScale * (rho > 0 ? meanOf(i) : mean));
    for (let j = 0; j < others; j++) {
      const d = distances[i * others + j]! - rho;
      const strength = d <= 0 ? 1 : Math.exp(-(d / sigma));
      strengths[i * others + j] = strength;
      incoming[indices[i * others + j]!]!.set(i, strength);
    }
    if (i % 256 === 255) yield { phase: "graph", done: i, total: 2 * n };
  }
  const edges: GraphEntry[] = [];
  for (let row = 0; row < n; row++) {
    const outgoing = new Map(Array.from({ length: others }, (_, j) => [indices[row * others + j]!, strengths[row * others + j]!] as const));
    const columns = new Set([...outgoing.keys(), ...incoming[row]!.keys()]);
    for (const col of [...columns].sort((a, b) => a - b)) {
      const there = outgoing.get(col) ?? 0;
      const back = incoming[row]!.get(col) ?? 0;
      edges.push({ row, col, value: there + back - there * back });
    }
    if (row % 256 === 255) yield { phase: "graph", done: n + row, total: 2 * n };
  }
  return new FuzzyGraph(n, edges);
}
