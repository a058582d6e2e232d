/**
 * All measures of one run at once, and its layers beside one another.
 *
 * The distances between a layer's states are computed once and shared: neighbours,
 * dimensions, spectrum, kernels and the shuffled null all follow from them. What
 * each number means stands in its own file.
 */
import { alignment, centredKernel, debiasedKernel, debiasedKernelOf } from "./geometry/cka.ts";
import { among, between, finitePoints, neighboursWithin, type Distances } from "./geometry/distances.ts";
import { layerStates, type LayerStates } from "./geometry/layer-states.ts";
import { commonShare } from "./geometry/neighbourhood-overlap.ts";
import { hasTrajectory } from "./geometry/trajectory.ts";
import { missingNeeds, probes } from "./index.ts";
import { nullBand, type NullBand } from "./nulls/null-band.ts";
import { shuffledOrder } from "./nulls/shuffled-order.ts";
import type { Steps } from "./projection/steps.ts";
import type { Random } from "./random.ts";
import { runMeasure, type RunMeasure } from "./run-measure.ts";
import type { Trace } from "./trace.ts";

export interface RunMeasures {
  /** By probe id; those that the run lacks something for are left out. */
  readonly measures: ReadonlyMap<string, RunMeasure>;
  /** Where the run stands among shuffled orders of its states, per layer; empty without hidden states. */
  readonly shuffled: { readonly directness: readonly NullBand[]; readonly turningAngle: readonly NullBand[] };
  /** Every layer beside every other, [layers, layers] row by row. */
  readonly cka: Float64Array<ArrayBuffer>;
  readonly debiasedCka: Float64Array<ArrayBuffer>;
  readonly neighbourhoodOverlap: Float64Array<ArrayBuffer>;
  /** The layers that were kept: the rows and columns of these, and of `shuffled`. */
  readonly layers: readonly number[];
  /** States measured in each layer, and those of them that are finite in every layer, which alone count between layers. */
  readonly states: number;
  readonly finiteStates: number;
}

export interface RunMeasuresOptions {
  /** First step that counts. Default 0. */
  readonly from?: number;
  /** Neighbours of the overlap. Default 10. */
  readonly overlapNeighbours?: number;
  /** Shuffled orders drawn. Default 50. */
  readonly draws?: number;
}

/** @param random  of the shuffled null */
export function* runMeasures(trace: Trace, random: Random, { from = 0, overlapNeighbours = 10, draws = 50 }: RunMeasuresOptions = {}): Steps<RunMeasures> {
  const states = hasTrajectory(trace) ? layerStates(trace, from) : [];
  const L = states.length;
  const count = Math.max(0, trace.steps.length - from);
  for (const [l, layer] of states.entries()) {
    yield { phase: "distances", done: l, total: L };
    void layer.distances;
  }
  const measures = new Map<string, RunMeasure>();
  const known = probes.filter((p) => missingNeeds(p, trace).length === 0);
  for (const [i, p] of known.entries()) {
    yield { phase: "measures", done: i, total: known.length };
    measures.set(p.id, runMeasure(p, trace, from, states));
  }
  yield { phase: "measures", done: known.length, total: known.length };
  // The same orders for every layer, so that layers differ by their states only.
  const orders = Array.from({ length: draws }, () => shuffledOrder(count, random));
  const shuffles = states.map(({ distances }) => orders.map((order) => orderedPath(distances, order)));
  const own = (id: string, l: number): number => measures.get(id)?.whole[l] ?? NaN;
  yield { phase: "layers", done: 0, total: L };
  const shared = sharedSteps(states, count);
  const near = Math.max(0, Math.min(overlapNeighbours, shared.length - 1));
  const common = states.map(({ distances }) => among(distances, shared));
  const kernels = common.map(centredKernel);
  const debiased = states.map((layer, l) => (shared.length === count ? layer.shared(debiasedKernelOf) : debiasedKernel(common[l]!)));
  const neighbours = common.map((d) => neighboursWithin(d, near));
  return {
    measures,
    shuffled: {
      directness: shuffles.map((draw, l) => nullBand(own("directness", l), draw.map((s) => s.directness))),
      turningAngle: shuffles.map((draw, l) => nullBand(own("turning-angle", l), draw.map((s) => s.turningAngle))),
    },
    cka: pairs(L, (a, b) => alignment(kernels[a]!, kernels[b]!)),
    debiasedCka: pairs(L, (a, b) => alignment(debiased[a]!, debiased[b]!)),
    neighbourhoodOverlap: pairs(L, (a, b) => (near > 0 ? commonShare(neighbours[a]!, neighbours[b]!, near) : NaN)),
    layers: states.map(({ layer }) => layer),
    states: L === 0 ? 0 : count,
    finiteStates: shared.length,
  };
}

function sharedSteps(states: readonly LayerStates[], steps: number): number[] {
  const finite = states.map(({ distances }) => new Set(finitePoints(distances)));
  return states.length === 0 ? [] : Array.from({ length: steps }, (_, t) => t).filter((t) => finite.every((set) => set.has(t)));
}

function pairs(L: number, measure: (a: number, b: number) => number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(L * L);
  for (let a = 0; a < L; a++) for (let b = 0; b <= a; b++) out[a * L + b] = out[b * L + a] = measure(a, b);
  return out;
}

/** Directness and mean turning angle of a path through known distances, by the law of cosines. */
function orderedPath(d: Distances, order: readonly number[]): { directness: number; turningAngle: number } {
  let length = 0;
  let angles = 0;
  let turns = 0;
  let before = NaN;
  for (let t = 1; t < order.length; t++) {
    const step = between(d, order[t - 1]!, order[t]!);
    length += step;
    const chord = t > 1 ? between(d, order[t - 2]!, order[t]!) : NaN;
    const cosine = (chord * chord - before * before - step * step) / (2 * before * step);
    // NaN where a side is 0 or unknown.
    if (!Number.isNaN(cosine)) {
      angles += Math.acos(Math.max(-1, Math.min(1, cosine)));
      turns++;
    }
    before = step;
  }
  return { directness: length > 0 ? between(d, order[0]!, order[order.length - 1]!) / length : NaN, turningAngle: turns > 0 ? angles / turns : NaN };
}
