/** What must not change a measure, for those that have no such test beside them: points that occur twice, turning, scale. */
import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { rows, tensor, type Tensor } from "../tensor.ts";
import { effectiveBits } from "../thoughts/effective-bits.ts";
import { relativeSteps } from "../thoughts/relative-step.ts";
import { gauss, moved, walk } from "./clouds.test-support.ts";
import { correctedDirectness } from "./corrected-directness.ts";
import { expectedOverlap, neighbourhoodOverlap } from "./neighbourhood-overlap.ts";
import { flowSimilarity } from "./flow-similarity.ts";
import { knnGeodesic } from "./knn-geodesic.ts";
import { directness, pathLength } from "./path-length.ts";
import { mengerCurvatures } from "./menger-curvature.ts";
import { procrustesDistance } from "./procrustes.ts";
import { turningAngles } from "./turning-angle.ts";
import { localLipschitz } from "../sensitivity/local-lipschitz.ts";

/** Every state twice in a row: a path that pauses at each step. */
const paused = (path: Tensor): Tensor => rows(path, Array.from({ length: 2 * (path.shape[0] ?? 0) }, (_, i) => i >> 1));
const seeds = [1, 2, 3];

test.each(seeds)("a pause at every state changes neither length, directness nor geodesic, seed %i", (seed) => {
  const path = walk(gauss(20, 6, seed));
  for (const measure of [pathLength, directness, correctedDirectness, (p: Tensor) => knnGeodesic(p).lengthRatio, (p: Tensor) => knnGeodesic(p).chordRatio]) {
    expect(measure(paused(path))).toBeCloseTo(measure(path), 6);
  }
});
test.each(seeds)("a pause leaves angle and bend undefined, never 0, seed %i", (seed) => {
  const path = paused(gauss(8, 4, seed));
  for (const values of [turningAngles(path), mengerCurvatures(path)]) expect([...values].every(Number.isNaN)).toBe(true);
});
test.each(seeds)("two runs that pause alike are as alike at order 0, seed %i", (seed) => {
  const [a, b] = [walk(gauss(9, 5, seed)), walk(gauss(9, 5, seed + 20))] as const;
  expect(flowSimilarity(paused(a), paused(b)).order0).toBeCloseTo(flowSimilarity(a, b).order0, 9);
});
// Each of k neighbours is there twice, and the point's own twin is one more.
test.each(seeds)("doubled inputs: 2k + 1 neighbours share 1 + 2 common ones, seed %i", (seed) => {
  const [x, y] = [gauss(40, 4, seed), gauss(40, 4, seed + 9)] as const;
  const k = 6;
  expect(neighbourhoodOverlap(paused(x), paused(y), 2 * k + 1) * (2 * k + 1)).toBeCloseTo(1 + 2 * k * neighbourhoodOverlap(x, y, k), 6);
  expect(expectedOverlap(2 * 40, 2 * k + 1)).toBeCloseTo((2 * k + 1) / 79, 12);
});
test.each(seeds)("effective bits: turned, shifted and doubled problems, seed %i", (seed) => {
  const thoughts = gauss(30, 5, seed);
  for (const other of [moved(thoughts, seed, 1), paused(thoughts)]) expect(effectiveBits(other, 0.7)).toBeCloseTo(effectiveBits(thoughts, 0.7), 4);
});
test.each(seeds)("relative steps: turned and scaled, seed %i", (seed) => {
  const path = gauss(9, 5, seed);
  relativeSteps(moved(path, seed, 4, 0)).forEach((step, i) => expect(step).toBeCloseTo(relativeSteps(path)[i]!, 4));
});
test.each(seeds)("Procrustes: the order of inputs does not count, as long as it is one order, seed %i", (seed) => {
  const [x, y] = [gauss(25, 5, seed), gauss(25, 3, seed + 5)] as const;
  const order = new Random(seed).shuffle(Array.from({ length: 25 }, (_, i) => i));
  expect(procrustesDistance(rows(x, order), rows(y, order))).toBeCloseTo(procrustesDistance(x, y), 6);
});
test.each(seeds)("local Lipschitz: turning what comes out changes nothing, seed %i", async (seed) => {
  const m = gauss(7, 7, seed);
  const linear = (t: Tensor) => (x: Float64Array): Float64Array => Float64Array.from({ length: 7 }, (_, i) => x.reduce((s, v, j) => s + v * t.data[j * 7 + i]!, 0));
  const turned = moved(m, seed, 1, 0);
  const at = tensor([7]).data;
  const [a, b] = await Promise.all([m, turned].map((t) => localLipschitz(linear(t), at, new Random(1), { products: 7 })));
  expect(a!.value / b!.value).toBeCloseTo(1, 4);
});
