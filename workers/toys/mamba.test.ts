/** The state space layer against PyTorch, differences, and the convolution that it is without selection. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { keep, np, toTensor } from "./autodiff.ts";
import { normal, uniform } from "./initialise.ts";
import { linearScan } from "./linear-scan.ts";
import { initialMamba, mamba, type Mamba, stateSpace } from "./mamba.ts";
import { checkAgainstPyTorch, checkGradients, largestDifference } from "./toy.test-support.ts";
import { weightsOf } from "./weights.ts";

const size = { hiddenSize: 3, channels: 4, stateSize: 3, deltaRank: 2, width: 3 };
const draw = (seed: number, shape: readonly number[]): np.Array => normal(new Random(seed), shape, 1);
const numbers = (x: np.Array): Float32Array => toTensor(x).data;

for (const selective of [true, false]) {
  const name = selective ? "selective" : "invariant";
  test(`PyTorch, step by step, gives the same output, states and gradients, ${name}`, () => {
    checkAgainstPyTorch("mamba", name, initialMamba(new Random(1), { ...size, selective }), (p, { u }) => {
      const { output, state, delta } = mamba(p, u!);
      return { output, state, delta };
    });
  });

  test(`gradients agree with differences, ${name}`, () => {
    const u = draw(2, [1, 4, 3]);
    checkGradients(initialMamba(new Random(1), { ...size, selective }), (p: Mamba) => np.square(mamba(p, u.ref).output).mean().mul(30), 2);
  });
}

test("the scan is the recurrence, whatever its length", () => {
  for (const T of [1, 2, 5, 8]) {
    const [a, b] = [uniform(new Random(T), [1, T, 2], 0, 1), draw(T, [1, T, 2])];
    const [decay, added] = [numbers(a.ref), numbers(b.ref)];
    const h = [0, 0];
    const expected = Array.from({ length: 2 * T }, (_, i) => (h[i % 2] = decay[i]! * h[i % 2]! + added[i]!));
    expect(largestDifference(numbers(linearScan(a, b)), expected)).toBeLessThan(1e-6);
  }
});

test("with constant Δ, B and C, the scan is a convolution with K_k = C exp(ΔA)^k ΔB", () => {
  const [B, T, E, N] = [2, 9, 3, 4];
  const x = draw(1, [B, T, E]);
  const [input, output] = [draw(2, [E, N]), draw(3, [E, N])];
  const A = uniform(new Random(4), [E, N], -2, -0.1);
  const step = 0.3;
  const { y } = stateSpace(x.ref, np.full([B, T, E], step), A.ref, input.ref, output.ref);
  const [xs, a, b, c] = [x, A, input, output].map(numbers) as [Float32Array, Float32Array, Float32Array, Float32Array];
  // In float64, from the kernel alone.
  const kernel = (e: number, k: number): number => Array.from({ length: N }, (_, n) => c[e * N + n]! * Math.exp(step * a[e * N + n]!) ** k * step * b[e * N + n]!).reduce((sum, part) => sum + part);
  const expected = Array.from({ length: B * T * E }, (_, i) => {
    const [e, t, at] = [i % E, Math.floor(i / E) % T, Math.floor(i / (T * E))];
    return Array.from({ length: t + 1 }, (_, k) => kernel(e, k) * xs[(at * T + t - k) * E + e]!).reduce((sum, part) => sum + part);
  });
  expect(largestDifference(numbers(y), expected)).toBeLessThan(5e-6);
});

/** y(x₁ + x₂) − y(x₁) − y(x₂) of the bare layer, largest, where Δ, B, C follow x or not. */
function superposition(selective: boolean): number {
  const [T, E, N] = [6, 3, 4];
  const A = uniform(new Random(4), [E, N], -2, -0.1);
  const [toB, toC] = [draw(5, [E, N]), draw(6, [E, N])];
  const layer = (x: np.Array): np.Array => {
    const [B, C] = selective ? [np.matmul(x.ref, toB.ref), np.matmul(x.ref, toC.ref)] : [toB.ref, toC.ref];
    return stateSpace(x, np.full([1, T, E], 0.3), A.ref, B, C).y;
  };
  const [one, other] = [draw(1, [1, T, E]), draw(2, [1, T, E])];
  return np.abs(layer(one.ref.add(other.ref)).sub(layer(one)).sub(layer(other))).max().item();
}

test("without selection the layer is linear, with it not", () => {
  expect(superposition(false)).toBeLessThan(1e-5);
  expect(superposition(true)).toBeGreaterThan(0.1);
});

test("a token changes nothing before it", () => {
  const p = initialMamba(new Random(1), size);
  const u = draw(2, [1, 6, 3]);
  const changed = np.concatenate([u.ref.slice([], [0, 4]), draw(3, [1, 2, 3])], 1);
  const [there, here] = [mamba(keep(p), u).output, mamba(p, changed).output];
  expect(numbers(there.ref.slice([], [0, 4]))).toEqual(numbers(here.ref.slice([], [0, 4])));
  expect(np.abs(there.sub(here)).max().item()).toBeGreaterThan(1e-3);
});

test("it begins with A = −1 … −N and steps between 0.001 and 0.1", () => {
  const p = weightsOf(initialMamba(new Random(1), { hiddenSize: 8, stateSize: 4 }));
  expect(Array.from(p["logA"]!.data.subarray(0, 4), (x) => Math.round(Math.exp(x)))).toEqual([1, 2, 3, 4]);
  for (const bias of p["deltaBias"]!.data) {
    expect(Math.log1p(Math.exp(bias))).toBeGreaterThan(0.00099);
    expect(Math.log1p(Math.exp(bias))).toBeLessThan(0.101);
  }
});
