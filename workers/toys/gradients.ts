/**
 * Gradients that are right under `jit` as well.
 *
 * jax-js 0.1.25 begins the backward pass with the literal 1. What goes back
 * through `slice(…).sum()` or a convolution's padding pads that literal, and
 * `jit` then forgets the zeros around it: `jit(grad((x) => x.slice(0)))` is 1
 * everywhere. So each function is first multiplied by a 1 that `jit` takes for data.
 */
import { grad as jaxGrad, numpy as np, tree, valueAndGrad as jaxValueAndGrad, vjp as jaxVjp } from "@jax-js/jax";

type AnyFunction = (...args: never[]) => unknown;

/** 1, cut out of an array whose numbers differ, for else it would be a literal again. */
const one = (): np.Array => np.array([1, 2]).slice(0);

/** f times 1. With `hasAux`, f gives [value, what else], and only the value is multiplied. */
function timesOne<F extends AnyFunction>(f: F, hasAux = false): F {
  const multiply = (value: unknown): unknown => tree.map((array: np.Array) => array.mul(one()), value as np.Array);
  const product = (...args: never[]): unknown => {
    const result = f(...args);
    if (!hasAux) return multiply(result);
    const [value, aux] = result as [unknown, unknown];
    return [multiply(value), aux];
  };
  return product as F;
}

export const grad: typeof jaxGrad = (f, options) => jaxGrad(timesOne(f, options?.hasAux), options);

export const valueAndGrad: typeof jaxValueAndGrad = (f, options) => jaxValueAndGrad(timesOne(f, options?.hasAux), options);

export const vjp: typeof jaxVjp = (f, primals, options) => jaxVjp(timesOne(f, options?.hasAux), primals, options);
