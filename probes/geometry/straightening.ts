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
import { profileProbe, type ProfileProbe } from "./profile-probe.ts";
import type { LayerStates } from "./layer-states.ts";
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

const meanAngle = ({ path }: LayerStates): number => mean(turningAngles(path));

export const straighteningProbe: ProfileProbe = profileProbe({
  id: "straightening",
  name: "straightening",
  group: "path",
  title: "How much straighter than the embedding?",
  unit: "rad",
  source: "Hosseini & Fedorenko 2023, arXiv:2311.04930",
  formula: "c₀ − c_l, c_l the mean turning angle at layer l",
  help: "The mean turning angle of the path of the embeddings, less that of the path in this layer. Above 0 the layer has straightened the path, below 0 it has bent it more. Trained language models straighten from early to middle layers, untrained ones do not.",
  caveat: "The residual stream adds up, so neighbouring layers look alike; angles near 2π/3 at the embedding are those of independent states. Read it beside the same model untrained.",
  range: [null, null],
  of: ({ layer, first }) => first.shared(meanAngle) - layer.shared(meanAngle),
});
