import { UMAP } from "umap-js";
import { expect, test } from "vitest";
import { roll } from "../geometry/clouds.test-support.ts";
import { Random } from "../random.ts";
import { correlation } from "../statistics/correlation.ts";
import { matrix, row, tensor, type Tensor } from "../tensor.ts";
import { answerAxis } from "./answer-axis.ts";
import { geodesicCorrelation } from "./geodesic-correlation.ts";
import { fitIsomap, placeInIsomap } from "./isomap.ts";
import { leadingEigenpairs } from "./leading-eigenpairs.ts";
import { nearestNeighbours } from "./nearest-neighbours.ts";
import { neighbourGraph, partsOf, shortestWays } from "./neighbour-graph.ts";
import { pairDistances } from "./pair-distances.ts";
import { fitPca, pcaSteps, projectPca } from "./pca.ts";
import { judgePicture } from "./picture-trust.ts";
import { planeThrough } from "./plane.ts";
import { spearman } from "./rank-correlation.ts";
import { finish } from "./steps.ts";
import { kruskalStress } from "./stress.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";
import { pictureTrust } from "./trustworthiness.ts";
import { fuzzyGraph } from "./fuzzy-graph.ts";
import { placeInUmap, startUmap, umapEpochs, umapLayout, umapSeeds } from "./umap.ts";

function normals(n: number, D: number, spread: (d: number) => number = () => 1, seed = 1): Tensor {
  const random = new Random(seed);
  return tensor([n, D], Float32Array.from({ length: n * D }, (_, i) => random.normal() * spread(i % D)));
}
const dot = (x: ArrayLike<number>, y: ArrayLike<number>): number => Array.from(x).reduce((s, v, i) => s + v * y[i]!, 0);
const column = (t: Tensor, c: number): number[] => Array.from({ length: t.shape[0]! }, (_, i) => row(t, i)[c]!);

// ——— PCA by products only, against the whole matrix ———

/** The independent truth: the covariance formed and solved as a whole. */
function whole(points: Tensor, k: number): { values: Float64Array; vectors: Float64Array; total: number } {
  const [n = 0, D = 0] = points.shape;
  const mean = Array.from({ length: D }, (_, d) => column(points, d).reduce((s, x) => s + x, 0) / n);
  const c = new Float64Array(D * D);
  for (let i = 0; i < n; i++) {
    const x = Array.from(row(points, i), (v, d) => v - mean[d]!);
    for (let p = 0; p < D; p++) for (let q = 0; q < D; q++) c[p * D + q] = c[p * D + q]! + x[p]! * x[q]!;
  }
  const total = Array.from({ length: D }, (_, d) => c[d * D + d]!).reduce((s, x) => s + x, 0);
  return { ...symmetricEigen(c, D, k), total };
}
test.each([
  ["steep", 400, 300, (d: number) => 1 / (1 + d)],
  ["flat", 400, 300, (d: number) => 1 / Math.sqrt(1 + d)],
  ["noise, no leading direction", 500, 300, () => 1],
  ["far from the origin, one outlier", 300, 320, (d: number) => (d === 0 ? 40 : 1)],
] as const)("PCA %s agrees with the whole matrix", (_, n, D, spread) => {
  const points = tensor([n, D], normals(n, D, spread).data.map((x) => x + 7));
  const truth = whole(points, 5);
  const pca = fitPca(points, 5);
  expect(pca.residual).toBeGreaterThan(0); // not the whole-matrix path
  for (let i = 0; i < 5; i++) {
    expect(Math.abs(pca.explained[i]! * truth.total / truth.values[i]! - 1)).toBeLessThan(1e-9);
    expect(1 - Math.abs(dot(row(pca.components, i), truth.vectors.subarray(i * D, (i + 1) * D)))).toBeLessThan(1e-6);
  }
});
test("equal shares: the plane is right, the axes within it may turn, and gaps say so", () => {
  // Cross-polytope: ± e_d, every direction has the same variance.
  const D = 300;
  const points = tensor([2 * D, D]);
  for (let d = 0; d < D; d++) [points.data[2 * d * D + d], points.data[(2 * d + 1) * D + d]] = [1, -1];
  const pca = fitPca(points, 4);
  pca.explained.forEach((share) => expect(share * D).toBeCloseTo(1, 9));
  pca.gaps.forEach((gap) => expect(Math.abs(gap)).toBeLessThan(1e-9));
  for (let i = 0; i < 4; i++) for (let j = 0; j <= i; j++) expect(dot(row(pca.components, i), row(pca.components, j))).toBeCloseTo(Number(i === j), 6);
});
test("ten equal leading shares are all found before the smaller ones", () => {
  const pca = fitPca(twins(600, 300, 10), 10);
  pca.explained.forEach((share) => expect(share / pca.explained[0]!).toBeCloseTo(1, 5));
});
/** ± 5 along the first `equal` dimensions, ± 1 along the others. */
function twins(n: number, D: number, equal: number): Tensor {
  const points = tensor([n, D]);
  for (let i = 0; i < n; i++) points.data[i * D + (i >> 1)] = (i % 2 ? 1 : -1) * (i >> 1 < equal ? 5 : 1);
  return points;
}
test("rank 2 among 300 dimensions: two components, then zero rows", () => {
  const [n, D] = [400, 300];
  const [plane, axes] = [normals(n, 2, (d) => 2 - d), normals(2, D, undefined, 2)];
  const points = tensor([n, D]);
  for (let i = 0; i < n; i++) for (let d = 0; d < D; d++) points.data[i * D + d] = Math.round(64 * dot(row(plane, i), [row(axes, 0)[d]!, row(axes, 1)[d]!])) / 64;
  const exact = tensor([n, D], points.data);
  for (let i = 0; i < n; i++) for (let d = 0; d < D; d++) exact.data[i * D + d] = Math.round(4 * row(plane, i)[0]!) * Math.round(4 * row(axes, 0)[d]!) + Math.round(4 * row(plane, i)[1]!) * Math.round(4 * row(axes, 1)[d]!);
  const pca = fitPca(exact, 4);
  expect(pca.explained[0]! + pca.explained[1]!).toBeCloseTo(1, 9);
  expect([pca.explained[2], pca.explained[3]]).toEqual([0, 0]);
  expect(row(pca.components, 2).every((x) => x === 0)).toBe(true);
});
test("PCA in steps pauses, and gives the same", () => {
  const points = normals(3000, 400, (d) => 1 / (1 + d));
  let pauses = 0;
  const steps = pcaSteps(points, 2);
  let next = steps.next();
  for (; !next.done; next = steps.next()) pauses++;
  expect(pauses).toBeGreaterThan(3);
  expect(next.value).toEqual(fitPca(points, 2));
});
test("an operator that gives up says so", () => {
  const found = finish(leadingEigenpairs(400, 2, function* (x, width, out) {
    for (let c = 0; c < width; c++) for (let d = 0; d < 400; d++) out[c * 400 + d] = x[c * 400 + d]! * (1 + d * 1e-7);
    yield { phase: "components", done: 0, total: 0 };
  }, { limit: 9 }));
  expect([found.converged, found.products]).toEqual([false, 9]);
  expect(found.residual).toBeGreaterThan(0);
});

// ——— distances, graph ———

test.each([[9, 40], [33, 64], [50, 20]])("distances of %i points by products agree with differences; equal points are at 0", (n, D) => {
  const points = normals(n, D, (d) => (d === 0 ? 1000 : 1));
  points.data.copyWithin(D, 0, D);
  const table = finish(pairDistances(points));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const truth = Array.from(row(points, i)).reduce((s, x, d) => s + (x - row(points, j)[d]!) ** 2, 0);
      expect(Math.abs(table.row(i)[j]! - truth)).toBeLessThanOrEqual(1e-9 * truth);
    }
  }
  expect(table.row(0)[1]).toBe(0);
});
test("ways through a graph agree with Floyd and Warshall", () => {
  const points = normals(60, 3);
  const near = nearestNeighbours(points, 4);
  const graph = neighbourGraph(near, 60);
  const truth = Array.from({ length: 60 }, (_, i) => Array.from({ length: 60 }, (__, j) => (i === j ? 0 : Infinity)));
  near.indices.forEach((j, at) => (truth[Math.floor(at / 4)]![j] = truth[j]![Math.floor(at / 4)] = near.distances[at]!));
  for (let m = 0; m < 60; m++) for (let i = 0; i < 60; i++) for (let j = 0; j < 60; j++) truth[i]![j] = Math.min(truth[i]![j]!, truth[i]![m]! + truth[m]![j]!);
  const out = new Float64Array(60);
  for (let i = 0; i < 60; i++) {
    shortestWays(graph, i, out);
    out.forEach((way, j) => (way === Infinity ? expect(truth[i]![j]).toBe(Infinity) : expect(way).toBeCloseTo(truth[i]![j]!, 10)));
  }
  expect(partsOf(neighbourGraph(nearestNeighbours(matrix([[0], [1], [10], [11]]), 1), 4)).count).toBe(2);
});

// ——— Isomap ———

/** Arc length of the roll r = t from its start. */
const arc = (points: Tensor): number[] => Array.from({ length: points.shape[0]! }, (_, i) => {
  const t = Math.hypot(row(points, i)[0]!, row(points, i)[2]!);
  return (t * Math.sqrt(1 + t * t) + Math.asinh(t)) / 2;
});
test("Isomap unrolls the Swiss roll, PCA does not; only the geodesic measure tells them apart", () => {
  const points = roll(1000, 1);
  const isomap = fitIsomap(points, { neighbours: 8 });
  const pca = projectPca(fitPca(points, 2), points);
  const along = (picture: Tensor): number => Math.max(...[0, 1].map((c) => Math.abs(correlation(column(picture, c), arc(points)))));
  expect(isomap.joined).toBe(0);
  expect(Math.abs(correlation(column(isomap.coordinates, 0), arc(points)))).toBeGreaterThan(0.99);
  expect(along(pca)).toBeLessThan(0.7);
  expect(geodesicCorrelation(points, isomap.coordinates, 8)).toBeGreaterThan(0.98);
  expect(geodesicCorrelation(points, pca, 8)).toBeLessThan(0.7);
});
test("a flat sheet comes out as it is: stress 0 where every pair is an edge", () => {
  const points = normals(30, 2);
  const { coordinates, shares } = fitIsomap(points, { neighbours: 29 });
  expect(kruskalStress(points, coordinates)).toBeLessThan(1e-5);
  expect(shares[0]! + shares[1]!).toBeCloseTo(1, 6);
});
test("parts are joined by their nearest pair, and it says so", () => {
  const points = matrix([[0, 0], [1, 0], [0, 1], [10, 0], [11, 0], [10, 1], [0, 30], [1, 30], [0, 31]]);
  const { joined, coordinates } = fitIsomap(points, { neighbours: 2 });
  expect(joined).toBe(2);
  expect(coordinates.data.every(Number.isFinite)).toBe(true);
});
test("a fitted point placed again lies where it was; a new one between its neighbours", () => {
  const points = roll(500, 2);
  const fit = fitIsomap(points, { neighbours: 8 });
  const again = placeInIsomap(fit, tensor([2, 3], points.data.slice(30, 36)));
  for (let c = 0; c < 4; c++) expect(again.data[c]).toBeCloseTo(fit.coordinates.data[20 + c]!, 3);
  expect(() => placeInIsomap(fit, tensor([1, 2]))).toThrow("expected points of 3 dimensions, got 2");
  expect([...placeInIsomap(fit, matrix([[NaN, 0, 0]])).data]).toEqual([NaN, NaN]);
});
test("no points, one, equal ones, NaN", () => {
  expect(fitIsomap(tensor([0, 3])).coordinates.shape).toEqual([0, 2]);
  expect([...fitIsomap(matrix([[1, 2]])).coordinates.data]).toEqual([0, 0]);
  expect([...fitIsomap(matrix([[1, 2], [1, 2], [1, 2]])).coordinates.data]).toEqual([0, 0, 0, 0, 0, 0]);
  expect([...row(fitIsomap(matrix([[0, 0], [NaN, 0], [3, 4]])).coordinates, 1)]).toEqual([NaN, NaN]);
});

// ——— stress, ranks, judgement ———

test("a picture that is the space has no stress, at any scale, and trust 1", () => {
  const points = normals(40, 3);
  expect(kruskalStress(points, tensor([40, 3], points.data.map((x) => 5 * x)))).toBeLessThan(1e-6);
  expect(finish(judgePicture(points, points, { neighbours: 5, geodesics: true }))).toMatchObject({ trustworthiness: 1, continuity: 1, judged: 40, of: 40, geodesicSources: 40 });
});
// By hand: δ = 1, 1, 2 (0 1 2 on a line), d = 1, 2, 1: Σdδ = 5, Σd² = Σδ² = 6; √(1 − 25/36).
test("stress by hand", () => expect(kruskalStress(matrix([[0], [1], [2]]), matrix([[0], [1], [-1]]))).toBeCloseTo(Math.sqrt(11 / 36), 12));
test("ranks: a rising curve 1, ties share", () => {
  expect(spearman(Float64Array.of(1, 2, 3, 9), Float64Array.of(1, 8, 27, 1e6))).toBeCloseTo(1, 12);
  expect(spearman(Float64Array.of(1, 2, 2, 3), Float64Array.of(1, 3, 2, 4))).toBeCloseTo(4.5 / Math.sqrt(4.5 * 5), 12);
});
test("the judgement is the trust it was, and says where it is of some points only", () => {
  const [points, picture] = [normals(200, 20), normals(200, 2, undefined, 9)];
  const all = finish(judgePicture(points, picture, { neighbours: 7, geodesics: false }));
  expect(all).toMatchObject(pictureTrust(points, picture, 7));
  const some = finish(judgePicture(points, picture, { neighbours: 7, geodesics: true, most: 80 }));
  expect([some.judged, some.of, some.geodesicSources]).toEqual([80, 200, 80]);
  expect(Math.abs(some.trustworthiness - all.trustworthiness)).toBeLessThan(0.1);
  expect(() => kruskalStress(tensor([3, 2]), tensor([2, 2]))).toThrow("expected a picture of 3 points, got 2");
});

// ——— UMAP ———

test("the layout is umap-js's over exact neighbours, draw by draw", () => {
  const n = 80;
  const points = normals(n, 12);
  const near = nearestNeighbours(points, 9);
  const random = new Random(5);
  const umap = new UMAP({ nNeighbors: 10, nEpochs: 50, random: () => random.uniform() });
  umap.setPrecomputedKNN(
    Array.from({ length: n }, (_, i) => [i, ...near.indices.subarray(9 * i, 9 * i + 9)]),
    Array.from({ length: n }, (_, i) => [0, ...near.distances.subarray(9 * i, 9 * i + 9)]),
  );
  const truth = umap.fit(Array.from({ length: n }, (_, i) => [...row(points, i)]));
  const picture = umapLayout(points, { seed: 5, neighbours: 10, epochs: 50 });
  // Last digits of the distances grow from epoch to epoch; another draw or neighbour would be units away.
  truth.forEach((place, i) => place.forEach((x, d) => expect(Math.abs(row(picture, i)[d]! - x)).toBeLessThan(1e-3)));
});
test.each([1, 2])("the graph is umap-js's, edge by edge, with equal points too, seed %i", (seed) => {
  const n = 60;
  const points = tensor([n, 5], normals(n, 5, () => 1, seed).data.map((x, i) => (i < 10 ? 1 : x)));
  const near = nearestNeighbours(points, 7);
  const umap = new UMAP({ nNeighbors: 8, nEpochs: 5, random: () => 0.5 });
  umap.setPrecomputedKNN(
    Array.from({ length: n }, (_, i) => [i, ...near.indices.subarray(7 * i, 7 * i + 7)]),
    Array.from({ length: n }, (_, i) => [0, ...near.distances.subarray(7 * i, 7 * i + 7)]),
  );
  umap.initializeFit(Array.from({ length: n }, (_, i) => [...row(points, i)]));
  const { a, b } = (umap as unknown as { optimizationState: { a: number; b: number } }).optimizationState;
  // The curve that `umap.ts` takes in place of a new fit.
  expect([a, b]).toEqual([1.5694704762346365, 0.8941996053733949]);
  const truth = (umap as unknown as { graph: { getAll(): { row: number; col: number; value: number }[] } }).graph.getAll().filter(({ value }) => value > 0);
  const graph = finish(fuzzyGraph(near, n));
  expect(graph.getAll().map((e) => [e.row, e.col])).toEqual(truth.map((e) => [e.row, e.col]));
  graph.getAll().forEach(({ value }, i) => expect(value).toBeCloseTo(truth[i]!.value, 9));
  expect([graph.nRows, graph.nCols, graph.map((v) => v / 2).getValues()[0]]).toEqual([n, n, truth[0]!.value / 2]);
});
test("epochs: 500 for few points, 200 for many, 400,000 passes over a point between", () => {
  expect([4, 800, 1000, 1600, 2000, 20_000].map(umapEpochs)).toEqual([500, 500, 400, 250, 200, 200]);
  expect(startUmap(normals(60, 3), { seed: 1 }).epochs).toBe(500);
});
test("several seeds over the same neighbours are the single layouts, side by side", () => {
  const points = normals(50, 6);
  const seen: number[] = [];
  const pictures = umapSeeds(points, [1, 2], { epochs: 20 }, (index) => void seen.push(index));
  expect(pictures).toEqual([1, 2].map((seed) => umapLayout(points, { seed, epochs: 20 })));
  expect([seen.length, seen[0], seen.at(-1)]).toEqual([40, 0, 1]);
  expect(umapSeeds(points, [1, 2], { epochs: 20 }, () => false)).toHaveLength(1);
});
test("new points join the cluster that they belong to", () => {
  const points = normals(60, 10);
  for (let i = 0; i < 60; i++) points.data[i * 10 + Math.floor(i / 20)]! += 40;
  const coordinates = umapLayout(points, { seed: 1, neighbours: 8 });
  const added = tensor([3, 10]);
  for (let c = 0; c < 3; c++) added.data[c * 10 + c] = 40;
  const placed = placeInUmap({ points, coordinates, neighbours: 8 }, added);
  for (let c = 0; c < 3; c++) {
    const away = Array.from({ length: 60 }, (_, i) => Math.hypot(row(coordinates, i)[0]! - row(placed, c)[0]!, row(coordinates, i)[1]! - row(placed, c)[1]!));
    expect(Math.floor(away.indexOf(Math.min(...away)) / 20)).toBe(c);
  }
  expect(() => placeInUmap({ points, coordinates, neighbours: 8 }, tensor([1, 2]))).toThrow("expected points of 10 dimensions");
});
test("a new point lies at the mean of its nearest, weighted by one over their distance", () => {
  const points = matrix([[0], [1], [3], [3], [NaN], [100]]);
  const coordinates = matrix([[0, 0], [10, 0], [0, 7], [0, 9], [5, 5], [NaN, NaN]]);
  const fitted = { points, coordinates, neighbours: 2 };
  // By hand: 0.25 from 0 and 0.75 from 1, weights 4 and 4/3; 3 is two equal points; 100 is not drawn, so 3 is nearest to it.
  const placed = placeInUmap(fitted, matrix([[0.25], [3], [1], [100], [NaN]]));
  [[2.5, 0], [0, 8], [10, 0], [0, 8], [NaN, NaN]].forEach((place, i) => place.forEach((x, d) => (Number.isNaN(x) ? expect(row(placed, i)[d]).toBeNaN() : expect(row(placed, i)[d]).toBeCloseTo(x, 6))));
  expect([...placeInUmap({ points: tensor([0, 1]), coordinates: tensor([0, 2]), neighbours: 2 }, matrix([[1]])).data]).toEqual([NaN, NaN]);
});

// ——— planes and axes ———

test("distances between the three states are exact in their plane", () => {
  const points = normals(20, 30);
  const plane = planeThrough(points, [3, 7, 11]);
  const shown = projectPca(plane, points);
  expect(plane.collinear).toBe(false);
  expect([...row(shown, 3)]).toEqual([0, 0]);
  for (const [i, j] of [[3, 7], [3, 11], [7, 11]] as const) {
    const truth = Math.hypot(...Array.from(row(points, i), (x, d) => x - row(points, j)[d]!));
    expect(Math.hypot(row(shown, i)[0]! - row(shown, j)[0]!, row(shown, i)[1]! - row(shown, j)[1]!)).toBeCloseTo(truth, 4);
  }
});
test("three on a line take the leading component beside it; one point is refused", () => {
  const points = matrix([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 5, 1], [0, -5, 1]]);
  const plane = planeThrough(points, [0, 1, 2]);
  expect(plane.collinear).toBe(true);
  expect(Math.abs(row(plane.components, 1)[1]!)).toBeGreaterThan(0.99);
  expect(() => planeThrough(points, [1, 1, 1])).toThrow("one point three times");
  expect(() => planeThrough(points, [0, 1, 9])).toThrow("got 9");
});
test("the answer axis: difference of means, the wider direction beside it", () => {
  const points = normals(200, 5, (d) => (d === 3 ? 12 : 1));
  const groups = Array.from({ length: 200 }, (_, i): 0 | 1 => (i % 2 ? 1 : 0));
  groups.forEach((g, i) => (points.data[i * 5]! += 8 * g));
  const means = answerAxis(points, { groups });
  expect(means.separation).toBeGreaterThan(0.95);
  // Shrinkage turns away from dimension 3, in which both vary.
  const lda = answerAxis(points, { groups, shrinkage: 0.01 });
  expect(lda.separation).toBeGreaterThan(0.999);
  expect(lda.heldOut).toBeGreaterThan(0.999);
  expect(Math.abs(row(lda.components, 0)[3]!)).toBeLessThan(0.2 * Math.abs(row(means.components, 0)[3]!));
  expect(Math.abs(row(lda.components, 1)[3]!)).toBeGreaterThan(0.95);
  expect(dot(row(lda.components, 0), row(lda.components, 1))).toBeCloseTo(0, 5);
});
test("more dimensions than states: the axis fits any grouping, and heldOut says so", () => {
  const points = normals(40, 400);
  const groups = Array.from({ length: 40 }, (_, i): 0 | 1 => (i % 2 ? 1 : 0));
  const axis = answerAxis(points, { groups });
  expect(axis.separation).toBe(1);
  expect(Math.abs(axis.heldOut - 0.5)).toBeLessThan(0.25);
});
test("a given direction is kept; what is missing is told", () => {
  const points = normals(10, 4);
  const axis = answerAxis(points, { direction: [0, 0, 2, 0] });
  expect([...row(axis.components, 0)]).toEqual([0, 0, 1, 0]);
  expect([axis.separation, axis.heldOut]).toEqual([NaN, NaN]);
  expect(() => answerAxis(points, {})).toThrow("got neither");
  expect(() => answerAxis(points, { groups: Array.from({ length: 10 }, () => 0 as const) })).toThrow("got 10 and 0");
  expect(() => answerAxis(points, { direction: [0, 0, 0, 0] })).toThrow("none between them");
  expect(() => answerAxis(points, { direction: [1] })).toThrow("got 1");
});
