import { expect, test } from "vitest";
import { Random } from "../random.ts";
import { matrix, tensor, type Tensor } from "../tensor.ts";
import { exampleTrace } from "../trace.example.ts";
import { directness, directnesses, directnessProbe, pathLength, pathLengthProbe, pathLengths, walkDirectness } from "./path-length.ts";
import { stepLength, stepLengths } from "./step-length.ts";
import { trajectory } from "./trajectory.ts";
import { turningAngle, turningAngles } from "./turning-angle.ts";

const check = (rows: number[][], expected: number[]): void => {
  const angles = turningAngles(matrix(rows));
  expect(angles.length).toBe(expected.length);
  expected.forEach((angle, i) => {
    if (Number.isNaN(angle)) expect(angles[i]).toBeNaN();
    // The coordinates are float32: a step of 0.06 on the unit circle is known to about 1e-6.
    else expect(angles[i]).toBeCloseTo(angle, 5);
  });
};

test("a square turns by a right angle", () => check([[0, 0], [1, 0], [1, 1], [0, 1]], [Math.PI / 2, Math.PI / 2]));
test("a straight line does not turn", () => check([[0, 0], [1, 2], [2, 4], [7, 14]], [0, 0]));
test("a path that doubles back turns by π", () => check([[0, 0], [1, 1], [0, 0]], [Math.PI]));
test("a path that stands still has no angle", () => check([[1, 1], [1, 1], [2, 2]], [NaN]));
test("NaN stays NaN, and only where it touches", () => check([[0, 0], [NaN, 0], [1, 0], [2, 0], [2, 1]], [NaN, NaN, Math.PI / 2]));
test("two steps, one and none have no angle", () => [2, 1, 0].forEach((n) => expect(turningAngles(tensor([n, 3])).length).toBe(0)));
test("a circle of n points turns by 2π/n", () => {
  for (const n of [3, 7, 100]) check(circle(n), Array<number>(n - 2).fill((2 * Math.PI) / n));
});

// Closed forms for D → ∞: with E|u|² = 1, E[u·v] is −½ for independent states, 0 for a walk, (φ − 1)/2 for AR(1).
test("independent states turn by 2π/3 on average", () => expect(meanAngle(autoregression(0))).toBeCloseTo((2 * Math.PI) / 3, 1.7));
test("a random walk turns by π/2 on average", () => expect(meanAngle(autoregression(1))).toBeCloseTo(Math.PI / 2, 1.7));
test("AR(1) with φ = .9 turns by 92.87°", () => {
  expect((Math.acos((0.9 - 1) / 2) * 180) / Math.PI).toBeCloseTo(92.87, 2);
  expect(Math.abs((meanAngle(autoregression(0.9)) * 180) / Math.PI - 92.87)).toBeLessThan(0.5);
});

test("lengths of a 3-4-5 path", () => {
  const path = matrix([[0, 0], [3, 4], [3, 4], [3, 0]]);
  expect([...stepLengths(path)]).toEqual([5, 0, 4]);
  expect([...pathLengths(path)]).toEqual([0, 5, 5, 9]);
  expect(pathLength(path)).toBe(9);
  expect(directness(path)).toBeCloseTo(3 / 9, 6);
});
test("a straight path is direct, a closed one is not", () => {
  expect(directness(matrix([[0, 0], [1, 1], [5, 5]]))).toBe(1);
  expect(directness(matrix([[0, 0], [1, 0], [0, 1], [0, 0]]))).toBe(0);
});
test("a path without length has no directness", () => {
  expect([...directnesses(matrix([[1, 1], [1, 1], [2, 1]]))]).toEqual([NaN, 1]);
  [0, 1].forEach((n) => expect([directness(tensor([n, 2])), pathLength(tensor([n, 2]))]).toEqual([NaN, NaN]));
});
test("a random walk has directness 1/√n, independent states 1/n", () => {
  const n = 100;
  expect(walkDirectness(n)).toBe(0.1);
  expect(Math.abs(directness(autoregression(1, n + 1, 4000)) - 0.1)).toBeLessThan(0.01);
  expect(Math.abs(directness(autoregression(0, n + 1, 4000)) - 0.01)).toBeLessThan(0.001);
});
test("independent states are σ√(2D) apart", () => {
  const lengths = stepLengths(autoregression(0, 20, 4000));
  for (const length of lengths) expect(length / Math.sqrt(8000)).toBeCloseTo(1, 1);
});

test.each([1, 2, 3, 4, 5])("rotation, translation and scale, seed %i", (seed) => {
  const random = new Random(seed);
  const path = cloud(random, 12, 6);
  const moved = rotateScaleMove(path, random, 3);
  turningAngles(moved).forEach((a, i) => expect(a).toBeCloseTo(turningAngles(path)[i]!, 4));
  directnesses(moved).forEach((a, i) => expect(a).toBeCloseTo(directnesses(path)[i]!, 4));
  stepLengths(moved).forEach((a, i) => expect(a / stepLengths(path)[i]!).toBeCloseTo(3, 4));
  expect(pathLength(moved) / pathLength(path)).toBeCloseTo(3, 4);
});

test("a probe's numbers stand at the steps of the trace", () => {
  const trace = exampleTrace({ steps: 6 });
  const options = { layer: 1, from: 2 };
  const steps = (p: typeof turningAngle): unknown => {
    const m = p.measure(trace, options);
    if (m.kind !== "series") throw new Error(`expected a series, got a ${m.kind}`);
    expect(m.values.length).toBe(m.steps.length);
    return m.steps;
  };
  expect(steps(turningAngle)).toEqual([3, 4]);
  expect(steps(stepLength)).toEqual([3, 4, 5]);
  expect(steps(pathLengthProbe)).toEqual([2, 3, 4, 5]);
  expect(steps(directnessProbe)).toEqual([3, 4, 5]);
});
test("one state has no path length, as a path without steps has none", () => {
  const of = (from: number): number[] => {
    const m = pathLengthProbe.measure(exampleTrace({ steps: 4 }), { layer: 1, from });
    return m.kind === "series" ? [...m.values] : [];
  };
  expect(of(3)).toEqual([NaN]);
  expect(of(2)[0]).toBe(0);
});
test("a trajectory is one layer, step by step", () => {
  const trace = exampleTrace({ steps: 4, layers: 2, hiddenSize: 3 });
  const path = trajectory(trace, 2, 1);
  expect(path.shape).toEqual([3, 3]);
  expect([...path.data.subarray(0, 3)]).toEqual([...trace.activations.residPost.data.subarray((1 * 3 + 2) * 3, (1 * 3 + 3) * 3)]);
});
test("a layer or states that are not there are named", () => {
  const trace = exampleTrace({ steps: 4, layers: 2 });
  expect(() => trajectory(trace, 3)).toThrow("trajectory: expected a layer from 0 to 2, got 3");
  expect(() => trajectory(trace, 0, 9)).toThrow("expected a first step");
  expect(() => trajectory(exampleTrace({ captured: false }), 0)).toThrow("run again with capture on");
});

function circle(n: number): number[][] {
  return Array.from({ length: n }, (_, i) => [Math.cos((2 * Math.PI * i) / n), Math.sin((2 * Math.PI * i) / n)]);
}

function cloud(random: Random, n: number, D: number): Tensor {
  return tensor([n, D], Float32Array.from({ length: n * D }, () => random.normal()));
}

/** φ = 0: independent states; φ = 1: a random walk; between them stationary, with unit variance. */
function autoregression(phi: number, T = 60, D = 3000): Tensor {
  const random = new Random(7);
  const path = cloud(random, T, D);
  const noise = phi === 1 ? 1 : Math.sqrt(1 - phi * phi);
  for (let i = D; i < path.data.length; i++) path.data[i] = phi * path.data[i - D]! + noise * path.data[i]!;
  return path;
}

function meanAngle(path: Tensor): number {
  const angles = turningAngles(path);
  return angles.reduce((sum, a) => sum + a, 0) / angles.length;
}

/** A rotation as a product of plane rotations, then a scale, then a shift. */
function rotateScaleMove(path: Tensor, random: Random, scale: number): Tensor {
  const [n = 0, D = 0] = path.shape;
  const out = tensor([n, D], path.data.slice());
  for (let a = 0; a < D; a++) {
    for (let b = 0; b < a; b++) {
      const angle = 2 * Math.PI * random.uniform();
      for (let i = 0; i < n; i++) {
        const x = out.data[i * D + a]!;
        const y = out.data[i * D + b]!;
        out.data[i * D + a] = Math.cos(angle) * x - Math.sin(angle) * y;
        out.data[i * D + b] = Math.sin(angle) * x + Math.cos(angle) * y;
      }
    }
  }
  for (let i = 0; i < n * D; i++) out.data[i] = scale * out.data[i]! + 2;
  return out;
}
