import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { matrix, row, tensor, type Tensor } from "../tensor.ts";
import { continuity } from "./continuity.ts";
import { nearestNeighbours } from "./nearest-neighbours.ts";
import { alignPca, fitPca, projectPca } from "./pca.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";
import { trustNeighbours, trustworthiness } from "./trustworthiness.ts";
import { startUmap, umapLayout } from "./umap.ts";

/** Points with a falling spectrum, correlated across dimensions. */
function cloud(n: number, D: number, seed = 1, isotropic = false): Tensor {
  const random = new Random(seed);
  const t = tensor([n, D]);
  for (let i = 0; i < n; i++) {
    const h = row(t, i);
    for (let d = 0; d < D; d++) h[d] = random.normal() / (isotropic ? 1 : 1 + d) + (isotropic || d === 0 ? 0 : 0.3 * h[d - 1]!) + 5;
  }
  return t;
}

/** The independent truth: cyclic Jacobi on a full symmetric matrix. */
function jacobi(input: readonly number[][]): { values: number[]; vectors: number[][] } {
  const a = input.map((r) => [...r]);
  const n = a.length;
  const v = a.map((_, i) => a.map((__, j) => Number(i === j)));
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        off += a[p]![q]! ** 2;
        if (Math.abs(a[p]![q]!) < 1e-300) continue;
        const theta = 0.5 * Math.atan2(2 * a[p]![q]!, a[q]![q]! - a[p]![p]!);
        const [c, s] = [Math.cos(theta), Math.sin(theta)];
        for (let k = 0; k < n; k++) [a[k]![p], a[k]![q]] = [c * a[k]![p]! - s * a[k]![q]!, s * a[k]![p]! + c * a[k]![q]!];
        for (let k = 0; k < n; k++) [a[p]![k], a[q]![k]] = [c * a[p]![k]! - s * a[q]![k]!, s * a[p]![k]! + c * a[q]![k]!];
        for (let k = 0; k < n; k++) [v[k]![p], v[k]![q]] = [c * v[k]![p]! - s * v[k]![q]!, s * v[k]![p]! + c * v[k]![q]!];
      }
    }
    if (off < 1e-26) break;
  }
  const order = a.map((_, i) => i).sort((i, j) => a[j]![j]! - a[i]![i]!);
  return { values: order.map((i) => a[i]![i]!), vectors: order.map((i) => v.map((r) => r[i]!)) };
}

function covariance(t: Tensor): number[][] {
  const [n = 0, D = 0] = t.shape;
  const mean = Array.from({ length: D }, (_, d) => { let s = 0; for (let i = 0; i < n; i++) s += t.data[i * D + d]!; return s / n; });
  return mean.map((_, a) => mean.map((__, b) => { let s = 0; for (let i = 0; i < n; i++) s += (t.data[i * D + a]! - mean[a]!) * (t.data[i * D + b]! - mean[b]!); return s / n; }));
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((s, x, i) => s + x * b[i]!, 0);

function randomSymmetric(m: number, seed: number): Float64Array {
  const random = new Random(seed);
  const a = new Float64Array(m * m);
  for (let i = 0; i < m; i++) for (let j = 0; j <= i; j++) a[i * m + j] = a[j * m + i] = random.normal();
  return a;
}

// ——— eigenvalues ———

test.each([1, 2, 3, 5, 12, 30])("eigenvalues of a random matrix of size %i agree with Jacobi to 1e-10", (m) => {
  const a = randomSymmetric(m, m);
  const truth = jacobi(Array.from({ length: m }, (_, i) => [...a.subarray(i * m, (i + 1) * m)]));
  const { values, vectors } = symmetricEigen(a.slice(), m, m);
  values.forEach((value, i) => {
    expect(Math.abs(value - truth.values[i]!)).toBeLessThan(1e-10);
    expect(Math.abs(dot(vectors.subarray(i * m, (i + 1) * m), truth.vectors[i]!))).toBeCloseTo(1, 8);
  });
});
// Above 32 the few vectors wanted come from inverse iteration: A x = λ x and orthonormality are the whole truth.
test.each([["random", randomSymmetric(180, 3)], ["identity", identity(150)], ["two equal blocks", blocks(160)], ["rank one", rankOne(140)], ["zero", new Float64Array(130 * 130)], ["small", randomSymmetric(33, 5)], ["circle", circulant(64)]])(
  "large matrix, %s: A x = λ x, and the vectors are orthonormal",
  (_, a) => {
    const m = Math.sqrt(a.length);
    const { values, vectors } = symmetricEigen(a.slice(), m, 6);
    for (let i = 0; i < 6; i++) {
      const x = vectors.subarray(i * m, (i + 1) * m);
      for (let r = 0; r < m; r++) expect(Math.abs(dot(a.subarray(r * m, (r + 1) * m), x) - values[i]! * x[r]!)).toBeLessThan(1e-9);
      for (let j = 0; j <= i; j++) expect(Math.abs(dot(x, vectors.subarray(j * m, (j + 1) * m)) - Number(i === j))).toBeLessThan(1e-10);
    }
    let trace = 0;
    for (let i = 0; i < m; i++) trace += a[i * m + i]!;
    expect(Math.abs(values.reduce((s, x) => s + x, 0) - trace)).toBeLessThan(1e-9 * m);
  },
);
/** Every eigenvalue but two is double, as for points on a circle. */
function circulant(m: number): Float64Array { return Float64Array.from({ length: m * m }, (_, i) => Math.exp(-Math.abs(Math.sin((Math.PI * (Math.floor(i / m) - (i % m))) / m)))); }
function identity(m: number): Float64Array { const a = new Float64Array(m * m); for (let i = 0; i < m; i++) a[i * m + i] = 1; return a; }
function rankOne(m: number): Float64Array { return Float64Array.from({ length: m * m }, (_, i) => Math.sin(Math.floor(i / m)) * Math.sin(i % m)); }
function blocks(m: number): Float64Array {
  const half = randomSymmetric(m / 2, 4);
  const a = new Float64Array(m * m);
  for (let i = 0; i < m / 2; i++) for (let j = 0; j < m / 2; j++) a[i * m + j] = a[(i + m / 2) * m + j + m / 2] = half[(i * m) / 2 + j]!;
  return a;
}

// Spectra of hidden states fall like this. Reflections of a diagonal matrix: the eigenvalues are known.
test.each([15, 18, 24])("eigenvalues that fall by %i decades, to far below rounding, are found", (decades) => {
  const m = 120;
  const random = new Random(decades);
  const known = Float64Array.from({ length: m }, (_, i) => 10 ** ((-decades * i) / m));
  const a = new Float64Array(m * m);
  known.forEach((value, i) => (a[i * m + i] = value));
  for (let reflection = 0; reflection < 3; reflection++) {
    const v = Float64Array.from({ length: m }, () => random.normal());
    const square = dot(v, v);
    const reflect = (at: (j: number) => number): void => {
      let along = 0;
      for (let j = 0; j < m; j++) along += a[at(j)]! * v[j]!;
      for (let j = 0; j < m; j++) a[at(j)]! -= (2 * along * v[j]!) / square;
    };
    for (let i = 0; i < m; i++) reflect((j) => i * m + j);
    for (let i = 0; i < m; i++) reflect((j) => j * m + i);
  }
  for (let i = 0; i < m; i++) for (let j = 0; j < i; j++) a[j * m + i] = a[i * m + j]!;
  symmetricEigen(a, m, 1).values.forEach((value, i) => expect(Math.abs(value - known[i]!)).toBeLessThan(1e-14));
});
test("the result scales with the matrix, far beyond what squares can hold", () => {
  const a = randomSymmetric(40, 1);
  for (const factor of [1e-200, 1e200]) {
    const { values } = symmetricEigen(a.map((x) => x * factor), 40, 2);
    expect(values[0]! / factor).toBeCloseTo(symmetricEigen(a.slice(), 40, 2).values[0]!, 10);
  }
});

// ——— PCA ———

test.each([[40, 8], [6, 20], [30, 30], [3, 5], [200, 3]])("%i points of %i dimensions agree with Jacobi on the covariance", (n, D) => {
  const points = cloud(n, D, n);
  const k = Math.min(3, n - 1, D);
  const truth = jacobi(covariance(points));
  const total = truth.values.reduce((s, x) => s + x, 0);
  const pca = fitPca(points, k);
  expect(pca.variance / total).toBeCloseTo(1, 9);
  for (let i = 0; i < k; i++) {
    expect(Math.abs(pca.explained[i]! - truth.values[i]! / total)).toBeLessThan(1e-9);
    expect(Math.abs(dot(row(pca.components, i), truth.vectors[i]!))).toBeCloseTo(1, 6);
    for (let j = 0; j <= i; j++) expect(dot(row(pca.components, i), row(pca.components, j))).toBeCloseTo(Number(i === j), 6);
  }
  // The variance of each coordinate is the eigenvalue.
  const shown = projectPca(pca, points);
  for (let i = 0; i < k; i++) {
    let square = 0;
    for (let r = 0; r < n; r++) square += shown.data[r * k + i]! ** 2;
    expect(square / n / truth.values[i]!).toBeCloseTo(1, 5);
  }
});
test("fewer points than dimensions above 128: the Gram trick agrees with the covariance", () => {
  const points = cloud(140, 150, 2);
  const wide = fitPca(points, 3);
  const padded = tensor([280, 150]);
  padded.data.set(points.data);
  padded.data.set(points.data, points.data.length);
  // Every point twice: the same directions and shares, through the covariance.
  const doubled = fitPca(padded, 3);
  for (let i = 0; i < 3; i++) {
    expect(doubled.explained[i]).toBeCloseTo(wide.explained[i]!, 10);
    expect(dot(row(doubled.components, i), row(wide.components, i))).toBeCloseTo(1, 6);
  }
});
test("all components explain everything", () => {
  for (const [n, D] of [[20, 6], [6, 20]] as const) expect(fitPca(cloud(n, D), Math.min(n, D)).explained.reduce((s, x) => s + x, 0)).toBeCloseTo(1, 10);
});
test("an analytic case: a rectangle 4 × 2", () => {
  const pca = fitPca(matrix([[0, 0, 9], [4, 0, 9], [0, 2, 9], [4, 2, 9]]), 3);
  expect([...pca.explained]).toEqual([0.8, 0.2, 0]);
  expect([...pca.components.data]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 0]);
  expect([...pca.mean]).toEqual([2, 1, 9]);
});
test("the largest coordinate of each component is positive", () => {
  for (let seed = 1; seed < 6; seed++) {
    const { components } = fitPca(cloud(20, 7, seed), 3);
    for (let i = 0; i < 3; i++) {
      const v = [...row(components, i)];
      expect(Math.max(...v)).toBeGreaterThanOrEqual(Math.max(...v.map(Math.abs)) - 1e-6);
    }
  }
});
test.each([1, 2, 3])("translation and scale change neither shares nor directions, seed %i", (seed) => {
  const points = cloud(25, 6, seed);
  const a = fitPca(points, 2);
  const b = fitPca(tensor([25, 6], points.data.map((x) => 4 * x + 1)), 2);
  a.explained.forEach((x, i) => expect(b.explained[i]).toBeCloseTo(x, 5));
  a.components.data.forEach((x, i) => expect(b.components.data[i]).toBeCloseTo(x, 4));
});
test("equal points have no variance to explain", () => {
  const pca = fitPca(matrix([[1, 2], [1, 2], [1, 2]]), 2);
  expect([...pca.explained]).toEqual([NaN, NaN]);
  expect([...projectPca(pca, matrix([[1, 2], [3, 4]])).data]).toEqual([0, 0, 0, 0]);
});
test("one point, and none", () => {
  expect([...projectPca(fitPca(matrix([[1, 2]]), 2), matrix([[1, 2]])).data]).toEqual([0, 0]);
  expect([...fitPca(tensor([0, 2]), 2).explained]).toEqual([NaN, NaN]);
});
test("a point with NaN is left out, and drawn nowhere", () => {
  const clean = cloud(9, 4);
  const dirty = tensor([10, 4]);
  dirty.data.set(clean.data);
  dirty.data.set([1, NaN, 0, 0], 36);
  expect(fitPca(dirty, 2)).toEqual(fitPca(clean, 2));
  expect([...projectPca(fitPca(dirty, 2), dirty).data.subarray(18)]).toEqual([NaN, NaN]);
});
test("a live drawing keeps the signs of the one before", () => {
  const pca = fitPca(cloud(20, 4), 2);
  const flipped = tensor([2, 4], pca.components.data.map((x) => -x));
  expect([...alignPca(pca, flipped).components.data]).toEqual([...flipped.data]);
  expect(alignPca(pca, tensor([2, 5]))).toBe(pca);
});

// ——— neighbours and trust ———

test("neighbours on a line", () => {
  const { k, indices, distances } = nearestNeighbours(matrix([[0], [1], [3], [7]]), 2);
  expect(k).toBe(2);
  expect([...indices]).toEqual([1, 2, 0, 2, 1, 0, 2, 1]);
  expect([...distances]).toEqual([1, 3, 1, 2, 2, 3, 4, 6]);
});
test("k is clipped, equal distances go by index, one point has no neighbour", () => {
  expect(nearestNeighbours(matrix([[0], [0], [0]]), 9)).toEqual({ k: 2, indices: Int32Array.of(1, 2, 0, 2, 0, 1), distances: new Float64Array(6) });
  expect(nearestNeighbours(matrix([[0]]), 3).k).toBe(0);
});
test.each([1, 2, 3])("neighbours agree with sorting all distances, seed %i", (seed) => {
  const points = cloud(40, 3, seed);
  const { indices } = nearestNeighbours(points, 7);
  for (let i = 0; i < 40; i++) {
    const distance = (j: number): number => Math.hypot(...[0, 1, 2].map((d) => points.data[i * 3 + d]! - points.data[j * 3 + d]!));
    const sorted = Array.from({ length: 40 }, (_, j) => j).filter((j) => j !== i).sort((a, b) => distance(a) - distance(b));
    expect([...indices.subarray(i * 7, i * 7 + 7)]).toEqual(sorted.slice(0, 7));
  }
});

test("a picture that is the space is trusted", () => {
  const points = cloud(30, 4);
  expect(trustworthiness(points, points, 5)).toBe(1);
  expect(continuity(points, points, 5)).toBe(1);
  const duplicates = matrix([[0, 0], [0, 0], [1, 0], [1, 0], [2, 2]]);
  expect(trustworthiness(duplicates, duplicates, 2)).toBe(1);
});
// By hand: space 0 1 2 10, picture 0 10 1 2 (n = 4, k = 1). Nearest in the picture: 0→2 (rank 2 in space), 1→3 (rank 3), 2→0 (rank 2; its nearest is 1), 3→2 (rank 1).
// Penalty 1 + 2 + 1 + 0 = 4; T = 1 − 2/(4·1·4) · 4 = 0.5.
test("a small case by hand", () => expect(trustworthiness(matrix([[0], [1], [2.1], [10]]), matrix([[0], [10], [1], [2.5]]), 1)).toBeCloseTo(0.5, 12));
// Two layers laid over each other: the picture's neighbours are false (trust falls), true neighbours stay (continuity holds).
test("folding costs trust, tearing costs continuity", () => {
  const folded = Array.from({ length: 20 }, (_, i) => [i % 10, i < 10 ? 0 : 50]);
  const flat = folded.map(([x]) => [x! + 0.001]);
  expect(trustworthiness(matrix(folded), matrix(flat), 3)).toBeLessThan(0.9);
  expect(continuity(matrix(flat), matrix(folded), 3)).toBeLessThan(0.9);
});
test.each([1, 2, 3])("continuity is trustworthiness with the roles exchanged, seed %i", (seed) => {
  const [points, picture] = [cloud(31, 5, seed), cloud(31, 2, seed + 10)];
  expect(continuity(points, picture, 6)).toBe(trustworthiness(picture, points, 6));
});
// The definition, by full sorting.
test.each([1, 2, 3])("trustworthiness agrees with its definition, seed %i", (seed) => {
  const [n, k] = [25, 4];
  const [points, picture] = [cloud(n, 5, seed), cloud(n, 2, seed + 10)];
  const ranks = (t: Tensor, i: number): number[] => [...nearestNeighbours(t, n - 1).indices.subarray(i * (n - 1), (i + 1) * (n - 1))];
  let penalty = 0;
  for (let i = 0; i < n; i++) for (const j of ranks(picture, i).slice(0, k)) penalty += Math.max(0, ranks(points, i).indexOf(j) + 1 - k);
  expect(trustworthiness(points, picture, k)).toBeCloseTo(1 - (2 * penalty) / (n * k * (2 * n - 3 * k - 1)), 12);
});
test("a random picture is trusted about half", () => {
  const trust = trustworthiness(cloud(300, 5, 1, true), cloud(300, 2, 9, true), 5);
  expect(Math.abs(trust - 0.5)).toBeLessThan(0.05);
});
test("too few points have no trust", () => {
  [0, 1, 2].forEach((n) => expect(trustworthiness(tensor([n, 2]), tensor([n, 2]), 5)).toBeNaN());
  expect([3, 4, 5, 6, 31].map((n) => trustNeighbours(n, 15))).toEqual([1, 1, 2, 2, 15]);
});
test("a picture of other points is refused", () => expect(() => trustworthiness(tensor([4, 2]), tensor([3, 2]), 1)).toThrow("expected a picture of 4 points, got 3"));

// ——— UMAP ———

/** Three clusters, well apart, 20 points each. */
function clusters(): Tensor {
  const t = cloud(60, 10, 3, true);
  for (let i = 0; i < 60; i++) t.data[i * 10 + Math.floor(i / 20)]! += 40;
  return t;
}
test("the same seed draws the same picture, another seed another", () => {
  const options = { seed: 4, epochs: 60 };
  expect(umapLayout(clusters(), options)).toEqual(umapLayout(clusters(), options));
  expect(umapLayout(clusters(), { ...options, seed: 5 })).not.toEqual(umapLayout(clusters(), options));
});
test.each([1, 2, 3])("separate clusters stay separate, seed %i", (seed) => {
  const points = clusters();
  const picture = umapLayout(points, { seed, neighbours: 10 });
  const { indices, k } = nearestNeighbours(picture, 5);
  let same = 0;
  indices.forEach((j, i) => { if (Math.floor(j / 20) === Math.floor(Math.floor(i / k) / 20)) same++; });
  expect(same / indices.length).toBeGreaterThan(0.97);
  expect(trustworthiness(points, picture, 10)).toBeGreaterThan(0.85);
});
test("false from the callback stops the layout", () => {
  const epochs: number[] = [];
  const picture = umapLayout(clusters(), { seed: 1, epochs: 50 }, (epoch, total) => { epochs.push(epoch); expect(total).toBe(50); return epoch < 7; });
  expect(epochs).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(picture.data.every(Number.isFinite)).toBe(true);
});
test("a layout counts its epochs and ends", () => {
  const layout = startUmap(clusters(), { seed: 1, epochs: 3 });
  expect([layout.advance(), layout.advance(), layout.advance(), layout.advance(), layout.epoch, layout.epochs]).toEqual([true, true, false, false, 3, 3]);
});
test("three points or fewer are drawn by PCA, without loss", () => {
  const points = matrix([[0, 0, 0], [3, 4, 0], [0, 0, 1]]);
  const layout = startUmap(points, { seed: 1 });
  expect([layout.neighbours, layout.epochs]).toEqual([0, 0]);
  expect(nearestNeighbours(layout.coordinates(), 2).distances.map((d) => Math.round(d * 1e5) / 1e5)).toEqual(nearestNeighbours(points, 2).distances.map((d) => Math.round(d * 1e5) / 1e5));
  expect(umapLayout(tensor([0, 3]), { seed: 1 }).shape).toEqual([0, 2]);
  expect([...umapLayout(matrix([[1, 2, 3]]), { seed: 1 }).data]).toEqual([0, 0]);
});
test.each([4, 5, 16])("%i points clip the neighbours", (n) => {
  const layout = startUmap(cloud(n, 3), { seed: 1, epochs: 5 });
  expect(layout.neighbours).toBe(Math.min(15, n - 1));
  while (layout.advance());
  expect(layout.coordinates().data.every(Number.isFinite)).toBe(true);
});
test("equal points, and a point with NaN", () => {
  const points = tensor([8, 3]);
  points.data[5] = NaN;
  const picture = umapLayout(points, { seed: 1, epochs: 20 });
  expect([...row(picture, 1)]).toEqual([NaN, NaN]);
  expect([...picture.data].filter(Number.isNaN).length).toBe(2);
});
