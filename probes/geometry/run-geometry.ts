/**
 * All measures of one run's geometry at once, layer by layer and between layers.
 *
 * The distances between a layer's states are computed once and shared: neighbours,
 * dimensions, spectrum, kernels and the shuffled null all follow from them. What
 * each number means stands in its own file.
 */
import { shuffledOrder } from "../nulls/shuffled-order.ts";
import { nullBand, type NullBand } from "../nulls/null-band.ts";
import type { Random } from "../random.ts";
import { mean } from "../statistics/moments.ts";
import type { Tensor } from "../tensor.ts";
import { mutualCosine } from "../thoughts/mutual-cosine.ts";
import { alignment, centredKernel, debiasedKernel, type Kernel } from "./cka.ts";
import { correctedDirectness } from "./corrected-directness.ts";
import { among, between, centredGram, distancesOf, finitePoints, neighboursWithin, type Distances } from "./distances.ts";
import { rankOfSpectrum } from "./effective-rank.ts";
import { knnGeodesic } from "./knn-geodesic.ts";
import { layerPath } from "./layer-path.ts";
import { levinaBickel } from "./levina-bickel.ts";
import { mengerCurvatures } from "./menger-curvature.ts";
import { commonShare } from "./neighbourhood-overlap.ts";
import { participationRatio } from "./participation-ratio.ts";
import { directness, pathLength } from "./path-length.ts";
import { procrustesOfGrams } from "./procrustes.ts";
import { spectrum } from "./spectrum.ts";
import { turningAngles } from "./turning-angle.ts";
import { twoNn } from "./two-nn.ts";

/** The measures of one layer, one number each; NaN where not defined. */
export interface LayerGeometry {
  /** Unit of the residual stream. */
  readonly pathLength: number;
  readonly directness: number;
  readonly correctedDirectness: number;
  /** Mean over the steps, rad. */
  readonly turningAngle: number;
  /** Turning angle of layer 0 less that of this one, rad. */
  readonly straightening: number;
  /** Mean over the steps, 1 / unit of the residual stream. */
  readonly mengerCurvature: number;
  /** Path length over geodesic. */
  readonly lengthRatio: number;
  /** Geodesic over chord. */
  readonly chordRatio: number;
  readonly twoNn: number;
  readonly twoNnMle: number;
  readonly levinaBickel: number;
  readonly participationRatio: number;
  readonly effectiveRank: number;
  readonly mutualCosine: number;
  /** Squared Procrustes distance to the layer before; NaN at layer 0. */
  readonly procrustes: number;
  /** Directness and mean turning angle of the same states in shuffled order. */
  readonly shuffledDirectness: NullBand;
  readonly shuffledTurningAngle: NullBand;
}

export interface RunGeometry {
  /** [L] */
  readonly layers: readonly LayerGeometry[];
  /** [L, L] row by row. */
  readonly cka: Float64Array<ArrayBuffer>;
  readonly debiasedCka: Float64Array<ArrayBuffer>;
  readonly neighbourhoodOverlap: Float64Array<ArrayBuffer>;
  /** Steps measured, and those of them that are finite in every layer, which alone count between layers. */
  readonly steps: number;
  readonly finiteSteps: number;
}

export interface RunGeometryOptions {
  /** First step that counts. Default 0. */
  readonly from?: number;
  /** Neighbours of the geodesic graph. Default 5. */
  readonly graphNeighbours?: number;
  /** Neighbours of the Levina-Bickel estimate. Default 20. */
  readonly dimensionNeighbours?: number;
  /** Neighbours of the overlap. Default 10. */
  readonly overlapNeighbours?: number;
  /** Shuffled orders drawn. Default 50. */
  readonly draws?: number;
}

/**
 * @param states  hidden states of all layers, [T, L, D]
 * @param random  of the shuffled null
 */
export function runGeometry(states: Tensor, random: Random, options: RunGeometryOptions = {}): RunGeometry {
  const { from = 0, graphNeighbours = 5, dimensionNeighbours = 20, overlapNeighbours = 10, draws = 50 } = options;
  const L = states.shape[1] ?? 0;
  const paths = Array.from({ length: L }, (_, l) => layerPath(states, l, from));
  const distances = paths.map(distancesOf);
  const steps = paths[0]?.shape[0] ?? 0;
  const shared = sharedSteps(distances, steps);
  const near = Math.max(0, Math.min(overlapNeighbours, shared.length - 1));
  // The same orders for every layer, so that layers differ by their states only.
  const orders = Array.from({ length: draws }, () => shuffledOrder(steps, random));
  const kernels: Kernel[] = [];
  const debiased: Kernel[] = [];
  const neighbours: Int32Array[] = [];
  let gramBefore: Float64Array | null = null;
  let firstAngle = NaN;
  const layers = paths.map((path, l): LayerGeometry => {
    const d = distances[l]!;
    const common = among(d, shared);
    const gram = centredGram(common);
    kernels.push(centredKernel(common));
    debiased.push(debiasedKernel(common));
    neighbours.push(neighboursWithin(common, near));
    const angle = mean(turningAngles(path));
    if (l === 0) firstAngle = angle;
    const { fit, mle } = twoNn(d);
    const { lengthRatio, chordRatio } = knnGeodesic(d, graphNeighbours);
    const shuffled = orders.map((order) => orderedPath(d, order));
    const ownDirectness = directness(path);
    const procrustes = gramBefore ? procrustesOfGrams(gramBefore, gram, common.n) : NaN;
    gramBefore = gram;
    return {
      pathLength: pathLength(path),
      directness: ownDirectness,
      correctedDirectness: correctedDirectness(d),
      turningAngle: angle,
      straightening: firstAngle - angle,
      mengerCurvature: mean(mengerCurvatures(d)),
      lengthRatio,
      chordRatio,
      twoNn: fit,
      twoNnMle: mle,
      levinaBickel: levinaBickel(d, dimensionNeighbours),
      participationRatio: participationRatio(d),
      effectiveRank: rankOfSpectrum(spectrum(d)),
      mutualCosine: mutualCosine(path),
      procrustes,
      shuffledDirectness: nullBand(ownDirectness, shuffled.map((s) => s.directness)),
      shuffledTurningAngle: nullBand(angle, shuffled.map((s) => s.turningAngle)),
    };
  });
  return {
    layers,
    cka: pairs(L, (a, b) => alignment(kernels[a]!, kernels[b]!)),
    debiasedCka: pairs(L, (a, b) => alignment(debiased[a]!, debiased[b]!)),
    neighbourhoodOverlap: pairs(L, (a, b) => (near > 0 ? commonShare(neighbours[a]!, neighbours[b]!, near) : NaN)),
    steps,
    finiteSteps: shared.length,
  };
}

function sharedSteps(distances: readonly Distances[], steps: number): number[] {
  const finite = distances.map((d) => new Set(finitePoints(d)));
  return Array.from({ length: steps }, (_, t) => t).filter((t) => finite.every((set) => set.has(t)));
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
