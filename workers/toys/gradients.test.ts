/** Gradients under `jit`, where the backward pass pads: against those without `jit`, and by hand. */
import { expect, test } from "vitest";
import { grad, integers, jit, lax, np, toTensor, valueAndGrad, vjp } from "./autodiff.ts";

const weights = (): np.Array => np.array([[1, 2, 0], [0.5, 1, 3], [1, 1, 1]]);
const signal = (): np.Array => np.array([[[1, 2, 3, 4, 5, 6]]]);
const kernel = (): np.Array => np.array([[[1, 1.5, 1]]]);

const cases: Readonly<Record<string, readonly [f: (x: np.Array) => np.Array, x: () => np.Array, gradient: readonly number[]]>> = {
  "one number of a matrix": [(x) => x.mul(weights()).slice(1, 1), weights, [0, 0, 0, 0, 1, 0, 0, 0, 0]],
  "the sum of two rows": [(x) => np.matmul(x, weights()).slice([0, 2]).sum(), weights, [3, 4.5, 3, 3, 4.5, 3, 0, 0, 0]],
  "a multiple of it, negative": [(x) => np.matmul(x, weights()).slice([0, 2]).sum().mul(-3), weights, [-9, -13.5, -9, -9, -13.5, -9, 0, 0, 0]],
  "the trace": [(x) => np.trace(np.matmul(x, weights())), weights, [1, 0.5, 1, 2, 1, 1, 0, 3, 1]],
  "a rolled row": [(x) => np.roll(x.mul(weights()), 1, 0).slice(0).sum(), weights, [0, 0, 0, 0, 0, 0, 1, 1, 1]],
  "a row by its index": [(x) => np.square(np.take(x, integers([0]), 0)).sum().mul(0.5), weights, [1, 2, 0, 0, 0, 0, 0, 0, 0]],
  "a padded convolution": [(x) => lax.convGeneralDilated(x, kernel(), [1], [[1, 1]]).sum(), signal, [2.5, 3.5, 3.5, 3.5, 3.5, 2.5]],
  "a strided convolution": [(x) => lax.convGeneralDilated(x, kernel(), [2], [[0, 0]]).sum(), signal, [1, 1.5, 2, 1.5, 1, 0]],
};

for (const [name, [f, x, expected]] of Object.entries(cases)) {
  test(`${name}: with jit and without, the gradient is the same and right`, () => {
    expect([...toTensor(grad(f)(x())).data]).toEqual(expected);
    const compiled = jit(grad(f));
    expect([...toTensor(compiled(x())).data]).toEqual(expected);
    compiled.dispose();
  });
}

test("the value, and what comes beside it, stay as they are", () => {
  const f = (x: np.Array): [np.Array, np.Array] => [x.ref.slice(0).mul(3), x.mul(2)];
  const compiled = jit((x: np.Array) => valueAndGrad(f, { hasAux: true })(x));
  const [[value, aux], gradient] = compiled(np.array([2, 5]));
  expect([value.js(), aux.js(), gradient.js()]).toEqual([6, [4, 10], [3, 0]]);
});

test("vector-Jacobian products too", () => {
  const compiled = jit((x: np.Array) => {
    const [y, back] = vjp((z: np.Array) => z.slice([1, 3]), [x]);
    y.dispose();
    return back(np.array([1, 1]))[0];
  });
  expect(compiled(np.array([1, 2, 3, 4])).js()).toEqual([0, 1, 1, 0]);
});
