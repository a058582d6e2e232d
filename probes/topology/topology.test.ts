import { describe, expect, test } from "vitest";
import { gauss, moved, pointsBy, sphere } from "../geometry/clouds.test-support.ts";
import { distancesOf } from "../geometry/distances.ts";
import { embedded, linkedRings, nestedRings, plane, ring, swissRoll, torus } from "../geometry/manifolds.ts";
import { Random } from "../random.ts";
import { concatenate, matrix, rows, tensor, type Tensor } from "../tensor.ts";
import { bettiNumbers } from "./betti-numbers.ts";
import { farthestPoints } from "./farthest-points.ts";
import { persistence } from "./persistence.ts";

const shifted = (points: Tensor, x: number): Tensor => tensor(points.shape, points.data.map((v, i) => (i % (points.shape[1] ?? 1) === 0 ? v + x : v)));
const circle = (n: number): Tensor => ring(n, new Random(n)).points;

describe("Betti numbers of known shapes, seed", () => {
  const shapes: readonly (readonly [name: string, parts: number, loops: number, draw: (random: Random) => Tensor, landmarks?: number])[] = [
    ["circle", 1, 1, (r) => ring(600, r).points],
    ["two circles", 2, 2, (r) => concatenate([ring(400, r).points, shifted(ring(400, r).points, 4)])],
    ["nested rings", 2, 2, (r) => nestedRings(800, r).points],
    ["linked rings", 2, 2, (r) => linkedRings(800, r).points],
    ["figure eight", 1, 2, (r) => concatenate([shifted(ring(400, r).points, -1), shifted(ring(400, r).points, 1)])],
    ["circle with noise", 1, 1, (r) => pointsBy(600, 2, (x) => { const [a, q] = [2 * Math.PI * r.uniform(), 1 + 0.1 * r.normal()]; x.set([q * Math.cos(a), q * Math.sin(a)]); })],
    ["torus", 1, 2, (r) => torus(1000, r).points, 120],
    ["torus in 64 dimensions", 1, 2, (r) => embedded(torus(1000, r).points, 64, r), 120],
    ["plane", 1, 0, (r) => plane(800, r).points],
    ["Swiss roll", 1, 0, (r) => swissRoll(800, r).points, 120],
    ["sphere", 1, 0, (r) => sphere(800, 2, r.bits())],
    ["normal cloud", 1, 0, (r) => gauss(600, 5, r.bits())],
    ["normal cloud in 20 dimensions", 1, 0, (r) => gauss(600, 20, r.bits())],
    ["four far points", 4, 0, (r) => pointsBy(400, 2, (x) => x.set([10 * r.integer(4) + 0.1 * r.normal(), 0.1 * r.normal()]))],
  ];
  for (const [name, parts, loops, draw, landmarks = 60] of shapes) {
    test.each([1, 2])(`${name} %i`, (seed) => expect(bettiNumbers(draw(new Random(seed)), landmarks)).toMatchObject({ parts, loops }));
  }
});

// Closed form: n equal steps round a circle close at 2 sin(π/n); the first triangle round the centre has chords of ⌈n/3⌉ steps.
test.each([6, 9, 10, 20, 40])("a polygon of %i corners", (n) => {
  const { merges, loops } = persistence(matrix(Array.from({ length: n }, (_, i) => [Math.cos((2 * Math.PI * i) / n), Math.sin((2 * Math.PI * i) / n)])));
  const chord = (steps: number): number => 2 * Math.sin((Math.PI * steps) / n);
  expect(merges.length).toBe(n - 1);
  for (const scale of merges) expect(scale).toBeCloseTo(chord(1), 5);
  // Chords are equal in exact numbers only: rounding makes further loops of next to no length.
  const [first, ...rest] = loops;
  expect(first!.birth).toBeCloseTo(chord(1), 5);
  expect(first!.death).toBeCloseTo(chord(Math.ceil(n / 3)), 5);
  for (const { birth, death } of rest) expect(death / birth).toBeLessThan(1 + 1e-5);
});
test("a square closes at its side and is filled at its diagonal", () => {
  expect(persistence(matrix([[0, 0], [1, 0], [1, 1], [0, 1]]))).toEqual({ merges: Float64Array.of(1, 1, 1), loops: [{ birth: 1, death: Math.SQRT2 }] });
});

/** The rank of a matrix over Z/2, whose rows are sets of columns. */
function rank(rows: readonly ReadonlySet<number>[]): number {
  const pivots = new Map<number, ReadonlySet<number>>();
  for (let row of rows) {
    while (row.size > 0) {
      const lead = Math.min(...row);
      const pivot = pivots.get(lead);
      if (!pivot) {
        pivots.set(lead, row);
        break;
      }
      row = new Set([...row].filter((x) => !pivot.has(x)).concat([...pivot].filter((x) => !row.has(x))));
    }
  }
  return pivots.size;
}

// By definition at each scale: β₀ = V − rank ∂₁, β₁ = E − rank ∂₁ − rank ∂₂.
test.each([1, 2, 3, 4, 5, 6])("the bars count what the ranks of the boundary matrices give, seed %i", (seed) => {
  const n = 12;
  const points = seed % 2 === 0 ? gauss(n, 2, seed) : ring(n, new Random(seed)).points;
  const { squares } = distancesOf(points);
  const { merges, loops } = persistence(points);
  const apart = (i: number, j: number): number => Math.sqrt(squares[i * n + j]!);
  let seen = 0;
  for (let scale = 0.1; scale < 3; scale += 0.1) {
    const edges: ReadonlySet<number>[] = [];
    const triangles: ReadonlySet<number>[] = [];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        if (apart(i, j) > scale) continue;
        edges.push(new Set([i, j]));
        for (let k = 0; k < j; k++) if (apart(i, k) <= scale && apart(j, k) <= scale) triangles.push(new Set([i * n + j, i * n + k, j * n + k]));
      }
    }
    const joins = rank(edges);
    const open = loops.filter(({ birth, death }) => birth <= scale && scale < death).length;
    expect([n - merges.filter((merge) => merge <= scale).length, open]).toEqual([n - joins, edges.length - joins - rank(triangles)]);
    seen += open;
  }
  // A ring has a loop at some scale; a normal cloud of so few points need not.
  expect(seen).toBeGreaterThan(seed % 2 === 0 ? -1 : 0);
});

test("rotation, scale, order, doubled and missing points change nothing", () => {
  const points = torus(400, new Random(1)).points;
  const { parts, loops, cover } = bettiNumbers(points);
  const other = bettiNumbers(moved(points, 1));
  expect(other).toMatchObject({ parts, loops });
  expect(other.cover / 3).toBeCloseTo(cover, 3);
  const backwards = rows(points, Array.from({ length: 400 }, (_, i) => 399 - i));
  expect(bettiNumbers(concatenate([backwards, tensor([1, 3], Float32Array.of(NaN, 0, 0)), backwards]))).toMatchObject({ parts, loops });
});
test("stray points are no part, small parts are", () => {
  const strays = tensor([3, 2], Float32Array.of(9, 9, -9, 9, 9, -9));
  expect(bettiNumbers(concatenate([circle(400), strays]))).toMatchObject({ parts: 1, loops: 1 });
  const far = tensor([20, 2], Float32Array.from({ length: 40 }, (_, i) => 9 + i / 100));
  expect(bettiNumbers(concatenate([circle(400), far]))).toMatchObject({ parts: 2, loops: 1 });
});
test("the longest loop lasts from its birth to its death", () => {
  const { bars, longest } = bettiNumbers(circle(400));
  expect(longest).toBe(bars.loops[0]!.death / bars.loops[0]!.birth);
  expect(bettiNumbers(matrix([[0], [1], [2], [3], [4], [5], [6], [7]])).longest).toBe(1);
});
test("distances serve as points do", () => {
  const points = circle(200);
  expect(bettiNumbers(distancesOf(points))).toEqual(bettiNumbers(points));
});

describe("landmarks", () => {
  test("lie as far apart as they cover", () => {
    const points = gauss(300, 3, 1);
    const { n, squares } = distancesOf(points);
    const { rows: chosen, cover } = farthestPoints(points, 30);
    expect(new Set(chosen).size).toBe(30);
    let least = Infinity;
    for (const i of chosen) for (const j of chosen) if (i !== j) least = Math.min(least, Math.sqrt(squares[i * n + j]!));
    expect(least).toBeGreaterThanOrEqual(cover);
    const near = Array.from({ length: n }, (_, i) => Math.min(...chosen.map((r) => Math.sqrt(squares[i * n + r]!))));
    expect(Math.max(...near)).toBeCloseTo(cover, 12);
  });
  test("of a line are its ends, then the middle", () => expect(farthestPoints(matrix([[0], [1], [2], [3], [4]]), 3)).toEqual({ rows: [0, 4, 2], cover: 1 }));
  test("are all points where there are no more; equal ones once", () => expect(farthestPoints(matrix([[0], [1], [1]]), 9)).toEqual({ rows: [0, 1], cover: 0 }));
  test("of nothing are none", () => expect(farthestPoints(tensor([0, 3]), 9)).toEqual({ rows: [], cover: NaN }));
  test("are finite", () => expect(farthestPoints(matrix([[NaN], [1], [2]]), 2)).toEqual({ rows: [1, 2], cover: 0 }));
});

test("no points, one point, equal points", () => {
  expect(bettiNumbers(tensor([0, 3]))).toMatchObject({ parts: 0, loops: 0, cover: NaN, landmarks: 0 });
  expect(bettiNumbers(matrix([[1, 2]]))).toMatchObject({ parts: 1, loops: 0, cover: 0, landmarks: 1 });
  expect(bettiNumbers(matrix([[1, 2], [1, 2], [1, 2], [1, 2], [1, 2]]))).toMatchObject({ parts: 1, loops: 0, cover: 0, landmarks: 1 });
});
