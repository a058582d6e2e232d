/**
 * Whether a trajectory straightens on its way through the layers: c₀ − c_l, c_l
 * the mean turning angle at layer l. Positive where layer l is straighter than
 * the reference. Unit rad.
 *
 * Trained language models straighten from early to middle layers, untrained ones
 * do not. Layers with equal paths give 0; from independent states (2π/3) to a
 * random walk (π/2) it is π/6.
 *
 * Source: Hosseini & Fedorenko 2023, arXiv:2311.04930.
 *
 * Where it misleads: the first token lies far out and bends every path that
 * includes it, so begin after it; the residual stream adds up, so deep layers
 * look alike. Compare with the same model untrained.
 */
import type { Tensor } from "../tensor.ts";
import { mean } from "../statistics/moments.ts";
import { layerPath } from "./layer-path.ts";
import { turningAngles } from "./turning-angle.ts";

export interface Straightening {
  /** [L] mean turning angle of each layer, rad; NaN where no step has an angle. */
  readonly curvature: Float32Array<ArrayBuffer>;
  /** [L] curvature of the reference layer less that of each layer, rad. */
  readonly straightening: Float32Array<ArrayBuffer>;
}

/**
 * @param states     hidden states of all layers, [T, L, D]
 * @param from       first step that counts
 * @param reference  the layer to compare with
 */
export function straightening(states: Tensor, from = 0, reference = 0): Straightening {
  const curvature = new Float32Array(states.shape[1] ?? 0);
  for (let l = 0; l < curvature.length; l++) curvature[l] = mean(turningAngles(layerPath(states, l, from)));
  return { curvature, straightening: curvature.map((c) => (curvature[reference] ?? NaN) - c) };
}
