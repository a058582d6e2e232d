/** The convolution against PyTorch, differences, and the symmetry that it keeps and those that it breaks. */
import { expect, test } from "vitest";
import { Random } from "../../probes/random.ts";
import { grad, jit, keep, np, toTensor } from "./autodiff.ts";
import { cnn, type Cnn, type Convolution, convolution, initialCnn, receptiveFields } from "./cnn.ts";
import { normal, ones } from "./initialise.ts";
import { checkAgainstPyTorch, checkGradients } from "./toy.test-support.ts";

const draw = (seed: number, shape: readonly number[]): np.Array => normal(new Random(seed), shape, 1);

const cases: readonly (readonly [name: string, taps: readonly number[], layers: readonly Convolution[]])[] = [
  ["images, zero", [3, 3], [{}, { stride: 2 }]],
  ["images, circular", [3, 2], [{ padding: "circular", dilation: 2 }, { padding: "circular" }]],
  ["sequences, causal", [3], [{ padding: "causal" }, { padding: "causal", dilation: 2 }]],
  ["sequences, none", [3], [{ padding: "none" }, { padding: "none", stride: 2, dilation: 2 }]],
];

for (const [name, taps, layers] of cases) {
  test(`PyTorch gives the same maps and gradients, ${name}`, () => {
    checkAgainstPyTorch("cnn", name, initialCnn(new Random(1), [2, 3, 2], taps), (p, { x }) => {
      const { output, features } = cnn(p, x!, layers);
      return { output, features0: features[0]! };
    });
  });
}

test("gradients agree with differences", () => {
  const x = draw(2, [1, 2, 5, 5]);
  // One layer: ReLU's corner would spoil the differences.
  checkGradients(initialCnn(new Random(1), [2, 2], [3, 3]), (p: Cnn) => np.tanh(cnn(p, x.ref, { padding: "circular" }).output).mean().mul(5));
});

/** |f(shifted x) − shifted f(x)| / |f(x)|, by k places along both axes of an image. */
function shiftError(options: Convolution, k: number): number {
  const p = initialCnn(new Random(1), [1, 4, 2], [3, 3]);
  const x = draw(2, [1, 1, 8, 8]);
  const shift = (image: np.Array): np.Array => np.roll(image, [k, k], [2, 3]);
  const after = shift(cnn(keep(p), x.ref, options).output);
  const before = cnn(p, shift(x), options).output;
  return Math.sqrt(np.square(before.sub(after.ref)).sum().item() / np.square(after).sum().item());
}

test("at stride 1 with circular padding it commutes with every shift, to 1e-6", () => {
  for (const k of [1, 2, 5]) expect(shiftError({ padding: "circular" }, k)).toBeLessThan(1e-6);
});

test("zero padding sees the edge, and a stride of 2 the odd shifts", () => {
  expect(shiftError({ padding: "zero" }, 1)).toBeGreaterThan(0.05);
  const kernel = draw(1, [2, 1, 3, 3]);
  const strided = (x: np.Array): np.Array => convolution(kernel.ref, np.zeros([2]), x, { padding: "circular", stride: 2 });
  const x = draw(2, [1, 1, 8, 8]);
  const there = strided(x.ref);
  const error = (k: number): number => np.abs(strided(np.roll(x.ref, k, 2)).sub(np.roll(there.ref, k / 2, 2))).max().item();
  expect(error(2)).toBeLessThan(1e-6);
  expect(np.abs(strided(np.roll(x.ref, 1, 2)).sub(there.ref)).max().item()).toBeGreaterThan(0.1);
});

test("causal padding: a place changes nothing before it", () => {
  const p = initialCnn(new Random(1), [2, 3, 2], [3]);
  const x = draw(2, [1, 2, 8]);
  const changed = np.concatenate([x.ref.slice([], [], [0, 5]), draw(3, [1, 2, 3])], 2);
  const run = (input: np.Array): np.Array => cnn(keep(p), input, { padding: "causal" }).output;
  const [there, here] = [run(x), run(changed)];
  expect(toTensor(there.ref.slice([], [], [0, 5]))).toEqual(toTensor(here.ref.slice([], [], [0, 5])));
  expect(np.abs(there.sub(here)).max().item()).toBeGreaterThan(1e-3);
});

test("the receptive field is as wide as what the gradient of one output touches", () => {
  for (const options of [{}, { dilation: 2 }, { stride: 2 }] as const) {
    const layers: Convolution[] = [{ padding: "none", ...options }, { padding: "none", ...options }, { padding: "none", ...options }];
    // Kernels of ones: nothing cancels, and ReLU lets all through.
    const p = { layers: layers.map(() => ({ kernel: ones([1, 1, 3]), bias: np.zeros([1]) })) };
    const slope = jit(grad((x: np.Array) => cnn(p, x, layers).output.slice(0, 0, 0)))(np.ones([1, 1, 40]));
    const touched = toTensor(slope).data;
    expect(touched.findLastIndex((value) => value !== 0) - touched.findIndex((value) => value !== 0) + 1).toBe(receptiveFields([3, 3, 3], layers).at(-1));
  }
  expect(receptiveFields([3, 3, 3])).toEqual([3, 5, 7]);
  expect(receptiveFields([3, 3, 3], [{ dilation: 1 }, { dilation: 2 }, { dilation: 4 }])).toEqual([3, 7, 15]);
  expect(receptiveFields([3, 3, 3], { stride: 2 })).toEqual([3, 7, 15]);
});
