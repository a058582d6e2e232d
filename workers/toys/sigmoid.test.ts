import { expect, test } from "vitest";
import { tensor } from "../../probes/tensor.ts";
import { fromTensor, grad, jit, type np, toTensor } from "./autodiff.ts";
import { sigmoid, silu, softplus } from "./sigmoid.ts";

const at = [-500, -100, -88.5, -30, -3, -0.5, 0, 0.5, 3, 30, 88.5, 100, 500];
const logistic = (x: number): number => 1 / (1 + Math.exp(-x));

// Closed forms in float64.
test.each([
  ["sigmoid", sigmoid, logistic, (x: number) => logistic(x) * logistic(-x)],
  ["silu", silu, (x: number) => x * logistic(x), (x: number) => logistic(x) * (1 + x * logistic(-x))],
  ["softplus", softplus, (x: number) => (x > 30 ? x : Math.log1p(Math.exp(x))), logistic],
] as const)("%s and its gradient are right and finite at any x", (_, f, value, slope) => {
  const x = () => fromTensor(tensor([at.length], Float32Array.from(at)));
  const near = (got: np.Array, expected: (x: number) => number): void => toTensor(got).data.forEach((y, i) => expect(Math.abs(y - expected(at[i]!))).toBeLessThan(2e-6 * Math.max(1, Math.abs(expected(at[i]!)))));
  near(f(x()), value);
  const gradient = grad((y: np.Array) => f(y).sum());
  near(gradient(x()), slope);
  const compiled = jit(gradient);
  near(compiled(x()), slope);
  compiled.dispose();
});
