/** All probes. A new one is a file next to its kin, a line here, and a line in README.md. */
import type { Probe } from "./probe.ts";
import type { Trace } from "./trace.ts";
import { layerCka } from "./geometry/cka.ts";
import { correctedDirectnessProbe } from "./geometry/corrected-directness.ts";
import { effectiveRankProbe } from "./geometry/effective-rank.ts";
import { bend, detour } from "./geometry/knn-geodesic.ts";
import { levinaBickelProbe } from "./geometry/levina-bickel.ts";
import { directnessProbe, pathLengthProbe } from "./geometry/path-length.ts";
import { mengerCurvatureProbe } from "./geometry/menger-curvature.ts";
import { layerOverlap } from "./geometry/neighbourhood-overlap.ts";
import { participationRatioProbe } from "./geometry/participation-ratio.ts";
import { layerProcrustes } from "./geometry/procrustes.ts";
import { stepLength } from "./geometry/step-length.ts";
import { straighteningProbe } from "./geometry/straightening.ts";
import { hasTrajectory } from "./geometry/trajectory.ts";
import { turningAngle } from "./geometry/turning-angle.ts";
import { twoNnProbe } from "./geometry/two-nn.ts";
import { answerProbability } from "./lens/answer-probability.ts";
import { entropyProbe } from "./lens/entropy.ts";
import { lensAnswerProbability, lensEntropy } from "./lens/lens-grid.ts";
import { predictionDepth } from "./lens/prediction-depth.ts";
import { stepDivergence } from "./lens/step-divergence.ts";
import { topTokenChangesProbe } from "./lens/top-token-path.ts";
import { hullProbe } from "./thoughts/hull-distance.ts";
import { mutualCosineProbe } from "./thoughts/mutual-cosine.ts";
import { nearestCosine } from "./thoughts/nearest-embedding.ts";
import { normRatioProbe } from "./thoughts/norm-ratio.ts";
import { relativeStep } from "./thoughts/relative-step.ts";

export const probes: readonly Probe[] = [
  entropyProbe,
  answerProbability,
  stepLength,
  turningAngle,
  mengerCurvatureProbe,
  relativeStep,
  pathLengthProbe,
  directnessProbe,
  correctedDirectnessProbe,
  straighteningProbe,
  detour,
  bend,
  twoNnProbe,
  levinaBickelProbe,
  participationRatioProbe,
  effectiveRankProbe,
  mutualCosineProbe,
  layerCka,
  layerProcrustes,
  layerOverlap,
  lensEntropy,
  lensAnswerProbability,
  predictionDepth,
  topTokenChangesProbe,
  stepDivergence,
  normRatioProbe,
  nearestCosine,
  hullProbe,
];

/**
 * The probe of this id.
 *
 * @throws RangeError where there is none
 */
export function probe(id: string): Probe {
  const found = probes.find((p) => p.id === id);
  if (!found) throw new RangeError(`probe: expected one of ${probes.map((p) => p.id).join(", ")}; got ${JSON.stringify(id)}`);
  return found;
}

/** What a probe needs and a trace does not hold; empty where it can be measured. */
export function missingNeeds(p: Pick<Probe, "needs">, trace: Trace): Probe["needs"][number][] {
  const holds: Record<Probe["needs"][number], boolean> = {
    residPost: hasTrajectory(trace),
    logits: trace.steps.some((step) => step.top.length > 0),
    lens: trace.lens !== null,
    answer: trace.steps.some((step) => step.answerLogprob !== null),
    vectors: trace.steps.some((step) => step.normRatio !== null),
  };
  return p.needs.filter((need) => !holds[need]);
}
