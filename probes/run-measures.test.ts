import { expect, test } from "vitest";
import { cka, debiasedCka } from "./geometry/cka.ts";
import { gauss, layered, walk } from "./geometry/clouds.test-support.ts";
import { correctedDirectness } from "./geometry/corrected-directness.ts";
import { effectiveRank } from "./geometry/effective-rank.ts";
import { knnGeodesic } from "./geometry/knn-geodesic.ts";
import { levinaBickel } from "./geometry/levina-bickel.ts";
import { neighbourhoodOverlap } from "./geometry/neighbourhood-overlap.ts";
import { participationRatio } from "./geometry/participation-ratio.ts";
import { directness, pathLength } from "./geometry/path-length.ts";
import { procrustesDistance } from "./geometry/procrustes.ts";
import { straightening } from "./geometry/straightening.ts";
import { twoNn } from "./geometry/two-nn.ts";
import { probes } from "./index.ts";
import { finish } from "./projection/steps.ts";
import { Random } from "./random.ts";
import { runMeasures, type RunMeasures, type RunMeasuresOptions } from "./run-measures.ts";
import { tensor, type Tensor } from "./tensor.ts";
import { mutualCosine } from "./thoughts/mutual-cosine.ts";
import { exampleTrace } from "./trace.example.ts";
import type { Trace } from "./trace.ts";

const paths = [gauss(30, 12, 1), walk(gauss(30, 12, 2)), walk(walk(gauss(30, 12, 3)))];
const states = layered(paths);
const traceOf = (residPost: Tensor): Trace => {
  const [T = 0, layers = 0, D = 0] = residPost.shape;
  const trace = exampleTrace({ steps: T, layers: layers - 1, hiddenSize: D });
  return { ...trace, activations: { ...trace.activations, residPost } };
};
const all = (trace: Trace, options?: RunMeasuresOptions): RunMeasures => finish(runMeasures(trace, new Random(1), options));
const run = all(traceOf(states));

test("each number is the one that its own file gives", () => {
  const { curvature, straightening: gained } = straightening(states);
  paths.forEach((path, l) => {
    const geodesic = knnGeodesic(path);
    const below = paths[l - 1];
    const expected: Record<string, number> = {
      "path-length": pathLength(path), directness: directness(path), "corrected-directness": correctedDirectness(path),
      "turning-angle": curvature[l]!, straightening: gained[l]!, detour: geodesic.lengthRatio, bend: geodesic.chordRatio,
      "two-nn": twoNn(path).fit, "levina-bickel": levinaBickel(path), "participation-ratio": participationRatio(path),
      "effective-rank": effectiveRank(path), "mutual-cosine": mutualCosine(path),
      "layer-procrustes": below ? procrustesDistance(below, path) : NaN, "layer-cka": below ? debiasedCka(below, path) : NaN, "layer-overlap": below ? neighbourhoodOverlap(below, path) : NaN,
    };
    for (const [id, value] of Object.entries(expected)) {
      const found = run.measures.get(id)!.whole[l]!;
      if (Number.isNaN(value)) expect(found, id).toBeNaN();
      else expect(Math.abs(found - value), id).toBeLessThan(1e-5 * (1 + Math.abs(value)));
    }
  });
  paths.forEach((x, a) => paths.forEach((y, b) => {
    expect(run.cka[a * 3 + b]).toBeCloseTo(cka(x, y), 9);
    expect(run.debiasedCka[a * 3 + b]).toBeCloseTo(debiasedCka(x, y), 9);
    expect(run.neighbourhoodOverlap[a * 3 + b]).toBeCloseTo(neighbourhoodOverlap(x, y), 9);
  }));
  expect([run.states, run.finiteStates, run.layers]).toEqual([30, 30, [0, 1, 2]]);
});
test("every probe is there", () => expect([...run.measures.keys()]).toEqual(probes.map((p) => p.id)));
test("independent states lie inside the shuffled band, a smooth path outside", () => {
  const { directness: direct, turningAngle } = run.shuffled;
  expect(turningAngle[0]!.p).toBeGreaterThan(0.05);
  expect(turningAngle[2]!.p).toBeLessThan(0.05);
  expect(direct[2]!.rank).toBe(1);
  // Shuffled states of a cloud turn by 2π/3.
  expect(Math.abs(turningAngle[0]!.middle - (2 * Math.PI) / 3)).toBeLessThan(0.05);
});
test("the same seed gives the same null", () => expect(all(traceOf(states)).shuffled).toEqual(run.shuffled));
test("`from` leaves out the first steps", () => expect(all(traceOf(states), { from: 10 }).measures.get("directness")!.whole[1]).toBeCloseTo(directness(tensor([20, 12], paths[1]!.data.slice(120))), 6));
test("no run, few steps, no states, NaN: NaN, no crash", () => {
  const bare = all(exampleTrace({ captured: false }));
  expect([bare.layers, bare.states, bare.shuffled.directness, bare.measures.has("directness"), bare.measures.has("entropy")]).toEqual([[], 0, [], false, true]);
  for (const T of [1, 2, 3]) {
    const short = all(traceOf(tensor([T, 2, 4])));
    for (const id of ["directness", "turning-angle", "two-nn", "levina-bickel", "participation-ratio", "detour"]) expect([...short.measures.get(id)!.whole]).toEqual([NaN, NaN]);
    expect(short.shuffled.directness[0]!.p).toBeNaN();
    expect([...short.cka, ...short.debiasedCka].every(Number.isNaN)).toBe(true);
  }
  const spoilt = tensor(states.shape, states.data.slice());
  spoilt.data[(7 * 3 + 1) * 12] = NaN;
  const result = all(traceOf(spoilt));
  expect([result.states, result.finiteStates]).toEqual([30, 29]);
  expect(result.measures.get("directness")!.whole[1]).toBeNaN();
  expect(result.measures.get("participation-ratio")!.whole[1]).toBeGreaterThan(1);
  expect(result.measures.get("layer-cka")!.whole[1]).toBeGreaterThan(-1);
  expect(result.cka[1]).toBeGreaterThan(0);
});
test("a run that kept some layers only is measured at those", () => {
  const full = traceOf(states);
  const kept = tensor([30, 2, 12], Float32Array.from({ length: 720 }, (_, i) => states.data[(Math.floor(i / 24) * 3 + [0, 2][Math.floor(i / 12) % 2]!) * 12 + (i % 12)]!));
  const part = all({ ...full, activations: { ...full.activations, residPost: kept, layers: [0, 2] } });
  expect(part.layers).toEqual([0, 2]);
  expect([...part.measures.get("turning-angle")!.whole]).toEqual([0, 2].map((l) => run.measures.get("turning-angle")!.whole[l]));
  expect([...part.measures.get("two-nn")!.whole]).toEqual([0, 2].map((l) => run.measures.get("two-nn")!.whole[l]));
  expect(part.debiasedCka[1]).toBeCloseTo(run.debiasedCka[2]!, 9);
  // The lens was read before layers were let go.
  expect(part.measures.get("lens-entropy")!.layers).toEqual([0, 1, 2]);
  expect(part.measures.get("directness")!.layers).toEqual([0, 2]);
});
