import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { tensor } from "../tensor.ts";
import { mutualCosine } from "../thoughts/mutual-cosine.ts";
import { cka, debiasedCka } from "./cka.ts";
import { gauss, layered, walk } from "./clouds.test-support.ts";
import { correctedDirectness } from "./corrected-directness.ts";
import { effectiveRank } from "./effective-rank.ts";
import { knnGeodesic } from "./knn-geodesic.ts";
import { levinaBickel } from "./levina-bickel.ts";
import { neighbourhoodOverlap } from "./neighbourhood-overlap.ts";
import { participationRatio } from "./participation-ratio.ts";
import { directness, pathLength } from "./path-length.ts";
import { procrustesDistance } from "./procrustes.ts";
import { runGeometry } from "./run-geometry.ts";
import { straightening } from "./straightening.ts";
import { twoNn } from "./two-nn.ts";

const paths = [gauss(30, 12, 1), walk(gauss(30, 12, 2)), walk(walk(gauss(30, 12, 3)))];
const states = layered(paths);
const run = runGeometry(states, new Random(1));

test("each number is the one that its own file gives", () => {
  const { curvature, straightening: gained } = straightening(states);
  paths.forEach((path, l) => {
    const geodesic = knnGeodesic(path);
    const expected = {
      pathLength: pathLength(path), directness: directness(path), correctedDirectness: correctedDirectness(path),
      turningAngle: curvature[l]!, straightening: gained[l]!, lengthRatio: geodesic.lengthRatio, chordRatio: geodesic.chordRatio,
      twoNn: twoNn(path).fit, twoNnMle: twoNn(path).mle, levinaBickel: levinaBickel(path), participationRatio: participationRatio(path),
      effectiveRank: effectiveRank(path), mutualCosine: mutualCosine(path), procrustes: l === 0 ? NaN : procrustesDistance(paths[l - 1]!, path),
    };
    for (const key of Object.keys(expected) as (keyof typeof expected)[]) {
      if (Number.isNaN(expected[key])) expect(run.layers[l]![key], key).toBeNaN();
      else expect(Math.abs(run.layers[l]![key] - expected[key]), key).toBeLessThan(1e-5 * (1 + Math.abs(expected[key])));
    }
  });
  paths.forEach((x, a) => paths.forEach((y, b) => {
    expect(run.cka[a * 3 + b]).toBeCloseTo(cka(x, y), 9);
    expect(run.debiasedCka[a * 3 + b]).toBeCloseTo(debiasedCka(x, y), 9);
    expect(run.neighbourhoodOverlap[a * 3 + b]).toBeCloseTo(neighbourhoodOverlap(x, y), 9);
  }));
  expect([run.steps, run.finiteSteps]).toEqual([30, 30]);
});
test("independent states lie inside the shuffled band, a smooth path outside", () => {
  expect(run.layers[0]!.shuffledTurningAngle.p).toBeGreaterThan(0.05);
  expect(run.layers[2]!.shuffledTurningAngle.p).toBeLessThan(0.05);
  expect(run.layers[2]!.shuffledDirectness.rank).toBe(1);
  // Shuffled states of a cloud turn by 2π/3.
  expect(Math.abs(run.layers[0]!.shuffledTurningAngle.middle - (2 * Math.PI) / 3)).toBeLessThan(0.05);
});
test("the same seed gives the same null", () => expect(runGeometry(states, new Random(1)).layers[1]!.shuffledDirectness).toEqual(run.layers[1]!.shuffledDirectness));
test("`from` leaves out the first steps", () => expect(runGeometry(states, new Random(1), { from: 10 }).layers[1]!.directness).toBeCloseTo(directness(tensor([20, 12], paths[1]!.data.slice(120))), 9));
test("no run, one step, still states, NaN: NaN, no crash", () => {
  expect(runGeometry(tensor([0, 0, 0]), new Random(1)).layers).toEqual([]);
  for (const T of [0, 1, 2, 3]) {
    const short = runGeometry(tensor([T, 2, 4]), new Random(1));
    for (const layer of short.layers) expect([layer.directness, layer.turningAngle, layer.twoNn, layer.levinaBickel, layer.participationRatio, layer.lengthRatio, layer.shuffledDirectness.p]).toEqual(Array(7).fill(NaN));
    expect([...short.cka, ...short.debiasedCka].every(Number.isNaN)).toBe(true);
  }
  const spoilt = tensor(states.shape, states.data.slice());
  spoilt.data[(7 * 3 + 1) * 12] = NaN;
  const result = runGeometry(spoilt, new Random(1));
  expect([result.steps, result.finiteSteps]).toEqual([30, 29]);
  expect(result.layers[1]!.directness).toBeNaN();
  expect(result.layers[1]!.participationRatio).toBeGreaterThan(1);
  expect(result.cka[1]).toBeGreaterThan(0);
});
