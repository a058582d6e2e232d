/**
 * The states from which the answers are read, over many problems: one point per
 * problem, so that the points are independent, as measures of clouds expect and
 * the steps of one run are not.
 */
import { alignment, centredKernel, debiasedKernel } from "../geometry/cka.ts";
import { cloudDeviation } from "../geometry/cloud-distance.ts";
import { among, centredGram, distancesOf, finitePoints, neighboursWithin, type Distances } from "../geometry/distances.ts";
import { rankOfSpectrum } from "../geometry/effective-rank.ts";
import { levinaBickel } from "../geometry/levina-bickel.ts";
import { commonShare, expectedOverlap } from "../geometry/neighbourhood-overlap.ts";
import { participationRatio } from "../geometry/participation-ratio.ts";
import { procrustesOfGrams } from "../geometry/procrustes.ts";
import { spectrum } from "../geometry/spectrum.ts";
import { twoNn } from "../geometry/two-nn.ts";
import type { Steps } from "../projection/steps.ts";
import { Random } from "../random.ts";
import { aurocInterval } from "../statistics/auroc.ts";
import { tensor, type Tensor } from "../tensor.ts";
import type { Population } from "./population.ts";
import type { PopulationRow } from "./row.ts";

/** The cloud of one cell at one layer. */
export interface CellCloud {
  readonly cell: number;
  readonly layer: number;
  /** Problems with a finite state. */
  readonly n: number;
  readonly twoNn: number;
  readonly levinaBickel: number;
  readonly participationRatio: number;
  readonly effectiveRank: number;
}

/** Two cells' clouds at one layer, over the problems that both have. */
export interface CloudPair {
  readonly a: number;
  readonly b: number;
  readonly layer: number;
  readonly n: number;
  readonly cka: number;
  readonly debiasedCka: number;
  readonly procrustes: number;
  readonly overlap: number;
  /** What unrelated clouds share by chance. */
  readonly expectedOverlap: number;
}

/** How far the wrong answers lie from the right ones at one layer (REMA, `cloud-distance.ts`). */
export interface CellDeviation {
  readonly cell: number;
  readonly layer: number;
  readonly correct: number;
  readonly wrong: number;
  /** AUROC of the distance to the correct runs, with its 95 % bootstrap interval; NaN where all are right, or all wrong. */
  readonly separability: number;
  readonly interval: readonly [number, number];
  /** Wrong runs that leave the cloud first at this layer. */
  readonly leaving: number;
}

export interface Clouds {
  readonly cells: readonly CellCloud[];
  readonly pairs: readonly CloudPair[];
  readonly deviations: readonly CellDeviation[];
}

/** More problems would take minutes: Procrustes grows with their cube. */
const mostProblems = 300;
/** Neighbours of the overlap. */
const near = 10;

/**
 * @param layers  at which to measure
 * @returns       over the first 300 problems at most; each says how many
 */
export function* cloudsOf(population: Population, layers: readonly number[]): Steps<Clouds> {
  const cells = Array.from({ length: population.cells }, (_, cell) => cell);
  const rows = population.rows.filter((row) => row.cells.every(({ last }) => last.data.length > 0)).slice(0, mostProblems);
  const states = cells.map((cell) => lastStates(rows, cell));
  const found = { cells: [] as CellCloud[], pairs: [] as CloudPair[], deviations: [] as CellDeviation[] };
  const deviations = cells.map((cell) => deviationOf(rows, cell, states[cell]!, layers));
  for (const [done, layer] of layers.entries()) {
    yield { phase: "distances", done, total: layers.length };
    const distances = states.map((all) => distancesOf(atLayer(all, layer)));
    for (const cell of cells) {
      found.cells.push(cloudOf(cell, layer, distances[cell]!));
      for (const other of cells.slice(cell + 1)) found.pairs.push(pairOf(cell, other, layer, distances[cell]!, distances[other]!));
      const deviation = deviations[cell];
      if (deviation) found.deviations.push(deviation[done]!);
      yield { phase: "distances", done, total: layers.length };
    }
  }
  return found;
}

/** [n, L+1, D]; NaN where a run kept no states. */
function lastStates(rows: readonly PopulationRow[], cell: number): Tensor {
  const [layers = 0, D = 0] = rows.find((row) => row.cells[cell]!.last.data.length > 0)?.cells[cell]?.last.shape ?? [];
  const out = tensor([rows.length, layers, D]);
  rows.forEach((row, i) => {
    const { last } = row.cells[cell]!;
    if (last.data.length === layers * D) out.data.set(last.data, i * layers * D);
    else out.data.fill(NaN, i * layers * D, (i + 1) * layers * D);
  });
  return out;
}

function atLayer({ shape: [n = 0, layers = 0, D = 0], data }: Tensor, layer: number, rows: readonly number[] = Array.from({ length: n }, (_, i) => i)): Tensor {
  const out = tensor([rows.length, D]);
  rows.forEach((i, to) => out.data.set(data.subarray((i * layers + layer) * D, (i * layers + layer + 1) * D), to * D));
  return out;
}

function cloudOf(cell: number, layer: number, distances: Distances): CellCloud {
  return {
    cell,
    layer,
    n: finitePoints(distances).length,
    twoNn: twoNn(distances).fit,
    levinaBickel: levinaBickel(distances),
    participationRatio: participationRatio(distances),
    effectiveRank: rankOfSpectrum(spectrum(distances)),
  };
}

function pairOf(a: number, b: number, layer: number, first: Distances, second: Distances): CloudPair {
  const finite = new Set(finitePoints(second));
  const rows = finitePoints(first).filter((r) => finite.has(r));
  const [x, y] = [among(first, rows), among(second, rows)];
  const n = rows.length;
  const k = Math.max(0, Math.min(near, n - 1));
  return {
    a,
    b,
    layer,
    n,
    cka: alignment(centredKernel(x), centredKernel(y)),
    debiasedCka: alignment(debiasedKernel(x), debiasedKernel(y)),
    procrustes: procrustesOfGrams(centredGram(x), centredGram(y), n),
    overlap: k > 0 ? commonShare(neighboursWithin(x, k), neighboursWithin(y, k), k) : NaN,
    expectedOverlap: expectedOverlap(n, k),
  };
}

/** Per layer; null where no answer was judged. */
function deviationOf(rows: readonly PopulationRow[], cell: number, states: Tensor, layers: readonly number[]): CellDeviation[] | null {
  const judged = (right: boolean): number[] => rows.flatMap((row, i) => (row.cells[cell]!.correct === right ? [i] : []));
  const [correct, wrong] = [judged(true), judged(false)];
  if (correct.length + wrong.length === 0) return null;
  const of = (problems: readonly number[]): Tensor => {
    const D = states.shape[2] ?? 0;
    const out = tensor([problems.length, layers.length, D]);
    layers.forEach((layer, l) => {
      const part = atLayer(states, layer, problems);
      problems.forEach((_, i) => out.data.set(part.data.subarray(i * D, (i + 1) * D), (i * layers.length + l) * D));
    });
    return out;
  };
  const { separability, distances, baseline, divergence } = cloudDeviation(of(correct), of(wrong));
  const column = (all: Float64Array, n: number, l: number): Float64Array => Float64Array.from({ length: n }, (_, i) => all[i * layers.length + l]!);
  return layers.map((layer, l) => ({
    cell,
    layer,
    correct: correct.length,
    wrong: wrong.length,
    separability: separability[l]!,
    interval: aurocInterval(column(distances, wrong.length, l), column(baseline, correct.length, l), new Random(1), 200),
    leaving: divergence.filter((first) => first === l).length,
  }));
}
